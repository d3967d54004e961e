using JwtAuth.Tests.Hosting;

namespace JwtAuth.Tests.Endpoints.Metadata;

public sealed class MetadataTests(MetadataTests.Fixture fixture) : IClassFixture<MetadataTests.Fixture>
{
    private readonly ServerHost host = fixture.Development;

    [Fact]
    public async Task The_metadata_stands_at_both_places_and_names_what_is_there()
    {
        using HttpClient client = host.Connect();

        Reply reply = await client.AskAsync("GET", "/.well-known/oauth-authorization-server");

        reply.Status.Should().Be(200);
        reply.Header("Cache-Control").Should().Be("public, max-age=300");
        reply.Json.GetProperty("issuer").GetString().Should().Be(host.Issuer);
        reply.Json.GetProperty("jwks_uri").GetString().Should().Be($"{host.Issuer}/.well-known/jwks.json");
        reply.Json.GetProperty("scopes_supported").EnumerateArray().Select(scope => scope.GetString())
            .Should().BeEquivalentTo("orders:read", "orders:write", "offline_access");
        (await client.AskAsync("GET", "/.well-known/openid-configuration")).Body.Should().Be(reply.Body);
        (await client.AskAsync("GET", reply.Json.GetProperty("jwks_uri").GetString()!)).Status.Should().Be(200);
    }

    [Theory, Trait("row", "HTP-16")]
    [InlineData("X-Forwarded-Host", "evil.example")]
    [InlineData("X-Forwarded-Proto", "https")]
    [InlineData("X-Forwarded-Prefix", "/evil")]
    [InlineData("X-Forwarded-Port", "666")]
    [InlineData("X-Original-Host", "evil.example")]
    [InlineData("Forwarded", "host=evil.example;proto=https")]
    public async Task No_header_changes_the_issuer(string name, string value)
    {
        using HttpClient client = host.Connect(), proxied = fixture.Production.ConnectByProxy();

        foreach (string path
            in (string[])["/.well-known/oauth-authorization-server", "/.well-known/openid-configuration", "/.well-known/jwks.json"])
        {
            (await client.AskAsync("GET", path, null, (name, value))).Body.Should().Be((await client.AskAsync("GET", path)).Body);
            // The proxy itself says https; what a client adds must not come through it.
            if (name != "X-Forwarded-Proto")
                (await proxied.AskAsync("GET", path, null, (name, value))).Body.Should().Be((await proxied.AskAsync("GET", path)).Body);
        }
        Reply login =
            await client.AskAsync("POST", "/auth/login", new { username = "alice", password = ServerHost.Password }, (name, value));
        using HttpClient bearer = host.Connect(login.Json.GetProperty("access_token").GetString());
        (await bearer.AskAsync("GET", "/me")).Status.Should().Be(200, "the token's iss is the configured issuer");
        login.Headers.Keys.Should().NotContain("Location").And.NotContain("Set-Cookie");
    }

    [Fact, Trait("row", "HTP-16")]
    public async Task Another_host_is_refused_and_named_nowhere()
    {
        using HttpClient client = host.Connect(), proxied = fixture.Production.ConnectByProxy();

        foreach (HttpClient each in (HttpClient[])[client, proxied])
        {
            Reply refused = await each.AskAsync("GET", "/.well-known/openid-configuration", null, ("Host", "evil.example"));
            (refused.Status, refused.Code).Should().Be((421, "misdirected_request"));
            refused.Bytes.Should().NotContain("evil");
            (await each.AskAsync("GET", "/.well-known/openid-configuration")).Status.Should().Be(200);
        }
    }

    [SqliteOnly("it takes the file of the database away")]
    [Fact]
    public async Task Health_is_told_to_anyone_and_tells_nothing_else()
    {
        using HttpClient client = host.Connect();

        foreach (string path in (string[])["/health/live", "/health/ready"])
        {
            Reply reply = await client.AskAsync("GET", path);
            (reply.Status, reply.Body).Should().Be((200, "Healthy"));
        }
        // A database that is gone makes it unready, not dead.
        Microsoft.Data.Sqlite.SqliteConnection.ClearAllPools();
        Directory.Move(host.Directory, host.Directory + ".away");
        try
        {
            (await client.AskAsync("GET", "/health/ready")).Status.Should().Be(503);
            (await client.AskAsync("GET", "/health/live")).Status.Should().Be(200);
        }
        finally
        {
            Directory.Move(host.Directory + ".away", host.Directory);
        }
        (await client.AskAsync("GET", "/health/ready")).Status.Should().Be(200);
    }

    public sealed class Fixture : IAsyncLifetime
    {
        internal ServerHost Development { get; } = new();

        internal ServerHost Production { get; } = Hosting.Production.Host();

        public async ValueTask InitializeAsync() => await Development.AddAccountAsync("alice");

        public async ValueTask DisposeAsync()
        {
            await Development.DisposeAsync();
            await Production.DisposeAsync();
        }
    }
}
