using System.Net;
using JwtAuth.Server.Authentication;
using JwtAuth.Tests.Hosting;

namespace JwtAuth.Tests.Authentication;

/// <summary>Two services on one host. To a cookie a port is nothing, so their names have to keep them apart.</summary>
public sealed class CookiePortTests
{
    [Theory]
    [InlineData("session")]
    [InlineData("signed_cookie")]
    [InlineData("refresh_token")]
    public async Task Two_services_on_one_host_keep_their_logins_in_one_jar(string kind)
    {
        var jar = new CookieContainer();
        await using ServerHost one = new(), other = new();
        using HttpClient here = await LogInAsync(one, jar, kind), there = await LogInAsync(other, jar, kind);

        Sent().Should().Be(2, "the jar sends the one both, as a browser does");
        (await IsInAsync(here, kind), await IsInAsync(there, kind)).Should().Be((true, true));

        (await there.AskAsync("POST", "/auth/logout")).Status.Should().Be(200);
        (await IsInAsync(here, kind), await IsInAsync(there, kind)).Should().Be((true, false));
        Sent().Should().Be(1);

        int Sent() => jar.GetCookies(new Uri($"{one.Issuer}/auth/login"))
            .Count(cookie => !cookie.Name.Contains("device", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("https://auth.example.com", "__Host-jwtauth-session", "__Host-jwtauth-signed", "__Secure-jwtauth-refresh")]
    [InlineData(
        "https://auth.example.com:8443", "__Host-jwtauth-session-8443", "__Host-jwtauth-signed-8443", "__Secure-jwtauth-refresh-8443")]
    [InlineData("http://localhost", "jwtauth-session", "jwtauth-signed", "jwtauth-refresh")]
    [InlineData("http://localhost:443", "jwtauth-session-443", "jwtauth-signed-443", "jwtauth-refresh-443")]
    [InlineData("http://[::1]:5080", "jwtauth-session-5080", "jwtauth-signed-5080", "jwtauth-refresh-5080")]
    public async Task A_port_that_is_not_the_schemes_own_stands_in_the_names(string issuer, string session, string ticket, string refresh)
    {
        bool https = issuer.StartsWith("https:", StringComparison.Ordinal);
        await using ServerHost host = (https ? Production.Host() : new ServerHost()).With("JwtAuth:Issuer", issuer)
            .With("JwtAuth:SignedCookies:Enabled", "true");
        await host.AddAccountAsync("alice");
        using var browser = new Browser(https ? host.ConnectByProxy() : host.Connect(), issuer);

        await browser.LogInWithRefreshCookieAsync();
        await browser.LogInAsync("session");
        browser.Cookies.Keys.Should().BeEquivalentTo(session, refresh);
        await browser.LogInAsync("signed_cookie");
        browser.Cookies.Keys.Should().BeEquivalentTo(ticket, refresh);
    }

    [Theory]
    [InlineData("/auth/refresh")]
    [InlineData("/auth/logout")]
    [InlineData("/auth/login")]
    public async Task A_refresh_cookie_of_before_the_port_stood_in_its_name_goes_on_and_is_replaced(string path)
    {
        await using var host = new ServerHost();
        await host.AddAccountAsync("alice");
        using var browser = new Browser(host.Connect(), host.Issuer);
        await browser.LogInWithRefreshCookieAsync();
        string token = browser.Cookies.Single().Value, name = host.Get<OwnCookies>().Refresh;
        browser.Cookies.Clear();
        browser.Cookies["jwtauth-refresh"] = token;

        Reply reply = path == "/auth/login"
            ? await browser.LogInWithRefreshCookieAsync()
            : await browser.AskAsync("POST", path, path == "/auth/refresh" ? new { refresh = "cookie" } : null);

        reply.Status.Should().Be(200);
        browser.Cookies.Keys.Should().Equal(path == "/auth/logout" ? [] : [name]);
        // The next ten seconds would bring the same successor.
        host.Time.Advance(TimeSpan.FromMinutes(1));
        if (path != "/auth/logout")
            (await RefreshAsync(browser)).Should().Be(200);
        browser.Cookies[name] = token;
        (await RefreshAsync(browser)).Should().Be(400, "it was used up, or its session has ended");
    }

    [Fact]
    public async Task A_refresh_cookie_of_that_name_which_is_a_neighbours_is_neither_read_nor_cleared_and_ones_own_comes_first()
    {
        await using ServerHost host = new(), neighbour = new();
        await host.AddAccountAsync("alice");
        await neighbour.AddAccountAsync("alice");
        using Browser browser = new(host.Connect(), host.Issuer), next = new(neighbour.Connect(), neighbour.Issuer);
        await next.LogInWithRefreshCookieAsync();
        string his = next.Cookies.Single().Value;
        browser.Cookies["jwtauth-refresh"] = his;

        (await RefreshAsync(browser)).Should().Be(400);
        (await browser.AskAsync("POST", "/auth/logout")).Status.Should().Be(401);
        (await browser.LogInWithRefreshCookieAsync()).Status.Should().Be(200);
        (await RefreshAsync(browser)).Should().Be(200);
        (await browser.AskAsync("POST", "/auth/logout")).Status.Should().Be(200);

        browser.Cookies.Should().ContainSingle().Which.Should().Be(KeyValuePair.Create("jwtauth-refresh", his));
        (await RefreshAsync(next)).Should().Be(200);
    }

    private static async Task<int> RefreshAsync(Browser browser) =>
        (await browser.AskAsync("POST", "/auth/refresh", new { refresh = "cookie" })).Status;

    // A jar that nobody here wrote.
    private static async Task<HttpClient> LogInAsync(ServerHost host, CookieContainer jar, string kind)
    {
        await host.AddAccountAsync("alice");
        var client = new HttpClient(new SocketsHttpHandler { CookieContainer = jar })
        {
            BaseAddress = new Uri(host.Issuer),
            Timeout = Patience.Limit,
            DefaultRequestHeaders = { { "Origin", host.Issuer } },
        };
        const string Alice = $"\"username\":\"alice\",\"password\":\"{ServerHost.Password}\"";
        (await client.AskAsync("POST", "/auth/login", kind == "refresh_token"
            ? $$"""{{{Alice}},"refresh":"cookie","scope":"offline_access"}"""
            : $$"""{{{Alice}},"credential":"{{kind}}"}""")).Status.Should().Be(200);
        return client;
    }

    private static async Task<bool> IsInAsync(HttpClient client, string kind) => (kind == "refresh_token"
        ? await client.AskAsync("POST", "/auth/refresh", new { refresh = "cookie" })
        : await client.AskAsync("GET", "/me")).Status == 200;
}
