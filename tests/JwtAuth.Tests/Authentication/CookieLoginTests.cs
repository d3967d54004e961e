using System.Globalization;
using JwtAuth.Tests.Hosting;

namespace JwtAuth.Tests.Authentication;

/// <summary>A login whose credential goes into a cookie: what it writes, and what it does not.</summary>
public sealed class CookieLoginTests(CookieHosts hosts) : IClassFixture<CookieHosts>
{
    [Theory, Trait("row", "WEB-01")]
    [InlineData(false, "session", "jwtauth-session-{port}", 12 * 60 * 60)]
    [InlineData(true, "session", "__Host-jwtauth-session", 12 * 60 * 60)]
    [InlineData(false, "signed_cookie", "jwtauth-signed-{port}", 15 * 60)]
    [InlineData(true, "signed_cookie", "__Host-jwtauth-signed", 15 * 60)]
    public async Task The_credential_is_in_a_cookie_that_no_script_and_no_other_site_reaches_and_in_no_body(
        bool https, string credential, string name, int maxAge)
    {
        ServerHost host = https ? hosts.Https : hosts.Plain;
        name = OfPlain(name);
        using Browser browser = await hosts.BrowseAsync(https);
        string sites = credential == "session" ? "lax" : "strict";
        string attributes = $"httponly,max-age={{0}},path=/,samesite={sites}{(https ? ",secure" : "")}";

        Reply login = await browser.LogInAsync(credential);

        login.Status.Should().Be(200);
        string[] parts = Browser.Written(login).Should().ContainSingle().Which.Split("; ");
        parts[0].Should().MatchRegex($"^{name}=[A-Za-z0-9_-]{{43,}}$");
        string.Join(',', parts[1..].Order()).Should().Be(string.Format(CultureInfo.InvariantCulture, attributes, maxAge));
        login.Json.EnumerateObject().Select(member => member.Name).Should().Equal("credential", "scope", "expires_at");
        login.Json.GetProperty("credential").GetString().Should().Be(credential);
        login.Json.GetProperty("scope").GetString().Should().Be("orders:read");
        login.Json.GetProperty("expires_at").GetDateTimeOffset().Should().Be(host.Time.GetUtcNow().AddSeconds(maxAge));
        login.Body.Should().NotContain(browser.Cookies[name]);
        login.Header("Cache-Control").Should().Contain("no-store");
        Reply me = await browser.AskAsync("GET", "/me");
        (me.Json.GetProperty("username").GetString(), me.Json.GetProperty("scheme").GetString(), me.Json.GetProperty("scope").GetString())
            .Should().Be((browser.Username, credential, "orders:read"));

        Reply logout = await browser.AskAsync("POST", "/auth/logout");
        parts = Browser.Written(logout).Single(written => written.StartsWith($"{name}=;", StringComparison.Ordinal)).Split("; ");
        string.Join(',', parts[1..].Order()).Should().Be(
            string.Format(CultureInfo.InvariantCulture, attributes, 0), "a browser forgets only what it is told in the same words");
    }

    [Theory, Trait("row", "WEB-01")]
    [InlineData(true, "session", "jwtauth-session")]
    [InlineData(true, "session", "__Secure-jwtauth-session")]
    [InlineData(true, "session", "__host-jwtauth-session")]
    [InlineData(true, "signed_cookie", "jwtauth-signed")]
    [InlineData(true, "signed_cookie", "__HOST-jwtauth-signed")]
    [InlineData(true, "session", "__Host-jwtauth-session-443")]
    [InlineData(false, "session", "__Host-jwtauth-session-{port}")]
    [InlineData(false, "session", "jwtauth-session")]
    [InlineData(false, "session", "jwtauth-session-1")]
    [InlineData(false, "session", "JWTAUTH-SESSION-{port}")]
    [InlineData(false, "session", "xjwtauth-session-{port}")]
    [InlineData(false, "signed_cookie", "__Host-jwtauth-signed-{port}")]
    [InlineData(false, "signed_cookie", "jwtauth-signed")]
    [InlineData(false, "signed_cookie", "jwtauth-signed-{port}2")]
    public async Task A_cookie_of_another_name_is_never_read(bool https, string credential, string name)
    {
        using Browser browser = await hosts.BrowseAsync(https);
        await browser.LogInAsync(credential);
        (string own, string value) = browser.Cookies.Single();

        browser.Cookies.Remove(own);
        name = OfPlain(name);
        browser.Cookies[name] = value;
        (await browser.MeAsync()).Should().Be(401);
        (await browser.AskAsync("POST", "/auth/logout")).Status.Should().Be(401);

        browser.Cookies[name] = value;
        browser.Cookies[own] = value;
        (await browser.MeAsync()).Should().Be(200, "beside others, its own name is read");
    }

