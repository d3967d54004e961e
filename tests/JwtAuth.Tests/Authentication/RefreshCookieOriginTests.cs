using System.Text;
using JwtAuth.Tests.Hosting;

namespace JwtAuth.Tests.Authentication;

/// <summary>A browser sends the cookie by itself, whoever's page it is that asks.</summary>
public sealed class RefreshCookieOriginTests(CookieHosts hosts) : IClassFixture<CookieHosts>
{
    private const string None = "none at all";

    private static readonly string[] Logouts = ["/auth/logout", "/auth/logout/others", "/auth/logout/everywhere"];

    public static TheoryData<string> Strangers =>
    [
        None, "", "null", "*", "https://evil.example", "https://app.example.com.evil.example", "https://evil.app.example.com",
        "https://evilapp.example.com", "https://app.example.comevil.example", "https://app.example.com:444", "https://app.example.com:443",
        "http://app.example.com", "https://app.example.com/", "https://APP.example.com",
        "https://appXexample.com", "https://user@app.example.com", "https://app.example.com https://evil.example",
        "https://app.example.com, https://app.example.com", "app.example.com", "file://", "{issuer}/", "{issuer}0", "{issuer}.evil.example",
        "http://localhost", "http://127.0.0.1",
    ];

    [Theory]
    [Trait("row", "WEB-06")]
    [Trait("row", "WEB-09")]
    [MemberData(nameof(Strangers))]
    public async Task A_page_of_no_allowed_origin_gets_no_cookie_and_does_nothing_with_one(string origin)
    {
        string? stranger = origin == None ? null : origin.Replace("{issuer}", hosts.Plain.Issuer, StringComparison.Ordinal);
        using CookieClient page = await hosts.OpenAsync();
        object login = new { username = page.Username, password = ServerHost.Password, scope = "offline_access", refresh = "cookie" };
        await page.LogInAsync();
        string cookie = page.Cookie!;

        List<Reply> refusals =
        [
            await page.AskAsAsync(stranger, "POST", "/auth/login", login),
            await page.AskAsAsync(stranger, "POST", "/auth/refresh", new { refresh = "cookie" }),
        ];
        foreach (string path in Logouts)
            refusals.Add(await page.AskAsAsync(stranger, "POST", path));

        refusals.Should().OnlyContain(reply => reply.Status == 403 && reply.Code == "forbidden" && reply.Header("Set-Cookie") == "");
        refusals.Should().OnlyContain(
            reply => !reply.Headers.Keys.Any(name => name.StartsWith("Access-Control", StringComparison.OrdinalIgnoreCase)));
        (await page.IsAcceptedAsync(), page.Cookie).Should().Be((true, cookie), "nothing was ended");
        Reply allowed = await page.RefreshAsync();
        allowed.Status.Should().Be(200);
        (allowed.Header("Access-Control-Allow-Origin"), allowed.Header("Access-Control-Allow-Credentials"))
            .Should().Be((CookieHosts.App, "true"));
        hosts.Plain.Log.All.Should().NotContain(line => line.Contains("came again", StringComparison.Ordinal), "nothing had been used up");
        (await page.LogOutAsync()).Status.Should().Be(200);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task The_services_own_origin_and_those_that_are_configured_are_allowed(bool https)
    {
        ServerHost host = https ? hosts.Https : hosts.Plain;
        foreach (string origin in (string[])[https ? Production.Issuer : host.Issuer, CookieHosts.App])
        {
            using CookieClient page = await hosts.OpenAsync(https, origin);

            (await page.LogInAsync()).Status.Should().Be(200);
            (await page.RefreshAsync()).Status.Should().Be(200);
            foreach (string path in Logouts[1..])
                (await page.LogOutAsync(path)).Status.Should().Be(200);
        }
    }

    [Theory, Trait("row", "WEB-06")]
    [InlineData("Origin: https://app.example.com\r\nOrigin: https://app.example.com\r\n", 403)]
    [InlineData("Origin: https://app.example.com\r\nOrigin: https://evil.example\r\n", 403)]
    [InlineData("Origin: https://evil.example\r\nOrigin: https://app.example.com\r\n", 403)]
    [InlineData("X-Forwarded-Origin: https://app.example.com\r\nReferer: https://app.example.com/\r\n", 403)]
    [InlineData("Origin: https://app.example.com\r\n", 200)]
    public async Task An_origin_is_named_once(string lines, int status)
    {
        using CookieClient page = await hosts.OpenAsync();
        await page.LogInAsync();
        var address = new Uri(hosts.Plain.Issuer);

        IReadOnlyList<Reply> replies = await RawHttp.SendAsync(address,
            $"POST /auth/logout HTTP/1.1\r\nHost: {address.Authority}\r\n{lines}Cookie: {page.Cookie}\r\n"
                + "Content-Length: 0\r\nConnection: close\r\n\r\n");

        replies.Should().ContainSingle().Which.Status.Should().Be(status);
        (await page.IsAcceptedAsync()).Should().Be(status == 403);
    }

    [Theory, Trait("row", "WEB-06")]
    [InlineData("application/x-www-form-urlencoded")]
    [InlineData("text/plain")]
    [InlineData("text/plain; x=application/json")]
    [InlineData("multipart/form-data; boundary=x")]
    [InlineData("")]
    public async Task What_a_form_can_send_is_not_read_whatever_the_origin(string type)
    {
        using CookieClient page = await hosts.OpenAsync();
        await page.LogInAsync();
        string cookie = page.Cookie!;
        string login =
            $$"""{"username":"{{page.Username}}","password":"{{ServerHost.Password}}","scope":"offline_access","refresh":"cookie"}""";
        string[] bodies = [login, "username=alice&refresh=cookie", """{"refresh":"cookie"}""", "refresh=cookie", "--x--"];

        foreach (string body in bodies)
        {
            foreach (string path in (string[])["/auth/login", "/auth/refresh"])
                (await page.AskAsync("POST", path, ContentOf(body, type))).Status.Should().Be(415);
        }
        foreach (string path in Logouts)
            (await page.AskAsAsync("https://evil.example", "POST", path, ContentOf("a=b", type))).Code
                .Should().BeOneOf("forbidden", "unsupported_media_type");

        (await page.IsAcceptedAsync(), page.Cookie).Should().Be((true, cookie));
        (await page.AskAsync("POST", "/auth/refresh", ContentOf("""{"refresh":"cookie"}""", "application/json"))).Status.Should().Be(200);
    }

    [Theory, Trait("row", "WEB-08")]
    [InlineData("GET")]
    [InlineData("HEAD")]
    [InlineData("PUT")]
    [InlineData("DELETE")]
    public async Task An_image_a_link_or_another_method_logs_nobody_out(string method)
    {
        using CookieClient page = await hosts.OpenAsync();
        await page.LogInAsync();
        string cookie = page.Cookie!;

        foreach (string path in Logouts)
        {
            (await page.AskAsync(method, path)).Status.Should().Be(405);
            (await page.AskAsAsync(null, method, path)).Status.Should().Be(405);
            (await page.AskAsync(method, path, null, ("X-HTTP-Method-Override", "POST"))).Status.Should().Be(405);
        }

        (await page.IsAcceptedAsync(), page.Cookie).Should().Be((true, cookie));
        (await page.LogOutAsync()).Status.Should().Be(200);
        (await page.IsAcceptedAsync()).Should().BeFalse();
    }

    private static ByteArrayContent ContentOf(string body, string type)
    {
        var content = new ByteArrayContent(Encoding.UTF8.GetBytes(body));
        if (type.Length > 0)
            content.Headers.TryAddWithoutValidation("Content-Type", type);
        return content;
    }
}
