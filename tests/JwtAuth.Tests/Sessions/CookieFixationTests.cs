using JwtAuth.Server.Accounts;
using JwtAuth.Server.Authentication;
using JwtAuth.Server.Sessions;
using JwtAuth.Tests.Authentication;
using JwtAuth.Tests.Hosting;

namespace JwtAuth.Tests.Sessions;

/// <summary>A login in a browser that has a cookie already, put there by whomever (session fixation).</summary>
public sealed class CookieFixationTests(CookieHosts hosts) : IClassFixture<CookieHosts>
{
    private OwnCookies Names => hosts.Plain.Get<OwnCookies>();

    [Theory, Trait("row", "WEB-02")]
    [InlineData("session", "session")]
    [InlineData("session", "signed_cookie")]
    [InlineData("signed_cookie", "session")]
    [InlineData("signed_cookie", "signed_cookie")]
    public async Task A_value_that_nobody_was_given_is_not_taken_over(string planted, string credential)
    {
        using Browser browser = await hosts.BrowseAsync();
        string value = SessionSecret.Make(), name = planted == "session" ? Names.Session : Names.SignedCookie;
        browser.Cookies[name] = value;

        (await browser.LogInAsync(credential)).Status.Should().Be(200);

        browser.Cookies.Should().ContainSingle("a browser has one of the two").Which.Value.Should().NotBe(value);
        (await browser.MeAsync()).Should().Be(200);
        browser.Cookies.Clear();
        browser.Cookies[name] = value;
        (await browser.MeAsync()).Should().Be(401);
    }

    [Theory, Trait("row", "WEB-02")]
    [InlineData("session")]
    [InlineData("signed_cookie")]
    public async Task A_session_that_somebody_else_began_ends_and_is_not_taken_over(string credential)
    {
        using Browser thief = await hosts.BrowseAsync(), victim = await hosts.BrowseAsync();
        await thief.LogInAsync("session");
        string planted = thief.Cookies[Names.Session];
        victim.Cookies[Names.Session] = planted;

        (await victim.LogInAsync(credential)).Status.Should().Be(200);

        victim.Cookies.Should().ContainSingle().Which.Value.Should().NotBe(planted);
        (await victim.AskAsync("GET", "/me")).Json.GetProperty("username").GetString().Should().Be(victim.Username);
        (await thief.MeAsync()).Should().Be(401, "the old one is dead");
    }

    [Theory, Trait("row", "WEB-02")]
    [InlineData("session", "session")]
    [InlineData("session", "signed_cookie")]
    [InlineData("signed_cookie", "session")]
    public async Task The_session_that_a_browser_had_before_ends_with_its_next_login_and_no_other(string before, string after)
    {
        using Browser browser = await hosts.BrowseAsync(), other = hosts.Browse(https: false, browser.Username);
        await other.LogInAsync("session");
        await browser.LogInAsync(before);
        string former = browser.Header;

        (await browser.LogInAsync(after, password: "the lamp by the window")).Status.Should().Be(401);
        (await browser.MeAsync()).Should().Be(200, "who fails to log in ends nothing");
        Reply login = await browser.LogInAsync(after);

        browser.Cookies.Keys.Should().Equal(after == "session" ? Names.Session : Names.SignedCookie);
        (await browser.MeAsync()).Should().Be(200);
        using HttpClient copy = hosts.Plain.Connect();
        (await copy.MeByCookieAsync(former))
            .Should().Be(before == "session" ? 401 : 200, "of a signed cookie nothing is held here that could end");
        (await other.MeAsync()).Should().Be(200);
        Browser.Cleared(login).Should().Equal(before == after ? [] : [before == "session" ? Names.Session : Names.SignedCookie]);
    }

    [Fact, Trait("row", "WEB-02")]
    public async Task Of_two_sessions_that_come_with_a_login_none_is_taken_over()
    {
        AccountSnapshot stranger = await hosts.Plain.AddAccountAsync($"user-{Guid.NewGuid():n}");
        string first = (await hosts.Plain.BeginCookieAsync(stranger, "session"))!,
            second = (await hosts.Plain.BeginCookieAsync(stranger, "session"))!;
        using Browser browser = await hosts.BrowseAsync();

        Reply login = await browser.AskAsync(
            "POST", "/auth/login", new { username = browser.Username, password = ServerHost.Password, credential = "session" },
            ("Cookie", $"{first}; {second}"));

        login.Status.Should().Be(200);
        $"{first}; {second}".Should().NotContain(browser.Cookies[Names.Session]);
        (await browser.AskAsync("GET", "/me")).Json.GetProperty("username").GetString().Should().Be(browser.Username);
    }

    [Fact, Trait("row", "WEB-02")]
    public async Task What_a_list_shows_of_a_session_opens_nothing()
    {
        using Browser browser = await hosts.BrowseAsync();
        await browser.LogInAsync("session");
        Reply list = await browser.AskAsync("GET", "/auth/sessions");
        string[] texts = [.. list.Json.GetProperty("sessions")[0].EnumerateObject().Select(member => member.Value.ToString())];
        string secret = browser.Cookies[Names.Session];

        foreach (string text in texts)
        {
            browser.Cookies[Names.Session] = text;
            (await browser.MeAsync()).Should().Be(401);
        }
        list.Body.Should().NotContain(secret);
        browser.Cookies[Names.Session] = secret;
        (await browser.MeAsync()).Should().Be(200);
    }
}
