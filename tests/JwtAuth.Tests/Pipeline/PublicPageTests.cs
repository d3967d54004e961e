using System.Globalization;
using System.Text.RegularExpressions;
using JwtAuth.Tests.Hosting;

namespace JwtAuth.Tests.Pipeline;

/// <summary>What people and their browsers find without being told.</summary>
public sealed partial class PublicPageTests
{
    private const string Browser = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8";

    [Fact]
    public async Task The_first_page_says_what_this_is_and_leads_to_what_is_open_and_to_nothing_else()
    {
        await using ServerHost development = new(), production = Production.Host();
        using HttpClient open = development.Connect(), closed = production.ConnectByProxy();

        Reply inDevelopment = await open.AskAsync("GET", "/"), inProduction = await closed.AskAsync("GET", "/");

        (inDevelopment.Status, inDevelopment.Header("Content-Type")).Should().Be((200, "text/html; charset=utf-8"));
        inDevelopment.Body.Should().Contain(development.Issuer).And.Contain("/swagger").And.Contain("/lab/");
        inProduction.Body.Should().Contain(Production.Issuer).And.NotContainAny("/swagger", "/lab", "security.txt");
        foreach ((HttpClient client, Reply page) in new[] { (open, inDevelopment), (closed, inProduction) })
        {
            string[] links = [.. Link().Matches(page.Body).Select(link => link.Groups[1].Value)];
            links.Should().Contain(["/favicon.ico", "/pages.css", "/.well-known/jwks.json", "/.well-known/oauth-authorization-server"]);
            foreach (string link in links)
                (await client.AskAsync("GET", link)).Status.Should().BeOneOf([200, 301, 302], link);
        }
    }

    [Fact, Trait("row", "WEB-13"), Trait("row", "WEB-12")]
    public async Task The_pages_allow_no_script_and_escape_what_is_not_theirs()
    {
        await using ServerHost host = Production.Host().With("JwtAuth:Scopes:<script>alert(1)</script>", "");
        using HttpClient client = host.ConnectByProxy();
        Reply[] pages =
        [
            await client.AskAsync("GET", "/"),
            await client.AskAsync("GET", "/nothing/%3Cscript%3Ealert(1)%3C/script%3E?%3Cscript%3E", null, ("Accept", Browser)),
            await client.AskAsync("GET", "/?<script>=1&<script>=2", null, ("Accept", Browser)),
            await client.AskAsync("POST", "/auth/login", """{"username":"a","password":"b","scope":"x"}""", ("Accept", Browser)),
        ];

        pages.Select(page => page.Status).Should().Equal(200, 404, 400, 400);
        pages[3].Body.Should().Contain("&lt;script&gt;alert(1)&lt;/script&gt;", "the scopes are listed");
        foreach (Reply page in pages)
        {
            page.Header("Content-Type").Should().Be("text/html; charset=utf-8");
            page.Header("Content-Security-Policy").Should().StartWith("default-src 'none'; style-src 'self'; img-src 'self'")
                .And.Contain("form-action 'none'").And.EndWith("frame-ancestors 'none'").And.NotContainAny("unsafe", "script-src");
            page.Body.Should().NotContainAny("<script", "style=", "onclick");
            (page.Header("X-Content-Type-Options"), page.Header("Referrer-Policy"), page.Header("Cache-Control"))
                .Should().Be(("nosniff", "no-referrer", "no-store"));
            page.Header("Strict-Transport-Security").Should().NotBeEmpty();
        }
    }

    [Theory]
    [InlineData(null, false)]
    [InlineData("*/*", false)]
    [InlineData("application/json", false)]
    [InlineData("application/json, text/plain, */*", false)]
    [InlineData("application/problem+json", false)]
    [InlineData("application/json, text/html;q=0.9", false)]
    [InlineData("text/html, application/json", false)]
    [InlineData("text/html;q=0.5, */*", false)]
    [InlineData("text/html;q=0", false)]
    [InlineData("text/*", false)]
    [InlineData("text/html/x", false)]
    [InlineData("<html>", false)]
    [InlineData("text/html", true)]
    [InlineData("TEXT/HTML; charset=utf-8", true)]
    [InlineData("text/html, application/json;q=0.9", true)]
    [InlineData(Browser, true)]
    public async Task Errors_are_pages_for_browsers_and_JSON_for_programs(string? accept, bool isPage)
    {
        await using ServerHost host = new();
        using HttpClient client = host.Connect();
        (string, string)[] headers = accept is null ? [] : [("Accept", accept)];

        foreach ((string method, string path, int status, string what) in new[]
        {
            ("GET", "/nothing", 404, "not_found"), ("GET", "/auth/login", 405, "method_not_allowed"),
            ("GET", "/me", 401, isPage ? "An access token is needed." : "token_required"),
            ("GET", "/oauth/introspect", 405, "invalid_request"),
            ("GET", "/denials", 401, "invalid_client"), ("DELETE", "/jwtauth.js", 405, "method_not_allowed"),
            ("GET", "/me?a=1&a=2", 400, "invalid_request"),
        })
        {
            Reply error = await client.AskAsync(method, path, null, headers);

            error.Status.Should().Be(status, path);
            error.Body.Should().Contain(what);
            error.Header("Vary").Should().Be("Origin, Accept");
            if (isPage)
                error.Header("Content-Type").Should().Be("text/html; charset=utf-8");
            else
                error.Header("Content-Type").Should().MatchRegex("^application/(problem\\+)?json");
            if (status == 405)
                error.Header("Allow").Should().NotBeEmpty();
        }
        Reply keys = await client.AskAsync("GET", "/.well-known/jwks.json", null, headers);
        (keys.Status, keys.Header("Content-Type")).Should().Be((200, "application/json"), "only errors are told to people");
        (await client.AskAsync("HEAD", "/nothing", null, headers)).Body.Should().BeEmpty();
    }

