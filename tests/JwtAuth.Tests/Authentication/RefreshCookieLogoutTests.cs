using JwtAuth.Tests.Hosting;

namespace JwtAuth.Tests.Authentication;

public sealed class RefreshCookieLogoutTests(CookieHosts hosts) : IClassFixture<CookieHosts>
{
    [Theory]
    [InlineData("/auth/logout", false, true)]
    [InlineData("/auth/logout/others", true, false)]
    [InlineData("/auth/logout/everywhere", false, false)]
    public async Task The_cookie_alone_logs_out(string path, bool goesOn, bool othersGoOn)
    {
        using CookieClient page = await hosts.OpenAsync();
        using CookieClient other = hosts.Open(https: false, page.Username);
        await page.LogInAsync();
        await other.LogInAsync();
        await page.RefreshAsync();
        string cookie = page.Cookie!;

        Reply logout = await page.LogOutAsync(path);

        logout.Status.Should().Be(200);
        (page.Cookie is not null).Should().Be(goesOn, "the cookie is cleared with its session");
        page.Cookie = cookie;
        (await page.IsAcceptedAsync(), (await page.RefreshAsync()).Status).Should().Be((goesOn, goesOn ? 200 : 400));
        (await other.IsAcceptedAsync(), (await other.RefreshAsync()).Status).Should().Be((othersGoOn, othersGoOn ? 200 : 400));
    }

    [Theory, Trait("row", "WEB-03")]
    [InlineData("/auth/logout")]
    [InlineData("/auth/logout/everywhere")]
    public async Task A_copy_of_the_cookie_is_worth_nothing_after_the_logout(string path)
    {
        using CookieClient page = await hosts.OpenAsync(https: true), other = await hosts.OpenAsync(https: true);
        await page.LogInAsync();
        await other.LogInAsync();
        string copy = page.Cookie!;
        await page.LogOutAsync(path);

        page.Cookie = copy;
        Reply refresh = await page.RefreshAsync();
        (refresh.Status, refresh.Code, page.Cookie).Should().Be((400, "invalid_grant", copy), "a late refusal takes nothing away");
        foreach (string logout in (string[])["/auth/logout", "/auth/logout/others", "/auth/logout/everywhere"])
        {
            page.Cookie = copy;
            Reply refused = await page.LogOutAsync(logout);
            (refused.Status, refused.Header("WWW-Authenticate"), page.Cookie is null).Should().Be((401, "Bearer", true));
        }

        (await page.LogInAsync()).Status.Should().Be(200);
        (await page.RefreshAsync()).Status.Should().Be(200);
        (await other.RefreshAsync()).Status.Should().Be(200);
    }

    [Theory]
    [InlineData("Bearer nonsense")]
    [InlineData("Bearer ")]
    [InlineData("Bearer")]
    [InlineData("Basic YWxpY2U6YSBxdWlldCBoYXJib3VyIGF0IGRhd24=")]
    [InlineData("jwtauth-refresh")]
    [InlineData("")]
    [InlineData("{ended}")]
    public async Task A_bad_Authorization_is_not_replaced_by_the_cookie(string authorization)
    {
        using CookieClient page = await hosts.OpenAsync(), other = hosts.Open(https: false, page.Username);
        await other.LogInAsync();
        await other.LogOutAsync();
        await page.LogInAsync();
        string cookie = page.Cookie!, sent = authorization.Replace("{ended}", $"Bearer {other.AccessToken}", StringComparison.Ordinal);

        foreach (string path in (string[])["/auth/logout", "/auth/logout/others", "/auth/logout/everywhere"])
            (await page.AskAsync("POST", path, null, ("Authorization", sent))).Status.Should().Be(401);

        (await page.IsAcceptedAsync(), page.Cookie).Should().Be((true, cookie));
        (await page.LogOutAsync()).Status.Should().Be(200);
        (await page.IsAcceptedAsync()).Should().BeFalse();
    }

