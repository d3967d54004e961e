using JwtAuth.Tests.Hosting;

namespace JwtAuth.Tests.Pipeline;

public sealed class ResponseRulesTests(ResponseRulesTests.Fixture fixture) : IClassFixture<ResponseRulesTests.Fixture>
{
    // Method, path, body, bearer, status: refusals of every layer beside what succeeds.
    public static TheoryData<string, string, string?, string?, int> Calls => new()
    {
        { "GET", "/health/live", null, null, 200 },
        { "GET", "/health/ready", null, null, 200 },
        { "GET", "/.well-known/jwks.json", null, null, 200 },
        { "GET", "/.well-known/openid-configuration", null, null, 200 },
        { "POST", "/auth/login", """{"username":"alice","password":"a quiet harbour at dawn"}""", null, 200 },
        { "GET", "/me", null, "user", 200 },
        { "GET", "/me", null, null, 401 },
        { "GET", "/me", null, "x.y.z", 401 },
        { "GET", "/me?access_token=x", null, "user", 400 },
        { "GET", "/admin/users", null, null, 401 },
        { "GET", "/admin/users", null, "user", 403 },
        { "GET", "/admin/users", null, "admin", 200 },
        { "GET", "/admin/users?limit=x", null, "admin", 400 },
        { "GET", "/admin/users?limit=1&limit=2", null, "admin", 400 },
        { "POST", "/admin/users/nobody/disable", null, "admin", 404 },
        { "POST", "/admin/users/nobody/password", "{}", "admin", 400 },
        { "POST", "/admin/users/nobody/password", "null", "admin", 400 },
        { "PUT", "/admin/users/nobody/roles/UPPER", null, "admin", 400 },
        { "DELETE", "/admin/users/nobody", null, "admin", 404 },
        { "GET", "/nothing", null, null, 404 },
        { "GET", "/swagger", null, null, 404 },
        { "GET", "/swagger/v1/swagger.json", null, null, 404 },
        { "GET", "/a%0d%0ab", null, null, 400 },
        { "GET", "/auth/login", null, null, 405 },
        { "DELETE", "/me", null, "user", 405 },
        { "POST", "/auth/register", """{"username":"eve","password":"a quiet harbour at dawn"}""", null, 403 },
        { "POST", "/auth/login", "{", null, 400 },
        { "POST", "/auth/login", "[]", null, 400 },
        { "POST", "/auth/login", null, null, 415 },
        { "POST", "/auth/login", """{"username":"alice","password":"a quiet harbour at dawn","scope":"x"}""", null, 400 },
        { "POST", "/auth/login", """{"username":"alice","password":"a quiet harbour at dawn","audience":"x"}""", null, 400 },
        { "POST", "/auth/login", """{"username":"nobody","password":"a quiet harbour at dawn"}""", null, 401 },
        { "POST", "/auth/login", "large", null, 413 },
        { "POST", "/auth/login", """{"username":"broken","password":"a quiet harbour at dawn"}""", null, 500 },
    };

    [Theory, Trait("row", "HTP-19")]
    [MemberData(nameof(Calls))]
    public async Task Every_reply_in_Production_has_the_security_headers_and_tells_nothing_of_the_inside(
        string method, string path, string? body, string? bearer, int status)
    {
        bool breaks = status == 500;
        await using ServerHost? broken = breaks ? Production.Host() : null;
        if (breaks)
            Break(broken!);
        using HttpClient client =
            (broken ?? fixture.Host).ConnectByProxy(bearer switch { "user" => fixture.User, "admin" => fixture.Admin, _ => bearer });

        Reply reply = await client.AskAsync(method, path, body == "large" ? new string(' ', 70_000) : body);

        reply.Status.Should().Be(status);
        reply.Header("X-Content-Type-Options").Should().Be("nosniff");
        reply.Header("X-Frame-Options").Should().Be("DENY");
        reply.Header("Referrer-Policy").Should().Be("no-referrer");
        reply.Header("Content-Security-Policy").Should().StartWith("default-src '").And.EndWith("; frame-ancestors 'none'");
        reply.Header("Strict-Transport-Security").Should().Be("max-age=31536000");
        reply.Header("Vary").Should().Contain("Origin");
        if (!path.StartsWith("/.well-known", StringComparison.Ordinal))
            reply.Header("Cache-Control").Should().Contain("no-store");
        reply.Headers.Keys.Should().NotContain(["Server", "X-Powered-By", "X-AspNet-Version", "Set-Cookie", "traceparent"]);
        if (status >= 400)
        {
            if (reply.Body.Length > 0)
                reply.Code.Should().NotBeNullOrEmpty();
            reply.Body.Should().NotContainAny("Exception", "   at ", "System.", "Microsoft.", "Sqlite", ".cs", "/src/", "10.0.", "traceId",
                "reason", "hint", "no such table");
        }
    }

