using JwtAuth.Tests.Hosting;

namespace JwtAuth.Tests.Authentication;

/// <summary>A login that is to end with the browser: its cookie has no end of its own, which tells the browser to forget it.</summary>
public sealed class CookieUntilClosedTests(CookieHosts hosts) : IClassFixture<CookieHosts>
{
    [Theory]
    [InlineData("session", false)]
    [InlineData("session", true)]
    [InlineData("signed_cookie", false)]
    [InlineData("signed_cookie", true)]
    [InlineData("refresh_token", false)]
    [InlineData("refresh_token", true)]
    public async Task A_login_can_ask_for_a_cookie_that_ends_with_the_browser(string kind, bool https)
    {
        ServerHost host = https ? hosts.Https : hosts.Plain;
        using Browser brief = await hosts.BrowseAsync(https), lasting = await hosts.BrowseAsync(https),
            plain = await hosts.BrowseAsync(https);

        Reply briefly = await LogInAsync(brief, kind, ",\"persistent\":false"),
            lastingly = await LogInAsync(lasting, kind, ",\"persistent\":true");
        (IsLasting(briefly), IsLasting(lastingly)).Should().Be((false, true));
        (Browser.AllWritten(briefly).Length, Browser.AllWritten(lastingly).Length).Should().Be((1, 2), "nor is the browser known again");
        IsLasting(await LogInAsync(plain, kind, "")).Should().BeTrue();
        if (kind == "refresh_token")
        {
            // Each refresh writes it anew, and knows of it by the cookie alone.
            foreach (int _ in Enumerable.Range(0, 2))
            {
                host.Time.Advance(TimeSpan.FromMinutes(1));
                (IsLasting(await RefreshAsync(brief)), IsLasting(await RefreshAsync(lasting))).Should().Be((false, true));
            }
        }
        else
        {
            (await brief.MeAsync(), await lasting.MeAsync()).Should().Be((200, 200));
            // Of a signed cookie this writes another one.
            Reply others = await brief.AskAsync("POST", "/auth/logout/others");
            others.Status.Should().Be(200);
            Browser.Written(others).Should().HaveCount(kind == "session" ? 0 : 1)
                .And.NotContain(written => written.Contains("max-age", StringComparison.Ordinal));
            (await brief.MeAsync()).Should().Be(200);
        }

        (await brief.AskAsync("POST", "/auth/logout")).Status.Should().Be(200);
        brief.Cookies.Should().BeEmpty();
        host.Log.All.Should().NotContain(line => line.Contains("came again", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(",\"persistent\":false")]
    [InlineData(",\"persistent\":true")]
    [InlineData(",\"persistent\":\"false\",\"credential\":\"session\"")]
    [InlineData(",\"persistent\":0,\"credential\":\"session\"")]
    [InlineData(",\"persistent\":false,\"persistent\":false,\"credential\":\"session\"")]
    public async Task Without_a_cookie_there_is_nothing_to_keep_and_it_is_true_or_false(string members)
    {
        using Browser browser = await hosts.BrowseAsync();

        Reply refused = await LogInAsync(browser, "", members);

        (refused.Status, refused.Code, refused.Header("Set-Cookie")).Should().Be((400, "invalid_request", ""));
        (await LogInAsync(browser, "session", ",\"persistent\":false")).Status.Should().Be(200);
    }

    private static Task<Reply> LogInAsync(Browser browser, string kind, string more)
    {
        string what = kind switch
        {
            "" => "",
            "refresh_token" => ",\"refresh\":\"cookie\",\"scope\":\"offline_access\"",
            _ => $",\"credential\":\"{kind}\"",
        };
        return browser.AskAsync(
            "POST", "/auth/login", $$"""{"username":"{{browser.Username}}","password":"{{ServerHost.Password}}"{{what}}{{more}}}""");
    }

    private static Task<Reply> RefreshAsync(Browser browser) => browser.AskAsync("POST", "/auth/refresh", new { refresh = "cookie" });

    private static bool IsLasting(Reply reply)
    {
        reply.Status.Should().Be(200);
        string written = Browser.Written(reply).Should().ContainSingle().Which;
        written.Should().NotContain("expires=");
        return written.Contains("; max-age=", StringComparison.Ordinal);
    }
}
