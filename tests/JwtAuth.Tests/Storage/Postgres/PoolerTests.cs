using JwtAuth.Tests.Hosting;
using JwtAuth.Tests.RefreshTokens;

namespace JwtAuth.Tests.Storage.Postgres;

/// <summary>pgbouncer in transaction mode stands between the nodes and the server; only the listeners go past it.</summary>
public sealed class PoolerTests
{
    [Fact]
    public async Task Two_nodes_behind_a_pooler_start_refresh_and_miss_no_ending()
    {
        await using SharedDatabase database = await SharedDatabase.MakeAsync(isEmpty: true);
        await using PgBouncer pooler = await PgBouncer.StartAsync(database.Cluster);
        (string, string)[] settings =
        [
            ("JwtAuth:Storage:ConnectionString", pooler.Through(database.ConnectionString)),
            ("JwtAuth:Storage:ListenerConnectionString", database.ConnectionString),
        ];
        ServerProcess[] nodes = await Task.WhenAll(database.StartNodeAsync(settings), database.StartNodeAsync(settings));
        await using ServerProcess first = nodes[0], second = nodes[1];
        using HttpClient one = new() { BaseAddress = first.Address }, other = new() { BaseAddress = second.Address };
        (await one.RegisterAsync("alice")).Status.Should().Be(201, first.StandardError);

        await Task.WhenAll(Enumerable.Range(0, 16).Select(async _ =>
        {
            Tokens tokens = await one.RotateAsync(await other.BeginAsync("alice"));
            (await other.MeAsync(tokens.Access)).Should().Be(200);
            (await one.AskAsAsync(tokens.Access, "POST", "/auth/logout")).Status.Should().Be(200);
            await Patience.UntilAsync(async () => await other.MeAsync(tokens.Access) == 401);
        }));

        foreach (ServerProcess node in nodes)
            node.StandardOutput.Should().NotContain("A request failed").And.NotContain("could not be read");
    }
}
