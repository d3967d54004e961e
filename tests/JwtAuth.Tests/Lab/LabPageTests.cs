using System.Text.RegularExpressions;
using JwtAuth.Tests.Hosting;

namespace JwtAuth.Tests.Lab;

public sealed partial class LabPageTests(LabPageTests.Fixture fixture) : IClassFixture<LabPageTests.Fixture>
{
    private const string Policy = "default-src 'self'; object-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

    private static readonly string Folder = Path.Combine(Repository.Root, "src/JwtAuth.Server/wwwroot");

    public static TheoryData<string, string> Files => new()
    {
        { "/lab/", "text/html; charset=utf-8" },
        { "/lab/index.html", "text/html; charset=utf-8" },
        { "/lab/lab.css", "text/css; charset=utf-8" },
        { "/lab/lab.js", "text/javascript; charset=utf-8" },
        { "/lab/icon.svg", "image/svg+xml" },
    };

    [Theory, Trait("row", "WEB-13"), Trait("row", "WEB-12")]
    [MemberData(nameof(Files))]
    public async Task The_lab_has_strict_headers_where_it_is_enabled_and_is_not_there_elsewhere(string path, string type)
    {
        using HttpClient enabled = fixture.Enabled.ConnectByProxy(), plain = fixture.Plain.ConnectByProxy();

        Reply page = await enabled.AskAsync("GET", path);
        Reply absent = await plain.AskAsync("GET", path);

        (page.Status, page.Header("Content-Type")).Should().Be((200, type));
        (page.Header("Content-Security-Policy"), page.Header("X-Content-Type-Options"), page.Header("X-Frame-Options"),
            page.Header("Referrer-Policy"))
            .Should().Be((Policy, "nosniff", "DENY", "no-referrer"));
        (page.Header("Cache-Control"), page.Header("Strict-Transport-Security")).Should().Be(("no-store", "max-age=31536000"));
        page.Headers.Keys.Should().NotContain(["Set-Cookie", "Server"]);
        (absent.Status, absent.Code).Should().Be((404, "not_found"));
    }

    [Fact]
    public async Task The_way_to_the_lab_without_its_slash_leads_there()
    {
        using HttpClient client = fixture.Development.Connect();

        Reply reply = await client.AskAsync("GET", "/lab");

        (reply.Status, reply.Header("Location")).Should().Be((302, "/lab/"));
        (await client.AskAsync("GET", "/lab/")).Body
            .Should().Be(await File.ReadAllTextAsync(Path.Combine(Folder, "lab/index.html"), TestContext.Current.CancellationToken));
    }

    [Theory, Trait("row", "HTP-13")]
    [InlineData("/LAB/")]
    [InlineData("/lab/../jwtauth.d.ts.")]
    [InlineData("/lab/lab.js/")]
    [InlineData("/lab/%2e%2e/%2e%2e/JwtAuth.Server.dll")]
    [InlineData("/lab/..%2f..%2fJwtAuth.Server.dll")]
    [InlineData("/lab/..%5c..%5cJwtAuth.Server.dll")]
    [InlineData("/lab/lab.js.map")]
    public async Task Nothing_beside_the_labs_own_files_is_there(string path)
    {
        Uri address = fixture.Development.Connect().BaseAddress!;

        (await AskAsync(path)).Should().Be(404);
        (await AskAsync("/lab/lab.js")).Should().Be(200);

        async Task<int> AskAsync(string target) =>
            (await RawHttp.SendAsync(address, $"GET {target} HTTP/1.1\r\nHost: {address.Authority}\r\nConnection: close\r\n\r\n"))
                .Should().ContainSingle().Which.Status;
    }

    [Theory]
    [InlineData("POST")]
    [InlineData("DELETE")]
    public async Task The_lab_can_be_read_and_nothing_else(string method)
    {
        using HttpClient client = fixture.Development.Connect();

        Reply refused = await client.AskAsync(method, "/lab/", method == "POST" ? "{}" : null);

        (refused.Status, refused.Code, refused.Header("Allow")).Should().Be((405, "method_not_allowed", "GET, HEAD"));
        (await client.AskAsync("HEAD", "/lab/")).Status.Should().Be(200);
    }

