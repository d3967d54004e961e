using System.Buffers.Text;
using System.Linq.Expressions;
using System.Security.Cryptography;
using JwtAuth.Server.Accounts;
using Microsoft.AspNetCore.Identity;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Storage;

namespace JwtAuth.Server.Storage;

/// <summary>What became of a change to an account.</summary>
internal enum AccountChange
{
    Done,
    NotFound,

    /// <summary>Refused: who asked is no administrator any more, or of an older generation.</summary>
    NotStanding,

    /// <summary>Refused: nobody enabled would be left in the role <c>admin</c>.</summary>
    LastAdministrator,

    /// <summary>Refused: the account has as many roles as fit into a token.</summary>
    TooManyRoles,
}

/// <summary>Who asks for a change: the <c>sub</c> and <c>gen</c> of an administrator's token.</summary>
internal readonly record struct Administrator(string Subject, long Generation);

/// <summary>Accounts in ASP.NET Core Identity's tables. Each change is one statement or one transaction that no other writer enters.</summary>
internal sealed class AccountStore(Db db, UserManager<Account> users, TimeProvider time)
{
    /// <summary>Adds an account with its roles, or nothing; <see langword="null"/> where the name is taken, in any letter case.</summary>
    public async Task<AccountSnapshot?> AddAsync(string username, string passwordHash, params IEnumerable<string> roles)
    {
        await using IDbContextTransaction transaction = await db.Database.BeginTransactionAsync();
        var account = new Account
        {
            Id = Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(16)),
            UserName = username,
            PasswordHash = passwordHash,
            CreatedAt = time.GetUtcNow(),
        };
        // Identity looks for the name inside the transaction, which no other writer enters: of two at once one finds it taken.
        IdentityResult result = await users.CreateAsync(account);
        if (!result.Succeeded)
            return result.Errors.Any(error => error.Code == nameof(IdentityErrorDescriber.DuplicateUserName)) ? null
                : throw new InvalidOperationException($"Identity refused an account: {string.Join(", ", result.Errors.Select(error => error.Code))}");
        foreach (string role in roles.Distinct())
            await GiveRoleAsync(account.Id, role);
        await transaction.CommitAsync();
        return await FindBySubjectAsync(account.Id);
    }

    /// <summary>Everything that a login asks, in one reading.</summary>
    public Task<AccountSnapshot?> FindByNameAsync(string username, CancellationToken cancellation = default)
    {
        string normalized = Normalize(username);
        return FindAsync(row => row.NormalizedUserName == normalized, cancellation);
    }

    public Task<AccountSnapshot?> FindBySubjectAsync(string subject, CancellationToken cancellation = default) =>
        FindAsync(row => row.Id == subject, cancellation);

    /// <summary>One page by name, those after <paramref name="after"/> whose name contains <paramref name="search"/>.</summary>
    public async Task<IReadOnlyList<AccountSnapshot>> ListAsync(string? search, string? after, int limit, CancellationToken cancellation)
    {
        string? needle = search is null ? null : Normalize(search), start = after is null ? null : Normalize(after);
        return await Snapshots(db.Users
                .Where(row => needle == null || row.NormalizedUserName!.Contains(needle))
                .Where(row => start == null || row.NormalizedUserName!.CompareTo(start) > 0)
                .OrderBy(row => row.NormalizedUserName)
                .Take(limit))
            .ToListAsync(cancellation);
    }

    /// <summary>Stores a re-hash of the same password, unless the password has changed meanwhile.</summary>
    public async Task<bool> ReplaceHashAsync(string subject, string oldHash, string newHash) =>
        await db.Users.Where(row => row.Id == subject && row.PasswordHash == oldHash)
            .ExecuteUpdateAsync(set => set.SetProperty(row => row.PasswordHash, newHash)) == 1;

    /// <summary>A new password, and the end of all that came from the old one.</summary>
    public Task<AccountChange> ResetPasswordAsync(Administrator by, string subject, string newHash) => ChangeAsync(by, subject, () =>
        db.Users.Where(row => row.Id == subject).ExecuteUpdateAsync(set => set
            .SetProperty(row => row.PasswordHash, newHash)
            .SetProperty(row => row.Generation, row => row.Generation + 1)));

    /// <summary>Disables an account, and ends all that was issued to it: what came before stays dead when it is enabled again.</summary>
    public Task<AccountChange> DisableAsync(Administrator by, string subject) => ChangeAsync(by, subject, () =>
        db.Users.Where(row => row.Id == subject && row.DisabledAt == null).ExecuteUpdateAsync(set => set
            .SetProperty(row => row.DisabledAt, time.GetUtcNow())
            .SetProperty(row => row.Generation, row => row.Generation + 1)));

    public Task<AccountChange> EnableAsync(Administrator by, string subject) => ChangeAsync(by, subject, () =>
        db.Users.Where(row => row.Id == subject).ExecuteUpdateAsync(set => set.SetProperty(row => row.DisabledAt, (DateTimeOffset?)null)));

    public Task<AccountChange> DeleteAsync(Administrator by, string subject) => ChangeAsync(by, subject, () =>
        db.Users.Where(row => row.Id == subject).ExecuteDeleteAsync());

    public async Task<AccountChange> AddRoleAsync(Administrator by, string subject, string role)
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

    public Task<AccountChange> RemoveRoleAsync(Administrator by, string subject, string role) => ChangeAsync(by, subject, () =>
        db.UserRoles.Where(member => member.UserId == subject && db.Roles.Any(row => row.Id == member.RoleId && row.Name == role)).ExecuteDeleteAsync());

    // The caller's standing is asked in the transaction that changes something: nothing that ended it meanwhile can be outrun. And the change is
    // rolled back where it would leave nobody to administer.
    private async Task<AccountChange> ChangeAsync(Administrator by, string subject, Func<Task> change)
    {
        await using IDbContextTransaction transaction = await db.Database.BeginTransactionAsync();
        if (!await Administrators().AnyAsync(account => account.Id == by.Subject && account.Generation == by.Generation))
            return AccountChange.NotStanding;
        if (!await db.Users.AnyAsync(row => row.Id == subject))
            return AccountChange.NotFound;
        await change();
        if (!await Administrators().AnyAsync())
            return AccountChange.LastAdministrator;
        await transaction.CommitAsync();
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
        && db.UserRoles.Any(member => member.UserId == account.Id && db.Roles.Any(role => role.Id == member.RoleId && role.Name == Names.AdminRole)));

    private IQueryable<string?> RolesOf(string subject) =>
        from member in db.UserRoles
        join role in db.Roles on member.RoleId equals role.Id
        where member.UserId == subject
        select role.Name;

    private Task<AccountSnapshot?> FindAsync(Expression<Func<Account, bool>> which, CancellationToken cancellation = default) =>
        Snapshots(db.Users.Where(which)).SingleOrDefaultAsync(cancellation);

    private IQueryable<AccountSnapshot> Snapshots(IQueryable<Account> accounts) => accounts.AsNoTracking().AsSingleQuery().Select(row =>
        new AccountSnapshot(row.Id, row.UserName!, row.PasswordHash!, row.DisabledAt == null, row.Generation,
            (from member in db.UserRoles
             join role in db.Roles on member.RoleId equals role.Id
             where member.UserId == row.Id
             orderby role.Name
             select role.Name).ToList(), row.CreatedAt));

    private string Normalize(string name) => users.KeyNormalizer.NormalizeName(name);
}
