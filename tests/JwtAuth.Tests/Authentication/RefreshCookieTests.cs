using JwtAuth.Tests.Hosting;

namespace JwtAuth.Tests.Authentication;

public sealed class RefreshCookieTests(CookieHosts hosts) : IClassFixture<CookieHosts>
{
    private const int Days30 = 30 * 24 * 60 * 60;

    [Theory, Trait("row", "WEB-01")]
    [InlineData(false, "jwtauth-refresh-{port}=", "httponly,max-age={0},path=/auth,samesite=strict")]
    [InlineData(true, "__Secure-jwtauth-refresh=", "httponly,max-age={0},path=/auth,samesite=strict,secure")]
    public async Task No_script_and_no_other_site_reaches_the_refresh_token_and_no_body_has_it(bool https, string start, string attributes)
    {
        await using ServerHost host = https ? Production.Host() : new ServerHost();
        await host.AddAccountAsync("alice");
        using var page = new CookieClient(https ? host.ConnectByProxy() : host.Connect(), https ? Production.Issuer : host.Issuer, "alice");

        Reply login = await page.LogInAsync();
        string first = page.Value;
        host.Time.Advance(TimeSpan.FromHours(1));
        Reply refresh = await page.RefreshAsync();
        string second = page.Value;
        Reply logout = await page.LogOutAsync();

        foreach ((Reply reply, int maxAge) in (ReadOnlySpan<(Reply, int)>)[(login, Days30), (refresh, Days30 - 3600), (logout, 0)])
        {
            reply.Status.Should().Be(200);
            string[] parts = Browser.Written(reply).Should().ContainSingle().Which.Split("; ");
            parts[0].Should().StartWith(start.Replace("{port}", $"{new Uri(host.Issuer).Port}", StringComparison.Ordinal));
            string.Join(',', parts[1..].Order()).Should().Be(attributes.Replace("{0}", $"{maxAge}", StringComparison.Ordinal));
            reply.Body.Should().NotContain("jrt_");
            reply.Header("Cache-Control").Should().Be("no-store");
        }
        second.Should().StartWith("jrt_").And.NotBe(first);
        refresh.Json.TryGetProperty("refresh_token", out _).Should().BeFalse();
        Reply inBody = await page.AskAsync(
            "POST", "/auth/login", new { username = "alice", password = ServerHost.Password, scope = "offline_access" });
        (Browser.Written(inBody).Length, inBody.Json.TryGetProperty("refresh_token", out _))
            .Should().Be((0, true), "who does not ask for the cookie has none");
    }

    [Theory]
    [InlineData("""{"username":"{0}","password":"a quiet harbour at dawn","refresh":"cookie"}""")]
    [InlineData("""{"username":"{0}","password":"a quiet harbour at dawn","refresh":"cookie","scope":"orders:read"}""")]
    [InlineData("""{"username":"{0}","password":"a quiet harbour at dawn","refresh":"Cookie","scope":"offline_access"}""")]
    [InlineData("""{"username":"{0}","password":"a quiet harbour at dawn","refresh":"","scope":"offline_access"}""")]
    [InlineData("""{"username":"{0}","password":"a quiet harbour at dawn","refresh":true,"scope":"offline_access"}""")]
    public async Task A_cookie_is_asked_for_by_one_word_and_with_offline_access(string login)
    {
        string username = $"user-{Guid.NewGuid():n}";
        await hosts.Plain.AddAccountAsync(username);
        using CookieClient page = hosts.Open(https: false, username);

        Reply refused = await page.AskAsync("POST", "/auth/login", login.Replace("{0}", username, StringComparison.Ordinal));

        (refused.Status, refused.Code, refused.Header("Set-Cookie")).Should().Be((400, "invalid_request", ""));
        (await page.LogInAsync()).Status.Should().Be(200);
    }

    [Fact]
    public async Task Where_offline_access_is_asked_for_but_not_granted_there_is_no_cookie()
    {
        await using ServerHost host = new ServerHost().With("JwtAuth:Scopes:offline_access:0", "clerk");
        await host.AddAccountAsync("alice");
        await host.AddAccountAsync("bob", "clerk");
        using CookieClient alice = new(host.Connect(), host.Issuer, "alice"), bob = new(host.Connect(), host.Issuer, "bob");

        Reply reply = await alice.LogInAsync();

        (reply.Status, reply.Json.GetProperty("scope").GetString(), alice.Cookie).Should().Be((200, "orders:read", null));
        (await bob.LogInAsync()).Json.GetProperty("scope").GetString().Should().Be("orders:read offline_access");
        bob.Cookie.Should().NotBeNull();
    }

    [Theory]
    [InlineData(true, "jwtauth-refresh")]
    [InlineData(true, "__Host-jwtauth-refresh")]
    [InlineData(true, "__secure-jwtauth-refresh")]
    [InlineData(true, "__Secure-jwtauth-refresh-443")]
    [InlineData(false, "__Secure-jwtauth-refresh-{port}")]
    [InlineData(false, "JWTAUTH-REFRESH-{port}")]
    [InlineData(false, "jwtauth-refresh-1")]
    [InlineData(false, "xjwtauth-refresh-{port}")]
    public async Task A_cookie_of_another_name_is_never_read(bool https, string name)
    {
        using CookieClient page = await hosts.OpenAsync(https);
        await page.LogInAsync();
        string port = $"{new Uri(hosts.Plain.Issuer).Port}";
        string own = page.Cookie!, other = $"{name.Replace("{port}", port, StringComparison.Ordinal)}={page.Value}";

        page.Cookie = other;
        (await page.RefreshAsync()).Code.Should().Be("invalid_grant");
        page.Cookie = other;
        (await page.LogOutAsync()).Status.Should().Be(401);
        page.Cookie = own;

        (await page.RefreshAsync()).Status.Should().Be(200);
        page.Cookie = $"{other}; {page.Cookie}; theme=dark";
        (await page.LogOutAsync()).Status.Should().Be(200, "beside others, its own name is read");
    }

