using JwtAuth.Server.Accounts;
using JwtAuth.Server.Sessions;
using JwtAuth.Tests.Authentication;
using JwtAuth.Tests.Denials;
using JwtAuth.Tests.Hosting;
using JwtAuth.Tests.RefreshTokens;
using JwtAuth.Tests.Revocation;

namespace JwtAuth.Tests.Sessions;

/// <summary>When somebody else holds a copy, or somebody ends again and again: what the owner asked to end has ended, once.</summary>
public sealed class CopiedTokenTests : IAsyncLifetime
{
    private readonly ServerHost host = new ServerHost().With("JwtAuth:SigningKeys:Algorithm", "ES256");
    private AccountSnapshot alice = null!, mallory = null!;

    [Fact]
    public async Task A_logout_by_a_cookie_that_a_thief_has_used_meanwhile_ends_the_thiefs_session_too()
    {
        using HttpClient client = host.Connect();
        using CookieClient page = new(host.Connect(), host.Issuer, "alice"), other = new(host.Connect(), host.Issuer, "alice");
        await page.LogInAsync();
        await other.LogInAsync();
        Tokens thief = Tokens.Of(await client.RefreshAsync(page.Value));
        host.Time.Advance(TimeSpan.FromSeconds(11));

        Reply logout = await page.LogOutAsync();

        (logout.Status, logout.Json.GetProperty("refresh_token").GetString(), page.Cookie).Should().Be((200, "revoked", null));
        (await client.RefreshAsync(thief.Refresh)).ShouldBeInvalidGrant();
        (await client.MeAsync(thief.Access)).Should().Be(401);
        (await other.RefreshAsync()).Status.Should().Be(200, "another session of the same user");
    }

    [Theory]
    [InlineData("/auth/logout/others")]
    [InlineData("/auth/logout/everywhere")]
    public async Task What_ends_more_than_its_own_session_is_not_asked_by_a_used_token_which_ends_its_session_instead(string path)
    {
        using HttpClient client = host.Connect();
        using CookieClient page = new(host.Connect(), host.Issuer, "alice"), other = new(host.Connect(), host.Issuer, "alice");
        await page.LogInAsync();
        await other.LogInAsync();
        Tokens thief = Tokens.Of(await client.RefreshAsync(page.Value));
        host.Time.Advance(TimeSpan.FromSeconds(11));

        (await page.LogOutAsync(path)).Status.Should().Be(401);

        (await client.RefreshAsync(thief.Refresh)).ShouldBeInvalidGrant();
        (await client.MeAsync(thief.Access)).Should().Be(401);
        host.Lines("SECURITY", "used before").Should().Be(1);
        (await other.RefreshAsync()).Status.Should().Be(200);
        (await other.LogOutAsync(path)).Status.Should().Be(200, "by a token that is good");
    }

    [Fact]
    public async Task An_account_that_is_ended_again_and_again_has_two_denials_at_most_whatever_was_spared()
    {
        using HttpClient client = host.Connect();
        using var database = new DatabaseFile(host.Directory);
        Tokens first = await client.BeginAsync("alice"), second = await client.BeginAsync("alice");
        for (int time = 0; time < 5; time++)
            (await client.AskAsAsync(second.Access, "POST", "/auth/logout/others")).Status.Should().Be(200);
        Rows().Should().Be(1);

        Tokens third = await client.BeginAsync("alice");
        (await client.AskAsAsync(third.Access, "POST", "/auth/logout/others")).Status.Should().Be(200);
        Rows().Should().Be(2);
        Tokens fourth = await client.BeginAsync("alice");
        (await client.AskAsAsync(fourth.Access, "POST", "/auth/logout/others")).Status.Should().Be(200);
        Rows().Should().Be(2);
        await DeadAsync(first, second, third);
        await using (var again = new ServerHost(host.Directory) { Time = host.Time }.With("JwtAuth:Issuer", host.Issuer)
            .With("JwtAuth:SigningKeys:Algorithm", "ES256"))
        {
            using HttpClient restarted = again.Connect();
            (await restarted.MeAsync(second.Access)).Should().Be(401, "what is left of the log says the same");
            (await restarted.MeAsync(third.Access)).Should().Be(401);
            (await restarted.MeAsync(fourth.Access)).Should().Be(200);
        }

        (await client.AskAsAsync(fourth.Access, "POST", "/auth/logout/everywhere")).Status.Should().Be(200);
        Rows().Should().Be(1);
        await DeadAsync(first, second, third, fourth);

        long Rows() => database.Number("SELECT COUNT(*) FROM Denials WHERE Kind = 'Subject' AND Name = $p", alice.Subject);
        async Task DeadAsync(params Tokens[] all)
        {
            foreach (Tokens tokens in all)
                (await client.MeAsync(tokens.Access)).Should().Be(401);
        }
    }

