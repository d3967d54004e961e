using JwtAuth.Tests.Hosting;

namespace JwtAuth.Tests.RefreshTokens;

public sealed class ReuseTests(SessionsHost fixture) : IClassFixture<SessionsHost>, IDisposable
{
    private const string Reused = "SECURITY: session", Repeated = "within the reuse window", Ahead = "newer than the database";

    private readonly ServerHost host = fixture.Host;
    private readonly HttpClient client = fixture.Host.Connect();
    private readonly DatabaseFile database = new(fixture.Host.Directory);

    public void Dispose()
    {
        database.Dispose();
        client.Dispose();
    }

    [Fact, Trait("row", "REF-02")]
    public async Task A_used_token_that_comes_again_later_ends_its_session_with_all_its_tokens_and_is_logged()
    {
        Tokens first = await client.BeginAsync("plain"), twin = await client.BeginAsync("plain");
        Tokens second = await client.RotateAsync(first), twinSecond = await client.RotateAsync(twin);
        host.Time.Advance(TimeSpan.FromMinutes(1));

        Reply reuse = await client.RefreshAsync(first.Refresh);

        reuse.ShouldBeInvalidGrant();
        reuse.Header("Cache-Control").Should().Be("no-store");
        reuse.Header("Content-Type").Should().StartWith("application/problem+json");
        (await client.RefreshAsync(second.Refresh)).ShouldBeInvalidGrant("the thief and the owner cannot be told apart");
        (await client.MeAsync(first.Access), await client.MeAsync(second.Access)).Should().Be((401, 401));
        database.CounterOf(first.SessionId).Should().BeNull();
        host.Lines("Warning", Reused, first.SessionId, fixture.Plain.Subject, "used before").Should().Be(1);

        (await client.MeAsync(twin.Access), await client.MeAsync(twinSecond.Access)).Should().Be((200, 200));
        (await client.RefreshAsync(twinSecond.Refresh)).Status.Should().Be(200);
        host.Lines(Reused, twin.SessionId).Should().Be(0);
        host.Log.All.Should().NotContain(line => line.Contains(first.Refresh) || line.Contains(second.Refresh));
    }

    [Fact, Trait("row", "REF-16")]
    public async Task Inside_the_reuse_window_the_same_successor_comes_again_and_after_it_the_session_dies()
    {
        Tokens first = await client.BeginAsync("plain"), twin = await client.BeginAsync("plain");
        Tokens second = await client.RotateAsync(first);
        await client.RotateAsync(twin);
        host.Time.Advance(TimeSpan.FromMilliseconds(9_999));

        Tokens again = await client.RotateAsync(first), oncemore = await client.RotateAsync(first);

        (again.Refresh, oncemore.Refresh).Should().Be((second.Refresh, second.Refresh));
        (await client.MeAsync(again.Access)).Should().Be(200);
        database.CounterOf(first.SessionId).Should().Be(1);
        host.Lines(Repeated, first.SessionId, fixture.Plain.Subject).Should().Be(2, "each repetition is counted");
        (await client.RefreshAsync(twin.Refresh)).Status.Should().Be(200, "the twin, still inside");
        host.Time.Advance(TimeSpan.FromMilliseconds(1));
        (await client.RefreshAsync(first.Refresh)).ShouldBeInvalidGrant("a repetition does not make the window longer");
        (await client.RefreshAsync(second.Refresh)).ShouldBeInvalidGrant();
        (await client.MeAsync(again.Access)).Should().Be(401);
        host.Lines(Reused, first.SessionId).Should().Be(1);
    }