    [Fact, Trait("row", "HTP-19")]
    public async Task A_failure_is_logged_whole_and_answered_with_nothing_of_it()
    {
        await using ServerHost host = new();
        await host.AddAccountAsync("alice");
        using HttpClient client = host.Connect();
        (await client.LoginAsync("alice", ServerHost.Password)).Status.Should().Be(200);

        Break(host);
        Reply failed = await client.LoginAsync("alice", ServerHost.Password);

        (failed.Status, failed.Code).Should().Be((500, "server_error"));
        failed.Body.Should().NotContainAny("Exception", "Sqlite", "gres", "gsql", "   at ");
        host.Log.All.Should().Contain(line => line.Contains("A request failed", StringComparison.Ordinal)
            && line.Contains(TestedStore.NoSuchTable, StringComparison.Ordinal));
    }

    [Theory, Trait("row", "NET-07")]
    [InlineData(null, null, 400)]
    [InlineData(null, "http", 400)]
    [InlineData("192.0.2.7", "http", 400)]
    [InlineData("192.0.2.7", "https, http", 400)] // the last proxy speaks last
    [InlineData("192.0.2.7", "httpsx", 400)]
    [InlineData("192.0.2.7", "HTTPS", 401)]
    [InlineData("192.0.2.7", "https", 401)]
    [InlineData("198.51.100.1, 192.0.2.7", "http, https", 401)]
    public async Task Where_the_issuer_is_https_plain_http_is_refused(string? forwardedFor, string? proto, int status)
    {
        using HttpClient client = fixture.Host.Connect();
        List<(string, string)> headers = [];
        if (forwardedFor is not null)
            headers.Add(("X-Forwarded-For", forwardedFor));
        if (proto is not null)
            headers.Add(("X-Forwarded-Proto", proto));

        Reply me = await client.AskAsync("GET", "/me", null, [.. headers]);
        Reply login =
            await client.AskAsync("POST", "/auth/login", new { username = "alice", password = ServerHost.Password }, [.. headers]);

        me.Status.Should().Be(status);
        login.Status.Should().Be(status == 401 ? 200 : 400);
        if (status == 400)
            (me.Code, login.Code).Should().Be(("https_required", "https_required"));
        (await client.AskAsync("GET", "/health/live", null, [.. headers])).Status.Should().Be(200);
        (await client.AskAsync("GET", "/healthy", null, [.. headers])).Status
            .Should().Be(status == 401 ? 404 : 400, "only /health is spared");
    }

    [Theory, Trait("row", "NET-07")]
    [InlineData("10.0.0.0/8", false)]
    [InlineData("127.0.0.2", false)]
    [InlineData("127.0.0.0/8", true)]
    [InlineData("127.0.0.1", true)]
    public async Task Forwarded_headers_are_believed_from_trusted_networks_alone(string network, bool isTrusted)
    {
        await using ServerHost host = Production.Host(network);
        await host.AddAccountAsync("alice");
        using HttpClient client = host.ConnectByProxy();

        Reply login = await client.LoginAsync("alice", ServerHost.Password);

        login.Status.Should().Be(isTrusted ? 200 : 400);
        host.Log.All.Any(line => line.Contains("logged in from 192.0.2.7", StringComparison.Ordinal)).Should().Be(isTrusted);
    }

    [Fact]
    public async Task Without_a_trusted_network_an_address_cannot_be_claimed()
    {
        await using ServerHost host = new();
        await host.AddAccountAsync("alice");
        using HttpClient client = host.Connect();

        foreach (string name in (string[])["X-Forwarded-For", "X-Real-IP", "Forwarded", "True-Client-IP", "CF-Connecting-IP"])
            (await client.AskAsync("POST", "/auth/login", new
            {
                username = "alice",
                password = ServerHost.Password,
            }, (name, "192.0.2.7"))).Status.Should().Be(200);

        host.Log.All.Where(line => line.Contains("logged in from", StringComparison.Ordinal)).Should()
            .HaveCount(5).And.OnlyContain(line => line.Contains("logged in from 127.0.0.1", StringComparison.Ordinal));
    }

    // A real failure: the accounts are gone from under the running service.
    private static void Break(ServerHost host)
    {
        _ = host.Connect();
        using var database = new DatabaseFile(host.Directory);
        database.Execute("ALTER TABLE AspNetUsers RENAME TO Gone");
    }

    public sealed class Fixture : IAsyncLifetime
    {
        internal ServerHost Host { get; } = Production.Host();

        internal string User { get; private set; } = "";

        internal string Admin { get; private set; } = "";

        public async ValueTask InitializeAsync()
        {
            await Host.AddAccountAsync("alice");
            await Host.AddAccountAsync("root", "admin");
            using HttpClient client = Host.ConnectByProxy();
            User = await LoginAsync("alice");
            Admin = await LoginAsync("root");

            async Task<string> LoginAsync(string username) =>
                (await client.AskAsync(
                    "POST", "/auth/login", new { username, password = ServerHost.Password, audience = Production.Issuer }))
                    .Json.GetProperty("access_token").GetString()!;
        }

        public ValueTask DisposeAsync() => Host.DisposeAsync();
    }
}
