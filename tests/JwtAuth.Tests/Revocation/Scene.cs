using JwtAuth.Server.AccessTokens;
using JwtAuth.Server.Accounts;
using JwtAuth.Server.Configuration;
using JwtAuth.Server.RefreshTokens;
using JwtAuth.Server.Sessions;
using JwtAuth.Server.SigningKeys;
using JwtAuth.Server.Storage;
using JwtAuth.Tests.Hosting;
using Microsoft.Extensions.DependencyInjection;

namespace JwtAuth.Tests.Revocation;

/// <summary>What a login brought.</summary>
internal sealed record Holding(string AccessToken, string? RefreshToken, string SessionId, DateTimeOffset ExpiresAt);

/// <summary>
/// Four logins at a running service: the one that calls, another session of the same account, a login of it without a session, and another account's
/// session, which nothing concerns. And an administrator.
/// </summary>
internal sealed class Scene
{
    private readonly ServerHost host;
    private readonly AccountSnapshot account;
    private readonly string administrator;

    private Scene(ServerHost host, AccountSnapshot account, string administrator) => (this.host, this.account, this.administrator) = (host, account, administrator);

    public required Holding Calling { get; init; }

    public required Holding Other { get; init; }

    public required Holding WithoutSession { get; init; }

    public required Holding Stranger { get; init; }

    public string Subject => account.Subject;

    public string Username => account.Username;

    public static async Task<Scene> SetAsync(ServerHost host)
    {
        AccountSnapshot account = await host.AddAccountAsync($"alice-{Guid.NewGuid():n}", "clerk"), stranger = await host.AddAccountAsync($"bob-{Guid.NewGuid():n}");
        AccountSnapshot root = await host.AddAccountAsync($"root-{Guid.NewGuid():n}", "admin");
        return new Scene(host, account, (await host.BeginAsync(root, withSession: false)).AccessToken)
        {
            Calling = await host.BeginAsync(account),
            Other = await host.BeginAsync(account),
            WithoutSession = await host.BeginAsync(account, withSession: false),
            Stranger = await host.BeginAsync(stranger),
        };
    }

    /// <summary>A call with the access token of the login that calls.</summary>
    public Task<Reply> CallAsync(string method, string path, object? body = null) => AskAsync(Calling.AccessToken, method, path, body);

    public Task<Reply> AdministerAsync(string method, string change, object? body = null) => AskAsync(administrator, method, $"/admin/users/{Subject}{change}", body);

    /// <summary>The refresh token that was used up comes again, later than the reuse window.</summary>
    public async Task<Reply> ReuseAsync()
    {
        (await AskAsync(null, "POST", "/auth/refresh", new { refresh_token = Calling.RefreshToken })).Status.Should().Be(200);
        host.Time.Advance(TimeSpan.FromSeconds(10));
        Reply refused = await AskAsync(null, "POST", "/auth/refresh", new { refresh_token = Calling.RefreshToken });
        refused.Code.Should().Be("invalid_grant");
        return refused with { Status = 200 };
    }

    /// <summary>What the commands <c>keys retire</c> and <c>keys revoke</c> do, and the service's look at the ring, which it takes every second.</summary>
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

    public Task<Reply> AskMeAsync(Holding held) => AskAsync(held.AccessToken, "GET", "/me");

    /// <summary>A call that changes state, though this one finds nothing to change: the store is asked first.</summary>
    public Task<Reply> ChangeStateAsync(Holding held) => AskAsync(held.AccessToken, "POST", "/auth/revoke", new { token = "nobody's" });

    public Task<Reply> RefreshAsync(Holding held) => AskAsync(null, "POST", "/auth/refresh", new { refresh_token = held.RefreshToken });

    public async Task<Reply> AskAsync(string? bearer, string method, string path, object? body = null)
    {
        using HttpClient client = host.Connect(bearer);
        return await client.AskAsync(method, path, body);
    }
}

internal static class SceneLogins
{
    /// <summary>A login as the controller makes it, for the account's own audience, without bcrypt.</summary>
    public static async Task<Holding> BeginAsync(this ServerHost host, AccountSnapshot account, bool withSession = true)
    {
        TokenIssuer issuer = host.Get<TokenIssuer>();
        string audience = host.Get<IssuerSettings>().Url;
        if (!withSession)
        {
            string sessionId = TokenIssuer.NewId();
            IssuedToken alone = issuer.Issue(account, audience, [], sessionId);
            return new Holding(alone.Value, RefreshToken: null, sessionId, alone.ExpiresAt);
        }

        await using AsyncServiceScope scope = host.Services.CreateAsyncScope();
        Rotation.Successor begun = (await scope.ServiceProvider.GetRequiredService<RefreshTokenStore>()
            .BeginAsync(account, audience, [ScopeGrant.OfflineAccess], new Device("192.0.2.1", "a test"), replaces: null))!;
        IssuedToken token = issuer.Issue(begun.Account, audience, [ScopeGrant.OfflineAccess], begun.SessionId, begun.At);
        return new Holding(
            token.Value, host.Get<RefreshTokenCodec>().Write(new RefreshToken(begun.SessionId, begun.Counter)), begun.SessionId, token.ExpiresAt);
    }
}
