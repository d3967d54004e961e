using System.Globalization;
using JwtAuth.Server.Accounts;
using JwtAuth.Server.RefreshTokens;
using JwtAuth.Server.Sessions;
using JwtAuth.Tests.Hosting;

namespace JwtAuth.Tests.RefreshTokens;

public sealed class RaceTests
{
    private const int Racers = 64;

    // The full count is JWTAUTH_ROUNDS=1000.
    private static readonly int Rounds =
        int.Parse(Environment.GetEnvironmentVariable("JWTAUTH_ROUNDS") ?? "10", CultureInfo.InvariantCulture);

    [Fact]
    public async Task Of_64_racers_on_one_refresh_token_one_rotates_and_all_get_the_same_successor()
    {
        await using ServerHost host = Start("00:00:10");
        AccountSnapshot account = await host.AddAccountAsync("alice");
        using HttpClient client = host.Connect();
        using var database = new DatabaseFile(host.Directory);

        for (int round = 0; round < Rounds; round++)
        {
            (string sessionId, string token) = await BeginAsync(host, account);

            Reply[] replies = await RaceAsync(token, client);

            replies.Should().OnlyContain(reply => reply.Status == 200, $"round {round}");
            Tokens[] tokens = [.. replies.Select(Tokens.Of)];
            tokens.Select(reply => reply.Refresh).Distinct().Should().ContainSingle($"round {round}");
            tokens.Select(reply => reply.Access).Should().OnlyHaveUniqueItems();
            database.CounterOf(sessionId).Should().Be(1, $"round {round}");
            (await client.RefreshAsync(tokens[0].Refresh)).Status.Should().Be(200);
            database.CounterOf(sessionId).Should().Be(2);
        }
        host.Lines("refreshed from").Should().Be(2 * Rounds);
        host.Lines("within the reuse window").Should().Be((Racers - 1) * Rounds);
    }

    [Fact]
    public async Task Of_64_racers_on_one_refresh_token_without_a_window_one_wins_and_the_session_ends()
    {
        await using ServerHost host = Start("00:00:00");
        AccountSnapshot account = await host.AddAccountAsync("alice");
        using HttpClient client = host.Connect();
        using var database = new DatabaseFile(host.Directory);

        for (int round = 0; round < Rounds; round++)
        {
            (string sessionId, string token) = await BeginAsync(host, account);
            (string twinId, string twin) = await BeginAsync(host, account);

            Reply[] replies = await RaceAsync(token, client);

            Tokens winner = TheOnlyWinner(replies, round);
            (await client.RefreshAsync(winner.Refresh)).ShouldBeInvalidGrant($"round {round}");
            (await client.MeAsync(winner.Access)).Should().Be(401, $"round {round}");
            database.CounterOf(sessionId).Should().BeNull();
            (await client.RefreshAsync(twin)).Status.Should().Be(200, "a session without racers");
            database.CounterOf(twinId).Should().Be(1);
        }
        host.Lines("SECURITY", "used before").Should().Be(Rounds, "each theft is told once");
    }

    [Fact, Trait("row", "REF-04")]
    public Task Of_64_racers_before_two_processes_one_rotates_and_all_get_the_same_successor() =>
        InTwoProcessesAsync("00:01:00", async (one, other, database) =>
    {
        for (int round = 0; round < Rounds; round++)
        {
            Tokens first = await one.BeginAsync("alice");

            Reply[] replies = await RaceAsync(first.Refresh, one, other);

            replies.Should().OnlyContain(reply => reply.Status == 200, $"round {round}");
            replies.Select(reply => Tokens.Of(reply).Refresh).Distinct().Should().ContainSingle($"round {round}");
            database.CounterOf(first.SessionId).Should().Be(1, $"round {round}");
            (await other.RefreshAsync(Tokens.Of(replies[0]).Refresh)).Status.Should().Be(200);
        }
    });