    [Fact]
    public async Task A_session_is_ended_by_its_own_account_only_whatever_a_token_says_of_it()
    {
        using HttpClient client = host.Connect();
        Tokens victim = await client.BeginAsync("alice");

        Ended? ended = await host.AskStoreAsync((SessionStore sessions) =>
            sessions.EndOwnAsync(new Caller(mallory.Subject, mallory.Generation, victim.SessionId, Token: null)));

        (ended!.RefreshTokens, ended.AccessTokens).Should().Be((0, false));
        (await client.MeAsync(victim.Access)).Should().Be(200);
        (await client.RefreshAsync(victim.Refresh)).Status.Should().Be(200);
        ended = await host.AskStoreAsync(
            (SessionStore sessions) => sessions.EndOwnAsync(new Caller(alice.Subject, alice.Generation, victim.SessionId, Token: null)));
        (ended!.RefreshTokens, ended.AccessTokens).Should().Be((1, true));
        (await client.MeAsync(victim.Access)).Should().Be(401);
    }

    [Theory]
    [InlineData("true", "denied", 401)]
    [InlineData("false", "live", 200)]
    public async Task A_token_that_is_still_accepted_in_the_skew_is_never_said_to_be_none(string denylist, string said, int afterwards)
    {
        await using ServerHost skewed = new ServerHost()
            .With("JwtAuth:SigningKeys:Algorithm", "ES256").With("JwtAuth:Denylist:Enabled", denylist);
        await skewed.AddAccountAsync("alice");
        using HttpClient client = skewed.Connect();
        Tokens tokens = await client.BeginAsync("alice");
        DateTimeOffset expiry = DateTimeOffset.FromUnixTimeSeconds(skewed.Time.GetUtcNow().ToUnixTimeSeconds() + 300);
        skewed.Time.Advance(TimeSpan.FromSeconds(310));
        (await client.MeAsync(tokens.Access)).Should().Be(200);

        Reply logout = await client.AskAsAsync(tokens.Access, "POST", "/auth/logout");

        (logout.Json.GetProperty("access_token").GetString(), logout.Json.GetProperty("live_until").GetDateTimeOffset())
            .Should().Be((said, expiry));
        (await client.MeAsync(tokens.Access)).Should().Be(afterwards);
        skewed.Time.Advance(TimeSpan.FromSeconds(20));
        (await client.MeAsync(tokens.Access)).Should().Be(401);
    }

    [Fact]
    public async Task A_token_that_is_revoked_again_is_written_down_once_and_what_ends_nothing_is_not_logged_as_an_end()
    {
        await using ServerHost stateless = new ServerHost()
            .With("JwtAuth:SigningKeys:Algorithm", "ES256").With("JwtAuth:Denylist:Enabled", "false");
        await stateless.AddAccountAsync("alice");
        using HttpClient client = stateless.Connect();
        using var database = new DatabaseFile(stateless.Directory);
        Tokens caller = await client.BeginAsync("alice"), other = await client.BeginAsync("alice");

        (await client.AskAsAsync(caller.Access, "POST", "/auth/revoke", new { token = "unknown" })).Status.Should().Be(200);
        stateless.Lines("revoked").Should().Be(0);
        for (int time = 0; time < 3; time++)
            (await client.AskAsAsync(caller.Access, "POST", "/auth/revoke", new { token = other.Access })).Json.GetProperty("access_token")
                .GetString().Should().Be("live");

        database.Number("SELECT COUNT(*) FROM Denials").Should().Be(1);
        stateless.Lines("access token revoked").Should().Be(3);
    }

    [Fact]
    public async Task A_session_that_a_login_replaces_is_named_in_the_log()
    {
        using CookieClient page = new(host.Connect(), host.Issuer, "alice");
        await page.LogInAsync();
        host.Lines("replaced by a login").Should().Be(0);

        await page.LogInAsync();

        host.Lines($"Account {alice.Subject}", "replaced by a login").Should().Be(1);
    }

    public async ValueTask InitializeAsync()
    {
        alice = await host.AddAccountAsync("alice");
        mallory = await host.AddAccountAsync("mallory");
    }

    public ValueTask DisposeAsync() => host.DisposeAsync();
}
