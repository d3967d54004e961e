using JwtAuth.Bearer.AccessTokens;
using JwtAuth.Server.Accounts;

namespace JwtAuth.Tests.Revocation;

/// <summary>An account, and what a login of it has read that is not through yet.</summary>
internal sealed class Person(AccountSnapshot account)
{
    public string Subject => account.Subject;

    public string Name => account.Username;

    public bool IsEnabled { get; set; } = true;

    public bool IsDeleted { get; set; }

    public bool IsClerk { get; set; }

    /// <summary>What a slow login has read before the password was checked.</summary>
    public AccountSnapshot? Read { get; set; }

    public bool HasChangedSinceRead { get; set; }
}

/// <summary>A login, with or without a session behind it.</summary>
internal sealed class Login(Person owner, string sessionId)
{
    public Person Owner => owner;

    public string SessionId => sessionId;

    public bool HasSession { get; init; }

    public long Counter { get; set; }

    public DateTimeOffset RotatedAt { get; set; }

    public DateTimeOffset ExpiresAt { get; init; }

    public bool IsEnded { get; set; }
}

/// <summary>An access token that was handed out.</summary>
internal sealed class Issued(Login login, string text, AccessToken claims)
{
    public Login Login => login;

    public string Text => text;

    public AccessToken Claims => claims;

    public Caller Caller => new(claims.Subject, claims.Generation, claims.SessionId, claims);

    public bool IsEnded { get; set; }
}

internal enum RefreshOutcome
{
    Successor,
    Repeated,
    Refused,
    EndsTheSession,
}

/// <summary>
/// Every token that was handed out, and what became of it by the table of docs/revocation.md: a second opinion, that knows of no
/// generation, no denial and no row.
/// </summary>
internal sealed class RevocationModel(TimeProvider time, bool hearsDenials)
{
    public static readonly TimeSpan Skew = TimeSpan.FromSeconds(30);
    public static readonly TimeSpan SessionLifetime = TimeSpan.FromDays(30);
    public static readonly TimeSpan IdleLifetime = TimeSpan.FromDays(7);
    public static readonly TimeSpan ReuseWindow = TimeSpan.FromSeconds(10);

    // How long after its retirement a key's new tokens are still believed.
    private static readonly TimeSpan RetirementNotice = TimeSpan.FromSeconds(10);

    private readonly Dictionary<string, DateTimeOffset> retired = [];
    private readonly HashSet<string> revoked = [];

    public List<Person> People { get; } = [];

    public List<Login> Logins { get; } = [];

    public List<Issued> Tokens { get; } = [];

    public Issued Add(Login login, string text, AccessToken claims)
    {
        var token = new Issued(login, text, claims);
        Tokens.Add(token);
        return token;
    }

    /// <summary>What a check of the token alone says, as /me does.</summary>
    public bool IsTaken(Issued token) => IsTakenWithoutDenials(token) && !(hearsDenials && token.IsEnded);

    /// <summary>What a check says that hears no denials, and has the keys as they are now.</summary>
    public bool IsTakenWithoutDenials(Issued token) => IsInTime(token) && !revoked.Contains(token.Claims.KeyId)
        && !(retired.TryGetValue(token.Claims.KeyId, out DateTimeOffset at) && token.Claims.IssuedAt > at + Skew + RetirementNotice);

    /// <summary>What the store says, whatever is heard of denials: a call that changes something.</summary>
    public static bool Stands(Issued token) => !token.IsEnded;

    public bool IsInTime(Issued token) =>
        time.GetUtcNow() is var now && now - Skew < token.Claims.ExpiresAt && token.Claims.IssuedAt <= now + Skew;

    /// <summary>Whether a refresh with this counter would be answered with tokens.</summary>
    public bool IsTaken(Login login, long counter) =>
        IsAlive(login) && (counter == login.Counter
            || (counter == login.Counter - 1 && (time.GetUtcNow() - login.RotatedAt).Duration() < ReuseWindow));

    public RefreshOutcome Refresh(Login login, long counter)
    {
        if (!IsAlive(login))
            return RefreshOutcome.Refused;
        if (!IsTaken(login, counter))
        {
            End(login);
            return RefreshOutcome.EndsTheSession;
        }

        if (counter != login.Counter)
            return RefreshOutcome.Repeated;
        login.Counter++;
        login.RotatedAt = time.GetUtcNow();
        return RefreshOutcome.Successor;
    }

    /// <summary>The login's session and its access tokens.</summary>
    public void End(Login login)
    {
        login.IsEnded = true;
        foreach (Issued token in Tokens.Where(token => token.Login == login))
            token.IsEnded = true;
    }

    /// <summary>All logins of an account, but for one.</summary>
    public void End(Person person, Login? except = null)
    {
        foreach (Login login in Logins.Where(login => login.Owner == person && login != except))
            End(login);
        person.HasChangedSinceRead = true;
    }

    /// <summary>The access tokens of an account; its sessions go on.</summary>
    public void EndTokens(Person person)
    {
        foreach (Issued token in Tokens.Where(token => token.Login.Owner == person))
            token.IsEnded = true;
        person.HasChangedSinceRead = true;
    }

    public void Retire(string keyId) => retired.TryAdd(keyId, time.GetUtcNow());

    public void Revoke(string keyId)
    {
        revoked.Add(keyId);
        foreach (Issued token in Tokens.Where(token => token.Claims.KeyId == keyId))
            token.IsEnded = true;
    }

    private bool IsAlive(Login login) =>
        login is { IsEnded: false, HasSession: true }
            && time.GetUtcNow() is var now && now < login.ExpiresAt && login.RotatedAt > now - IdleLifetime;
}
