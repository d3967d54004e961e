using JwtAuth.Server.Accounts;
using JwtAuth.Tests.Hosting;

namespace JwtAuth.Tests.Authentication;

/// <summary>A browser sends its cookies by itself, whoever's page it is that asks (CSRF).</summary>
public sealed class CookieOriginTests(CookieHosts hosts) : IClassFixture<CookieHosts>, IAsyncLifetime
{
    private static readonly Dictionary<string, (string Name, string Value)[]> Strangers = new()
    {
        ["another site's page"] = [("Origin", "https://evil.example"), ("Sec-Fetch-Site", "cross-site")],
        ["another site's page, which says that it is ours"] = [("Origin", "https://evil.example"), ("Sec-Fetch-Site", "same-origin")],
        ["a sandboxed page"] = [("Origin", "null")],
        ["a page of no origin"] = [("Origin", "")],
        ["a neighbour on the site"] = [("Origin", "https://evil.app.example.com"), ("Sec-Fetch-Site", "same-site")],
        ["our name at another port"] = [("Origin", "https://app.example.com:444")],
        ["our name by plain http"] = [("Origin", "http://app.example.com")],
        ["our name and more"] = [("Origin", "https://app.example.com.evil.example")],
        ["our origin twice"] = [("Origin", CookieHosts.App), ("Origin", CookieHosts.App)],
        ["our origin and another"] = [("Origin", CookieHosts.App), ("Origin", "https://evil.example")],
        ["another site's page that hides its origin"] = [("Sec-Fetch-Site", "cross-site")],
        ["a neighbour on the site that hides its origin"] = [("Sec-Fetch-Site", "same-site")],
        ["a browser that says two things"] = [("Sec-Fetch-Site", "same-origin"), ("Sec-Fetch-Site", "cross-site")],
        ["a browser that says nothing that we know"] = [("Sec-Fetch-Site", "")],
    };

    private static readonly Dictionary<string, (string Name, string Value)[]> Ours = new()
    {
        ["its own page"] = [("Origin", "{issuer}"), ("Sec-Fetch-Site", "same-origin")],
        ["an allowed page of another site"] = [("Origin", CookieHosts.App), ("Sec-Fetch-Site", "cross-site")],
        ["its own page that hides its origin"] = [("Sec-Fetch-Site", "same-origin")],
        ["a person, by a bookmark"] = [("Sec-Fetch-Site", "none")],
        ["no browser"] = [],
    };

    private static readonly (string Credential, string Method, string Path)[] Changes =
    [
        ("session", "POST", "/auth/logout"), ("session", "POST", "/auth/logout/others"), ("session", "POST", "/auth/logout/everywhere"),
        ("session", "DELETE", "/auth/sessions/{sid}"), ("session", "POST", "/auth/password"), ("session", "POST", "/auth/tokens"),
        ("session", "DELETE", "/auth/tokens/{id}"),
        ("signed_cookie", "POST", "/auth/logout"), ("signed_cookie", "POST", "/auth/logout/others"),
        ("signed_cookie", "POST", "/auth/logout/everywhere"),
    ];

    private readonly ServerHost host = hosts.Plain;
    private readonly HttpClient client = hosts.Plain.Connect();

    public static TheoryData<string> StrangerNames => [.. Strangers.Keys];

    public static TheoryData<string> OurNames => [.. Ours.Keys];

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public ValueTask DisposeAsync()
    {
        client.Dispose();
        return ValueTask.CompletedTask;
    }

