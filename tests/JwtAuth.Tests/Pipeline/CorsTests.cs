using JwtAuth.Tests.Hosting;

namespace JwtAuth.Tests.Pipeline;

public sealed class CorsTests(CorsTests.Fixture fixture) : IClassFixture<CorsTests.Fixture>
{
    private const string Ours = "https://app.example.com";

    public static TheoryData<string> Strangers =>
    [
        "null", "https://evil.example", "https://evil.app.example.com", "https://app.example.com.evil.example",
        "https://app.example.comevil.example", "http://app.example.com", "https://app.example.com:444", "https://app.example.com/",
        "https://APP.example.com", "https://appXexample.com", "https://user@app.example.com",
        "https://app.example.com https://evil.example", "app.example.com", "*", "file://", "https://xn--pp-6kc.example.com",
    ];

    [Theory]
    [MemberData(nameof(Strangers))]
    public async Task A_strange_origin_gets_no_permission(string origin)
    {
        using HttpClient client = fixture.Host.Connect();

        foreach (Reply refused
            in (Reply[])[await PreflightAsync(client, origin, "POST"), await client.AskAsync("GET", "/me", null, ("Origin", origin))])
        {
            refused.Headers.Keys.Should().NotContain(name => name.StartsWith("Access-Control", StringComparison.OrdinalIgnoreCase));
            refused.Header("Vary").Should().Contain("Origin");
        }
        (await PreflightAsync(client, Ours, "POST")).Header("Access-Control-Allow-Origin").Should().Be(Ours);
    }

    [Theory]
    [InlineData("POST")]
    [InlineData("PUT")]
    [InlineData("DELETE")]
    [InlineData("GET")]
    public async Task An_allowed_origin_may_ask_with_a_bearer(string method)
    {
        using HttpClient client = fixture.Host.Connect();

        Reply preflight = await PreflightAsync(client, Ours, method);

        preflight.Status.Should().Be(204);
        preflight.Header("Access-Control-Allow-Origin").Should().Be(Ours);
        preflight.Header("Access-Control-Allow-Methods").Should().Contain(method);
        preflight.Header("Access-Control-Allow-Headers").Should().Contain("authorization").And.Contain("content-type").And.NotContain("*");
        preflight.Header("Access-Control-Allow-Credentials").Should().Be("true", "the refresh cookie comes along");
        preflight.Header("Vary").Should().Contain("Origin");
        preflight.Header("X-Content-Type-Options").Should().Be("nosniff");
        (await PreflightAsync(client, Ours, "PATCH")).Header("Access-Control-Allow-Methods").Should().NotContain("PATCH");
    }

    [Theory]
    [InlineData("/me", 401)]
    [InlineData("/nothing", 404)]
    [InlineData("/health/live", 200)]
    public async Task A_reply_to_an_allowed_origin_can_be_read_there_also_when_it_is_a_refusal(string path, int status)
    {
        using HttpClient client = fixture.Host.Connect();

        Reply reply = await client.AskAsync("GET", path, null, ("Origin", Ours));

        reply.Status.Should().Be(status);
        reply.Header("Access-Control-Allow-Origin").Should().Be(Ours);
        reply.Header("Access-Control-Expose-Headers").Should().Contain("www-authenticate").And.Contain("retry-after");
        (await client.AskAsync("GET", path)).Headers.Keys.Should().NotContain("Access-Control-Allow-Origin");
        (await client.AskAsync("GET", path)).Header("Vary").Should().Contain("Origin");
    }

    [Theory]
    [InlineData("/.well-known/jwks.json")]
    [InlineData("/.well-known/oauth-authorization-server")]
    [InlineData("/.well-known/openid-configuration")]
    public async Task Keys_and_metadata_may_be_read_by_every_page_and_never_with_its_cookies(string path)
    {
        using HttpClient client = fixture.Host.Connect();

        foreach (string origin in (string[])["https://evil.example", "null", Ours])
        {
            Reply read = await client.AskAsync("GET", path, null, ("Origin", origin));
            (read.Status, read.Header("Access-Control-Allow-Origin")).Should().Be((200, "*"));
            read.Headers.Keys.Should().NotContain("Access-Control-Allow-Credentials");
            Reply preflight = await client.AskAsync("OPTIONS", path, null,
                ("Origin", origin), ("Access-Control-Request-Method", "GET"), ("Access-Control-Request-Headers", "x-requested-with"));
            (preflight.Status, preflight.Header("Access-Control-Allow-Origin"), preflight.Header("Access-Control-Allow-Headers"))
                .Should().Be((204, "*", "x-requested-with"));
            preflight.Headers.Keys.Should().NotContain("Access-Control-Allow-Credentials");
        }
        (await client.AskAsync("GET", "/me", null, ("Origin", "https://evil.example"))).Headers.Keys
            .Should().NotContain("Access-Control-Allow-Origin");
    }

    [Fact]
    public async Task Without_configured_origins_there_is_no_permission_for_anyone()
    {
        await using ServerHost host = Production.Host();
        using HttpClient client = host.ConnectByProxy();

        foreach (string origin in (string[])[Ours, Production.Issuer, "null"])
            (await PreflightAsync(client, origin, "POST")).Headers.Keys.Should().NotContain("Access-Control-Allow-Origin");
    }

    private static Task<Reply> PreflightAsync(HttpClient client, string origin, string method) => client.AskAsync(
        "OPTIONS", "/auth/login", null,
        ("Origin", origin), ("Access-Control-Request-Method", method), ("Access-Control-Request-Headers", "authorization, content-type"));

    public sealed class Fixture : IAsyncDisposable
    {
        internal ServerHost Host { get; } = new ServerHost().With("JwtAuth:Cors:Origins:0", Ours);

        public ValueTask DisposeAsync() => Host.DisposeAsync();
    }
}
