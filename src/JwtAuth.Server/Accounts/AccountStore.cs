using System.Buffers.Text;
using System.Security.Cryptography;
using JwtAuth.Server.Audit;
using JwtAuth.Server.Denials;
using JwtAuth.Server.Storage;
using Microsoft.AspNetCore.Identity;
using Microsoft.EntityFrameworkCore;

namespace JwtAuth.Server.Accounts;

/// <summary>
/// Accounts, in the tables of ASP.NET Core Identity. Each change is one statement, or one transaction that shuts out other writers.
/// </summary>
internal sealed class AccountStore(
    Db db, AccountSnapshots snapshots, UserManager<Account> users, Revocations revocations, Standing standing, TimeProvider time)
{
    /// <summary>
    /// Adds an account together with its roles, and asks nobody's right to; <see langword="null"/> if the name is taken, in any letter
    /// case.
    /// </summary>
    public async Task<AccountSnapshot?> AddAsync(string username, string passwordHash, params IEnumerable<string> roles) =>
        (await AddAsync(Caller.Operator, username, passwordHash, [.. roles])).Account;

    /// <summary>Adds the account of a stranger; <see langword="null"/> if the name is taken.</summary>
    /// <param name="username">A name that <see cref="Names.IsUsername"/> allows.</param>
    /// <param name="passwordHash">The hash of its password.</param>
    /// <param name="network">Where the call comes from. It pays for the turn to write, as there is no account yet.</param>
    public async Task<AccountSnapshot?> RegisterAsync(string username, string passwordHash, string network) =>
        (await AddAsync(Caller.Operator, username, passwordHash, [], Urgency.Usual, network)).Account;

    /// <summary>Adds an account together with its roles, by an administrator's word.</summary>
    public Task<(AccountChange Change, AccountSnapshot? Account)> AddAsync(
        Caller by, string username, string passwordHash, IReadOnlyCollection<string> roles) =>
        AddAsync(by, username, passwordHash, roles, Urgency.Ending, by.Subject);

    private async Task<(AccountChange Change, AccountSnapshot? Account)> AddAsync(
        Caller by, string username, string passwordHash, IReadOnlyCollection<string> roles, Urgency urgency, string payer)
    {
        if (!await MayAdministerAsync(by))
            return (AccountChange.NotStanding, null);
        if (await snapshots.FindByNameAsync(username) is not null)
            return (AccountChange.NameTaken, null); // what changes nothing needs no turn to write
        // A stranger's account has a new row and nothing else.
        await using WriteTransaction transaction = await db.BeginWriteAsync(
            urgency, payer, urgency == Urgency.Usual ? Extent.OneStatement : Extent.OfAdministration(by.Subject));
        if (!await MayAdministerAsync(by))
            return (AccountChange.NotStanding, null);
        var account = new Account
        {
            Id = Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(16)),
            UserName = username,
            PasswordHash = passwordHash,
            CreatedAt = time.GetUtcNow(),
        };
        // Of two calls at once, one finds the name taken: where the transaction shuts out other writers, by Identity's own look-up in it,
        // and elsewhere by the unique index.
        IdentityResult result;
        try
        {
            result = await users.CreateAsync(account);
        }
        catch (DbUpdateException fault) when (db.IsDuplicate(fault))
        {
            return (AccountChange.NameTaken, null);
        }
        if (!result.Succeeded)
            return result.Errors.Any(error => error.Code == nameof(IdentityErrorDescriber.DuplicateUserName))
                ? (AccountChange.NameTaken, null)
                : throw new InvalidOperationException(
                    $"Identity refused an account: {string.Join(", ", result.Errors.Select(error => error.Code))}");
        bool isStranger = urgency == Urgency.Usual;
        AuditActor actor = isStranger ? AuditActor.Account(account.Id) : by.Actor;
        AuditDetail how = isStranger ? AuditDetail.Registered : AuditDetail.Added;
        revocations.Record(new(AuditEvent.UserCreated) { Actor = actor, Subject = account.Id, Detail = how });
        foreach (string role in roles.Distinct())
        {
            await GiveRoleAsync(account.Id, role);
            revocations.Record(RoleGiven(role) with { Actor = actor, Subject = account.Id });
        }
        await revocations.CommitAsync(transaction);
        return (AccountChange.Done, await snapshots.FindBySubjectAsync(account.Id));
    }

    /// <summary>Those of the roles that nobody has had yet. A role is made by being given for the first time.</summary>
    /// <param name="roles">The roles.</param>
    /// <param name="isNamed">Whether a role is known otherwise, as by a scope.</param>
    public async Task<IReadOnlyList<string>> FindNewAsync(IEnumerable<string> roles, Func<string, bool> isNamed)
    {
        string[] asked = [.. roles.Where(role => role != Names.AdminRole && !isNamed(role))];
        return asked.Length == 0
            ? [] : [.. asked.Except(await db.Roles.Where(row => asked.Contains(row.Name)).Select(row => row.Name!).ToListAsync())];
    }

    /// <summary>Stores a new hash of the same password, unless the password has changed meanwhile.</summary>
    public async Task<bool> ReplaceHashAsync(string subject, string oldHash, string newHash)
    {
        await using WriteTransaction transaction = await db.BeginWriteAsync(Urgency.Usual, subject, Extent.Of(subject));
        bool isReplaced = await SetHashAsync(subject, oldHash, newHash);
        await transaction.CommitAsync();
        return isReplaced;
    }

    /// <summary>
    /// Sets the owner's new password in place of the one that was checked. Everything that came from the old one ends, except the caller's
    /// session.
    /// </summary>
    public async Task<AccountChange> ChangePasswordAsync(Caller caller, string oldHash, string newHash)
    {
        await using WriteTransaction transaction =
            await db.BeginWriteAsync(Urgency.Ending, caller.Subject, Extent.Of(caller.Subject));
        if (!await standing.HoldsAsync(caller))
            return AccountChange.NotStanding;
        if (!await SetHashAsync(caller.Subject, oldHash, newHash))
            return AccountChange.PasswordOutdated;
        await revocations.EndAccountAsync(caller.Subject, exceptSessionId: caller.SessionId);
        revocations.Record(new(AuditEvent.PasswordChanged) { Actor = caller.Actor, Subject = caller.Subject });
        await revocations.CommitAsync(transaction);
        return AccountChange.Done;
    }

    /// <summary>Sets a new password, and ends everything that came from the old one.</summary>
    public Task<AccountChange> ResetPasswordAsync(Caller by, string subject, string newHash) =>
        ChangeAsync(by, subject, new(AuditEvent.PasswordReset), async () =>
    {
        await db.Users.Where(row => row.Id == subject).ExecuteUpdateAsync(set => set.SetProperty(row => row.PasswordHash, newHash));
        await revocations.EndAccountAsync(subject);
    });

    /// <summary>Ends everything that was issued to the account. It may log in again.</summary>
    public Task<AccountChange> LogOutAsync(Caller by, string subject) =>
        ChangeAsync(by, subject, new(AuditEvent.UserLoggedOut) { Detail = AuditDetail.Everywhere },
            () => revocations.EndSubjectAsync(subject));

    /// <summary>Ends the account's personal access tokens, and the access tokens that were made from them.</summary>
    public Task<AccountChange> EndPersonalAccessTokensAsync(Caller by, string subject)
    {
        IQueryable<PersonalAccessTokenRow> which = db.PersonalAccessTokens.Where(row => row.Subject == subject);
        return ChangeAsync(by, subject, new(AuditEvent.PatDeleted) { Detail = AuditDetail.All },
            () => revocations.EndPersonalAccessTokensAsync(which), isDone: async () => !await which.AnyAsync());
    }

    /// <summary>
    /// Disables an account and ends everything that was issued to it. That stays ended when the account is enabled again.
    /// </summary>
    public Task<AccountChange> DisableAsync(Caller by, string subject) => ChangeAsync(by, subject, new(AuditEvent.UserDisabled), async () =>
    {
        DateTimeOffset? now = time.GetUtcNow();
        await db.Users.Where(row => row.Id == subject).ExecuteUpdateAsync(set => set.SetProperty(row => row.DisabledAt, now));
        await revocations.EndAccountAsync(subject);
    }, isDone: () => db.Users.AnyAsync(row => row.Id == subject && row.DisabledAt != null));

    public Task<AccountChange> EnableAsync(Caller by, string subject) => ChangeAsync(by, subject, new(AuditEvent.UserEnabled), () =>
        db.Users.Where(row => row.Id == subject).ExecuteUpdateAsync(set => set.SetProperty(row => row.DisabledAt, (DateTimeOffset?)null)),
        isDone: () => db.Users.AnyAsync(row => row.Id == subject && row.DisabledAt == null));

    public Task<AccountChange> DeleteAsync(Caller by, string subject) => ChangeAsync(by, subject, new(AuditEvent.UserDeleted), async () =>
    {
        await revocations.EndSubjectAsync(subject);
        await db.Users.Where(row => row.Id == subject).ExecuteDeleteAsync();
    });

    public async Task<AccountChange> AddRoleAsync(Caller by, string subject, string role)
    {
        bool hasRoom = true;
        AccountChange change = await ChangeAsync(by, subject, RoleGiven(role), () => GiveRoleAsync(subject, role),
            isDone: async () => await RolesOf(subject).ContainsAsync(role)
                || !(hasRoom = await RolesOf(subject).CountAsync() < Names.MaximumRoles));
        return hasRoom ? change : AccountChange.TooManyRoles;
    }

    /// <summary>
    /// Takes a role away, and ends the access tokens that contain it. The sessions go on; their next tokens are without the role.
    /// </summary>
    public Task<AccountChange> RemoveRoleAsync(Caller by, string subject, string role) => ChangeAsync(by, subject,
        new(AuditEvent.RoleChanged) { Object = role, Detail = AuditDetail.Taken }, async () =>
    {
        await db.UserRoles
            .Where(member => member.UserId == subject && db.Roles.Any(row => row.Id == member.RoleId && row.Name == role))
            .ExecuteDeleteAsync();
        await revocations.EndSubjectAsync(subject, sparesSessions: true);
    }, isDone: async () => !await RolesOf(subject).ContainsAsync(role));

    // The administrator is checked in the same transaction that makes the change, so an ending meanwhile cannot be missed. If the change
    // would leave no administrator, it is rolled back.
    // What is refused, or done already, needs no turn to write.
    private async Task<AccountChange> ChangeAsync(
        Caller by, string subject, AuditEntry entry, Func<Task> change, Func<Task<bool>>? isDone = null)
    {
        if (await RefusalOfAsync(by, subject) is { } refusal)
            return refusal;
        if (isDone is not null && await isDone())
            return AccountChange.Done;
        await using WriteTransaction transaction =
            await db.BeginWriteAsync(Urgency.Ending, by.Subject, Extent.OfAdministration(by.Subject, subject));
        if (await RefusalOfAsync(by, subject) is { } late)
            return late;
        if (isDone is not null && await isDone())
            return AccountChange.Done;
        bool hadAdministrator = await Administrators().AnyAsync();
        await change();
        if (hadAdministrator && !await Administrators().AnyAsync())
            return AccountChange.LastAdministrator;
        revocations.Record(entry with { Actor = by.Actor, Subject = subject });
        await revocations.CommitAsync(transaction);
        return AccountChange.Done;
    }

    private static AuditEntry RoleGiven(string role) => new(AuditEvent.RoleChanged) { Object = role, Detail = AuditDetail.Given };

    private async Task<bool> MayAdministerAsync(Caller by) =>
        ReferenceEquals(by, Caller.Operator)
        || (await standing.HoldsAsync(by) && await Administrators().AnyAsync(account => account.Id == by.Subject));

    private async Task<AccountChange?> RefusalOfAsync(Caller by, string subject) =>
        !await MayAdministerAsync(by) ? AccountChange.NotStanding
        : !await db.Users.AnyAsync(row => row.Id == subject) ? AccountChange.NotFound
        : null;

    private async Task<bool> SetHashAsync(string subject, string oldHash, string newHash) =>
        await db.Users.Where(row => row.Id == subject && row.PasswordHash == oldHash)
            .ExecuteUpdateAsync(set => set.SetProperty(row => row.PasswordHash, newHash)) == 1;

    private async Task GiveRoleAsync(string subject, string role)
    {
        string normalized = Names.Normalize(role);
        IdentityRole row = await db.Roles.SingleOrDefaultAsync(candidate => candidate.NormalizedName == normalized)
            ?? db.Roles.Add(new IdentityRole(role) { NormalizedName = normalized }).Entity;
        db.UserRoles.Add(new IdentityUserRole<string> { UserId = subject, RoleId = row.Id });
        await db.SaveChangesAsync();
    }

    // From the role on, since there are few who have it.
    private IQueryable<Account> Administrators()
    {
        string name = Names.Normalize(Names.AdminRole);
        return from role in db.Roles
               join member in db.UserRoles on role.Id equals member.RoleId
               join account in db.Users on member.UserId equals account.Id
               where role.NormalizedName == name && account.DisabledAt == null
               select account;
    }

    private IQueryable<string?> RolesOf(string subject) =>
        from member in db.UserRoles
        join role in db.Roles on member.RoleId equals role.Id
        where member.UserId == subject
        select role.Name;
}