    [Theory, MemberData(nameof(StrangerNames))]
    [Trait("row", "WEB-06")]
    [Trait("row", "WEB-09")]
    public async Task What_a_page_asks_for_that_is_none_of_ours_changes_nothing(string stranger)
    {
        AccountSnapshot account = await host.AddAccountAsync($"user-{Guid.NewGuid():n}");
        string session = await BeginAsync(account, "session"), signed = await BeginAsync(account, "signed_cookie"),
            other = await BeginAsync(account, "session");
        foreach ((string credential, string method, string path) in Changes)
        {
            Reply refused = await AskAsync(credential == "session" ? session : signed, method, path, Strangers[stranger], other);

            (refused.Status, refused.Code, refused.Header("Set-Cookie"))
                .Should().Be((403, "forbidden", ""), $"{method} {path} by {credential}");
            refused.Headers.Keys.Should().NotContain(name => name.StartsWith("Access-Control", StringComparison.OrdinalIgnoreCase)
                && !stranger.StartsWith("our origin", StringComparison.Ordinal));
        }

        foreach (string cookie in (string[])[session, signed, other])
            (await client.MeByCookieAsync(cookie)).Should().Be(200, "nothing was ended");
        (await client.AskAsync("GET", "/auth/tokens", null, ("Cookie", session))).Json.GetProperty("tokens").GetArrayLength()
            .Should().Be(1, "none was made and none deleted");
        (await LogInAsync(account.Username, "session")).Status.Should().Be(200, "the password is the old one");
        (await AskAsync(session, "POST", "/auth/logout/everywhere", [("Origin", CookieHosts.App)], other)).Status.Should().Be(200);
        (await client.MeByCookieAsync(other)).Should().Be(401);
    }

    [Theory, Trait("row", "WEB-06")]
    [MemberData(nameof(OurNames))]
    public async Task What_our_pages_and_programs_ask_for_is_done(string asking)
    {
        foreach ((string credential, string method, string path) in Changes)
        {
            AccountSnapshot account = await host.AddAccountAsync($"user-{Guid.NewGuid():n}");
            string own = await BeginAsync(account, credential), other = await BeginAsync(account, "session");

            Reply reply = await AskAsync(own, method, path, Ours[asking], other);

            reply.Status.Should().BeOneOf([200, 201, 204], $"{method} {path} by {credential}");
            (await client.MeByCookieAsync(other))
                .Should().Be(path == "/auth/logout" || path.StartsWith("/auth/tokens", StringComparison.Ordinal) ? 200 : 401);
        }
    }

    [Theory, Trait("row", "WEB-06")]
    [MemberData(nameof(StrangerNames))]
    public async Task A_page_of_nobody_we_know_logs_nobody_in(string stranger)
    {
        AccountSnapshot account = await host.AddAccountAsync($"user-{Guid.NewGuid():n}");
        foreach (string credential in (string[])["session", "signed_cookie"])
        {
            Reply refused = await LogInAsync(account.Username, credential, Strangers[stranger]);

            (refused.Status, refused.Code, refused.Header("Set-Cookie")).Should().Be((403, "forbidden", ""), credential);
        }
        (await LogInAsync(account.Username, "session", ("Origin", CookieHosts.App))).Status.Should().Be(200);
        (await LogInAsync(account.Username, "signed_cookie")).Status.Should().Be(200, "no browser asks");
    }

    [Theory, Trait("row", "WEB-06")]
    [InlineData("application/x-www-form-urlencoded")]
    [InlineData("text/plain")]
    [InlineData("text/plain; x=application/json")]
    [InlineData("multipart/form-data; boundary=x")]
    [InlineData("")]
    public async Task What_a_form_can_send_is_not_read_whatever_the_origin(string type)
    {
        AccountSnapshot account = await host.AddAccountAsync($"user-{Guid.NewGuid():n}");
        string session = await BeginAsync(account, "session");
        string change = $$"""{"current_password":"{{ServerHost.Password}}","new_password":"the lamp by the window"}""";
        string login = $$"""{"username":"{{account.Username}}","password":"{{ServerHost.Password}}","credential":"session"}""";
        foreach (string origin in (string[])[CookieHosts.App, "https://evil.example"])
        {
            foreach ((string path, string body) in ((string, string)[])[("/auth/password", change), ("/auth/login", login),
                ("/auth/login", "username=a&password=b&credential=session")])
            {
                using var content = new ByteArrayContent(System.Text.Encoding.UTF8.GetBytes(body));
                if (type.Length > 0)
                    content.Headers.TryAddWithoutValidation("Content-Type", type);
                Reply refused = await client.AskAsync("POST", path, content, ("Origin", origin), ("Cookie", session));
                refused.Status.Should().Be(origin == CookieHosts.App || path == "/auth/login" ? 415 : 403);
                refused.Header("Set-Cookie").Should().BeEmpty();
            }
        }
        (await client.MeByCookieAsync(session)).Should().Be(200);
        (await client.AskAsync("POST", "/auth/password", change, ("Origin", CookieHosts.App), ("Cookie", session))).Status
            .Should().Be(204, "the same as JSON, and the password was the old one");
    }