    [Fact, Trait("row", "REF-16")]
    public async Task The_window_is_for_the_last_one_used_and_an_older_one_ends_the_session_at_once()
    {
        Tokens first = await client.BeginAsync("plain");
        Tokens second = await client.RotateAsync(first), third = await client.RotateAsync(second);

        (await client.RotateAsync(second)).Refresh.Should().Be(third.Refresh, "the twin");
        (await client.RefreshAsync(first.Refresh)).ShouldBeInvalidGrant();

        (await client.RefreshAsync(third.Refresh)).ShouldBeInvalidGrant();
        (await client.MeAsync(third.Access)).Should().Be(401);
        host.Lines(Reused, first.SessionId, "used before").Should().Be(1);
    }

    [Fact, Trait("row", "REF-01"), Trait("row", "REF-02")]
    public async Task Without_a_window_a_used_token_is_dead_at_once()
    {
        await using ServerHost strict = new ServerHost()
            .With("JwtAuth:RefreshTokens:ReuseWindow", "00:00:00").With("JwtAuth:SigningKeys:Algorithm", "ES256");
        await strict.AddAccountAsync("plain");
        using HttpClient other = strict.Connect();
        Tokens first = await other.BeginAsync("plain"), twin = await other.BeginAsync("plain");
        Tokens second = await other.RotateAsync(first), twinSecond = await other.RotateAsync(twin);

        (await other.RefreshAsync(first.Refresh)).ShouldBeInvalidGrant();

        (await other.RefreshAsync(second.Refresh)).ShouldBeInvalidGrant();
        (await other.MeAsync(second.Access)).Should().Be(401);
        strict.Lines(Repeated).Should().Be(0);
        strict.Lines(Reused, first.SessionId).Should().Be(1);
        (await other.RefreshAsync(twinSecond.Refresh)).Status.Should().Be(200);
    }

    [Theory, Trait("row", "REF-17")]
    [InlineData(-60)]
    [InlineData(-1)]
    public async Task A_clock_that_was_moved_back_makes_no_used_token_young_again(int minutes)
    {
        Tokens first = await client.BeginAsync("plain"), twin = await client.BeginAsync("plain");
        Tokens second = await client.RotateAsync(first), twinSecond = await client.RotateAsync(twin);
        DateTimeOffset before = host.Time.GetUtcNow();
        host.Time.SetClock(before.AddMinutes(minutes));

        (await client.RefreshAsync(first.Refresh)).ShouldBeInvalidGrant();

        (await client.RefreshAsync(second.Refresh)).ShouldBeInvalidGrant();
        host.Lines(Reused, first.SessionId).Should().Be(1);
        (await client.RefreshAsync(twinSecond.Refresh)).Status.Should().Be(200, "the present token is good whatever the clock says");
        host.Time.SetClock(before);
        (await client.MeAsync(second.Access)).Should().Be(401);
    }

    [Fact]
    public async Task A_token_newer_than_the_row_of_a_restored_database_ends_the_session_and_says_so()
    {
        Tokens first = await client.BeginAsync("plain"), twin = await client.BeginAsync("plain");
        database.Execute("CREATE TABLE Backup AS SELECT * FROM Sessions");
        Tokens newer = await client.RotateAsync(await client.RotateAsync(first));
        await client.RotateAsync(twin);
        database.Execute("DELETE FROM Sessions");
        database.Execute("INSERT INTO Sessions SELECT * FROM Backup");
        database.Execute("DROP TABLE Backup");

        (await client.RefreshAsync(newer.Refresh)).ShouldBeInvalidGrant();

        database.CounterOf(first.SessionId).Should().BeNull();
        (await client.RefreshAsync(first.Refresh)).ShouldBeInvalidGrant("its session has ended");
        (await client.MeAsync(newer.Access)).Should().Be(401);
        host.Lines("Warning", "SECURITY", Ahead, first.SessionId, fixture.Plain.Subject).Should().Be(1);
        host.Lines("used before", first.SessionId).Should().Be(0);
        (await client.RefreshAsync(twin.Refresh)).Status.Should().Be(200, "that is the one the restored row knows");
        host.Lines(Ahead, twin.SessionId).Should().Be(0);
    }
}
