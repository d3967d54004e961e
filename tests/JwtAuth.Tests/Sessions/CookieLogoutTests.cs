using System.Text.Json;
using JwtAuth.Server.Accounts;
using JwtAuth.Server.Authentication;
using JwtAuth.Tests.Authentication;
using JwtAuth.Tests.Hosting;
using JwtAuth.Tests.RefreshTokens;
using JwtAuth.Tests.Revocation;

namespace JwtAuth.Tests.Sessions;

/// <summary>
/// What a logout ends of cookies, what it says, and what a copy is worth afterwards: with denials held in memory and without.
/// </summary>
public sealed class CookieLogoutTests : IAsyncDisposable
{
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);

    private readonly ServerHost host = new ServerHost().With("JwtAuth:SigningKeys:Algorithm", "ES256");

    private OwnCookies Names => host.Get<OwnCookies>();

    [Theory, Trait("row", "WEB-03")]
    [InlineData("/auth/logout", "true")]
    [InlineData("/auth/logout", "false")]
    [InlineData("/auth/logout/everywhere", "true")]
    [InlineData("/auth/logout/everywhere", "false")]
    public async Task A_copy_of_a_sessions_cookie_is_worth_nothing_after_the_logout(string path, string denylist)
    {
        (Browser browser, AccountSnapshot account) = await OpenAsync(denylist);
        using HttpClient thief = host.Connect();
        await browser.LogInAsync("session");
        string copy = browser.Header, another = (await host.BeginCookieAsync(account, "session"))!;
        (await thief.MeByCookieAsync(copy)).Should().Be(200);

        Reply logout = await browser.AskAsync("POST", path);

        (logout.Json.GetProperty("session").GetString(), logout.Json.GetProperty("signed_cookie").GetString(),
            logout.Json.GetProperty("refresh_token").GetString()).Should().Be(("ended", "none", "none"));
        if (path == "/auth/logout")
            LiveUntil(logout).Should().Be(host.Time.GetUtcNow(), "nothing is left");
        browser.Cookies.Should().BeEmpty();
        foreach ((string method, string asked) in ((string, string)[])
            [("GET", "/me"), ("GET", "/auth/sessions"), ("DELETE", "/auth/sessions/any"), ("POST", "/auth/logout"),
                ("POST", "/auth/logout/others"), ("POST", "/auth/logout/everywhere")])
        {
            Reply refused = await thief.AskAsync(method, asked, null, ("Cookie", copy));
            (refused.Status, refused.Header("WWW-Authenticate")).Should().Be((401, "Bearer"), asked);
            refused.Json.GetProperty("reason").GetString().Should().Be("cookie_over", asked);
        }
        (await thief.AskAsync("GET", "/me")).Json.GetProperty("reason").GetString().Should().Be("no_token");
        (await thief.MeByCookieAsync(another)).Should().Be(path == "/auth/logout" ? 200 : 401);
    }

    [Theory, Trait("row", "WEB-03")]
    [InlineData("true")]
    [InlineData("false")]
    public async Task A_copy_of_a_signed_cookie_lives_until_the_moment_that_the_logout_tells_and_not_longer(string denylist)
    {
        (Browser browser, _) = await OpenAsync(denylist);
        using HttpClient thief = host.Connect();
        host.Time.Advance(TimeSpan.FromMilliseconds(400));
        DateTimeOffset expiresAt = (await browser.LogInAsync("signed_cookie")).Json.GetProperty("expires_at").GetDateTimeOffset();
        string copy = browser.Header;
        host.Time.Advance(TimeSpan.FromMinutes(5));

        Reply logout = await browser.AskAsync("POST", "/auth/logout");

        (logout.Json.GetProperty("session").GetString(), logout.Json.GetProperty("signed_cookie").GetString())
            .Should().Be(("none", "live"));
        browser.Cookies.Should().BeEmpty("the browser forgets it");
        LiveUntil(logout).Should().Be(expiresAt);
        host.Time.Advance(LiveUntil(logout) - Second - host.Time.GetUtcNow());
        Reply me = await thief.AskAsync("GET", "/me", null, ("Cookie", copy));
        (me.Status, me.Json.GetProperty("expires_at").GetDateTimeOffset()).Should().Be((200, expiresAt), "as the docs say");
        host.Time.Advance(Second);
        (await thief.MeByCookieAsync(copy)).Should().Be(401);
    }

    [Theory]
    [InlineData("true")]
    [InlineData("false")]
    public async Task A_logout_with_cookies_of_all_kinds_ends_them_all_and_says_so(string denylist)
    {
        (Browser browser, AccountSnapshot account) = await OpenAsync(denylist);
        await browser.LogInWithRefreshCookieAsync();
        await browser.LogInAsync("session");
        (string _, string signed) = Split((await host.BeginCookieAsync(account, "signed_cookie"))!);
        browser.Cookies[Names.SignedCookie] = signed;
        using var copy = new Browser(host.Connect(), host.Issuer) { Cookies = new(browser.Cookies) };

        Reply logout = await browser.AskAsync("POST", "/auth/logout");

        Members(logout).Should().Be(("revoked", "none", "ended", "live"));
        LiveUntil(logout).Should().Be(host.Time.GetUtcNow().AddMinutes(15), "the signed cookie's, which lives longest");
        Browser.Cleared(logout).Should().BeEquivalentTo(Names.Session, Names.SignedCookie, Names.Refresh);
        (await copy.MeAsync()).Should().Be(401);
        (await copy.AskAsync("POST", "/auth/refresh", new { refresh = "cookie" })).ShouldBeInvalidGrant();
        copy.Cookies.Remove(Names.Session);
        (await copy.MeAsync()).Should().Be(200, "of the signed cookie a copy lives");
    }

    [Theory]
    [InlineData("/auth/logout", "live")]
    [InlineData("/auth/logout/everywhere", "live")]
    public async Task A_logout_by_an_access_token_ends_what_the_browser_forgets_also_another_accounts_and_says_what_lives_on(
        string path, string signedCookie)
    {
        (Browser browser, AccountSnapshot alice) = await OpenAsync("true");
        AccountSnapshot bob = await host.AddAccountAsync("bob");
        string token = await host.LoginAsync("alice"), his = (await host.BeginCookieAsync(bob, "session"))!,
            signed = (await host.BeginCookieAsync(bob, "signed_cookie"))!;
        string mine = (await host.BeginCookieAsync(alice, "session"))!;
        (browser.Cookies[Names.Session], browser.Cookies[Names.SignedCookie]) = (Split(his).Value, Split(signed).Value);

        Reply logout = await browser.AskAsync("POST", path, null, ("Authorization", $"Bearer {token}"));

        Members(logout).Should().Be(("none", "denied", "ended", signedCookie));
        browser.Cookies.Should().BeEmpty();
        using HttpClient client = host.Connect();
        (await client.MeByCookieAsync(his), await client.MeByCookieAsync(signed)).Should().Be((401, 200));
        LiveUntil(logout).Should().Be(host.Time.GetUtcNow().AddMinutes(15));
        (await client.MeByCookieAsync(mine)).Should().Be(path == "/auth/logout" ? 200 : 401);
    }

    [Theory]
    [InlineData("session", "true")]
    [InlineData("session", "false")]
    [InlineData("signed_cookie", "true")]
    [InlineData("signed_cookie", "false")]
    [InlineData("bearer", "true")]
    [InlineData("bearer", "false")]
    public async Task A_logout_of_all_others_spares_the_caller_alone(string caller, string denylist)
    {
        (Browser browser, AccountSnapshot account) = await OpenAsync(denylist);
        using HttpClient client = host.Connect();
        string session = (await host.BeginCookieAsync(account, "session"))!,
            signed = (await host.BeginCookieAsync(account, "signed_cookie"))!;
        Tokens tokens = await client.BeginAsync("alice");
        (string, string)[] headers = [];
        if (caller == "bearer")
            headers = [("Authorization", $"Bearer {await host.LoginAsync("alice")}")];
        else
            await browser.LogInAsync(caller);
        string before = browser.Header;

        Reply reply = await browser.AskAsync("POST", "/auth/logout/others", null, headers);

        (reply.Status, reply.Json.GetProperty("session").GetString(), reply.Json.GetProperty("refresh_token").GetString())
            .Should().Be((200, "ended", "revoked"));
        (await client.MeByCookieAsync(session), await client.MeByCookieAsync(signed)).Should().Be((401, 401));
        (await client.RefreshAsync(tokens.Refresh)).ShouldBeInvalidGrant();
        (await client.MeAsync(tokens.Access)).Should().Be(denylist == "true" ? 401 : 200);
        Reply me = await browser.AskAsync("GET", "/me", null, headers);
        (me.Status, me.Json.GetProperty("scheme").GetString()).Should().Be((200, caller));
        (browser.Header != before).Should().Be(caller == "signed_cookie", "it gets another one");
        if (caller == "signed_cookie")
            (await client.MeByCookieAsync(before)).Should().Be(401, "the old one is dead, and so is a copy of it");
    }

    [Fact]
    public async Task A_stolen_signed_cookie_is_not_made_to_live_longer_by_a_logout_of_all_others()
    {
        (Browser browser, _) = await OpenAsync("true");
        DateTimeOffset expiresAt = (await browser.LogInAsync("signed_cookie")).Json.GetProperty("expires_at").GetDateTimeOffset();
        string scope = (await browser.AskAsync("GET", "/me")).Json.GetProperty("scope").GetString()!;
        host.Time.Advance(TimeSpan.FromMinutes(10));

        Reply reply = await browser.AskAsync("POST", "/auth/logout/others");

        Browser.Written(reply).Single().Should().Contain("max-age=300;");
        Reply me = await browser.AskAsync("GET", "/me");
        (me.Json.GetProperty("expires_at").GetDateTimeOffset(), me.Json.GetProperty("scope").GetString()).Should().Be((expiresAt, scope));
        host.Time.Advance(TimeSpan.FromMinutes(5) - Second);
        (await browser.MeAsync()).Should().Be(200);
        host.Time.Advance(Second);
        (await browser.MeAsync()).Should().Be(401);
    }

    [Fact]
    public async Task A_cookie_that_is_over_logs_nobody_out_and_the_refresh_cookie_beside_it_does()
    {
        (Browser browser, AccountSnapshot account) = await OpenAsync("true");
        await browser.LogInWithRefreshCookieAsync();
        browser.Cookies[Names.Session] = Split((await host.BeginCookieAsync(account, "session"))!).Value;
        using (var copy = new Browser(host.Connect(), host.Issuer) { Cookies = { [Names.Session] = browser.Cookies[Names.Session] } })
            (await copy.AskAsync("POST", "/auth/logout")).Status.Should().Be(200);
        (await browser.MeAsync()).Should().Be(401);

        Reply logout = await browser.AskAsync("POST", "/auth/logout");

        Members(logout).Should().Be(("revoked", "denied", "none", "none"));
        browser.Cookies.Should().BeEmpty();
    }

    private async Task<(Browser, AccountSnapshot)> OpenAsync(string denylist)
    {
        host.With("JwtAuth:Denylist:Enabled", denylist);
        AccountSnapshot account = await host.AddAccountAsync("alice");
        return (new Browser(host.Connect(), host.Issuer), account);
    }

    private static (string Name, string Value) Split(string pair) => (pair[..pair.IndexOf('=')], pair[(pair.IndexOf('=') + 1)..]);

    private static DateTimeOffset LiveUntil(Reply reply) => reply.Json.GetProperty("live_until").GetDateTimeOffset();

    private static (string?, string?, string?, string?) Members(Reply reply)
    {
        JsonElement json = reply.Json;
        return (json.GetProperty("refresh_token").GetString(), json.GetProperty("access_token").GetString(),
            json.GetProperty("session").GetString(), json.GetProperty("signed_cookie").GetString());
    }

    public ValueTask DisposeAsync() => host.DisposeAsync();
}
