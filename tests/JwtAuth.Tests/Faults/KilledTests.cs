using System.Collections.Concurrent;
using JwtAuth.Tests.Hosting;
using JwtAuth.Tests.RefreshTokens;
using JwtAuth.Tests.Revocation;

namespace JwtAuth.Tests.Faults;

public sealed class KilledTests
{
    private const int Clients = 200, Refreshers = 32;

    [Fact]
    public async Task What_was_acknowledged_before_the_process_was_killed_is_there_afterwards()
    {
        string directory = Directory.CreateTempSubdirectory("jwtauth-").FullName;
        Dictionary<string, string> settings = new()
        {
            ["JwtAuth:Passwords:WorkFactor"] = "10",
            ["JwtAuth:SigningKeys:Algorithm"] = "ES256",
            ["JwtAuth:Passwords:QueueLimit"] = "1000",
            ["JwtAuth:Passwords:MaxQueueWait"] = "00:01:00",
        };
        var acknowledged = new ConcurrentQueue<string>();
        int failed = 0;
        try
        {
            await using (ServerProcess server = await ServerProcess.StartAsync(directory, settings))
            {
                using HttpClient client = new() { BaseAddress = server.Address, Timeout = Patience.Limit };
                var enough = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
                // Each goes on until the service is gone: whenever that is, each has a request under way.
                Task registrations = Task.WhenAll(Enumerable.Range(0, Clients).Select(async index =>
                {
                    for (int number = 0; ; number++)
                    {
                        try
                        {
                            Reply reply = await client.RegisterAsync($"user-{index}-{number}");
                            if (reply.Status == 201)
                                acknowledged.Enqueue($"user-{index}-{number}");
                        }
                        catch (HttpRequestException)
                        {
                            Interlocked.Increment(ref failed);
                            return;
                        }
                        if (acknowledged.Count >= 10)
                            enough.TrySetResult();
                    }
                }));
                await Task.WhenAny(enough.Task, registrations);
                server.Kill();
                (await server.WaitForExitAsync()).Should().Be(137, "128 + SIGKILL");
                await registrations;
            }
            failed.Should().Be(Clients, "it was killed in the middle");
            acknowledged.Should().HaveCountGreaterThanOrEqualTo(10);

            await using ServerProcess again = await ServerProcess.StartAsync(directory, settings);
            using HttpClient survivor = new() { BaseAddress = again.Address };
            foreach (string username in acknowledged)
                (await survivor.LoginAsync(username, ServerHost.Password)).Status.Should().Be(200, username);
            (await survivor.LoginAsync("user-of-nobody", ServerHost.Password)).Status.Should().Be(401);
            (await survivor.RegisterAsync("afterwards")).Status.Should().Be(201);
        }
        finally
        {
            Directory.Delete(directory, recursive: true);
        }
    }

    [Fact, Trait("row", "REF-05")]
    public async Task Of_refreshes_that_share_commits_none_that_was_acknowledged_is_lost_when_the_process_is_killed()
    {
        string directory = Directory.CreateTempSubdirectory("jwtauth-").FullName;
        Dictionary<string, string> settings = new()
        {
            ["JwtAuth:Issuer"] = "http://localhost:5080",
            ["JwtAuth:SigningKeys:Algorithm"] = "ES256",
            ["JwtAuth:RefreshTokens:ReuseWindow"] = "00:01:00",
            ["JwtAuth:Passwords:QueueLimit"] = "1000",
            ["JwtAuth:Passwords:MaxQueueWait"] = "00:01:00",
        };
        Tokens[] last = [];
        long[] acknowledged = new long[Refreshers];
        try
        {
            for (int kill = 0; kill < 5; kill++)
            {
                await using ServerProcess server = await ServerProcess.StartAsync(directory, settings);
                using HttpClient client = new() { BaseAddress = server.Address, Timeout = Patience.Limit };
                if (kill == 0)
                {
                    await client.RegisterAsync("alice");
                    last = [.. await Task.WhenAll(Enumerable.Range(0, Refreshers).Select(_ => client.BeginAsync("alice")))];
                }
                int left = Random.Shared.Next(200, 600);
                var enough = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
                Task refreshing = Task.WhenAll(Enumerable.Range(0, Refreshers).Select(index => Task.Run(async () =>
                {
                    while (await TryRefreshAsync(client, last[index]) is { } next)
                    {
                        last[index] = next;
                        acknowledged[index]++;
                        if (Interlocked.Decrement(ref left) == 0)
                            enough.SetResult();
                    }
                })));
                (await Task.WhenAny(enough.Task, refreshing)).Should().Be(enough.Task, "nobody but this test ends the process");
                server.Kill();
                await refreshing;

                using var database = new DatabaseFile(directory);
                for (int index = 0; index < Refreshers; index++)
                {
                    long counter = database.CounterOf(last[index].SessionId)!.Value;
                    // Of one more, at most, nobody knows. It is given again.
                    counter.Should().BeInRange(acknowledged[index], acknowledged[index] + 1, $"kill {kill}, session {index}");
                }
            }
        }
        finally
        {
            Directory.Delete(directory, recursive: true);
        }
    }

    // Null where the service is gone.
    private static async Task<Tokens?> TryRefreshAsync(HttpClient client, Tokens tokens)
    {
        try
        {
            return Tokens.Of(await client.RefreshAsync(tokens.Refresh));
        }
        catch (HttpRequestException)
        {
            return null;
        }
    }
}
