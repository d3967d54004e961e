using JwtAuth.Server.Accounts;
using JwtAuth.Tests.Hosting;
using JwtAuth.Tests.RefreshTokens;
using JwtAuth.Tests.Revocation;

namespace JwtAuth.Tests.Endpoints.Account;

public sealed class RefreshTests(SessionsHost fixture) : IClassFixture<SessionsHost>, IDisposable
{
    private static readonly TimeSpan BeyondTheWindow = TimeSpan.FromSeconds(11);

    private readonly ServerHost host = fixture.Host;
    private readonly HttpClient client = fixture.Host.Connect();

    public void Dispose() => client.Dispose();

    [SqliteOnly("its data_version tells of any write")]
    [Fact]
    public async Task A_login_without_offline_access_begins_no_session_and_writes_nothing()
    {
        // Of its own, since what is written in the background comes when another test has moved the clock.
        await using ServerHost alone = new ServerHost().With("JwtAuth:SigningKeys:Algorithm", "ES256");
        await alone.AddAccountAsync("clerk", "clerk");
        using HttpClient own = alone.Connect();
        using var database = new DatabaseFile(alone.Directory);
        long sessions = database.Number("SELECT count(*) FROM Sessions"), version = database.Number("PRAGMA data_version");

        Reply without =
            await own.AskAsync("POST", "/auth/login", new { username = "clerk", password = ServerHost.Password, scope = "orders:read" });

        without.Status.Should().Be(200);
        without.Json.TryGetProperty("refresh_token", out _).Should().BeFalse();
        database.Number("PRAGMA data_version").Should().Be(version);
        database.Number("SELECT count(*) FROM Sessions").Should().Be(sessions);
        (await own.BeginAsync("clerk", "orders:read offline_access")).Scope.Should().Be("orders:read offline_access");
        database.Number("PRAGMA data_version").Should().NotBe(version);
        database.Number("SELECT count(*) FROM Sessions").Should().Be(sessions + 1);
    }

    [Fact, Trait("row", "REF-01")]
    public async Task A_refresh_brings_a_new_access_token_and_the_next_refresh_token_and_the_old_one_is_used_up()
    {
        Tokens first = await client.BeginAsync("clerk", "orders:read offline_access"), twin = await client.BeginAsync("clerk");

        Reply reply = await client.RefreshAsync(first.Refresh);

        Tokens second = Tokens.Of(reply), twinSecond = await client.RotateAsync(twin);
        reply.Header("Cache-Control").Should().Be("no-store");
        reply.Json.EnumerateObject().Select(member => member.Name)
            .Should().BeEquivalentTo("access_token", "token_type", "expires_in", "scope", "refresh_token");
        (reply.Json.GetProperty("token_type").GetString(), reply.Json.GetProperty("expires_in").GetInt32()).Should().Be(("Bearer", 300));
        second.Refresh.Should().NotBe(first.Refresh).And.MatchRegex("^jrt_[A-Za-z0-9_-]{76}$");
        foreach (string same in (string[])["iss", "sub", "aud", "sid", "gen", "client_id", "scope", "roles", "username"])
            second.Claims.GetProperty(same).GetRawText().Should().Be(first.Claims.GetProperty(same).GetRawText());
        second.Claims.GetProperty("jti").GetString().Should().NotBe(first.Claims.GetProperty("jti").GetString());
        (await client.MeAsync(first.Access), await client.MeAsync(second.Access)).Should().Be((200, 200), "a refresh ends no access token");
        host.Time.Advance(BeyondTheWindow);
        (await client.RefreshAsync(first.Refresh)).ShouldBeInvalidGrant();
        (await client.RefreshAsync(twinSecond.Refresh)).Status.Should().Be(200);
    }

    [Fact, Trait("row", "REF-10")]
    public async Task A_scope_shrinks_for_one_access_token_and_the_grant_stays_what_it_was()
    {
        Tokens tokens = await client.BeginAsync("clerk", "orders:read orders:write offline_access");

        tokens = await client.RotateAsync(tokens, "orders:read");
        tokens.Scope.Should().Be("orders:read");
        tokens.Claims.GetProperty("scope").GetString().Should().Be("orders:read");
        tokens = await client.RotateAsync(tokens, "");
        tokens.Scope.Should().BeEmpty();
        tokens = await client.RotateAsync(tokens, "orders:write orders:read");
        tokens.Scope.Should().Be("orders:write orders:read");

        (await client.RotateAsync(tokens)).Scope.Should().Be("orders:read orders:write offline_access");
    }

    [Theory, Trait("row", "REF-10")]
    [InlineData("orders:read orders:write")]
    [InlineData("orders:write")]
    [InlineData("no:such")]
    public async Task A_scope_beyond_the_grant_is_refused_and_nothing_is_used_up(string scope)
    {
        Tokens tokens = await client.BeginAsync("clerk", "orders:read offline_access");
        using var database = new DatabaseFile(host.Directory);

        Reply refused = await client.RefreshAsync(tokens.Refresh, scope);

        (refused.Status, refused.Code).Should().Be((400, "invalid_scope"));
        database.CounterOf(tokens.SessionId).Should().Be(0);
        host.Time.Advance(BeyondTheWindow);
        (await client.RotateAsync(tokens, "orders:read")).Scope.Should().Be("orders:read");
        database.CounterOf(tokens.SessionId).Should().Be(1);
    }

