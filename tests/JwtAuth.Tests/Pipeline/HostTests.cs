using JwtAuth.Tests.Hosting;

namespace JwtAuth.Tests.Pipeline;

/// <summary>A name of a stranger that leads to this machine (DNS rebinding) brings nobody in.</summary>
public sealed class HostTests(HostTests.Fixture fixture) : IClassFixture<HostTests.Fixture>
{
    [Theory]
    [InlineData("Development", "evil.example", false)]
    [InlineData("Development", "localhost.evil.example", false)]
    [InlineData("Development", "127.0.0.1.evil.example", false)]
    [InlineData("Development", "evil.example:5080", false)]
    [InlineData("Development", "192.0.2.7", false)]
    [InlineData("Development", "169.254.169.254", false)]
    [InlineData("Development", "[2001:db8::1]", false)]
    [InlineData("Development", "auth.internal", false)]
    [InlineData("Development", "localhost", true)]
    [InlineData("Development", "LOCALHOST:1234", true)]
    [InlineData("Development", "127.0.0.2", true)]
    [InlineData("Development", "[::1]:5080", true)]
    [InlineData("Development", "named.internal", true)]
    [InlineData("Production", "evil.example", false)]
    [InlineData("Production", "auth.example.com.evil.example", false)]
    [InlineData("Production", "10.1.2.3", false)]
    [InlineData("Production", "auth.example.com", true)]
    [InlineData("Production", "Auth.Example.com:8443", true)]
    [InlineData("Production", "named.internal", true)]
    [InlineData("Production", "127.0.0.1", true)]
    public async Task Only_requests_for_the_issuers_host_loopback_and_configured_hosts_are_answered(
        string environment, string named, bool isOurs)
    {
        using HttpClient client = (environment == "Production" ? fixture.Proxied : fixture.Plain).ConnectByProxy();
        (string, string) header = ("Host", named);

        Reply me = await client.AskAsync("GET", "/me", null, header);
        Reply login = await client.AskAsync(
            "POST", "/auth/login", new { username = "alice", password = ServerHost.Password }, header);

        (me.Status, login.Status).Should().Be(isOurs ? (401, 200) : (421, 421));
        if (!isOurs)
        {
            (me.Code, login.Code).Should().Be(("misdirected_request", "misdirected_request"));
            me.Header("X-Content-Type-Options").Should().Be("nosniff");
            (await client.AskAsync("POST", "/oauth/introspect", null, header)).Json.GetProperty("error").GetString()
                .Should().Be("invalid_request");
        }
        (await client.AskAsync("GET", "/health/live", null, header)).Status.Should().Be(200, "probes ask by address");
        (await client.AskAsync("GET", "/health/ready", null, header)).Status.Should().Be(200);
    }

    [Fact]
    public async Task A_request_without_a_host_is_answered_where_probes_ask_alone()
    {
        using HttpClient client = fixture.Plain.Connect();

        (await StatusAsync("/health/ready", "")).Should().Be(200);
        (await StatusAsync("/me", "")).Should().Be(421);
        (await StatusAsync("/me", "localhost")).Should().Be(401);

        async Task<int> StatusAsync(string path, string named) => (await RawHttp.SendAsync(
            client.BaseAddress!, $"GET {path} HTTP/1.1\r\nHost: {named}\r\nConnection: close\r\n\r\n")).Single().Status;
    }

    public sealed class Fixture : IAsyncLifetime
    {
        internal ServerHost Plain { get; } = new ServerHost().With("JwtAuth:Hosts:0", "named.internal");

        internal ServerHost Proxied { get; } = Production.Host().With("JwtAuth:Hosts:0", "named.internal");

        public async ValueTask InitializeAsync()
        {
            await Plain.AddAccountAsync("alice");
            await Proxied.AddAccountAsync("alice");
        }

        public async ValueTask DisposeAsync()
        {
            await Plain.DisposeAsync();
            await Proxied.DisposeAsync();
        }
    }
}
