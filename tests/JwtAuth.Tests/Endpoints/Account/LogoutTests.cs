using System.Globalization;
using JwtAuth.Server.Accounts;
using JwtAuth.Tests.Denials;
using JwtAuth.Tests.Hosting;
using JwtAuth.Tests.RefreshTokens;
using JwtAuth.Tests.Revocation;

namespace JwtAuth.Tests.Endpoints.Account;

public sealed class LogoutTests(SessionsHost fixture) : IClassFixture<SessionsHost>, IAsyncLifetime
{
    private readonly ServerHost host = fixture.Host;
    private readonly HttpClient client = fixture.Host.Connect();
    private AccountSnapshot account = null!;

    public async ValueTask InitializeAsync() => account = await host.AddAccountAsync($"user-{Guid.NewGuid():N}");

    public ValueTask DisposeAsync()
    {
        client.Dispose();
        return ValueTask.CompletedTask;
    }

    [Fact]
    public async Task A_logout_says_what_it_ended_and_until_when_the_latest_access_token_of_the_session_fools_others()
    {
        Tokens first = await client.BeginAsync(account.Username), twin = await client.BeginAsync(account.Username);
        host.Time.Advance(TimeSpan.FromMinutes(1));
        Tokens second = await client.RotateAsync(first);

        Reply reply = await client.AskAsAsync(first.Access, "POST", "/auth/logout");

        reply.Header("Cache-Control").Should().Be("no-store");
        ShouldSay(reply, "revoked", "denied", second.ExpiresAt);
        second.ExpiresAt.Should().Be(first.ExpiresAt.AddMinutes(1));
        (await client.MeAsync(first.Access), await client.MeAsync(second.Access)).Should().Be((401, 401));
        (await client.RefreshAsync(second.Refresh)).ShouldBeInvalidGrant();
        (await client.AskAsAsync(first.Access, "POST", "/auth/logout")).Status.Should().Be(401, "it is over");
        (await client.MeAsync(twin.Access)).Should().Be(200);
        (await client.RefreshAsync(twin.Refresh)).Status.Should().Be(200);
        host.Lines(account.Subject, first.SessionId, ": logout").Should().Be(1);
    }

    [Fact]
    public async Task A_clock_that_steps_back_does_not_shorten_what_a_logout_says()
    {
        Tokens first = await client.BeginAsync(account.Username), twin = await client.BeginAsync(account.Username);
        DateTimeOffset before = host.Time.GetUtcNow();
        host.Time.SetClock(before.AddSeconds(-20));

        Tokens second = await client.RotateAsync(first);
        (await client.RotateAsync(first)).Refresh.Should().Be(second.Refresh);

        ShouldSay(await client.AskAsAsync(second.Access, "POST", "/auth/logout"), "revoked", "denied", first.ExpiresAt);
        ShouldSay(await client.AskAsAsync(twin.Access, "POST", "/auth/logout"), "revoked", "denied", twin.ExpiresAt);
        host.Time.SetClock(before);
    }

    [Fact]
    public async Task A_logout_without_a_refresh_token_ends_the_access_token_alone()
    {
        string access = await host.LoginAsync(account.Username), other = await host.LoginAsync(account.Username);

        ShouldSay(await client.AskAsAsync(access, "POST", "/auth/logout"), "none", "denied", host.Time.GetUtcNow().AddMinutes(5));

        (await client.MeAsync(access), await client.MeAsync(other)).Should().Be((401, 200));
    }

    [Fact]
    public async Task Without_a_denylist_a_logout_says_that_the_access_token_lives_and_it_changes_nothing_any_more()
    {
        await using ServerHost stateless = new ServerHost()
            .With("JwtAuth:Denylist:Enabled", "false").With("JwtAuth:SigningKeys:Algorithm", "ES256");
        await stateless.AddAccountAsync("alice");
        using HttpClient other = stateless.Connect();
        Tokens ended = await other.BeginAsync("alice", audience: stateless.Issuer),
            alive = await other.BeginAsync("alice", audience: stateless.Issuer);

        ShouldSay(await other.AskAsAsync(ended.Access, "POST", "/auth/logout"), "revoked", "live", ended.ExpiresAt);

        (await other.MeAsync(ended.Access)).Should().Be(200, "as was said");
        (await other.RefreshAsync(ended.Refresh)).ShouldBeInvalidGrant();
        object password = new { current_password = ServerHost.Password, new_password = "the lamp by the window" };
        foreach ((string method, string path, object? body) in ((string, string, object?)[])
        [
            ("POST", "/auth/logout", null), ("POST", "/auth/logout/others", null), ("POST", "/auth/logout/everywhere", null),
            ("POST", "/auth/revoke", null),
            ("GET", "/auth/sessions", null), ("DELETE", $"/auth/sessions/{alive.SessionId}", null), ("POST", "/auth/password", password),
        ])
        {
            (await other.AskAsAsync(ended.Access, method, path, body)).Header("WWW-Authenticate")
                .Should().Be("Bearer error=\"invalid_token\"", path);
        }
        (await other.AskAsAsync(alive.Access, "GET", "/auth/sessions")).Status.Should().Be(200);
        (await other.AskAsAsync(alive.Access, "POST", "/auth/password", password)).Status.Should().Be(204);
        ShouldSay(await other.AskAsAsync(alive.Access, "POST", "/auth/revoke"), "none", "live", alive.ExpiresAt);
    }