    [Fact]
    public async Task A_refused_credential_is_told_to_people_with_its_challenge_and_programs_are_told_the_header_alone()
    {
        await using ServerHost host = Production.Host();
        using HttpClient client = host.ConnectByProxy();

        Reply page = await client.AskAsync("GET", "/me", null, ("Accept", Browser)), bare = await client.AskAsync("GET", "/me");

        (page.Status, page.Header("WWW-Authenticate")).Should().Be((401, "Bearer"));
        page.Body.Should().Contain("An access token is needed.");
        (bare.Status, bare.Header("WWW-Authenticate"), bare.Body).Should().Be((401, "Bearer", ""));
    }

    [Fact]
    public async Task Security_txt_says_whom_to_tell_until_it_expires_and_where_nobody_is_named_there_is_none()
    {
        await using ServerHost host = Production.Host()
            .With("JwtAuth:SecurityTxt:Contact:0", "mailto:security@example.com")
            .With("JwtAuth:SecurityTxt:Contact:1", "https://example.com/report?a=b&c=d")
            .With("JwtAuth:SecurityTxt:Policy", "https://example.com/policy");
        DateTimeOffset expiry = host.Time.GetUtcNow().AddDays(100);
        string until = expiry.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);
        host.With("JwtAuth:SecurityTxt:Expires", until);
        using HttpClient client = host.ConnectByProxy();

        Reply reply = await client.AskAsync("GET", "/.well-known/security.txt");

        (reply.Status, reply.Header("Content-Type")).Should().Be((200, "text/plain; charset=utf-8"));
        reply.Body.Should().Be($"""
            Contact: mailto:security@example.com
            Contact: https://example.com/report?a=b&c=d
            Expires: {until}
            Canonical: https://auth.example.com/.well-known/security.txt
            Policy: https://example.com/policy

            """);
        (await client.AskAsync("GET", "/")).Body.Should().Contain("/.well-known/security.txt");
        host.Time.Advance(TimeSpan.FromDays(100));
        (await client.AskAsync("GET", "/.well-known/security.txt")).Status.Should().Be(404, "RFC 9116 §2.5.5: it must not be relied on");

        await using ServerHost without = Production.Host();
        using HttpClient elsewhere = without.ConnectByProxy();
        Reply none = await elsewhere.AskAsync("GET", "/.well-known/security.txt");
        (none.Status, none.Code).Should().Be((404, "not_found"));
    }

    [Fact]
    public async Task An_expired_security_txt_is_told_in_the_log_and_does_not_stop_the_service()
    {
        await using ServerHost host = new ServerHost()
            .With("JwtAuth:SecurityTxt:Contact", "mailto:security@example.com").With("JwtAuth:SecurityTxt:Expires", "2020-01-01T00:00:00Z");
        using HttpClient client = host.Connect();

        (await client.AskAsync("GET", "/.well-known/security.txt")).Status.Should().Be(404);

        host.Log.All.Should().ContainSingle(line => line.Contains("JwtAuth:SecurityTxt:Expires", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_password_manager_is_led_to_the_configured_page_and_to_none_where_there_is_none()
    {
        const string Page = "https://app.example.com/account/password?from=auth";
        await using ServerHost with = Production.Host().With("JwtAuth:ChangePasswordUrl", Page), without = Production.Host();
        using HttpClient led = with.ConnectByProxy(), alone = without.ConnectByProxy();

        Reply there = await led.AskAsync("GET", "/.well-known/change-password?next=https://evil.example");

        (there.Status, there.Header("Location")).Should().Be((302, Page));
        (await alone.AskAsync("GET", "/.well-known/change-password")).Status.Should().Be(404);
        foreach (HttpClient client in (HttpClient[])[led, alone])
            (await client.AskAsync("GET", "/.well-known/resource-that-should-not-exist-whose-status-code-should-not-be-200")).Status
                .Should().Be(404, "by this a password manager sees that a 200 or a 302 would mean something");
    }

    [Fact]
    public async Task The_icon_is_one()
    {
        await using ServerHost host = Production.Host();
        using HttpClient client = host.ConnectByProxy();

        byte[] icon = await client.GetByteArrayAsync("/favicon.ico", TestContext.Current.CancellationToken);

        icon.Should().StartWith([0, 0, 1, 0, 2, 0], "two pictures in the format of Windows");
        (await client.AskAsync("GET", "/favicon.ico")).Header("Content-Type").Should().Be("image/x-icon");
        (await client.AskAsync("GET", "/favicon.png")).Status.Should().Be(404);
    }

    [GeneratedRegex("href=\"([^\"]+)\"")]
    private static partial Regex Link();
}