    [Fact, Trait("row", "REF-04")]
    public Task Of_64_racers_before_two_processes_without_a_window_one_wins_and_the_session_ends() =>
        InTwoProcessesAsync("00:00:00", async (one, other, database) =>
    {
        for (int round = 0; round < Rounds; round++)
        {
            Tokens first = await one.BeginAsync("alice");

            Reply[] replies = await RaceAsync(first.Refresh, one, other);

            Tokens winner = TheOnlyWinner(replies, round);
            (await one.RefreshAsync(winner.Refresh)).ShouldBeInvalidGrant($"round {round}");
            (await other.RefreshAsync(winner.Refresh)).ShouldBeInvalidGrant($"round {round}");
            (await one.AskAsAsync(winner.Access, "GET", "/auth/sessions")).Status
                .Should().Be(401, "where the store is asked it ends at once");
            (await other.AskAsAsync(winner.Access, "GET", "/auth/sessions")).Status.Should().Be(401);
            database.CounterOf(first.SessionId).Should().BeNull();
        }
        (await other.RefreshAsync((await one.BeginAsync("alice")).Refresh)).Status.Should().Be(200, "a session without racers");
    });

    private static Tokens TheOnlyWinner(Reply[] replies, int round)
    {
        replies.Count(reply => reply.Status == 200)
            .Should().Be(1, $"round {round}: {string.Join(' ', replies.Select(reply => reply.Status).Distinct())}");
        replies.Count(reply => (reply.Status, reply.Code) == (400, "invalid_grant")).Should().Be(Racers - 1, $"round {round}");
        return Tokens.Of(replies.Single(reply => reply.Status == 200));
    }

    private static Task<Reply[]> RaceAsync(string token, HttpClient client) =>
        Task.WhenAll(Enumerable.Range(0, Racers).Select(_ => client.RefreshAsync(token)));

    // Processes wait for each other inside SQLite, in no order: on a slow machine some are told to come back, and do.
    // "Busy" must have used nothing up.
    private static Task<Reply[]> RaceAsync(string token, HttpClient one, HttpClient other) =>
        Task.WhenAll(Enumerable.Range(0, Racers).Select(async racer =>
    {
        Reply reply;
        int attempts = 0;
        do
            reply = await (racer % 2 == 0 ? one : other).RefreshAsync(token);
        while (reply.Status == 503 && ++attempts < 10);
        return reply;
    }));

    private static async Task<(string SessionId, string Token)> BeginAsync(ServerHost host, AccountSnapshot account)
    {
        Rotation.Successor session = (await host.AskStoreAsync((RefreshTokenStore sessions) =>
            sessions.BeginAsync(account, "orders", ["offline_access"], new Device("192.0.2.7", "a racer"), replaces: null)))!;
        return (session.Session.SessionId, host.Get<RefreshTokenCodec>().Write(session.Token));
    }

    private static ServerHost Start(string window) => new ServerHost()
        .With("JwtAuth:SigningKeys:Algorithm", "ES256")
        .With("JwtAuth:RefreshTokens:ReuseWindow", window)
        .With("Logging:LogLevel:Microsoft", "Warning");

    private static async Task InTwoProcessesAsync(string window, Func<HttpClient, HttpClient, DatabaseFile, Task> race)
    {
        string directory = Directory.CreateTempSubdirectory("jwtauth-").FullName;
        Dictionary<string, string> settings = new()
        {
            ["JwtAuth:Issuer"] = "http://localhost:5080",
            ["JwtAuth:SigningKeys:Algorithm"] = "ES256",
            ["JwtAuth:RefreshTokens:ReuseWindow"] = window,
            ["Logging:LogLevel:Default"] = "Warning",
        };
        try
        {
            await using ServerProcess first = await ServerProcess.StartAsync(directory, settings),
                second = await ServerProcess.StartAsync(directory, settings);
            using HttpClient one = new() { BaseAddress = first.Address }, other = new() { BaseAddress = second.Address };
            using var database = new DatabaseFile(directory);
            (await one.RegisterAsync("alice")).Status.Should().Be(201);
            await race(one, other, database);
        }
        finally
        {
            Directory.Delete(directory, recursive: true);
        }
    }
}
