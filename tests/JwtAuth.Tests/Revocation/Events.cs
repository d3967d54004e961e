using JwtAuth.Bearer.AccessTokens;
using JwtAuth.Server.AccessTokens;
using JwtAuth.Server.Accounts;
using JwtAuth.Server.RefreshTokens;
using JwtAuth.Server.Sessions;
using JwtAuth.Server.SigningKeys;
using JwtAuth.Server.Storage;

namespace JwtAuth.Tests.Revocation;

/// <summary>
/// Everything that happens to accounts, sessions, tokens and keys: in the service's stores, and in the model by what the table says.
/// </summary>
internal static class Events
{
    private const string Audience = "orders";
    private static readonly Device Device = new("192.0.2.1", "a test");

    public static async Task<Person> RegisterAsync(this ModelRun run)
    {
        AccountSnapshot account = (await run.AskAsync(
            (AccountStore store) => store.AddAsync($"person-{run.Model.People.Count}-{TokenIssuer.NewId()}", NewHash())))!;
        var person = new Person(account);
        run.Model.People.Add(person);
        return person;
    }

    /// <summary>A login reads the account; the password takes a while.</summary>
    public static async Task ReadAsync(this ModelRun run, Person person)
    {
        run.Note($"a slow login of {person.Name} begins");
        person.Read = await run.AskAsync((AccountSnapshots store) => store.FindBySubjectAsync(person.Subject));
        person.HasChangedSinceRead = false;
    }

    /// <summary>A login, from what it had read before if it was slow.</summary>
    public static async Task<Issued?> LogInAsync(this ModelRun run, Person person, bool withSession, AccountSnapshot? read = null)
    {
        run.Note($"login {run.Model.Logins.Count} of "
            + $"{person.Name}{(withSession ? " with a session" : "")}{(read is null ? "" : ", a slow one")}");
        bool isOutrun = read is not null && person.HasChangedSinceRead;
        read ??= await run.AskAsync((AccountSnapshots store) => store.FindBySubjectAsync(person.Subject));
        if (!withSession)
        {
            var plain = new Login(person, TokenIssuer.NewId());
            run.Model.Logins.Add(plain);
            return await run.IssueAsync(plain, read!, isOutrun);
        }

        Rotation.Successor? begun = await run.AskAsync(
            (RefreshTokenStore store) => store.BeginAsync(read!, Audience, [ScopeGrant.OfflineAccess], Device, replaces: null));
        run.Demand(begun is null == isOutrun, $"a session began: {begun is not null}, although the account had changed: {isOutrun}");
        if (begun is null)
            return null;
        var login = new Login(person, begun.Session.SessionId)
        {
            HasSession = true,
            RotatedAt = run.Time.GetUtcNow(),
            ExpiresAt = run.Time.GetUtcNow() + RevocationModel.SessionLifetime,
        };
        run.Model.Logins.Add(login);
        return await run.IssueAsync(login, begun.Account, isEnded: false);
    }

    public static async Task RefreshAsync(this ModelRun run, Login login, long counter)
    {
        run.Note($"refresh of {run.Describe(login)} with {counter}, the present one being {login.Counter}");
        RefreshOutcome expected = run.Model.Refresh(login, counter);
        Rotation rotation = await run.AskAsync(
            (RefreshTokenUses store) => store.RotateAsync(new RefreshToken(login.SessionId, counter), Device, isSharedByTabs: false));
        RefreshOutcome outcome = rotation switch
        {
            Rotation.Successor { IsRepeated: false } => RefreshOutcome.Successor,
            Rotation.Successor => RefreshOutcome.Repeated,
            Rotation.Refused => RefreshOutcome.Refused,
            _ => RefreshOutcome.EndsTheSession,
        };
        run.Demand(outcome == expected, $"the refresh is {outcome}, by the table {expected}");
        if (rotation is not Rotation.Successor successor)
            return;
        run.Demand(successor.Token.Counter == login.Counter, $"the successor is {successor.Token.Counter}");
        await run.IssueAsync(login, successor.Account, isEnded: false);
    }

    public static async Task LogOutAsync(this ModelRun run, Issued by)
    {
        run.Note($"logout by {run.Describe(by)}");
        Ended? ended = await run.AskAsync((SessionStore store) => store.EndOwnAsync(by.Caller));
        run.Happens(by, ended is not null, () => run.Model.End(by.Login));
    }

    public static async Task LogOutOthersAsync(this ModelRun run, Issued by)
    {
        run.Note($"logout of all others by {run.Describe(by)}");
        Ended? ended = await run.AskAsync((SessionStore store) => store.EndAllAsync(by.Caller, by.Login.SessionId));
        run.Happens(by, ended is not null, () => run.Model.End(by.Login.Owner, except: by.Login));
    }

    public static async Task LogOutEverywhereAsync(this ModelRun run, Issued by)
    {
        run.Note($"logout everywhere by {run.Describe(by)}");
        Ended? ended = await run.AskAsync((SessionStore store) => store.EndAllAsync(by.Caller, exceptSessionId: null));
        run.Happens(by, ended is not null, () => run.Model.End(by.Login.Owner));
    }

    /// <summary>
    /// From the list of sessions, or by a refresh token of it that is revoked: any of them, also another account's, which ends nothing.
    /// </summary>
    public static async Task DeleteSessionAsync(this ModelRun run, Issued by, Login login)
    {
        run.Note($"{run.Describe(login)} is deleted by {run.Describe(by)}");
        Ended? ended = await run.AskAsync((SessionStore store) => store.EndListedAsync(by.Caller, login.SessionId));
        run.Happens(by, ended is not null, () =>
        {
            if (login.HasSession && login.Owner == by.Login.Owner)
                run.Model.End(login);
        });
    }

