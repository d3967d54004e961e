using JwtAuth.Server.Accounts;
using JwtAuth.Server.RefreshTokens;
using JwtAuth.Server.Sessions;
using JwtAuth.Tests.Hosting;
using JwtAuth.Tests.RefreshTokens;
using JwtAuth.Tests.Revocation;

namespace JwtAuth.Tests.Sessions;

public sealed class SessionStoreTests(SessionsHost fixture) : IClassFixture<SessionsHost>
{
    private static readonly Device Somewhere = new("192.0.2.7", "a test");

    private readonly ServerHost host = fixture.Host;

    [Fact]
    public async Task Of_more_sessions_than_an_account_may_have_the_longest_unused_one_ends()
    {
        using HttpClient client = host.Connect();
        AccountSnapshot account = await host.AddAccountAsync("collector");
        Tokens oldest = await client.BeginAsync("collector");
        host.Time.Advance(TimeSpan.FromMinutes(1));
        Tokens second = await client.BeginAsync("collector"), other = await client.BeginAsync("plain");
        host.Time.Advance(TimeSpan.FromMinutes(1));
        oldest = await client.RotateAsync(oldest); // and is not the longest unused any more
        using var database = new DatabaseFile(host.Directory);
        Copy(database, oldest.SessionId, SessionStore.MaximumPerAccount - 3);
        Rotation.Successor? last = await BeginAsync(account);
        last.Should().NotBeNull();
        Count(database, account).Should().Be(SessionStore.MaximumPerAccount);
        database.CounterOf(second.SessionId).Should().Be(0, "there was room");

        (await BeginAsync(account)).Should().NotBeNull();

        Count(database, account).Should().Be(SessionStore.MaximumPerAccount);
        (await client.RefreshAsync(second.Refresh)).ShouldBeInvalidGrant();
        (await client.MeAsync(second.Access)).Should().Be(401);
        (await client.RefreshAsync(oldest.Refresh)).Status.Should().Be(200);
        (await client.RefreshAsync(other.Refresh)).Status.Should().Be(200, "somebody else's");
    }

    [Theory]
    [InlineData(null, "")]
    [InlineData("", "")]
    [InlineData("curl/8.5.0", "curl/8.5.0")]
    [InlineData("a\u0001b\tc\r\nd\u007fe\u001b[31m", "abcde[31m")]
    [InlineData("Grüße \ud83d\ude00 \u202eevil", "Gre  evil")]
    public void An_agent_is_kept_in_printable_ASCII(string? sent, string kept) =>
        Device.Of(null, sent).Should().Be(new Device("unknown", kept));

    [Theory]
    [InlineData(256)]
    [InlineData(257)]
    [InlineData(20_000)]
    public void An_agent_is_cut_at_256_characters(int length) =>
        Device.Of(null, new string('x', length)).Agent.Should().Be(new string('x', 256));

    private Task<Rotation.Successor?> BeginAsync(AccountSnapshot account) =>
        host.AskStoreAsync(
            (RefreshTokenStore sessions) => sessions.BeginAsync(account, "orders", ["offline_access"], Somewhere, replaces: null));

    private static long Count(DatabaseFile database, AccountSnapshot account) =>
        database.Number("SELECT count(*) FROM Sessions WHERE Subject = $p", account.Subject);

    // Sessions as recently used as this one.
    private static void Copy(DatabaseFile database, string sessionId, int count) => database.Execute(
        $"""
        WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < {count})
        INSERT INTO Sessions
            (SessionId, Subject, Generation, Audience, Scope, Counter, CreatedAt, RotatedAt, ExpiresAt, TokensUntil, Address, Agent)
        SELECT 'copy-' || n, Subject, Generation, Audience, Scope, Counter, CreatedAt, RotatedAt, ExpiresAt, TokensUntil, Address, Agent
        FROM Sessions, numbers WHERE SessionId = $p
        """, sessionId);
}