    [Theory]
    [InlineData("{other}; {own}")]
    [InlineData("{own}; {other}")]
    [InlineData("{own}; theme=dark; {own}")]
    [InlineData("{own};{name}=")]
    public async Task Of_two_cookies_with_its_name_none_is_believed(string sent)
    {
        using CookieClient page = await hosts.OpenAsync(), stranger = await hosts.OpenAsync();
        await page.LogInAsync();
        await stranger.LogInAsync();
        string own = page.Cookie!;
        string both = sent.Replace("{own}", own, StringComparison.Ordinal).Replace("{other}", stranger.Cookie, StringComparison.Ordinal)
            .Replace("{name}", own[..own.IndexOf('=')], StringComparison.Ordinal);

        page.Cookie = both;
        (await page.RefreshAsync()).Code.Should().Be("invalid_grant");
        foreach (string path in (string[])["/auth/logout", "/auth/logout/others", "/auth/logout/everywhere"])
        {
            page.Cookie = both;
            (await page.LogOutAsync(path)).Status.Should().Be(401);
        }

        page.Cookie = own;
        (await page.RefreshAsync()).Status.Should().Be(200);
        (await stranger.RefreshAsync()).Status.Should().Be(200);
    }

    [Fact]
    public async Task A_refresh_token_comes_in_one_place()
    {
        using CookieClient page = await hosts.OpenAsync(), other = await hosts.OpenAsync();
        await page.LogInAsync();
        await other.LogInAsync();

        foreach (string token in (string[])[page.Value, other.Value, ""])
        {
            Reply twice = await page.AskAsync("POST", "/auth/refresh", new { refresh = "cookie", refresh_token = token });
            (twice.Status, twice.Code).Should().Be((400, "invalid_request"));
        }
        (await page.AskAsync("POST", "/auth/refresh", "{}")).Code
            .Should().Be("invalid_request", "a cookie that nobody speaks of is not used");
        string kept = page.Cookie!;
        Reply byBody = await page.AskAsync("POST", "/auth/refresh", new { refresh_token = other.Value });
        (byBody.Status, byBody.Header("Set-Cookie")).Should().Be((200, ""), "the body decides alone");

        page.Cookie.Should().Be(kept);
        (await page.RefreshAsync()).Status.Should().Be(200);
        hosts.Plain.Log.All.Should().NotContain(line => line.Contains("came again", StringComparison.Ordinal), "nothing had been used up");
    }

    [Fact, Trait("row", "REF-16")]
    public async Task Tabs_whose_requests_and_replies_overtake_each_other_keep_one_cookie_for_as_long_as_the_window()
    {
        await using var host = new ServerHost();
        await host.AddAccountAsync("alice");
        using var tab = new CookieClient(host.Connect(), host.Issuer, "alice");
        await tab.LogInAsync();
        string first = tab.Cookie!;
        await tab.RefreshAsync();
        string second = tab.Cookie!;

        foreach (string sent in (string[])[second, first, second, first])
        {
            tab.Cookie = sent;
            (await tab.RefreshAsync()).Status.Should().Be(200);
            tab.Cookie.Should().Be(second, "whichever reply is the last to arrive");
            (await tab.IsAcceptedAsync()).Should().BeTrue();
        }

        host.Time.Advance(TimeSpan.FromMilliseconds(9_999));
        (await tab.RefreshAsync()).Status.Should().Be(200);
        tab.Cookie.Should().Be(second, "still inside");
        host.Time.Advance(TimeSpan.FromMilliseconds(1));
        (await tab.RefreshAsync()).Status.Should().Be(200);
        tab.Cookie.Should().NotBe(second, "the window is over, and was not moved");
        string third = tab.Cookie!;
        tab.Cookie = first;
        (await tab.RefreshAsync()).Code.Should().Be("invalid_grant", "two rotations old: a copy");
        tab.Cookie = third;
        (await tab.RefreshAsync()).Code.Should().Be("invalid_grant", "and its session has ended");
    }

    [Fact]
    public async Task Without_a_window_each_refresh_of_a_tab_brings_another_cookie()
    {
        await using ServerHost host = new ServerHost().With("JwtAuth:RefreshTokens:ReuseWindow", "00:00:00");
        await host.AddAccountAsync("alice");
        using var tab = new CookieClient(host.Connect(), host.Issuer, "alice");
        await tab.LogInAsync();
        List<string> cookies = [tab.Cookie!];

        for (int refresh = 0; refresh < 3; refresh++)
        {
            (await tab.RefreshAsync()).Status.Should().Be(200);
            cookies.Add(tab.Cookie!);
        }

        cookies.Should().OnlyHaveUniqueItems();
    }
}
