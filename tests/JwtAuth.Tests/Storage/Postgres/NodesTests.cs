using JwtAuth.Server.Denials;
using JwtAuth.Tests.Hosting;
using JwtAuth.Tests.RefreshTokens;

namespace JwtAuth.Tests.Storage.Postgres;

/// <summary>Several nodes on one database.</summary>
public sealed class NodesTests : IAsyncLifetime
{
    private const int Racers = 64;

    private SharedDatabase database = null!;

    public async ValueTask InitializeAsync() => database = await SharedDatabase.MakeAsync();

    [Fact]
    public async Task Four_that_start_at_once_on_an_empty_database_serve_with_one_schema_and_one_key()
    {
        await using SharedDatabase empty = await SharedDatabase.MakeAsync(isEmpty: true);
        ServerProcess[] nodes = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => empty.StartNodeAsync()));
        try
        {
            HashSet<string> keys = [];
            foreach (ServerProcess node in nodes)
            {
                node.StandardError.Should().BeEmpty();
                using HttpClient client = new() { BaseAddress = node.Address };
                keys.Add(await client.GetStringAsync("/.well-known/jwks.json", TestContext.Current.CancellationToken));
                (await client.AskAsync("GET", "/health/ready")).Status.Should().Be(200);
            }
            keys.Should().ContainSingle().Which.Should().Contain("\"kid\"");
        }
        finally
        {
            foreach (ServerProcess node in nodes)
                await node.DisposeAsync();
        }
    }

    [Fact]
    public async Task A_process_of_another_issuer_does_not_start_beside_one_that_runs_and_starts_when_that_has_ended()
    {
        await using (ServerProcess node = await database.StartNodeAsync())
        {
            await using ServerProcess other = await database.StartNodeAsync(("JwtAuth:Issuer", "http://localhost:5081"));
            (await other.WaitForExitAsync()).Should().Be(1);
            other.StandardError.Should().MatchRegex(@"\Aerror: JwtAuth:Issuer is http://localhost:5081, [^\n]+\n\z");
            await using ServerProcess second = await database.StartNodeAsync();
            second.StandardError.Should().BeEmpty();
        }
        await Patience.UntilAsync(async () =>
        {
            await using ServerProcess other = await database.StartNodeAsync(("JwtAuth:Issuer", "http://localhost:5081"));
            return other.StandardError.Length == 0;
        }, "the server notices that the sessions of the others are gone");
    }

    [Fact]
    public async Task Sixty_four_refreshes_of_one_token_over_two_nodes_rotate_it_once()
    {
        await using ServerProcess first = await database.StartNodeAsync(), second = await database.StartNodeAsync();
        using HttpClient one = new() { BaseAddress = first.Address }, other = new() { BaseAddress = second.Address };
        (await one.RegisterAsync("alice")).Status.Should().Be(201);
        Tokens tokens = await one.BeginAsync("alice");

        Reply[] replies = await Task.WhenAll(Enumerable.Range(0, Racers)
            .Select(racer => (racer % 2 == 0 ? one : other).RefreshAsync(tokens.Refresh)));

        replies.Select(reply => Tokens.Of(reply).Refresh).Distinct().Should().ContainSingle("all losers get the winner's successor");
        (await database.ExecuteAsync("SELECT \"Counter\" FROM \"Sessions\"")).Should().Be(1L);
    }

    [Fact]
    public async Task What_ends_at_one_node_is_refused_at_the_other_by_notification_while_its_clock_stands_still()
    {
        await using ServerHost first = database.NewHost(), second = database.NewHost();
        using HttpClient one = first.Connect(), other = second.Connect();
        (await one.RegisterAsync("alice")).Status.Should().Be(201);
        Tokens ended = await one.BeginAsync("alice"), kept = await one.BeginAsync("alice");
        (await other.MeAsync(ended.Access)).Should().Be(200);
        await HearsAsync(2);

        (await one.AskAsAsync(ended.Access, "POST", "/auth/logout")).Status.Should().Be(200);

        await Patience.UntilAsync(async () => await other.MeAsync(ended.Access) == 401, "the notification brings it");
        (await other.MeAsync(kept.Access)).Should().Be(200);
    }

    [Fact]
    public async Task Where_no_notification_comes_it_is_heard_within_a_second()
    {
        await using var line = new TcpProxy();
        line.PassTo($"http://127.0.0.1:{database.Cluster.Port}");
        string cut = database.ConnectionString.Replace(
            $"Port={database.Cluster.Port}", $"Port={new Uri(line.Address).Port}", StringComparison.Ordinal);
        await using ServerHost first = database.NewHost(),
            second = database.NewHost(("JwtAuth:Storage:ListenerConnectionString", cut));
        using HttpClient one = first.Connect(), other = second.Connect();
        (await one.RegisterAsync("alice")).Status.Should().Be(201);
        Tokens ended = await one.BeginAsync("alice");
        (await other.MeAsync(ended.Access)).Should().Be(200);
        await HearsAsync(2);
        line.Swallow();

        (await one.AskAsAsync(ended.Access, "POST", "/auth/logout")).Status.Should().Be(200);
        (await one.MeAsync(ended.Access)).Should().Be(401);
        (await other.MeAsync(ended.Access)).Should().Be(200, "its clock stands still and its line is dead");
        second.Time.Advance(TimeSpan.FromSeconds(1));

        await Patience.UntilAsync(async () => await other.MeAsync(ended.Access) == 401);
    }

    [Fact]
    public async Task None_is_missed_by_a_node_whose_listeners_are_ended_again_and_again()
    {
        await using ServerHost first = database.NewHost(), second = database.NewHost();
        using HttpClient one = first.Connect(), other = second.Connect();
        (await one.RegisterAsync("alice")).Status.Should().Be(201);
        _ = await one.BeginAsync("alice");
        await HearsAsync(2);

        for (int round = 0; round < 10; round++)
        {
            Tokens ended = await one.BeginAsync("alice");
            await database.ExecuteAsync("SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity "
                + "WHERE datname = current_database() AND query LIKE 'LISTEN %'");
            (await one.AskAsAsync(ended.Access, "POST", "/auth/logout")).Status.Should().Be(200);
            await Patience.UntilAsync(async () => await other.MeAsync(ended.Access) == 401, "who connects again reads before all else");
        }
        await HearsAsync(2);
        second.Get<DenialTail>().LastNumber.Should().Be(first.Get<DenialTail>().LastNumber);
    }

    [Fact]
    public async Task A_listener_that_is_held_up_keeps_no_denial_from_a_node()
    {
        await using ServerHost first = database.NewHost(), second = database.NewHost();
        using HttpClient one = first.Connect(), other = second.Connect();
        (await one.RegisterAsync("alice")).Status.Should().Be(201);
        Tokens ended = await one.BeginAsync("alice");
        await HearsAsync(2);
        string held = $"{await database.ExecuteAsync("SELECT string_agg(pid::text, ' ') FROM pg_stat_activity "
            + "WHERE datname = current_database() AND query LIKE 'LISTEN %'")}";

        await SignalAsync("-STOP", held);
        (await one.AskAsAsync(ended.Access, "POST", "/auth/logout")).Status.Should().Be(200);
        second.Time.Advance(TimeSpan.FromSeconds(1));
        await Patience.UntilAsync(async () => await other.MeAsync(ended.Access) == 401);
        await SignalAsync("-CONT", held);

        Tokens later = await one.BeginAsync("alice");
        (await one.AskAsAsync(later.Access, "POST", "/auth/logout")).Status.Should().Be(200);
        await Patience.UntilAsync(async () => await other.MeAsync(later.Access) == 401, "notifications come again");
    }

    public ValueTask DisposeAsync() => database.DisposeAsync();

    private Task HearsAsync(long nodes) => Patience.UntilAsync(async () => (long)(await database.ExecuteAsync(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'LISTEN %'"))! == nodes, "they listen");

    private static async Task SignalAsync(string signal, string processes)
    {
        using var kill = System.Diagnostics.Process.Start("kill", [signal, .. processes.Split(' ')]);
        await kill.WaitForExitAsync(TestContext.Current.CancellationToken);
        kill.ExitCode.Should().Be(0);
    }
}
