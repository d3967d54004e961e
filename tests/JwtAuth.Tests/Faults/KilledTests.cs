using System.Collections.Concurrent;
using JwtAuth.Tests.Hosting;
using JwtAuth.Tests.Revocation;

namespace JwtAuth.Tests.Faults;

public sealed class KilledTests
{
    private const int Clients = 200;

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
}
