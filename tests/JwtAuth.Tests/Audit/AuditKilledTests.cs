using System.Collections.Concurrent;
using JwtAuth.Tests.Hosting;
using JwtAuth.Tests.RefreshTokens;

namespace JwtAuth.Tests.Audit;

public sealed class AuditKilledTests
{
    private const int Clients = 64;

    [Fact]
    public async Task Every_change_that_was_acknowledged_before_the_process_was_killed_has_its_record_in_a_whole_trail()
    {
        string directory = Directory.CreateTempSubdirectory("jwtauth-").FullName;
        Dictionary<string, string> settings = new()
        {
            ["JwtAuth:Issuer"] = "http://localhost:5080",
            ["JwtAuth:SigningKeys:Algorithm"] = "ES256",
            ["JwtAuth:Passwords:QueueLimit"] = "1000",
            ["JwtAuth:Passwords:MaxQueueWait"] = "00:01:00",
        };
        ConcurrentBag<(string Event, string Of)> acknowledged = [];
        try
        {
            await using (ServerProcess server = await ServerProcess.StartAsync(directory, settings))
            {
                using HttpClient client = new() { BaseAddress = server.Address, Timeout = Patience.Limit };
                var enough = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
                Task changing = Task.WhenAll(Enumerable.Range(0, Clients)
                    .Select(index => ChangeAsync(client, index, acknowledged, enough)));
                await Task.WhenAny(enough.Task, changing);
                server.Kill();
                await server.WaitForExitAsync();
                await changing;
            }
            acknowledged.Should().HaveCountGreaterThanOrEqualTo(30).And.Contain(change => change.Event == "session.ended");

            string[] rows = [.. TestedStore.RowsOf(directory).Where(row => row.Table == "AuditRecords")
                .Select(row => string.Join(' ', row.Values))];
            foreach ((string @event, string of) in acknowledged)
                rows.Should().ContainSingle(row => row.Contains($" {@event} ") && row.Contains($" {of} "), @event);
            (int code, string output, string error) = await ServerProcess.RunAsync(directory, ["audit", "verify"], "", settings);
            code.Should().Be(0, error);
            output.Should().Contain("the audit trail is whole");
        }
        finally
        {
            await TestedStore.LetGoAsync(directory);
            Directory.Delete(directory, recursive: true);
        }
    }

    // Registers, logs in and out again and again until the service is gone.
    private static async Task ChangeAsync(
        HttpClient client, int index, ConcurrentBag<(string, string)> acknowledged, TaskCompletionSource enough)
    {
        for (int number = 0; ; number++)
        {
            try
            {
                Reply made = await client.RegisterAsync($"user-{index}-{number}");
                if (made.Status != 201)
                    continue;
                acknowledged.Add(("user.created", made.Json.GetProperty("sub").GetString()!));
                Reply login = await client.AskAsync("POST", "/auth/login", new
                {
                    username = $"user-{index}-{number}",
                    password = ServerHost.Password,
                    scope = "offline_access",
                });
                if (login.Status != 200)
                    continue;
                Tokens tokens = Tokens.Of(login);
                acknowledged.Add(("session.began", tokens.SessionId));
                if ((await client.AskAsAsync(tokens.Access, "POST", "/auth/logout")).Status == 200)
                    acknowledged.Add(("session.ended", tokens.SessionId));
                if (acknowledged.Count >= 30)
                    enough.TrySetResult();
            }
            catch (HttpRequestException)
            {
                return;
            }
        }
    }
}
