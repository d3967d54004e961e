using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using JwtAuth.Tests.Hosting;
using JwtAuth.Tests.RefreshTokens;

namespace JwtAuth.Tests.Storage.Postgres;

/// <summary>
/// Two nodes in processes of their own behave as one service. <c>JWTAUTH_NODEROUNDS</c> sets how often each thing is done; a few times
/// unless it is set.
/// </summary>
public sealed class OneServiceTests : IAsyncLifetime
{
    private const int Racers = 64, Clients = 8;

    private SharedDatabase database = null!;

    public async ValueTask InitializeAsync() => database = await SharedDatabase.MakeAsync();

    [Fact, Trait("row", "REF-04")]
    public async Task Rounds_of_racers_over_two_nodes_rotate_once_each_round()
    {
        await using ServerProcess first = await database.StartNodeAsync(), second = await database.StartNodeAsync();
        using HttpClient one = new() { BaseAddress = first.Address }, other = new() { BaseAddress = second.Address };
        (await one.RegisterAsync("alice")).Status.Should().Be(201);
        string present = (await one.BeginAsync("alice")).Refresh;
        int rounds = Rounds(5);

        for (int round = 1; round <= rounds; round++)
        {
            Reply[] replies = await Task.WhenAll(
                Enumerable.Range(0, Racers).Select(racer => (racer % 2 == 0 ? one : other).RefreshAsync(present)));
            present = replies.Select(reply => Tokens.Of(reply).Refresh).Distinct().Should().ContainSingle().Which;
            (await database.ExecuteAsync("SELECT \"Counter\" FROM \"Sessions\"")).Should().Be((long)round);
        }
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task What_ends_at_one_node_is_over_at_the_other_in_a_blink_and_without_notifications_within_a_second(bool isNotified)
    {
        await using var line = new TcpProxy();
        line.PassTo($"http://127.0.0.1:{database.Cluster.Port}");
        string cut = database.ConnectionString.Replace(
            $"Port={database.Cluster.Port}", $"Port={new Uri(line.Address).Port}", StringComparison.Ordinal);
        await using ServerProcess first = await database.StartNodeAsync(),
            second = await database.StartNodeAsync(("JwtAuth:Storage:ListenerConnectionString", cut));
        using HttpClient one = new() { BaseAddress = first.Address }, other = new() { BaseAddress = second.Address };
        (await one.RegisterAsync("alice")).Status.Should().Be(201);
        _ = await one.BeginAsync("alice");
        if (!isNotified)
            line.Swallow();
        int rounds = Rounds(20);
        List<double> taken = [];

        for (int round = 0; round < rounds; round++)
        {
            Tokens ended = await one.BeginAsync("alice");
            (await other.MeAsync(ended.Access)).Should().Be(200);
            (await one.AskAsAsync(ended.Access, "POST", "/auth/logout")).Status.Should().Be(200);
            long at = Stopwatch.GetTimestamp();
            await Patience.UntilAsync(async () => await other.MeAsync(ended.Access) == 401, "it is heard");
            taken.Add(Stopwatch.GetElapsedTime(at).TotalMilliseconds);
        }

        taken.Sort();
        taken.Should().HaveCount(rounds, "none was missed");
        TestContext.Current.TestOutputHelper?.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"notified: {isNotified}, {rounds} endings, p50 {taken[rounds / 2]:0.0} ms, p99 {taken[rounds * 99 / 100]:0.0} ms"));
    }

    [Fact, Trait("row", "REF-05")]
    public async Task What_a_node_acknowledged_before_it_was_killed_holds_at_the_other_which_serves_on()
    {
        for (int kill = 0; kill < Rounds(2); kill++)
        {
            await using ServerProcess first = await database.StartNodeAsync(("JwtAuth:RefreshTokens:ReuseWindow", "00:00:00")),
                second = await database.StartNodeAsync(("JwtAuth:RefreshTokens:ReuseWindow", "00:00:00"));
            using HttpClient one = new() { BaseAddress = first.Address }, other = new() { BaseAddress = second.Address };
            if (kill == 0)
                (await one.RegisterAsync("alice")).Status.Should().Be(201);
            ConcurrentBag<Tokens> ended = [], alive = [];
            ConcurrentBag<string> used = [];
            Task[] working = [.. Enumerable.Range(0, Clients).Select(_ => WorkAsync(one, ended, alive, used))];
            await Patience.UntilAsync(() => Task.FromResult(ended.Count >= Clients && alive.Count >= Clients));

            first.Kill();
            await Task.WhenAll(working);

            foreach (Tokens tokens in ended)
            {
                (await other.MeAsync(tokens.Access)).Should().Be(401, "its end was acknowledged");
                (await other.RefreshAsync(tokens.Refresh)).ShouldBeInvalidGrant();
            }
            foreach (Tokens tokens in alive)
                _ = await other.RotateAsync(tokens);
            foreach (string refresh in used)
                (await other.RefreshAsync(refresh)).ShouldBeInvalidGrant("it was used up at the node that died");
        }
    }

    public ValueTask DisposeAsync() => database.DisposeAsync();

    private static int Rounds(int otherwise) =>
        int.Parse(Environment.GetEnvironmentVariable("JWTAUTH_NODEROUNDS") ?? $"{otherwise}", CultureInfo.InvariantCulture);

    // Until the node is gone. What was not answered is in doubt, and is left out.
    private static async Task WorkAsync(
        HttpClient client, ConcurrentBag<Tokens> ended, ConcurrentBag<Tokens> alive, ConcurrentBag<string> used)
    {
        try
        {
            for (int round = 0; ; round++)
            {
                Tokens tokens = await client.BeginAsync("alice");
                if (round % 2 == 0)
                {
                    (await client.AskAsAsync(tokens.Access, "POST", "/auth/logout")).Status.Should().Be(200);
                    ended.Add(tokens);
                    continue;
                }
                alive.Add(await client.RotateAsync(tokens));
                used.Add(tokens.Refresh);
            }
        }
        catch (Exception fault) when (fault is HttpRequestException or IOException or TaskCanceledException)
        {
            // the node is gone
        }
    }
}
