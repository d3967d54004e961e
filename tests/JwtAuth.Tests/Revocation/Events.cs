using JwtAuth.Bearer.AccessTokens;
using JwtAuth.Server.AccessTokens;
using JwtAuth.Server.Accounts;
using JwtAuth.Server.RefreshTokens;
using JwtAuth.Server.Sessions;
using JwtAuth.Server.SigningKeys;
using JwtAuth.Server.Storage;

namespace JwtAuth.Tests.Revocation;

/// <summary>Everything that happens to accounts, sessions, tokens and keys: in the service's stores, and in the ledger by what the table says.</summary>
internal static class Events
{
    private const string Audience = "orders";
    private static readonly Device Device = new("192.0.2.1", "a test");

    public static async Task<Person> RegisterAsync(this Trial trial)
    {
        AccountSnapshot account = (await trial.AskAsync((AccountStore store) => store.AddAsync($"person-{trial.Ledger.People.Count}-{TokenIssuer.NewId()}", NewHash())))!;
        var person = new Person(account);
        trial.Ledger.People.Add(person);
        return person;
    }

    /// <summary>A login reads the account; the password takes a while.</summary>
    public static async Task ReadAsync(this Trial trial, Person person)
    {
        trial.Note($"a slow login of {person.Name} begins");
        person.Read = await trial.AskAsync((AccountStore store) => store.FindBySubjectAsync(person.Subject));
        person.HasChangedSinceRead = false;
    }

    /// <summary>A login, from what it had read before if it was slow.</summary>
    public static async Task<Issued?> LogInAsync(this Trial trial, Person person, bool withSession, AccountSnapshot? read = null)
    {
        trial.Note($"login {trial.Ledger.Logins.Count} of {person.Name}{(withSession ? " with a session" : "")}{(read is null ? "" : ", a slow one")}");
        bool isOutrun = read is not null && person.HasChangedSinceRead;
        read ??= await trial.AskAsync((AccountStore store) => store.FindBySubjectAsync(person.Subject));
        if (!withSession)
        {
            var plain = new Login(person, TokenIssuer.NewId());
            trial.Ledger.Logins.Add(plain);
            return await trial.IssueAsync(plain, read!, isOutrun);
        }

        Rotation.Successor? begun = await trial.AskAsync((RefreshTokenStore store) => store.BeginAsync(read!, Audience, [ScopeGrant.OfflineAccess], Device, replaces: null));
        trial.Demand(begun is null == isOutrun, $"a session began: {begun is not null}, although the account had changed: {isOutrun}");
        if (begun is null)
            return null;
        var login = new Login(person, begun.Session.SessionId) { HasSession = true, RotatedAt = trial.Time.GetUtcNow(), ExpiresAt = trial.Time.GetUtcNow() + Ledger.SessionLifetime };
        trial.Ledger.Logins.Add(login);
        return await trial.IssueAsync(login, begun.Account, isEnded: false);
    }

    public static async Task RefreshAsync(this Trial trial, Login login, long counter)
    {
        trial.Note($"refresh of {trial.Describe(login)} with {counter}, the present one being {login.Counter}");
        RefreshOutcome expected = trial.Ledger.Refresh(login, counter);
        Rotation rotation = await trial.AskAsync((RefreshTokenStore store) => store.RotateAsync(new RefreshToken(login.SessionId, counter), Device, isSharedByTabs: false));
        RefreshOutcome outcome = rotation switch
        {
            Rotation.Successor { IsRepeated: false } => RefreshOutcome.Successor,
            Rotation.Successor => RefreshOutcome.Repeated,
            Rotation.Refused => RefreshOutcome.Refused,
            _ => RefreshOutcome.EndsTheSession,
        };
        trial.Demand(outcome == expected, $"the refresh is {outcome}, by the table {expected}");
        if (rotation is not Rotation.Successor successor)
            return;
        trial.Demand(successor.Session.Counter == login.Counter, $"the successor is {successor.Session.Counter}");
        await trial.IssueAsync(login, successor.Account, isEnded: false);
    }

    public static async Task LogOutAsync(this Trial trial, Issued by)
    {
        trial.Note($"logout by {trial.Describe(by)}");
        Ended? ended = await trial.AskAsync((SessionStore store) => store.EndOwnAsync(by.Caller));
        trial.Happens(by, ended is not null, () => trial.Ledger.End(by.Login));
    }

    public static async Task LogOutOthersAsync(this Trial trial, Issued by)
    {
        trial.Note($"logout of all others by {trial.Describe(by)}");
        Ended? ended = await trial.AskAsync((SessionStore store) => store.EndAllAsync(by.Caller, by.Login.SessionId));
        trial.Happens(by, ended is not null, () => trial.Ledger.End(by.Login.Owner, except: by.Login));
    }

    public static async Task LogOutEverywhereAsync(this Trial trial, Issued by)
    {
        trial.Note($"logout everywhere by {trial.Describe(by)}");
        Ended? ended = await trial.AskAsync((SessionStore store) => store.EndAllAsync(by.Caller, exceptSessionId: null));
        trial.Happens(by, ended is not null, () => trial.Ledger.End(by.Login.Owner));
    }

    /// <summary>From the list of sessions, or by a refresh token of it that is revoked: any of them, also another account's, which ends nothing.</summary>
    public static async Task DeleteSessionAsync(this Trial trial, Issued by, Login login)
    {
        trial.Note($"{trial.Describe(login)} is deleted by {trial.Describe(by)}");
        Ended? ended = await trial.AskAsync((SessionStore store) => store.EndListedAsync(by.Caller, login.SessionId));
        trial.Happens(by, ended is not null, () =>
        {
            if (login.HasSession && login.Owner == by.Login.Owner)
                trial.Ledger.End(login);
        });
    }