    [Fact]
    public async Task A_role_that_was_lost_since_is_gone_from_the_next_token_and_its_scope_with_it()
    {
        AccountSnapshot account = await host.AddAccountAsync("former-clerk", "clerk", "packer");
        Tokens before = await client.BeginAsync("former-clerk", "orders:read orders:write offline_access"),
            twin = await client.BeginAsync("clerk", "orders:write offline_access");

        (await host.AskStoreAsync((AccountStore accounts) => accounts.RemoveRoleAsync(fixture.Root, account.Subject, "clerk")))
            .Should().Be(AccountChange.Done);

        Tokens after = await client.RotateAsync(before);
        after.Scope.Should().Be("orders:read offline_access");
        after.Claims.GetProperty("roles").EnumerateArray().Select(role => role.GetString()).Should().Equal("packer");
        (await client.MeAsync(before.Access), await client.MeAsync(after.Access)).Should().Be((401, 200));
        (await client.RefreshAsync(after.Refresh, "orders:write")).Json.GetProperty("scope").GetString()
            .Should().BeEmpty("it was granted, and may not be had any more");
        (await client.RotateAsync(twin)).Scope.Should().Be("orders:write offline_access");
        await host.AskStoreAsync((AccountStore accounts) => accounts.AddRoleAsync(fixture.Root, account.Subject, "clerk"));
        (await client.RotateAsync(after)).Scope
            .Should().Be("orders:read orders:write offline_access", "the grant itself was never narrowed");
    }

    [Theory]
    [InlineData(null, "orders")]
    [InlineData("shipping", "shipping")]
    [InlineData("the issuer", null)]
    public async Task A_refresh_keeps_the_audience_of_its_login(string? asked, string? expected)
    {
        Tokens tokens = await client.BeginAsync("clerk", "offline_access", asked == "the issuer" ? host.Issuer : asked);

        tokens = await client.RotateAsync(await client.RotateAsync(tokens));

        tokens.Claims.GetProperty("aud").GetString().Should().Be(expected ?? host.Issuer);
        (await client.AskAsAsync(
            tokens.Access, "POST", "/auth/password", new { current_password = "wrong", new_password = "the lamp by the window" }))
            .Status.Should().Be(expected is null ? 401 : 403, "only a token for the account comes as far as the password");
    }

    [Fact]
    public async Task Offline_access_can_be_kept_for_roles()
    {
        await using ServerHost limited = new ServerHost().With("JwtAuth:Scopes:offline_access:0", "clerk");
        await limited.AddAccountAsync("clerk", "clerk");
        await limited.AddAccountAsync("plain");
        using HttpClient other = limited.Connect();
        using var database = new DatabaseFile(limited.Directory);

        Reply without = await other.AskAsync(
            "POST", "/auth/login", new { username = "plain", password = ServerHost.Password, scope = "orders:read offline_access" });

        (without.Status, without.Json.GetProperty("scope").GetString()).Should().Be((200, "orders:read"));
        without.Json.TryGetProperty("refresh_token", out _).Should().BeFalse();
        database.Number("SELECT count(*) FROM Sessions").Should().Be(0);
        Tokens tokens = await other.BeginAsync("clerk", "orders:read offline_access");
        (await other.RotateAsync(tokens)).Scope.Should().Be("orders:read offline_access");
    }

    [Theory]
    [InlineData("""{}""")]
    [InlineData("""{"refresh_token":null}""")]
    [InlineData("""{"refresh_token":1}""")]
    [InlineData("""{"refresh_token":"$","refresh":"cookie"}""")]
    [InlineData("""{"refresh_token":"$","refresh":"body"}""")]
    [InlineData("""{"refresh_token":"$","refresh_token":"$"}""")]
    [InlineData("""{"refresh_token":"$","grant_type":"refresh_token"}""")]
    public async Task A_request_that_does_not_say_one_thing_is_refused_and_nothing_is_used_up(string body)
    {
        Tokens tokens = await client.BeginAsync("clerk");
        using var database = new DatabaseFile(host.Directory);

        Reply refused = await client.AskAsync("POST", "/auth/refresh", body.Replace("$", tokens.Refresh, StringComparison.Ordinal));

        (refused.Status, refused.Code).Should().Be((400, "invalid_request"));
        refused.Body.Should().NotContain(tokens.Refresh);
        database.CounterOf(tokens.SessionId).Should().Be(0);
        (await client.AskAsync("POST", "/auth/refresh", $$"""{"refresh_token":"{{tokens.Refresh}}"}""")).Status.Should().Be(200);
    }
}
