using System.Text.Json;
using JwtAuth.Tests.Hosting;

namespace JwtAuth.Tests.Faults;

public sealed class SessionsLockedTests : IAsyncLifetime
{
    private readonly ServerHost host = new();

    [Fact]
    [Trait("row", "OPS-07")]
    [Trait("row", "REF-15")]
    public async Task While_another_process_writes_nothing_is_used_up_or_half_ended_and_readers_go_on()
    {
        using HttpClient client = host.Connect();
        (string access, string refresh) = await LogInAsync(client);
        (string leaving, string left) = await LogInAsync(client);
        (_, string doomed) = await LogInAsync(client);
        string before = await ListAsync(client, access);
        using var other = new DatabaseFile(host.Directory);
        other.Execute("BEGIN IMMEDIATE");

        Func<Task<Reply>>[] changes =
        [
            () => client.AskAsync("POST", "/auth/refresh", new { refresh_token = refresh }),
            () => client.AskAsync("POST", "/auth/logout", null, Bearer(leaving)),
            () => client.AskAsync("POST", "/auth/revoke", new { token = doomed }, Bearer(access)),
        ];
        Task<Reply>[] refused = [.. changes.Select(change => change())];
        (await client.AskAsync("GET", "/me", null, Bearer(leaving))).Status.Should().Be(200);
        (await ListAsync(client, access)).Should().Be(before);
        refused.Should().NotContain(reply => reply.IsCompleted, "readers did not wait for them");
        foreach (Reply reply in await Task.WhenAll(refused))
        {
            (reply.Status, reply.Code).Should().Be((503, "busy"));
            reply.Header("Retry-After").Should().MatchRegex("^[1-9][0-9]*$");
        }
        (await client.AskAsync("GET", "/me", null, Bearer(leaving))).Status.Should().Be(200, "it was told that nothing has ended");

        other.Execute("ROLLBACK");
        (await ListAsync(client, access)).Should().Be(before);
        foreach (Func<Task<Reply>> change in changes)
            (await change()).Status.Should().Be(200);
        (await client.AskAsync("GET", "/me", null, Bearer(leaving))).Status.Should().Be(401);
        foreach (string ended in (string[])[left, doomed])
            (await client.AskAsync("POST", "/auth/refresh", new { refresh_token = ended })).Code.Should().Be("invalid_grant");
        host.Log.All.Should().NotContain(line => line.Contains("A request failed", StringComparison.Ordinal));
        host.Log.All
            .Should().NotContain(line => line.Contains("came again", StringComparison.Ordinal), "the refused refresh had used nothing up");
    }

    private static async Task<(string Access, string Refresh)> LogInAsync(HttpClient client)
    {
        JsonElement reply = (await client.AskAsync("POST", "/auth/login", new
        {
            username = "alice",
            password = ServerHost.Password,
            scope = "offline_access",
        })).Json;
        return (reply.GetProperty("access_token").GetString()!, reply.GetProperty("refresh_token").GetString()!);
    }

    private static async Task<string> ListAsync(HttpClient client, string access)
    {
        Reply list = await client.AskAsync("GET", "/auth/sessions", null, Bearer(access));
        list.Status.Should().Be(200);
        return list.Body;
    }

    private static (string Name, string Value) Bearer(string token) => ("Authorization", $"Bearer {token}");

    public async ValueTask InitializeAsync()
    {
        host.With("JwtAuth:Storage:ConnectionString", TestedStore.ConnectionString(host.Directory, seconds: 5));
        await host.AddAccountAsync("alice");
    }

    public ValueTask DisposeAsync() => host.DisposeAsync();
}
