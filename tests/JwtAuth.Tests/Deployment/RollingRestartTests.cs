using System.Collections.Concurrent;
using JwtAuth.Tests.Hosting;
using JwtAuth.Tests.RefreshTokens;

namespace JwtAuth.Tests.Deployment;

/// <summary>Two nodes behind nginx, restarted one after the other while they are used.</summary>
public sealed class RollingRestartTests
{
    private const int People = 4, AnswersOfAFreshNode = 50;

    private readonly ConcurrentQueue<string> losses = new();
    private int refreshes, logins, polls;

    [Fact]
    public async Task A_rolling_restart_under_load_loses_no_call_and_no_session()
    {
        await using Cluster cluster = await Cluster.StartAsync();
        string[] names = [.. Enumerable.Range(0, People).Select(person => $"user-{person}")];
        foreach (string name in names)
            await cluster.AddAccountAsync(name);
        using var ended = new CancellationTokenSource();
        Task<Tokens>[] sessions = [.. names.Select(name => RefreshAsync(cluster, name, ended.Token))];
        Task[] others = [LogInAsync(cluster, names[0], ended.Token), LogInAsync(cluster, names[1], ended.Token),
            ListenAsync(cluster, ended.Token)];

        for (int index = 0; index < cluster.Nodes.Count; index++)
        {
            ServerProcess node = cluster.Nodes[index];
            await Patience.UntilAsync(() => AnsweredAsync(cluster, node, since: 0), "it is in use");
            node.Terminate();
            (await node.WaitForExitAsync()).Should().Be(0);
            node.StandardOutput.Should().Contain("Draining");
            int since = cluster.Nginx.Said.Length;
            await cluster.StartAgainAsync(index);
            await Patience.UntilAsync(() => AnsweredAsync(cluster, node, since), "nginx has found the new one");
        }
        await ended.CancelAsync();
        Tokens[] last = await Task.WhenAll(sessions);
        await Task.WhenAll(others);

        losses.Should().BeEmpty(cluster.Nginx.Said.Split('\n').LastOrDefault(line => line.Contains("[error]"), ""));
        (refreshes, logins, polls).Should().Match<(int Refreshes, int Logins, int Polls)>(
            counted => counted.Refreshes > 100 && counted.Logins > 10 && counted.Polls > 2);
        using HttpClient http = cluster.Nginx.Connect();
        foreach (Tokens tokens in last)
            await http.RotateAsync(tokens);
    }

    /// <summary>Refreshes, and asks <c>/me</c> each time, as somebody who is logged in.</summary>
    private async Task<Tokens> RefreshAsync(Cluster cluster, string name, CancellationToken ended)
    {
        using HttpClient http = cluster.Nginx.Connect();
        Tokens tokens = await http.BeginAsync(name, audience: "https://auth.example.com");
        while (!ended.IsCancellationRequested)
        {
            if (await TriesAsync("refresh", () => http.RefreshAsync(tokens.Refresh)) is { } reply)
            {
                tokens = Tokens.Of(reply);
                Interlocked.Increment(ref refreshes);
            }
            await TriesAsync("me", () => http.AskAsAsync(tokens.Access, "GET", "/me"));
        }
        return tokens;
    }

    private async Task LogInAsync(Cluster cluster, string name, CancellationToken ended)
    {
        using HttpClient http = cluster.Nginx.Connect();
        while (!ended.IsCancellationRequested)
        {
            if (await TriesAsync("login", () => http.LoginAsync(name, ServerHost.Password)) is not null)
                Interlocked.Increment(ref logins);
        }
    }

    private async Task ListenAsync(Cluster cluster, CancellationToken ended)
    {
        using HttpClient http = cluster.Nginx.Connect();
        string cursor = "";
        while (!ended.IsCancellationRequested)
        {
            if (await TriesAsync("feed", () => http.AskAsync("GET", $"/denials?wait=2&cursor={cursor}", null, cluster.Client.Basic))
                is not { } reply)
                continue;
            cursor = reply.Json.GetProperty("cursor").GetString()!;
            Interlocked.Increment(ref polls);
        }
    }

    private async Task<Reply?> TriesAsync(string what, Func<Task<Reply>> ask)
    {
        try
        {
            Reply reply = await ask();
            if (reply.Status == 200)
                return reply;
            losses.Enqueue($"{what}: {reply.Status} {reply.Body}");
        }
        catch (HttpRequestException fault)
        {
            losses.Enqueue($"{what}: {fault.Message}");
        }
        return null;
    }

    // The last word of a line of nginx's log is the node that has answered.
    private static async Task<bool> AnsweredAsync(Cluster cluster, ServerProcess node, int since)
    {
        await Task.Delay(TimeSpan.FromMilliseconds(20), TimeProvider.System); // other processes do not share our clock
        string ending = $" {node.Address.Authority}";
        return cluster.Nginx.Said[since..].Split(Environment.NewLine)
            .Count(line => line.EndsWith(ending, StringComparison.Ordinal)) >= AnswersOfAFreshNode;
    }
}
