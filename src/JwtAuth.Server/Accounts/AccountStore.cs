using System.Buffers.Text;
using System.Security.Cryptography;
using JwtAuth.Server.Denials;
using JwtAuth.Server.Storage;
using Microsoft.AspNetCore.Identity;
using Microsoft.EntityFrameworkCore;

namespace JwtAuth.Server.Accounts;

/// <summary>The outcome of a change to an account.</summary>
internal enum AccountChange
{
    Done,
    NotFound,

    /// <summary>Refused: the caller's credential has ended, or the caller is no longer an administrator.</summary>
    NotStanding,

    /// <summary>Refused: the password that was checked is no longer the account's password.</summary>
    PasswordOutdated,

    /// <summary>Refused: the role <c>admin</c> would be left without an enabled account.</summary>
    LastAdministrator,

    /// <summary>Refused: the account already has as many roles as fit into a token.</summary>
    TooManyRoles,
}

/// <summary>
/// Accounts, in the tables of ASP.NET Core Identity. Each change is one statement, or one transaction that shuts out other writers.
/// </summary>
internal sealed class AccountStore(Db db, UserManager<Account> users, Revocations revocations, Standing standing, TimeProvider time)
{
    /// <summary>Adds an account together with its roles; <see langword="null"/> if the name is taken, in any letter case.</summary>
    public async Task<AccountSnapshot?> AddAsync(string username, string passwordHash, params IEnumerable<string> roles)
    {
        await using WriteTransaction transaction = await db.BeginWriteAsync();
        var account = new Account
        {
            Id = Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(16)),
            UserName = username,
            PasswordHash = passwordHash,
            CreatedAt = time.GetUtcNow(),
        };
        // Identity looks the name up inside the transaction, which shuts out other writers. So of two calls at once, one finds the name
        // taken.
        IdentityResult result = await users.CreateAsync(account);
        if (!result.Succeeded)
            return result.Errors.Any(error => error.Code == nameof(IdentityErrorDescriber.DuplicateUserName)) ? null
                : throw new InvalidOperationException(
                    $"Identity refused an account: {string.Join(", ", result.Errors.Select(error => error.Code))}");
        foreach (string role in roles.Distinct())
            await GiveRoleAsync(account.Id, role);
        await transaction.CommitAsync();
        return await FindBySubjectAsync(account.Id);
    }

    /// <summary>Everything that a login needs, in one reading.</summary>
    public Task<AccountSnapshot?> FindByNameAsync(string username, CancellationToken cancellation = default)
    {
        string normalized = Normalize(username);
        return db.Snapshots(db.Users.Where(row => row.NormalizedUserName == normalized)).SingleOrDefaultAsync(cancellation);
    }

    public Task<AccountSnapshot?> FindBySubjectAsync(string subject, CancellationToken cancellation = default) =>
        db.Snapshots(db.Users.Where(row => row.Id == subject)).SingleOrDefaultAsync(cancellation);

    /// <summary>
    /// One page, sorted by name: the accounts after <paramref name="after"/> whose name contains <paramref name="search"/>.
    /// </summary>
    public async Task<IReadOnlyList<AccountSnapshot>> ListAsync(string? search, string? after, int limit, CancellationToken cancellation)
    {
        string? needle = search is null ? null : Normalize(search), start = after is null ? null : Normalize(after);
        return await db.Snapshots(db.Users
                .Where(row => needle == null || row.NormalizedUserName!.Contains(needle))
                .Where(row => start == null || row.NormalizedUserName!.CompareTo(start) > 0)
                .OrderBy(row => row.NormalizedUserName)
                .Take(limit))
            .ToListAsync(cancellation);
    }

    /// <summary>Stores a new hash of the same password, unless the password has changed meanwhile.</summary>
    public async Task<bool> ReplaceHashAsync(string subject, string oldHash, string newHash) =>
        await db.Users.Where(row => row.Id == subject && row.PasswordHash == oldHash)
            .ExecuteUpdateAsync(set => set.SetProperty(row => row.PasswordHash, newHash)) == 1;

    /// <summary>
    /// Sets the owner's new password in place of the one that was checked. Everything that came from the old one ends, except the caller's
    /// session.
    /// </summary>
    public async Task<AccountChange> ChangePasswordAsync(Caller caller, string oldHash, string newHash)
    {
        await using WriteTransaction transaction = await db.BeginWriteAsync();
        if (!await standing.HoldsAsync(caller))
            return AccountChange.NotStanding;
        if (!await ReplaceHashAsync(caller.Subject, oldHash, newHash))
            return AccountChange.PasswordOutdated;
        await revocations.EndAccountAsync(caller.Subject, exceptSessionId: caller.SessionId);
        await revocations.CommitAsync(transaction);
        return AccountChange.Done;
    }

    /// <summary>Sets a new password, and ends everything that came from the old one.</summary>
    public Task<AccountChange> ResetPasswordAsync(Caller by, string subject, string newHash) => ChangeAsync(by, subject, async () =>
    {
        await db.Users.Where(row => row.Id == subject).ExecuteUpdateAsync(set => set.SetProperty(row => row.PasswordHash, newHash));
        await revocations.EndAccountAsync(subject);
    });

    /// <summary>Ends everything that was issued to the account. It may log in again.</summary>
    public Task<AccountChange> LogOutAsync(Caller by, string subject) =>
        ChangeAsync(by, subject, () => revocations.EndSubjectAsync(subject));

    /// <summary>Ends the account's personal access tokens, and the access tokens that were made from them.</summary>
    public Task<AccountChange> EndPersonalAccessTokensAsync(Caller by, string subject) => ChangeAsync(by, subject, () =>
        revocations.EndPersonalAccessTokensAsync(db.PersonalAccessTokens.Where(row => row.Subject == subject)));

    /// <summary>
    /// Disables an account and ends everything that was issued to it. That stays ended when the account is enabled again.
    /// </summary>
    public Task<AccountChange> DisableAsync(Caller by, string subject) => ChangeAsync(by, subject, async () =>
    {
        DateTimeOffset? now = time.GetUtcNow();
        if (await db.Users.Where(row => row.Id == subject && row.DisabledAt == null)
            .ExecuteUpdateAsync(set => set.SetProperty(row => row.DisabledAt, now)) == 1)
        {
            await revocations.EndAccountAsync(subject);
        }
    });

    public Task<AccountChange> EnableAsync(Caller by, string subject) => ChangeAsync(by, subject, () =>
        db.Users.Where(row => row.Id == subject).ExecuteUpdateAsync(set => set.SetProperty(row => row.DisabledAt, (DateTimeOffset?)null)));

    public Task<AccountChange> DeleteAsync(Caller by, string subject) => ChangeAsync(by, subject, async () =>
    {
        await revocations.EndSubjectAsync(subject);
        await db.Users.Where(row => row.Id == subject).ExecuteDeleteAsync();
    });

    public async Task<AccountChange> AddRoleAsync(Caller by, string subject, string role)
    {
        bool hasRoom = true;
        AccountChange change = await ChangeAsync(by, subject, async () =>
        {
            List<string?> present = await RolesOf(subject).ToListAsync();
            hasRoom = present.Contains(role) || present.Count < Names.MaximumRoles;
            if (hasRoom && !present.Contains(role))
                await GiveRoleAsync(subject, role);
        });
        return hasRoom ? change : AccountChange.TooManyRoles;
    }

    /// <summary>
    /// Takes a role away, and ends the access tokens that contain it. The sessions go on; their next tokens are without the role.
    /// </summary>
    public Task<AccountChange> RemoveRoleAsync(Caller by, string subject, string role) => ChangeAsync(by, subject, async () =>
    {
        int removed = await db.UserRoles
            .Where(member => member.UserId == subject && db.Roles.Any(row => row.Id == member.RoleId && row.Name == role))
            .ExecuteDeleteAsync();
        if (removed > 0)
            await revocations.EndSubjectAsync(subject, sparesSessions: true);
    });

    // The administrator is checked in the same transaction that makes the change, so an ending meanwhile cannot be missed. If the change
    // would leave no administrator, it is rolled back.
    private async Task<AccountChange> ChangeAsync(Caller by, string subject, Func<Task> change)
    {
        await using WriteTransaction transaction = await db.BeginWriteAsync();
        if (!await standing.HoldsAsync(by) || !await Administrators().AnyAsync(account => account.Id == by.Subject))
            return AccountChange.NotStanding;
        if (!await db.Users.AnyAsync(row => row.Id == subject))
            return AccountChange.NotFound;
        await change();
        if (!await Administrators().AnyAsync())
            return AccountChange.LastAdministrator;
        await revocations.CommitAsync(transaction);
        return AccountChange.Done;
    }

    private async Task GiveRoleAsync(string subject, string role)
    {
        string normalized = Normalize(role);
        IdentityRole row = await db.Roles.SingleOrDefaultAsync(candidate => candidate.NormalizedName == normalized)
            ?? db.Roles.Add(new IdentityRole(role) { NormalizedName = normalized }).Entity;
        db.UserRoles.Add(new IdentityUserRole<string> { UserId = subject, RoleId = row.Id });
        await db.SaveChangesAsync();
    }

    private IQueryable<Account> Administrators() => db.Users.Where(account => account.DisabledAt == null
        && db.UserRoles.Any(
            member => member.UserId == account.Id && db.Roles.Any(role => role.Id == member.RoleId && role.Name == Names.AdminRole)));

    private IQueryable<string?> RolesOf(string subject) =>
        from member in db.UserRoles
        join role in db.Roles on member.RoleId equals role.Id
        where member.UserId == subject
        select role.Name;

    private string Normalize(string name) => users.KeyNormalizer.NormalizeName(name);
}
