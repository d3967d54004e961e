using JwtAuth.Bearer.Denials;
using JwtAuth.Server.Denials;
using JwtAuth.Tests.Denials;
using JwtAuth.Tests.Hosting;

namespace JwtAuth.Tests.Endpoints.OAuth;

/// <summary>Where a reader of the feed goes on.</summary>
public sealed class DenialsCursorTests : IAsyncDisposable
{
    private readonly ServerHost host = new ServerHost().With("JwtAuth:SigningKeys:Algorithm", "ES256");
    private readonly TestClient api;

    public DenialsCursorTests() => api = host.AddClient("orders-api", may: "denials");

    private DateTimeOffset Later => host.Time.GetUtcNow().AddHours(5);

    [Fact]
    public async Task From_nothing_it_begins_with_the_first_denial_and_from_a_cursor_it_goes_on_behind_the_last()
    {
        using HttpClient http = host.Connect();
        await DenyAsync("one", "two");
        Page first = await ReadAsync(http, null);
        first.Sessions.Should().Equal("one", "two");
        (await ReadAsync(http, first.Cursor)).Should().BeEquivalentTo(first with { Sessions = [] });

        await DenyAsync("three");

        Page second = await ReadAsync(http, first.Cursor);
        second.Sessions.Should().Equal("three");
        (await ReadAsync(http, first.Cursor)).Should().BeEquivalentTo(second, "a reader whose reply was lost asks again");
        (await ReadAsync(http, second.Cursor)).Sessions.Should().BeEmpty();
        (await ReadAsync(http, null)).Sessions.Should().Equal("one", "two", "three");
    }

    [Fact]
    public async Task A_cursor_is_good_at_another_process_on_the_same_database_and_after_a_restart()
    {
        using HttpClient http = host.Connect();
        await DenyAsync("one");
        Page first = await ReadAsync(http, null);

        await using ServerHost second = new ServerHost(host.Directory)
            .With("JwtAuth:SigningKeys:Algorithm", "ES256").With("JwtAuth:Issuer", host.Issuer);
        TestClient there = second.AddClient("orders-api", may: "denials");
        using HttpClient other = second.Connect();

        (await ReadAsync(other, first.Cursor, there)).Sessions.Should().BeEmpty();
        (await ReadAsync(other, null, there)).Sessions.Should().Equal("one");
        await DenyAsync("two");
        Page later = await ReadAsync(http, first.Cursor);
        later.Sessions.Should().Equal("two");
        (await ReadAsync(other, later.Cursor, there)).Sessions
            .Should().BeEmpty("the other process reads on before it takes a cursor for a stranger's");
    }

    [Fact]
    public async Task A_cursor_that_is_not_of_this_log_begins_anew()
    {
        using HttpClient http = host.Connect();
        await DenyAsync("one", "two");
        Page all = await ReadAsync(http, null);
        await using ServerHost elsewhere = new ServerHost().With("JwtAuth:SigningKeys:Algorithm", "ES256");
        TestClient there = elsewhere.AddClient("orders-api", may: "denials");
        using HttpClient other = elsewhere.Connect();
        string[] parts = all.Cursor.Split('.');
        string Of(string number) => $"{parts[0]}.{number}.{parts[2]}";
        string[] strange =
        [
            (await ReadAsync(other, null, there)).Cursor, Of("3"), Of("9223372036854775807"), Of("99999999999999999999"), Of("-1"),
            Of("+2"), Of(" 2"), Of("2e0"), Of("٢"), Of(""),
            $"{all.Cursor}.x", parts[0], $"{parts[0]}.2", "", ".", "..", "...", "x", "' OR 1=1 --", "\0", "\r\n", "🦉", "%",
            new string('9', 6000), $"{parts[0].ToUpperInvariant()}.2.{parts[2]}",
        ];

        foreach (string cursor in strange)
            (await ReadAsync(http, cursor)).Should().BeEquivalentTo(all, cursor[..Math.Min(40, cursor.Length)]);

        (await ReadAsync(http, all.Cursor)).Sessions.Should().BeEmpty();
        (await ReadAsync(http, Of("1"))).Sessions.Should().Equal("two");
        (await ReadAsync(http, $"{parts[0]}.2.other-keys")).Sessions.Should().BeEmpty("only the keys are other ones");
    }

    [Fact]
    public async Task A_long_log_comes_in_pieces_each_denial_once_and_in_its_order()
    {
        Fill(12_345);
        using HttpClient http = host.Connect();
        List<string> heard = [];
        List<bool> more = [];
        string? cursor = null;
        do
        {
            Page page = await ReadAsync(http, cursor);
            heard.AddRange(page.Sessions);
            more.Add(page.More);
            cursor = page.Cursor;
        }
        while (more[^1]);

        more.Should().Equal(true, true, false);
        heard.Should().Equal(Enumerable.Range(1, 12_345).Select(index => $"session {index}"));
        await DenyAsync("news");
        (await ReadAsync(http, cursor)).Sessions.Should().Equal("news");
    }

    [Fact]
    public async Task A_piece_does_not_run_ahead_of_what_the_service_knows_so_that_its_cursor_is_good()
    {
        Fill(4_500);
        using HttpClient http = host.Connect();
        (await ReadAsync(http, null)).Sessions.Should().HaveCount(4_500);
        // The clock stands still: the service has not looked since.
        await new DenialLog(host.Directory).WriteAsync(Denial.OfSession("written elsewhere", Later));

        Page page = await ReadAsync(http, null);
        Page next = await ReadAsync(http, page.Cursor);

        next.Sessions.Should().BeEmpty("it was all told");
        await host.Get<DenialTail>().CatchUpAsync();
        page.Sessions.Concat((await ReadAsync(http, page.Cursor)).Sessions).Should().HaveCount(4_501).And.EndWith("written elsewhere");
    }

    /// <summary>Sessions that were ended before the service starts.</summary>
    private void Fill(int count)
    {
        _ = host.Get<DenialTail>();
        using var database = new DatabaseFile(host.Directory);
        database.Execute($"""
            INSERT INTO Denials (Kind, Name, BelowGeneration, ExpiresAt)
            WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < {count})
            SELECT 'Session', 'session ' || n, 0, {Later.ToUnixTimeMilliseconds()} FROM numbers
            """);
        host.Get<DenialTail>().CatchUpAsync().GetAwaiter().GetResult();
    }

    private async Task DenyAsync(params string[] sessions)
    {
        _ = host.Get<DenialTail>();
        await new DenialLog(host.Directory).WriteAsync([.. sessions.Select(session => Denial.OfSession(session, Later))]);
        await host.Get<DenialTail>().CatchUpAsync();
    }

    private async Task<Page> ReadAsync(HttpClient http, string? cursor, TestClient? client = null)
    {
        Reply reply = await http.AskAsync(
            "GET", cursor is null ? "/denials" : $"/denials?cursor={Uri.EscapeDataString(cursor)}", null, (client ?? api).Basic);
        reply.Status.Should().Be(200, cursor);
        return new Page(
            reply.Json.GetProperty("cursor").GetString()!, reply.Json.GetProperty("more").GetBoolean(),
            [.. reply.Json.GetProperty("denials").EnumerateArray().Select(denial => denial.GetProperty("sid").GetString()!)]);
    }

    public ValueTask DisposeAsync() => host.DisposeAsync();

    private sealed record Page(string Cursor, bool More, IReadOnlyList<string> Sessions);
}