    public static async Task RevokeTokenAsync(this ModelRun run, Issued by, Issued token)
    {
        run.Note($"{run.Describe(token)} is revoked by {run.Describe(by)}");
        Ended? ended = await run.AskAsync((SessionStore store) => store.EndTokenAsync(by.Caller, token.Claims));
        run.Happens(by, ended is not null, () => token.IsEnded = true);
    }

    public static async Task ChangePasswordAsync(this ModelRun run, Issued by)
    {
        Person person = by.Login.Owner;
        run.Note($"{person.Name} changes the password by {run.Describe(by)}");
        AccountSnapshot? account = await run.AskAsync((AccountSnapshots store) => store.FindBySubjectAsync(person.Subject));
        AccountChange change =
            await run.AskAsync((AccountStore store) => store.ChangePasswordAsync(by.Caller, account?.PasswordHash ?? "", NewHash()));
        run.Happens(by, change == AccountChange.Done, () => run.Model.End(person, except: by.Login));
    }

    /// <summary>What an administrator does to an account, and what it ends.</summary>
    public static async Task AdministerAsync(
        this ModelRun run, string what, Person person, Func<AccountStore, Task<AccountChange>> change, Action<Person> end)
    {
        run.Note($"{what}: {person.Name}");
        AccountChange outcome = await run.AskAsync(change);
        run.Demand(outcome == AccountChange.Done, $"{what}: {outcome}");
        end(person);
    }

    public static Task ResetPasswordAsync(this ModelRun run, Person person) =>
        run.AdministerAsync(
            "password reset", person, store => store.ResetPasswordAsync(run.Root, person.Subject, NewHash()), _ => run.Model.End(person));

    public static Task LogOutAsync(this ModelRun run, Person person) =>
        run.AdministerAsync(
            "logged out by an administrator", person, store => store.LogOutAsync(run.Root, person.Subject), _ => run.Model.End(person));

    public static Task DisableAsync(this ModelRun run, Person person) =>
        run.AdministerAsync("disabled", person, store => store.DisableAsync(run.Root, person.Subject), _ =>
    {
        person.IsEnabled = false;
        run.Model.End(person);
    });

    public static Task EnableAsync(this ModelRun run, Person person) =>
        run.AdministerAsync("enabled", person, store => store.EnableAsync(run.Root, person.Subject), _ => person.IsEnabled = true);

    public static Task DeleteAsync(this ModelRun run, Person person) =>
        run.AdministerAsync("deleted", person, store => store.DeleteAsync(run.Root, person.Subject), _ =>
    {
        person.IsDeleted = true;
        run.Model.End(person);
    });

    public static Task GiveRoleAsync(this ModelRun run, Person person) =>
        run.AdministerAsync(
            "role given", person, store => store.AddRoleAsync(run.Root, person.Subject, "clerk"), _ => person.IsClerk = true);

    public static Task TakeRoleAsync(this ModelRun run, Person person) =>
        run.AdministerAsync("role taken", person, store => store.RemoveRoleAsync(run.Root, person.Subject, "clerk"), _ =>
    {
        if (person.IsClerk)
            run.Model.EndTokens(person);
        person.IsClerk = false;
    });

    public static Task RetireKeyAsync(this ModelRun run) =>
        run.ChangeKeyAsync("retired", (schedule, ring, keyId) => schedule.Retire(ring, keyId), run.Model.Retire);

    public static Task RevokeKeyAsync(this ModelRun run) =>
        run.ChangeKeyAsync("revoked", (schedule, ring, keyId) => schedule.Revoke(ring, keyId), run.Model.Revoke);

    private static async Task ChangeKeyAsync(
        this ModelRun run, string what, Func<KeySchedule, List<SigningKeyRow>, string, bool> change, Action<string> end)
    {
        SigningKeyRing ring = run.Get<SigningKeyRing>();
        string keyId = ring.Signer(forAccount: true).KeyId;
        run.Note($"key {keyId} {what}");
        bool isDone = await run.Get<SigningKeyStore>()
            .ChangeAsync(rows => change(run.Get<KeySchedule>(), rows, keyId), TestContext.Current.CancellationToken);
        run.Demand(isDone, $"key {keyId} was not {what}");
        end(keyId);
        await ring.LoadAsync(TestContext.Current.CancellationToken);
    }

    // It happens if the credential stands, and only then.
    private static void Happens(this ModelRun run, Issued by, bool isDone, Action end)
    {
        run.Demand(
            isDone == RevocationModel.Stands(by), $"done: {isDone}, by {run.Describe(by)}, which stands: {RevocationModel.Stands(by)}");
        if (RevocationModel.Stands(by))
            end();
    }

    // A token that was outrun is born dead where denials are heard, and wherever state changes.
    private static async Task<Issued> IssueAsync(this ModelRun run, Login login, AccountSnapshot account, bool isEnded)
    {
        string text = run.Get<TokenIssuer>().Issue(Grant.To(account, Audience, [], login.SessionId)).Value;
        (AccessToken? accepted, TokenRejection? rejection) = await run.Get<TokenValidator>().ValidateAsync(text);
        run.Demand(isEnded ? accepted is null == run.HearsDenials : accepted is not null, $"a new token, "
            + $"outrun {isEnded}, is {rejection?.Reason ?? "alive"}");
        run.WithoutDenials.TryValidate(text, out AccessToken? claims, out _);
        Issued issued = run.Model.Add(login, text, claims!);
        issued.IsEnded = isEnded;
        return issued;
    }

    private static string NewHash() => Guid.NewGuid().ToString();
}
