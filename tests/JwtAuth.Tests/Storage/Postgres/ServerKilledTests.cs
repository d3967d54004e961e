using System.Collections.Concurrent;
using JwtAuth.Server.Storage;
using JwtAuth.Server.Storage.Postgres;
using JwtAuth.Tests.Hosting;
using JwtAuth.Tests.RefreshTokens;
using Npgsql;

namespace JwtAuth.Tests.Storage.Postgres;

/// <summary>The PostgreSQL server dies amid writing, and is started again. The service goes on by itself.</summary>
public sealed class ServerKilledTests
{
    private const int Clients = 8, Kills = 3;

    [Fact]
    public async Task What_was_acknowledged_before_the_server_was_killed_is_so_afterwards_and_the_service_recovers_without_a_restart()
    {
        await using PostgresCluster cluster = await PostgresCluster.StartAsync();
        await using SharedDatabase database = await SharedDatabase.MakeAsync(cluster);
        await using ServerProcess node = await database.StartNodeAsync(
            ("JwtAuth:AccessTokens:Lifetime", "01:00:00"), ("JwtAuth:RefreshTokens:ReuseWindow", "00:00:00"));
        using HttpClient client = new() { BaseAddress = node.Address };
        (await client.RegisterAsync("alice")).Status.Should().Be(201);

        for (int kill = 0; kill < Kills; kill++)
        {
            ConcurrentBag<Tokens> ended = [], alive = [];
            using var stopping = new CancellationTokenSource();
            Task[] working = [.. Enumerable.Range(0, Clients).Select(_ => WorkAsync(client, ended, alive, stopping.Token))];
            await Patience.UntilAsync(() => Task.FromResult(ended.Count >= Clients && alive.Count >= Clients));
            await cluster.KillAsync();
            (await client.AskAsync("GET", "/health/live")).Status.Should().Be(200);
            // The first request that runs into it tells it, and a write within five seconds does if there is none.
            await Patience.UntilAsync(async () => (await client.AskAsync("GET", "/health/ready")).Status == 503, "it is not ready");
            await stopping.CancelAsync();
            await Task.WhenAll(working);
            await cluster.StartServerAsync();
            await Patience.UntilAsync(async () => (await client.AskAsync("GET", "/health/ready")).Status == 200, "it recovers by itself");

            foreach (Tokens tokens in ended)
            {
                (await client.MeAsync(tokens.Access)).Should().Be(401, "its end was acknowledged");
                (await SureAsync(() => client.RefreshAsync(tokens.Refresh))).ShouldBeInvalidGrant();
            }
            foreach (Tokens tokens in alive)
                (await SureAsync(() => client.RefreshAsync(tokens.Refresh))).Status.Should().Be(200, "it was acknowledged");
        }
        node.StandardOutput.Should().NotContain("A request failed");
    }

    [Fact]
    public async Task Also_the_statements_after_the_one_at_which_a_connection_broke_meet_a_fault_of_the_store()
    {
        await using SharedDatabase database = await SharedDatabase.MakeAsync();
        await using NpgsqlConnection connection = new(database.ConnectionString + ";Pooling=False");
        await connection.OpenAsync(TestContext.Current.CancellationToken);
        await using NpgsqlTransaction transaction = await connection.BeginTransactionAsync(TestContext.Current.CancellationToken);
        await database.ExecuteAsync($"SELECT pg_terminate_backend({connection.ProcessID})");
        async Task AskAsync()
        {
            await using var command = new NpgsqlCommand("SELECT 1", connection);
            command.Transaction = transaction;
            await command.ExecuteScalarAsync(TestContext.Current.CancellationToken);
        }

        foreach (bool isFirst in new[] { true, false })
        {
            Exception fault = (await ((Func<Task>)AskAsync).Should().ThrowAsync<Exception>()).Which;
            (fault is NpgsqlException).Should().Be(isFirst);
            PostgresFaults.Of(fault).Should().Be(StoreFault.Unwritable);
        }
        PostgresFaults.Of(new InvalidOperationException("of our own")).Should().Be(StoreFault.None);
    }

    // Begins sessions, rotates them, and ends every other one. What was not answered is in doubt, and is left out.
    private static async Task WorkAsync(
        HttpClient client, ConcurrentBag<Tokens> ended, ConcurrentBag<Tokens> alive, CancellationToken stopping)
    {
        for (int round = 0; !stopping.IsCancellationRequested; round++)
        {
            Reply login = await client.AskAsync(
                "POST", "/auth/login", new { username = "alice", password = ServerHost.Password, scope = "offline_access" });
            if (login.Status != 200)
            {
                login.Status.Should().Be(503);
                continue;
            }
            Tokens tokens = Tokens.Of(login);
            Reply reply = await (round % 2 == 0
                ? client.AskAsAsync(tokens.Access, "POST", "/auth/logout") : client.RefreshAsync(tokens.Refresh));
            reply.Status.Should().BeOneOf(200, 503);
            if (reply.Status == 200)
                (round % 2 == 0 ? ended : alive).Add(round % 2 == 0 ? tokens : Tokens.Of(reply));
        }
    }

    // A connection of the pool may be one that has died.
    private static async Task<Reply> SureAsync(Func<Task<Reply>> ask)
    {
        Reply reply = await ask();
        for (int attempt = 0; attempt < 100 && reply.Status == 503; attempt++)
            reply = await ask();
        return reply;
    }
}
