using JwtAuth.Tests.Hosting;

namespace JwtAuth.Tests.RefreshTokens;

public sealed class StoreErrorTests
{
    private static readonly TimeSpan BeyondTheWindow = TimeSpan.FromMinutes(1);

    [Fact, Trait("row", "REF-15")]
    public async Task Where_the_store_stays_locked_nothing_is_issued_and_nothing_is_used_up()
    {
        await using ServerHost host = new ServerHost().With("JwtAuth:SigningKeys:Algorithm", "ES256");
        host.With("JwtAuth:Storage:ConnectionString", TestedStore.ConnectionString(host.Directory, seconds: 1));
        await host.AddAccountAsync("alice");
        using HttpClient client = host.Connect();
        Tokens tokens = await client.BeginAsync("alice");
        using var other = new DatabaseFile(host.Directory);
        other.Execute("BEGIN IMMEDIATE");

        Reply refused = await client.RefreshAsync(tokens.Refresh);
        Reply login = await client.AskAsync(
            "POST", "/auth/login", new { username = "alice", password = ServerHost.Password, scope = "offline_access" });

        (refused.Status, refused.Code).Should().Be((503, "busy"));
        (login.Status, login.Code).Should().Be((503, "busy"));
        refused.Header("Retry-After").Should().MatchRegex("^[1-9][0-9]*$");
        (refused.Body + login.Body).Should().NotContain("jrt_").And.NotContain("access_token");
        other.Execute("ROLLBACK");
        other.CounterOf(tokens.SessionId).Should().Be(0);
        other.Number("SELECT count(*) FROM Sessions").Should().Be(1);
        host.Time.Advance(BeyondTheWindow);
        (await client.RefreshAsync(tokens.Refresh)).Status.Should().Be(200, "it was not used up");
    }

    [Theory, Trait("row", "REF-15")]
    [InlineData("BEFORE UPDATE ON Sessions")]
    [InlineData("AFTER UPDATE ON Sessions")]
    public async Task Where_the_store_fails_in_the_middle_nothing_is_issued_and_nothing_is_used_up(string moment)
    {
        await using ServerHost host = new ServerHost().With("JwtAuth:SigningKeys:Algorithm", "ES256");
        await host.AddAccountAsync("alice");
        using HttpClient client = host.Connect();
        Tokens tokens = await client.BeginAsync("alice");
        using var other = new DatabaseFile(host.Directory);
        other.Break(moment);

        Reply refused = await client.RefreshAsync(tokens.Refresh);

        (refused.Status, refused.Code).Should().Be((500, "server_error"));
        refused.Body.Should().NotContain("worn out").And.NotContain("jrt_");
        other.Mend(moment);
        other.CounterOf(tokens.SessionId).Should().Be(0);
        host.Time.Advance(BeyondTheWindow);
        (await client.RefreshAsync(tokens.Refresh)).Status.Should().Be(200, "it was not used up");
    }

    [Fact, Trait("row", "REF-15")]
    public async Task Where_the_end_of_a_session_cannot_be_stored_the_reuse_is_found_again_next_time()
    {
        await using ServerHost host = new ServerHost().With("JwtAuth:SigningKeys:Algorithm", "ES256");
        await host.AddAccountAsync("alice");
        using HttpClient client = host.Connect();
        Tokens first = await client.BeginAsync("alice"), second = await client.RotateAsync(first);
        host.Time.Advance(BeyondTheWindow);
        using var other = new DatabaseFile(host.Directory);
        other.Break("BEFORE INSERT ON Denials");

        (await client.RefreshAsync(first.Refresh)).Status.Should().Be(500);

        other.CounterOf(first.SessionId).Should().Be(1, "a session and the denial of its tokens go together or not at all");
        other.Mend("BEFORE INSERT ON Denials");
        (await client.RefreshAsync(first.Refresh)).ShouldBeInvalidGrant();
        (await client.RefreshAsync(second.Refresh)).ShouldBeInvalidGrant();
        (await client.MeAsync(second.Access)).Should().Be(401);
        host.Lines("SECURITY", first.SessionId).Should().Be(1);
    }
}