    [Fact]
    public async Task A_logout_of_all_others_spares_the_session_that_asks()
    {
        Tokens caller = await client.BeginAsync(account.Username), other = await client.BeginAsync(account.Username);
        string offline = await host.LoginAsync(account.Username);

        ShouldSay(await client.AskAsAsync(caller.Access, "POST", "/auth/logout/others"), "revoked", "denied", caller.ExpiresAt);

        (await client.MeAsync(other.Access), await client.MeAsync(offline)).Should().Be((401, 401));
        (await client.RefreshAsync(other.Refresh)).ShouldBeInvalidGrant();
        (await client.MeAsync(caller.Access)).Should().Be(200);
        Tokens next = await client.RotateAsync(caller);
        ShouldSay(await client.AskAsAsync(next.Access, "POST", "/auth/logout/others"), "none", "denied", next.ExpiresAt);
        (await client.MeAsync(caller.Access), await client.MeAsync(next.Access)).Should().Be((200, 200), "spared twice");
    }

    [Fact]
    public async Task A_session_that_one_logout_of_others_ended_is_not_revived_by_another()
    {
        Tokens first = await client.BeginAsync(account.Username), second = await client.BeginAsync(account.Username);
        (await client.AskAsAsync(first.Access, "POST", "/auth/logout/others")).Status.Should().Be(200);

        (await client.AskAsAsync(second.Access, "POST", "/auth/logout/others")).Status.Should().Be(401);

        (await client.MeAsync(first.Access), await client.MeAsync(second.Access)).Should().Be((200, 401));
        Tokens third = await client.BeginAsync(account.Username);
        (await client.AskAsAsync(third.Access, "POST", "/auth/logout/others")).Status.Should().Be(200);
        (await client.MeAsync(first.Access), await client.MeAsync(second.Access), await client.MeAsync(third.Access))
            .Should().Be((401, 401, 200));
    }

    [Fact]
    public async Task A_logout_everywhere_ends_all_and_a_new_login_is_good()
    {
        Tokens caller = await client.BeginAsync(account.Username), other = await client.BeginAsync(account.Username),
            somebody = await client.BeginAsync("plain");
        string offline = await host.LoginAsync(account.Username);

        ShouldSay(await client.AskAsAsync(caller.Access, "POST", "/auth/logout/everywhere"), "revoked", "denied", caller.ExpiresAt);

        foreach (string access in (string[])[caller.Access, other.Access, offline])
            (await client.MeAsync(access)).Should().Be(401);
        (await client.RefreshAsync(caller.Refresh)).ShouldBeInvalidGrant();
        (await client.RefreshAsync(other.Refresh)).ShouldBeInvalidGrant();
        (await client.MeAsync(somebody.Access)).Should().Be(200);
        string again = await host.LoginAsync(account.Username);
        (await client.MeAsync(again)).Should().Be(200);
        ShouldSay(await client.AskAsAsync(again, "POST", "/auth/logout/everywhere"), "none", "denied", host.Time.GetUtcNow().AddMinutes(5));
    }

    [Theory]
    [InlineData("/auth/logout")]
    [InlineData("/auth/logout/others")]
    [InlineData("/auth/logout/everywhere")]
    [InlineData("/auth/revoke")]
    public async Task Nobody_is_logged_out_without_a_credential_that_stands(string path)
    {
        Tokens tokens = await client.BeginAsync(account.Username), expired = tokens;
        host.Time.Advance(TimeSpan.FromMinutes(6));
        tokens = await client.RotateAsync(tokens);

        Reply none = await client.AskAsync("POST", path), over = await client.AskAsAsync(expired.Access, "POST", path),
            other = await client.AskAsAsync(tokens.Refresh, "POST", path);

        (none.Status, none.Header("WWW-Authenticate")).Should().Be((401, "Bearer"));
        (over.Status, over.Header("WWW-Authenticate")).Should().Be((401, "Bearer error=\"invalid_token\""));
        other.Status.Should().Be(401, "a refresh token is no bearer");
        (await client.MeAsync(tokens.Access)).Should().Be(200);
        (await client.AskAsAsync(tokens.Access, "POST", path)).Status.Should().Be(200);
    }

    // The whole body, letter for letter.
    private static void ShouldSay(Reply reply, string refreshToken, string accessToken, DateTimeOffset liveUntil) =>
        (reply.Status, reply.Body).Should().Be((200, $$"""
            {"refresh_token":"{{refreshToken}}","access_token":"{{accessToken}}","session":"none","signed_cookie":"none",
            "live_until":"{{liveUntil.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture)}}"}
            """.ReplaceLineEndings("")));
}