    [Fact]
    public async Task What_the_lab_is_told_of_the_service_is_so()
    {
        await using ServerHost other = new ServerHost().With("JwtAuth:Denylist:Enabled", "false").With("JwtAuth:Registration:Open", "false")
            .With("JwtAuth:Basic:Enabled", "false").With("JwtAuth:SignedCookies:Enabled", "false");
        using HttpClient development = fixture.Development.Connect(), others = other.Connect(),
            production = fixture.Enabled.ConnectByProxy();

        string all = (await development.AskAsync("GET", "/lab/about")).Body, few = (await others.AskAsync("GET", "/lab/about")).Body;
        string elsewhere = (await production.AskAsync("GET", "/lab/about")).Body;

        all.Should().Be($$"""
            {"issuer":"{{fixture.Development.Issuer}}","denylist":true,"registration":true,
            "credentials":["bearer","session","signed_cookie","personal_access_token","basic"],
            {{CookiesOf(fixture.Development.Issuer)}},"stealing":true}
            """.ReplaceLineEndings(""));
        few.Should().Be($$"""
            {"issuer":"{{other.Issuer}}","denylist":false,"registration":false,
            "credentials":["bearer","session","personal_access_token"],{{CookiesOf(other.Issuer)}},"stealing":true}
            """.ReplaceLineEndings(""));
        elsewhere.Should().Be($$"""
            {"issuer":"{{Production.Issuer}}","denylist":true,"registration":false,
            "credentials":["bearer","session","personal_access_token"],
            "cookies":{"session":"__Host-jwtauth-session","signed_cookie":"__Host-jwtauth-signed",
            "refresh_token":"__Secure-jwtauth-refresh"},"stealing":false}
            """.ReplaceLineEndings(""));

        static string CookiesOf(string issuer)
        {
            int port = new Uri(issuer).Port;
            return $$"""
                "cookies":{"session":"jwtauth-session-{{port}}","signed_cookie":"jwtauth-signed-{{port}}",
                "refresh_token":"jwtauth-refresh-{{port}}"}
                """;
        }
    }

    [Fact, Trait("row", "WEB-12")]
    public void What_comes_from_elsewhere_is_put_into_the_page_as_text_and_the_page_has_nothing_inline()
    {
        string[] scripts = Directory.GetFiles(Folder, "*.js", SearchOption.AllDirectories),
            pages = Directory.GetFiles(Folder, "*.html", SearchOption.AllDirectories);

        scripts.Should().HaveCountGreaterThan(5);
        scripts.Where(file => Markup().IsMatch(File.ReadAllText(file))).Should().BeEmpty();
        pages.Should().ContainSingle();
        pages.Where(file => Inline().IsMatch(File.ReadAllText(file))).Should().BeEmpty();
        scripts.SelectMany(File.ReadLines).Where(line => Storage().IsMatch(line) && !line.Contains("Item(`${this.#name} logout`"))
            .Should().BeEmpty("credentials are kept in memory alone; only that a logout is owed outlives the page");
        (Markup().IsMatch("a.innerHTML = b"), Inline().IsMatch("<p onclick=x>"), Inline().IsMatch("<script>x"),
            Storage().IsMatch("localStorage.a")).Should().Be((true, true, true, true));
    }

    [GeneratedRegex(@"innerHTML|outerHTML|insertAdjacentHTML|\beval\(|new Function|document\.write|createContextualFragment|"
        + "DOMParser|srcdoc|javascript:")]
    private static partial Regex Markup();

    [GeneratedRegex("""\son[a-z]+=|\sstyle=|<style|<script(?![^>]*\ssrc=)""")]
    private static partial Regex Inline();

    [GeneratedRegex(@"localStorage|sessionStorage|indexedDB|document\.cookie\s*=[^=]|\bcaches\b")]
    private static partial Regex Storage();

    public sealed class Fixture : IAsyncDisposable
    {
        internal ServerHost Development { get; } = new();

        internal ServerHost Enabled { get; } = Production.Host().With("JwtAuth:Lab:Enabled", "true");

        internal ServerHost Plain { get; } = Production.Host();

        public async ValueTask DisposeAsync()
        {
            await Development.DisposeAsync();
            await Enabled.DisposeAsync();
            await Plain.DisposeAsync();
        }
    }
}
