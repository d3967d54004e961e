using JwtAuth.Server.Clients;
using JwtAuth.Tests.Hosting;
using JwtAuth.Tests.RefreshTokens;

namespace JwtAuth.Tests.Observability;

/// <summary>What leaves for a collector, and what never does.</summary>
public sealed class TelemetryTests : IAsyncLifetime
{
    private const string Key = "JwtAuth:Telemetry:OtlpEndpoint";

    private readonly string directory = Directory.CreateTempSubdirectory("jwtauth-").FullName;
    private readonly string client, atRest;
    private OtlpReceiver collector = null!;

    public TelemetryTests() => (client, atRest) = ClientSecret.Make();

    public async ValueTask InitializeAsync() => collector = await OtlpReceiver.StartAsync();

    [Fact]
    public async Task A_collector_sees_the_spans_and_the_metrics_of_a_login_a_refresh_and_the_feed_and_no_secret_token_or_name()
    {
        string chosen = Guid.NewGuid().ToString("N");
        await using ServerProcess server = await StartAsync((Key, collector.Url));
        using HttpClient http = new() { BaseAddress = server.Address };
        http.DefaultRequestHeaders.Add("User-Agent", $"agent-{chosen}");
        http.DefaultRequestHeaders.Add("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00");
        http.DefaultRequestHeaders.Add("tracestate", $"vendor={chosen}");
        http.DefaultRequestHeaders.Add("baggage", $"key={chosen}");

        (await http.RegisterAsync("wilhelmina")).Status.Should().Be(201);
        Tokens first = await http.BeginAsync("wilhelmina"), second = await http.RotateAsync(first);
        (await http.LoginAsync("wilhelmina", "a wrong guess at dusk")).Status.Should().Be(401);
        (await http.MeAsync(second.Access)).Should().Be(200);
        (await http.MeAsync($"{first.Access[..first.Access.LastIndexOf('.')]}.{second.Access.Split('.')[2]}")).Should().Be(401);
        (await http.AskAsAsync(second.Access, "DELETE", $"/auth/sessions/{chosen}")).Status.Should().Be(404);
        (await http.AskAsync("GET", $"/{chosen}?access_token={second.Access}")).Status.Should().Be(404);
        (await http.AskAsync("GET", "/health/ready")).Status.Should().Be(200);
        // Two calls: the first gets all that there is, the second waits for news.
        string cursor = (await http.AskAsync("GET", "/denials", null, Feed)).Json.GetProperty("cursor").GetString()!;
        (await http.AskAsync("GET", $"/denials?cursor={cursor}&wait=0.05", null, Feed)).Status.Should().Be(200);
        server.Terminate();
        (await server.WaitForExitAsync()).Should().Be(0, "what is left is sent at the end");

        foreach (string span in (string[])["hash wait", "hash", "write wait", "commit", "feed wait", "POST auth/login", "POST auth/refresh",
            "GET me", "DELETE auth/sessions/{sid}", "GET denials"])
        {
            collector.Traces.Should().Contain(span);
        }
        foreach (string metric in (string[])["jwtauth.tokens.issued", "jwtauth.refreshes", "rotated", "jwtauth.passwords", "verified",
            "refused", "jwtauth.hash.duration", "jwtauth.hash.queue", "jwtauth.write.queue", "jwtauth.commit.writes", "jwtauth.denials",
            "jwtauth.denials.log.age", "jwtauth.feed.listeners", "jwtauth.bearer.refusals", "bad_signature", "http.server.request.duration",
            "dotnet.gc.collections"])
        {
            collector.Metrics.Should().Contain(metric);
        }
        collector.Everything.Should().Contain("service.name").And.Contain("jwtauth");
        collector.Traces.Should().NotContain("health");
        foreach (string secret in (string[])[ServerHost.Password, "a wrong guess", "wilhelmina", "WILHELMINA", first.Access, first.Refresh,
            second.Access, second.Refresh, .. second.Access.Split('.'), first.SessionId, first.Claims.GetProperty("sub").GetString()!,
            client, cursor, chosen])
        {
            collector.Everything.Should().NotContain(secret);
        }
    }

    [Fact]
    public async Task Without_the_key_nothing_connects_whatever_the_environment_says_and_nothing_of_OpenTelemetry_is_loaded()
    {
        await using ServerProcess silent = await StartAsync(
            ("$OTEL_EXPORTER_OTLP_ENDPOINT", collector.Url), ("$OTEL_TRACES_EXPORTER", "otlp"), ("$OTEL_METRICS_EXPORTER", "otlp"));

        bool isLoaded = await UseAsync(silent);

        collector.Calls.Should().Be(0);
        isLoaded.Should().BeFalse();

        await using ServerProcess telling = await StartAsync((Key, collector.Url));
        (await UseAsync(telling)).Should().BeTrue("with the key it is");
        collector.Calls.Should().BePositive();
    }

    [Fact]
    public async Task A_collector_that_is_not_there_keeps_nobody_waiting_and_the_service_ends_all_the_same()
    {
        using var nobody = new ReservedPort();
        await using ServerProcess server = await StartAsync((Key, $"http://127.0.0.1:{nobody.Number}"));

        await UseAsync(server);

        (await server.WaitForExitAsync()).Should().Be(0);
        server.StandardError.Should().BeEmpty();
    }

    public async ValueTask DisposeAsync()
    {
        await collector.DisposeAsync();
        await TestedStore.LetGoAsync(directory);
        Directory.Delete(directory, recursive: true);
    }

    private (string, string) Feed => TestClient.BasicOf($"orders-api:{client}");

    // Often enough that a test need not wait for the minute.
    private Task<ServerProcess> StartAsync(params (string Key, string Value)[] settings) => ServerProcess.StartAsync(
        directory, new Dictionary<string, string>([
            KeyValuePair.Create("JwtAuth:SigningKeys:Algorithm", "ES256"),
            KeyValuePair.Create("JwtAuth:Issuer", "http://localhost:5080"),
            KeyValuePair.Create("JwtAuth:Clients:orders-api:Secrets:0", atRest),
            KeyValuePair.Create("JwtAuth:Clients:orders-api:Audiences:0", "orders"),
            KeyValuePair.Create("JwtAuth:Clients:orders-api:May", "denials"),
            KeyValuePair.Create("$OTEL_METRIC_EXPORT_INTERVAL", "300"),
            KeyValuePair.Create("$OTEL_BSP_SCHEDULE_DELAY", "300"),
            .. settings.Select(pair => KeyValuePair.Create(pair.Key, pair.Value))]));

    /// <summary>A login and a refresh, and SIGTERM.</summary>
    /// <returns>Whether the process has loaded the SDK.</returns>
    private static async Task<bool> UseAsync(ServerProcess server)
    {
        using HttpClient http = new() { BaseAddress = server.Address };
        string name = $"user-{Guid.NewGuid():N}";
        (await http.RegisterAsync(name)).Status.Should().Be(201);
        await http.RotateAsync(await http.BeginAsync(name));
        bool isLoaded = (await File.ReadAllTextAsync($"/proc/{server.Id}/maps", TestContext.Current.CancellationToken))
            .Contains("/OpenTelemetry.", StringComparison.Ordinal);
        server.Terminate();
        (await server.WaitForExitAsync()).Should().Be(0);
        return isLoaded;
    }
}
