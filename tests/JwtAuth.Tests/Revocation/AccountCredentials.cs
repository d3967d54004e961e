using JwtAuth.Server.AccessTokens;
using JwtAuth.Server.Accounts;
using JwtAuth.Server.RefreshTokens;
using JwtAuth.Server.Sessions;
using JwtAuth.Server.SigningKeys;
using JwtAuth.Server.Storage;
using JwtAuth.Tests.Authentication;
using JwtAuth.Tests.Hosting;
using JwtAuth.Tests.PersonalAccessTokens;
using Microsoft.Extensions.DependencyInjection;

namespace JwtAuth.Tests.Revocation;

/// <summary>What a login brought.</summary>
internal sealed record LoginTokens(string AccessToken, string? RefreshToken, string SessionId, DateTimeOffset ExpiresAt);

/// <summary>
/// Four logins at a running service: the one that calls, another session of the same account, a login of it without a session, and
/// another account's session, which nothing concerns. Beside them three logins by cookies, cookies of the other account, and a personal
/// access token. And an administrator.
/// </summary>
internal sealed class AccountCredentials
{
    private readonly ServerHost host;
    private readonly AccountSnapshot account;
    private readonly string administrator;

    private AccountCredentials(ServerHost host, AccountSnapshot account, string administrator) =>
        (this.host, this.account, this.administrator) = (host, account, administrator);

    public required LoginTokens Calling { get; init; }

    public required LoginTokens Other { get; init; }

    public required LoginTokens WithoutSession { get; init; }

    public required LoginTokens Stranger { get; init; }

    /// <summary>The cookie of a session that calls.</summary>
    public required string Session { get; init; }

    public required string OtherSession { get; init; }

    public required string Signed { get; init; }

    public required MadeToken PersonalAccessToken { get; init; }

    /// <summary>An access token that was made from it.</summary>
    public required string Made { get; init; }

    /// <summary>The cookies of the other account.</summary>
    public required string[] StrangeCookies { get; init; }

    public string Subject => account.Subject;

    public string Username => account.Username;

    public static async Task<AccountCredentials> CreateAsync(ServerHost host)
    {
        AccountSnapshot account = await host.AddAccountAsync($"alice-{Guid.NewGuid():n}", "clerk"),
            stranger = await host.AddAccountAsync($"bob-{Guid.NewGuid():n}");
        AccountSnapshot root = await host.AddAccountAsync($"root-{Guid.NewGuid():n}", "admin");
        LoginTokens calling = await host.BeginAsync(account);
        using HttpClient client = host.Connect();
        MadeToken personal = await client.MakeAsync(calling.AccessToken);
        Reply made = await client.AskAsync("POST", "/auth/login", new { personal_access_token = personal.Token });
        return new AccountCredentials(host, account, (await host.BeginAsync(root, withSession: false)).AccessToken)
        {
            Calling = calling,
            PersonalAccessToken = personal,
            Made = made.Json.GetProperty("access_token").GetString()!,
            Other = await host.BeginAsync(account),
            WithoutSession = await host.BeginAsync(account, withSession: false),
            Stranger = await host.BeginAsync(stranger),
            Session = (await host.BeginCookieAsync(account, "session"))!,
            OtherSession = (await host.BeginCookieAsync(account, "session"))!,
            Signed = (await host.BeginCookieAsync(account, "signed_cookie"))!,
            StrangeCookies =
                [(await host.BeginCookieAsync(stranger, "session"))!, (await host.BeginCookieAsync(stranger, "signed_cookie"))!],
        };
    }

    /// <summary>A call with the access token of the login that calls.</summary>
    public Task<Reply> CallAsync(string method, string path, object? body = null) => AskAsync(Calling.AccessToken, method, path, body);

    public async Task<Reply> CallByCookieAsync(string cookie, string method, string path)
    {
        using HttpClient client = host.Connect();
        return await client.AskAsync(method, path, null, ("Cookie", cookie));
    }

    public async Task<int> StatusOfMeAsync(string authorization)
    {
        using HttpClient client = host.Connect();
        return (await client.AskAsync("GET", "/me", null, ("Authorization", authorization))).Status;
    }