    [Fact]
    public async Task A_good_Authorization_decides_alone_and_needs_no_origin()
    {
        using CookieClient page = await hosts.OpenAsync(), other = await hosts.OpenAsync();
        await page.LogInAsync();
        await other.LogInAsync();
        string cookie = page.Cookie!;

        Reply logout = await page.AskAsAsync(null, "POST", "/auth/logout", null, ("Authorization", $"Bearer {other.AccessToken}"));

        (logout.Status, page.Cookie).Should().Be((200, cookie), "the cookie is another login's, and nobody of ours asks for its end");
        (await other.IsAcceptedAsync(), (await other.RefreshAsync()).Status).Should().Be((false, 400));
        (await page.IsAcceptedAsync(), (await page.RefreshAsync()).Status).Should().Be((true, 200));
    }

    [Fact, Trait("row", "WEB-02")]
    public async Task A_login_ends_the_session_that_its_cookie_brought_along()
    {
        using CookieClient page = await hosts.OpenAsync(), witness = hosts.Open(https: false, page.Username);
        await page.LogInAsync();
        await witness.LogInAsync();
        string former = page.Cookie!, formerToken = page.AccessToken;

        (await page.LogInAsync(password: "not the password")).Status.Should().Be(401);
        (await page.IsAcceptedAsync(), page.Cookie).Should().Be((true, former), "a login that failed replaces nothing");
        (await page.LogInAsync()).Status.Should().Be(200);
        string latter = page.Cookie!;

        latter.Should().NotBe(former);
        (await page.AskAsync("GET", "/me", null, ("Authorization", $"Bearer {formerToken}"))).Status.Should().Be(401);
        page.Cookie = former;
        (await page.RefreshAsync()).Code.Should().Be("invalid_grant");
        page.Cookie = latter;
        (await page.RefreshAsync()).Status.Should().Be(200);
        (await witness.IsAcceptedAsync(), (await witness.RefreshAsync()).Status)
            .Should().Be((true, 200), "a login without a cookie ends no other session");
    }

    [Theory, Trait("row", "WEB-02")]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_cookie_that_somebody_else_has_put_there_does_not_outlast_a_login(bool https)
    {
        using CookieClient attacker = await hosts.OpenAsync(https), victim = await hosts.OpenAsync(https);
        await attacker.LogInAsync();
        string planted = attacker.Cookie!;
        victim.Cookie = planted;

        (await victim.LogInAsync()).Status.Should().Be(200);

        victim.Cookie.Should().NotBe(planted);
        (await attacker.RefreshAsync()).Code.Should().Be("invalid_grant");
        Reply refresh = await victim.RefreshAsync();
        refresh.Status.Should().Be(200);
        (await victim.AskAsync("GET", "/me", null, ("Authorization", $"Bearer {victim.AccessToken}"))).Json.GetProperty("username")
            .GetString().Should().Be(victim.Username);
    }

    [Fact]
    public async Task A_used_cookie_that_comes_again_after_the_window_ends_the_session()
    {
        await using ServerHost host = new();
        await host.AddAccountAsync("alice");
        using CookieClient page = new(host.Connect(), host.Issuer, "alice"), thief = new(host.Connect(), host.Issuer, "alice");
        await page.LogInAsync();
        thief.Cookie = page.Cookie;
        await page.RefreshAsync();
        (await thief.RefreshAsync()).Status.Should().Be(200, "within the window another tab gets the same");
        thief.Cookie.Should().Be(page.Cookie);
        host.Time.Advance(TimeSpan.FromSeconds(10));
        await page.RefreshAsync();
        host.Time.Advance(TimeSpan.FromSeconds(10));

        (await thief.RefreshAsync()).Code.Should().Be("invalid_grant");
        (await page.RefreshAsync()).Code.Should().Be("invalid_grant", "nobody knows which of the two is the owner");
        (await page.IsAcceptedAsync()).Should().BeFalse();
        (await page.LogInAsync()).Status.Should().Be(200);
    }
}