    [Theory, Trait("row", "WEB-08")]
    [InlineData("/auth/logout")]
    [InlineData("/auth/logout/others")]
    [InlineData("/auth/logout/everywhere")]
    public async Task An_image_that_names_a_logout_ends_nothing(string path)
    {
        AccountSnapshot account = await host.AddAccountAsync($"user-{Guid.NewGuid():n}");
        string session = await BeginAsync(account, "session"), signed = await BeginAsync(account, "signed_cookie");
        foreach (string method in (string[])["GET", "HEAD", "OPTIONS", "TRACE", "PUT", "PATCH"])
        {
            foreach (string cookie in (string[])[session, signed])
            {
                Reply reply = await client.AskAsync(method, path, null, ("Cookie", cookie), ("X-HTTP-Method-Override", "POST"));
                (reply.Status, reply.Header("Set-Cookie")).Should().Be((405, ""), method);
            }
        }

        (await client.MeByCookieAsync(session), await client.MeByCookieAsync(signed)).Should().Be((200, 200));
        (await client.AskAsync("POST", path, null, ("Cookie", session))).Status.Should().Be(200);
    }

    [Fact, Trait("row", "WEB-09")]
    public async Task What_a_cookie_may_read_only_an_allowed_page_reads()
    {
        AccountSnapshot account = await host.AddAccountAsync($"user-{Guid.NewGuid():n}");
        string session = await BeginAsync(account, "session");
        foreach (string path in (string[])["/me", "/auth/sessions"])
        {
            Reply evil = await client.AskAsync("GET", path, null, ("Cookie", session), ("Origin", "https://evil.example"));
            evil.Headers.Keys.Should().NotContain(
                name => name.StartsWith("Access-Control", StringComparison.OrdinalIgnoreCase), "so a browser shows the page nothing of it");
            evil.Header("Vary").Should().Contain("Origin");
            Reply ours = await client.AskAsync("GET", path, null, ("Cookie", session), ("Origin", CookieHosts.App));
            (ours.Status, ours.Header("Access-Control-Allow-Origin"), ours.Header("Access-Control-Allow-Credentials"))
                .Should().Be((200, CookieHosts.App, "true"));
        }
    }

    private async Task<string> BeginAsync(AccountSnapshot account, string credential) =>
        (await host.BeginCookieAsync(account, credential))!;

    private Task<Reply> LogInAsync(string username, string credential, params (string Name, string Value)[] headers) =>
        SendAsync("POST", "/auth/login", new { username, password = ServerHost.Password, credential }, headers);

    private async Task<Reply> AskAsync(string cookie, string method, string path, (string Name, string Value)[] headers, string other)
    {
        object? body = path switch
        {
            "/auth/password" => new { current_password = ServerHost.Password, new_password = "the lamp by the window" },
            "/auth/tokens" => new { name = "made by whom?" },
            _ => null,
        };
        if (path.Contains("{id}", StringComparison.Ordinal))
            path = path.Replace("{id}", await NewTokenAsync(other), StringComparison.Ordinal);
        if (path.Contains("{sid}", StringComparison.Ordinal))
            path = path.Replace("{sid}", await SidAsync(other), StringComparison.Ordinal);
        return await SendAsync(method, path, body, [.. headers, ("Cookie", cookie)]);
    }

    // A header that comes twice stands in two lines of the request, as a browser would never send it.
    private Task<Reply> SendAsync(string method, string path, object? body, (string Name, string Value)[] headers) =>
        client.AskAsync(method, path, body,
            [.. headers.Select(header => (header.Name, header.Value.Replace("{issuer}", host.Issuer, StringComparison.Ordinal)))]);

    private async Task<string> NewTokenAsync(string cookie) =>
        (await client.AskAsync("POST", "/auth/tokens", new { name = "to be deleted" }, ("Cookie", cookie))).Json.GetProperty("id")
            .GetString()!;

    private async Task<string> SidAsync(string cookie)
    {
        Reply list = await client.AskAsync("GET", "/auth/sessions", null, ("Cookie", cookie));
        return list.Json.GetProperty("sessions")
            .EnumerateArray().Single(session => session.GetProperty("current").GetBoolean()).GetProperty("sid").GetString()!;
    }
}
