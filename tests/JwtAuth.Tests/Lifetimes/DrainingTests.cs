using System.Security.Cryptography;
using JwtAuth.Server.Clients;
using JwtAuth.Tests.Hosting;
using JwtAuth.Tests.RefreshTokens;

namespace JwtAuth.Tests.Lifetimes;

/// <summary>How the service ends: what it still answers, and how.</summary>
public sealed class DrainingTests : IAsyncLifetime
{
    private const int Sessions = 100, Waiting = 40;

    private readonly string directory = Directory.CreateTempSubdirectory("jwtauth-").FullName;
    private readonly string masterKey = Convert.ToBase64String(RandomNumberGenerator.GetBytes(32));
    private readonly TestClient client;
    private readonly string atRest;

    public DrainingTests()
    {
        (string secret, atRest) = ClientSecret.Make();
        client = new TestClient("orders-api", secret);
    }

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    [Fact]
    public async Task On_SIGTERM_readiness_is_503_listeners_are_told_to_ask_again_and_all_else_is_answered_until_the_end()
    {
        await using ServerProcess server = await StartAsync();
        using HttpClient http = Connect(server);
        (await http.RegisterAsync("alice")).Status.Should().Be(201);
        Tokens tokens = await http.BeginAsync("alice", audience: "https://auth.example.com");
        Reply before = await http.AskAsync("GET", "/health/ready");
        (before.Status, before.Header("Connection")).Should().Be((200, ""));
        string cursor = await CursorAsync(http);
        Task<Reply> listening = ListenAsync(http, cursor);
        await IsHeardAsync(http);

        server.Terminate();

        Reply told = await listening;
        told.Status.Should().Be(200, "an API takes that for: nothing new, ask again");
        told.Json.GetProperty("cursor").GetString().Should().Be(cursor);
        Reply ready = await http.AskAsync("GET", "/health/ready");
        (ready.Status, ready.Header("Connection")).Should().Be((503, "close"));
        (await http.AskAsync("GET", "/health/live")).Status.Should().Be(200);
        Task<Reply> again = ListenAsync(http, cursor);
        Reply me = await http.AskAsAsync(tokens.Access, "GET", "/me");
        (me.Status, me.Header("Connection")).Should().Be((200, "close"));
        tokens = await http.RotateAsync(tokens);
        (await http.LoginAsync("alice", ServerHost.Password)).Status.Should().Be(200);
        again.IsCompleted.Should().BeFalse("whoever asks again here waits, and does not ask a thousand times");
        (await again).Status.Should().Be(200);
        (await server.WaitForExitAsync()).Should().Be(0);
        server.StandardOutput.Should().Contain("Draining").And.Contain("Application is shutting down");

        await using ServerProcess next = await StartAsync();
        using HttpClient after = Connect(next);
        await after.RotateAsync(tokens);
    }

    [Fact, Trait("row", "OPS-10")]
    public async Task What_is_under_way_at_SIGTERM_is_answered_and_what_was_acknowledged_is_on_disk()
    {
        await using ServerProcess server = await StartAsync();
        using HttpClient http = Connect(server);
        (await http.RegisterAsync("alice")).Status.Should().Be(201);
        Tokens[] sessions = await Task.WhenAll(Enumerable.Range(0, Sessions).Select(_ => http.BeginAsync("alice")));
        string cursor = await CursorAsync(http);

        Task<Reply>[] listening = [.. Enumerable.Range(0, Waiting).Select(_ => ListenAsync(http, cursor))];
        await IsHeardAsync(http);
        Task<Reply>[] logins = [.. Enumerable.Range(0, Waiting).Select(_ => http.LoginAsync("alice", ServerHost.Password))];
        Task<Reply>[] refreshes = [.. sessions.Select(session => http.RefreshAsync(session.Refresh))];
        server.Terminate();
        Reply[] replies = await Task.WhenAll([.. listening, .. logins, .. refreshes]);

        replies.Should().OnlyContain(reply => reply.Status == 200);
        (await server.WaitForExitAsync()).Should().Be(0);
        await using ServerProcess next = await StartAsync();
        using HttpClient after = Connect(next);
        foreach (Task<Reply> refresh in refreshes)
            await after.RotateAsync(Tokens.Of(await refresh));
    }

    [Theory]
    [InlineData("Production", "-INT")]
    [InlineData("Production", "-QUIT")]
    [InlineData("Development", "-TERM")]
    public async Task Where_nobody_has_to_notice_it_ends_at_once(string environment, string signal)
    {
        await using ServerProcess server = await StartAsync(environment);

        server.Signal(signal);

        (await server.WaitForExitAsync()).Should().Be(0);
        server.StandardOutput.Should().Contain("Application is shutting down").And.NotContain("Draining");
    }

    public async ValueTask DisposeAsync()
    {
        await TestedStore.LetGoAsync(directory);
        Directory.Delete(directory, recursive: true);
    }

    // What a script has started in the background ignores these signals, and so would what is started by it.
    private Task<ServerProcess> StartAsync(string environment = "Production") => ServerProcess.StartAsync(
        directory, new Dictionary<string, string>
        {
            ["environment"] = environment,
            ["JwtAuth:Issuer"] = "https://auth.example.com",
            ["JwtAuth:Audiences:0"] = "orders",
            ["JwtAuth:MasterKey"] = masterKey,
            ["JwtAuth:SigningKeys:Algorithm"] = "ES256",
            ["JwtAuth:RefreshTokens:ReuseWindow"] = "00:01:00",
            ["JwtAuth:Registration:Open"] = "true",
            ["JwtAuth:Proxy:TrustedNetworks:0"] = "127.0.0.1",
            [$"JwtAuth:Clients:{client.Id}:Secrets:0"] = atRest,
            [$"JwtAuth:Clients:{client.Id}:Audiences:0"] = "orders",
            [$"JwtAuth:Clients:{client.Id}:May"] = "denials",
        }, "env", "--default-signal=INT,QUIT");

    // As a proxy passes requests on.
    private static HttpClient Connect(ServerProcess server)
    {
        var http = new HttpClient { BaseAddress = server.Address, Timeout = Patience.Limit };
        http.DefaultRequestHeaders.Host = "auth.example.com";
        http.DefaultRequestHeaders.Add("X-Forwarded-For", "192.0.2.7");
        http.DefaultRequestHeaders.Add("X-Forwarded-Proto", "https");
        return http;
    }

    private async Task<string> CursorAsync(HttpClient http) =>
        (await http.AskAsync("GET", "/denials", null, client.Basic)).Json.GetProperty("cursor").GetString()!;

    private Task<Reply> ListenAsync(HttpClient http, string cursor) =>
        http.AskAsync("GET", $"/denials?wait=30&cursor={cursor}", null, client.Basic);

    // A later call of the same kind has been answered, so the earlier ones have come.
    private Task<Reply> IsHeardAsync(HttpClient http) => http.AskAsync("GET", "/denials?wait=0", null, client.Basic);
}