    [Theory]
    [InlineData("session", "\"credential\":\"session\",\"refresh\":\"cookie\",\"scope\":\"offline_access\"", "invalid_request")]
    [InlineData("session", "\"credential\":\"session\",\"refresh\":\"\"", "invalid_request")]
    [InlineData("session", "\"credential\":\"session\",\"audience\":\"orders\"", "invalid_audience")]
    [InlineData("session", "\"credential\":\"session\",\"audience\":\"nobody\"", "invalid_audience")]
    [InlineData("session", "\"credential\":\"session\",\"scope\":\"nonsense\"", "invalid_scope")]
    [InlineData("session", "\"credential\":\"Session\"", "invalid_request")]
    [InlineData("session", "\"credential\":\"\"", "invalid_request")]
    [InlineData("session", "\"credential\":\"cookie\"", "invalid_request")]
    [InlineData("session", "\"credential\":\"basic\"", "invalid_request")]
    [InlineData("session", "\"credential\":[\"session\"]", "invalid_request")]
    [InlineData("session", "\"credential\":\"session\",\"credential\":\"session\"", "invalid_request")]
    [InlineData("signed_cookie", "\"credential\":\"signed_cookie\",\"refresh\":\"cookie\",\"scope\":\"offline_access\"", "invalid_request")]
    [InlineData("signed_cookie", "\"credential\":\"signed_cookie\",\"audience\":\"orders\"", "invalid_audience")]
    [InlineData("signed_cookie", "\"credential\":\"signed-cookie\"", "invalid_request")]
    public async Task What_does_not_go_together_is_told_and_brings_no_cookie(string credential, string members, string code)
    {
        using Browser browser = await hosts.BrowseAsync();

        Reply refused = await browser.AskAsync(
            "POST", "/auth/login", $$"""{"username":"{{browser.Username}}","password":"{{ServerHost.Password}}",{{members}}}""");

        (refused.Status, refused.Code, refused.Header("Set-Cookie")).Should().Be((400, code, ""));
        Reply twin = await browser.AskAsync(
            "POST", "/auth/login", new
            {
                username = browser.Username,
                password = ServerHost.Password,
                credential,
                audience = hosts.Plain.Issuer,
                scope = "orders:read",
            });
        (twin.Status, browser.Cookies.Count).Should().Be((200, 1));
    }

    [Theory]
    [InlineData("session")]
    [InlineData("signed_cookie")]
    public async Task What_only_tokens_can_use_is_not_granted_to_a_cookie_nor_what_the_user_may_not_have(string credential)
    {
        using Browser plain = await hosts.BrowseAsync(), clerk = await hosts.BrowseAsync(roles: "clerk");
        const string Asked = "orders:write offline_access orders:read";

        Reply reply = await plain.LogInAsync(credential, Asked), granted = await clerk.LogInAsync(credential, Asked);

        reply.Json.GetProperty("scope").GetString().Should().Be("orders:read");
        granted.Json.GetProperty("scope").GetString().Should().Be("orders:write orders:read");
        (await clerk.AskAsync("GET", "/me")).Json.GetProperty("scope").GetString().Should().Be("orders:write orders:read");
        clerk.Cookies.Should().HaveCount(1, "there is no refresh token");
    }

    [Theory]
    [InlineData("session")]
    [InlineData("signed_cookie")]
    public async Task A_wrong_password_brings_no_cookie(string credential)
    {
        using Browser browser = await hosts.BrowseAsync();

        Reply refused = await browser.LogInAsync(credential, password: "the lamp by the window");

        (refused.Status, refused.Code, refused.Header("Set-Cookie")).Should().Be((401, "invalid_credentials", ""));
        (await browser.LogInAsync(credential)).Status.Should().Be(200);
    }

    [Fact]
    public async Task Where_signed_cookies_are_off_none_is_issued()
    {
        await using ServerHost host = new ServerHost().With("JwtAuth:SignedCookies:Enabled", "false");
        await host.AddAccountAsync("alice");
        using var browser = new Browser(host.Connect());

        Reply refused = await browser.LogInAsync("signed_cookie");

        (refused.Status, refused.Code, refused.Header("Set-Cookie")).Should().Be((400, "invalid_request", ""));
        (await browser.LogInAsync("session")).Status.Should().Be(200);
    }

    // Another one at each run.
    private string OfPlain(string name) =>
        name.Replace("{port}", $"{new Uri(hosts.Plain.Issuer).Port}", StringComparison.Ordinal);
}