    /// <summary>What the list names a session by.</summary>
    public async Task<string> SessionIdOfAsync(string cookie) =>
        (await CallByCookieAsync(cookie, "GET", "/auth/sessions")).Json.GetProperty("sessions").EnumerateArray()
            .Single(session => session.GetProperty("current").GetBoolean()).GetProperty("sid").GetString()!;

    public Task<Reply> AdministerAsync(string method, string change, object? body = null) =>
        AskAsync(administrator, method, $"/admin/users/{Subject}{change}", body);

    /// <summary>The refresh token that was used up comes again, later than the reuse window.</summary>
    public async Task<Reply> ReuseAsync()
    {
        (await AskAsync(null, "POST", "/auth/refresh", new { refresh_token = Calling.RefreshToken })).Status.Should().Be(200);
        host.Time.Advance(TimeSpan.FromSeconds(10));
        Reply refused = await AskAsync(null, "POST", "/auth/refresh", new { refresh_token = Calling.RefreshToken });
        refused.Code.Should().Be("invalid_grant");
        return refused with { Status = 200 };
    }

    /// <summary>
    /// What the commands <c>keys retire</c> and <c>keys revoke</c> do, and the service's look at the ring, which it takes every second.
    /// </summary>
    public async Task<Reply> ChangeKeyAsync(Func<KeySchedule, List<SigningKeyRow>, string, bool> change)
    {
        SigningKeyRing ring = host.Get<SigningKeyRing>();
        string keyId = ring.Signer(forAccount: true).KeyId;
        (await host.Get<SigningKeyStore>().ChangeAsync(rows => change(host.Get<KeySchedule>(), rows, keyId))).Should().BeTrue();
        await ring.LoadAsync();
        return new Reply(200, new Dictionary<string, string>(), "");
    }

    /// <summary>A login afterwards: whatever was ended, this is not.</summary>
    public Task<Reply> LogInAgainAsync(string password) => AskAsync(null, "POST", "/auth/login", new { username = Username, password });

    public Task<Reply> AskMeAsync(LoginTokens held) => AskAsync(held.AccessToken, "GET", "/me");

    /// <summary>A call that changes state, though this one finds nothing to change: the store is asked first.</summary>
    public Task<Reply> ChangeStateAsync(LoginTokens held) => AskAsync(held.AccessToken, "POST", "/auth/revoke", new { token = "nobody's" });

    public Task<Reply> RefreshAsync(LoginTokens held) => AskAsync(null, "POST", "/auth/refresh", new { refresh_token = held.RefreshToken });

    public async Task<Reply> AskAsync(string? bearer, string method, string path, object? body = null)
    {
        using HttpClient client = host.Connect(bearer);
        return await client.AskAsync(method, path, body);
    }
}

internal static class HostLogins
{
    /// <summary>A login as the controller makes it, for the account's own audience, without bcrypt.</summary>
    public static async Task<LoginTokens> BeginAsync(this ServerHost host, AccountSnapshot account, bool withSession = true)
    {
        TokenIssuer issuer = host.Get<TokenIssuer>();
        string audience = host.Get<IssuerSettings>().Url;
        if (!withSession)
        {
            string sessionId = TokenIssuer.NewId();
            IssuedToken alone = issuer.Issue(Grant.To(account, audience, [], sessionId));
            return new LoginTokens(alone.Value, RefreshToken: null, sessionId, alone.ExpiresAt);
        }

        await using AsyncServiceScope scope = host.Services.CreateAsyncScope();
        Rotation.Successor begun = (await scope.ServiceProvider.GetRequiredService<RefreshTokenStore>()
            .BeginAsync(account, audience, [ScopeGrant.OfflineAccess], new Device("192.0.2.1", "a test"), replaces: null))!;
        IssuedToken token = issuer.Issue(Grant.To(begun.Account, audience, [ScopeGrant.OfflineAccess], begun.Session.SessionId), begun.At);
        return new LoginTokens(
            token.Value, host.Get<RefreshTokenCodec>().Write(begun.Token), begun.Session.SessionId, token.ExpiresAt);
    }
}