    public static async Task RevokeTokenAsync(this Trial trial, Issued by, Issued token)
    {
        trial.Note($"{trial.Describe(token)} is revoked by {trial.Describe(by)}");
        Ended? ended = await trial.AskAsync((SessionStore store) => store.EndTokenAsync(by.Caller, token.Claims));
        trial.Happens(by, ended is not null, () => token.IsEnded = true);
    }

    public static async Task ChangePasswordAsync(this Trial trial, Issued by)
    {
        Person person = by.Login.Owner;
        trial.Note($"{person.Name} changes the password by {trial.Describe(by)}");
        AccountSnapshot? account = await trial.AskAsync((AccountStore store) => store.FindBySubjectAsync(person.Subject));
        AccountChange change = await trial.AskAsync((AccountStore store) => store.ChangePasswordAsync(by.Caller, account?.PasswordHash ?? "", NewHash()));
        trial.Happens(by, change == AccountChange.Done, () => trial.Ledger.End(person, except: by.Login));
    }

    /// <summary>What an administrator does to an account, and what it ends.</summary>
    public static async Task AdministerAsync(this Trial trial, string what, Person person, Func<AccountStore, Task<AccountChange>> change, Action<Person> end)
    {
        trial.Note($"{what}: {person.Name}");
        AccountChange outcome = await trial.AskAsync(change);
        trial.Demand(outcome == AccountChange.Done, $"{what}: {outcome}");
        end(person);
    }

    public static Task ResetPasswordAsync(this Trial trial, Person person) =>
        trial.AdministerAsync("password reset", person, store => store.ResetPasswordAsync(trial.Root, person.Subject, NewHash()), _ => trial.Ledger.End(person));

    public static Task LogOutAsync(this Trial trial, Person person) =>
        trial.AdministerAsync("logged out by an administrator", person, store => store.LogOutAsync(trial.Root, person.Subject), _ => trial.Ledger.End(person));

    public static Task DisableAsync(this Trial trial, Person person) => trial.AdministerAsync("disabled", person, store => store.DisableAsync(trial.Root, person.Subject), _ =>
    {
        person.IsEnabled = false;
        trial.Ledger.End(person);
    });

    public static Task EnableAsync(this Trial trial, Person person) =>
        trial.AdministerAsync("enabled", person, store => store.EnableAsync(trial.Root, person.Subject), _ => person.IsEnabled = true);

    public static Task DeleteAsync(this Trial trial, Person person) => trial.AdministerAsync("deleted", person, store => store.DeleteAsync(trial.Root, person.Subject), _ =>
    {
        person.IsDeleted = true;
        trial.Ledger.End(person);
    });

    public static Task GiveRoleAsync(this Trial trial, Person person) =>
        trial.AdministerAsync("role given", person, store => store.AddRoleAsync(trial.Root, person.Subject, "clerk"), _ => person.IsClerk = true);

    public static Task TakeRoleAsync(this Trial trial, Person person) => trial.AdministerAsync("role taken", person, store => store.RemoveRoleAsync(trial.Root, person.Subject, "clerk"), _ =>
    {
        if (person.IsClerk)
            trial.Ledger.EndTokens(person);
        person.IsClerk = false;
    });

    public static Task RetireKeyAsync(this Trial trial) => trial.ChangeKeyAsync("retired", (schedule, ring, keyId) => schedule.Retire(ring, keyId), trial.Ledger.Retire);

    public static Task RevokeKeyAsync(this Trial trial) => trial.ChangeKeyAsync("revoked", (schedule, ring, keyId) => schedule.Revoke(ring, keyId), trial.Ledger.Revoke);

    private static async Task ChangeKeyAsync(this Trial trial, string what, Func<KeySchedule, List<SigningKeyRow>, string, bool> change, Action<string> end)
    {
        SigningKeyRing ring = trial.Get<SigningKeyRing>();
        string keyId = ring.Signer(forAccount: true).KeyId;
        trial.Note($"key {keyId} {what}");
        bool isDone = await trial.Get<SigningKeyStore>().ChangeAsync(rows => change(trial.Get<KeySchedule>(), rows, keyId), TestContext.Current.CancellationToken);
        trial.Demand(isDone, $"key {keyId} was not {what}");
        end(keyId);
        await ring.LoadAsync(TestContext.Current.CancellationToken);
    }

    // It happens if the credential stands, and only then.
    private static void Happens(this Trial trial, Issued by, bool isDone, Action end)
    {
        trial.Demand(isDone == Ledger.Stands(by), $"done: {isDone}, by {trial.Describe(by)}, which stands: {Ledger.Stands(by)}");
        if (Ledger.Stands(by))
            end();
    }

    // A token that was outrun is born dead where denials are heard, and wherever state changes.
    private static async Task<Issued> IssueAsync(this Trial trial, Login login, AccountSnapshot account, bool isEnded)
    {
        string text = trial.Get<TokenIssuer>().Issue(Grant.To(account, Audience, [], login.SessionId)).Value;
        (AccessToken? accepted, TokenRejection? rejection) = await trial.Get<TokenValidator>().ValidateAsync(text);
        trial.Demand(isEnded ? accepted is null == trial.HearsDenials : accepted is not null, $"a new token, outrun {isEnded}, is {rejection?.Reason ?? "alive"}");
        trial.Deaf.TryValidate(text, out AccessToken? claims, out _);
        Issued issued = trial.Ledger.Add(login, text, claims!);
        issued.IsEnded = isEnded;
        return issued;
    }

    private static string NewHash() => Guid.NewGuid().ToString();
}
