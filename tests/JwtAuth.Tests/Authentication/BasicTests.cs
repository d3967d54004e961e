using System.Text;
using JwtAuth.Server.Accounts;
using JwtAuth.Server.Authentication;
using JwtAuth.Tests.Hosting;
using JwtAuth.Tests.Pipeline;
using JwtAuth.Tests.Revocation;
using Microsoft.AspNetCore.Routing;

namespace JwtAuth.Tests.Authentication;

public sealed class BasicTests(BasicHost fixture) : IClassFixture<BasicHost>
{
    private const string Challenges = "Basic realm=\"JwtAuth\", charset=\"UTF-8\", Bearer";

    private readonly ServerHost host = fixture.Host;
    private readonly string name = $"user-{Guid.NewGuid():N}";

    [Fact]
    public async Task A_name_and_a_password_say_who_they_are_with_all_scopes_that_the_roles_allow_and_no_end()
    {
        AccountSnapshot account = await host.AddAccountAsync(name, "clerk", "night-shift");
        using HttpClient client = host.Connect();

        Reply me = await client.MeByBasicAsync(name);

        me.Status.Should().Be(200);
        me.Header("Cache-Control").Should().Be("no-store");
        me.Body.Should().Be($$"""
            {"sub":"{{account.Subject}}","username":"{{name}}","roles":["clerk","night-shift"],
            "scope":"orders:read orders:write","scheme":"basic","expires_at":null}
            """.ReplaceLineEndings(""));
        (await client.MeByBasicAsync("root")).Json.GetProperty("username").GetString().Should().Be("root");
    }

    [Fact]
    public async Task A_wrong_pair_is_refused_with_the_same_bytes_whatever_is_wrong()
    {
        await host.AddAccountAsync(name);
        AccountSnapshot disabled = await host.AddAccountAsync(name + ".disabled");
        using HttpClient client = host.Connect(), administrator = host.Connect(await host.LoginAsync("root", host.Issuer));
        (await administrator.AskAsync("POST", $"/admin/users/{disabled.Subject}/disable")).Status.Should().Be(204);

        Reply wrong = await client.MeByBasicAsync(name, "a wrong password");

        (wrong.Status, wrong.Code, wrong.Header("WWW-Authenticate")).Should().Be((401, "invalid_credentials", Challenges));
        foreach (Reply refused in (Reply[])
        [
            await client.MeByBasicAsync(name + ".nobody"), await client.MeByBasicAsync(disabled.Username), await client.MeByBasicAsync(""),
            await client.MeByBasicAsync(name, ""), await client.MeByBasicAsync("no such näme"),
            await client.MeByBasicAsync(name, new string('x', 73)), await client.MeWithAsync("Basic !"),
        ])
        {
            refused.Bytes.Should().Be(wrong.Bytes);
        }
        (await client.MeByBasicAsync(name)).Status.Should().Be(200);
        (await client.AskAsync("GET", "/me")).Header("WWW-Authenticate")
            .Should().Be("Bearer", "no browser is to ask for a password by itself");
    }

    public static TheoryData<string> Malformed => new()
    {
        "Basic", "Basic ", "Basic {t-}", "Basic {t}=", "Basic {t}==", "Basic \"{t}\"", "Basic {t} {t}", "Basic {t},{t}",
        "Basic {t}, Bearer x", "Basic realm=x", "Basic YWxpY2U6 YQ==", "Basic not*base64",
        "Basic {t-}%3d", "Basic {leftover}", "Basic {b:alice}", "Basic {b:}", "Basic {b:alice:a quiet harbour at dawn\0}",
        "Basic {b:alice:a quiet\u001fharbour}", "Basic {b:alice\n:a quiet harbour at dawn}",
        "Basic {b:alice:a quiet harbour at dawn\r}", "Basic {b:alice:\u007f}", "Basic {x:616C6963653AFF}", "Basic {x:616C6963653AC0AF}",
        "Basic {x:616C6963653AEDA080}", "Basic {x:616C6963653AC3}", "Basic {x:E43A61}",
        "Basic {b:alice:123456789 123456789 123456789 123456789 123456789 123456789 123456789 123}", "Basic {long:138}", "Basic {long:139}",
        "Basic {long:6000}",
    };

    [Theory, Trait("row", "PAT-11"), Trait("row", "HTP-17")]
    [MemberData(nameof(Malformed))]
    public async Task What_cannot_be_right_is_refused_as_a_wrong_pair_and_costs_no_bcrypt(string header)
    {
        using HttpClient client = host.Connect();
        using IDisposable held = await host.HoldHashingAsync();

        Reply refused = await client.MeWithAsync(Written(header));

        (refused.Status, refused.Code, refused.Header("WWW-Authenticate")).Should().Be((401, "invalid_credentials", Challenges));
        (await client.MeByBasicAsync(name)).Status.Should().Be(503, "the twin: a pair that may be right is verified");
    }

    [Theory, Trait("row", "HTP-02"), Trait("row", "HTP-03"), Trait("row", "HTP-05")]
    [InlineData("Authorization: Basic {t}", 200, "")]
    [InlineData("authorization: basic {t}", 200, "")]
    [InlineData("AUTHORIZATION: BASIC {t}", 200, "")]
    [InlineData("Authorization: bAsIc    {t}   ", 200, "")]
    [InlineData("Authorization: Basic\t{t}", 401, "Bearer")]
    [InlineData("Authorization: Basic{t}", 401, "Bearer")]
    [InlineData("Authorization: Basic:{t}", 401, "Bearer")]
    [InlineData("Authorization: Digest {t}", 401, "Bearer")]
    [InlineData("Authorization: {t}", 401, "Bearer")]
    [InlineData("Proxy-Authorization: Basic {t}", 401, "Bearer")]
    [InlineData("X-Forwarded-Authorization: Basic {t}", 401, "Bearer")]
    [InlineData("Authorization: Bearer {t}", 401, "Bearer error=\"invalid_token\"")]
    [InlineData("Authorization: Basic {t}\r\nAuthorization: Basic {t}", 400, "Bearer error=\"invalid_request\"")]
    [InlineData("Authorization: Basic {t}\r\nAuthorization: Bearer x", 400, "Bearer error=\"invalid_request\"")]
    [InlineData("Authorization: Basic {t}\r\nAuthorization:", 400, "Bearer error=\"invalid_request\"")]
    [InlineData("Authorization: Basic {t}\0", 400, "")]
    public async Task A_pair_is_taken_from_one_Authorization_header_alone(string header, int status, string challenge)
    {
        Uri address = host.Connect().BaseAddress!;

        Reply reply = (await RawHttp.SendAsync(
            address, $"GET /me HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{Written(header)}\r\n\r\n"))
            .Should().ContainSingle().Subject;

        (reply.Status, reply.Header("WWW-Authenticate")).Should().Be((status, challenge));
        using HttpClient client = host.Connect();
        (await client.MeByBasicAsync("alice")).Status.Should().Be(200);
    }

    [Theory, Trait("row", "PWD-09")]
    [InlineData("pässwörd am Hafen 🙂", "passwo\u0308rd am Hafen 🙂")]
    [InlineData("пароль на берегу", "пароль на берегу ")]
    [InlineData(":first: colon separates", "first: colon separates")]
    [InlineData("next line \u0085 is no CTL", "next line  is no CTL")]
    public async Task A_password_is_exact_in_UTF_8(string password, string almost)
    {
        using HttpClient client = host.Connect();
        (await client.RegisterAsync(name, password)).Status.Should().Be(201);

        (await client.MeByBasicAsync(name, almost)).Status.Should().Be(401);
        (await client.MeWithAsync("Basic " + Convert.ToBase64String(Encoding.Latin1.GetBytes($"{name}:{password}")))).Status
            .Should().Be(password[0] == ':' ? 200 : 401, "the charset is UTF-8");
        (await client.MeByBasicAsync(name, password)).Status.Should().Be(200);
    }

    [Fact]
    public async Task Authorization_decides_alone_where_a_cookie_comes_with_it()
    {
        using HttpClient client = host.Connect();
        OwnCookies names = host.Get<OwnCookies>();
        (string, string) cookies = ("Cookie", $"{names.Session}=x; {names.SignedCookie}=y; {names.Refresh}=z");

        Reply right = await client.MeByBasicAsync("alice", ServerHost.Password, cookies),
            wrong = await client.MeByBasicAsync(name, ServerHost.Password, cookies);

        right.Json.GetProperty("scheme").GetString().Should().Be("basic");
        (wrong.Status, wrong.Header("WWW-Authenticate")).Should().Be((401, Challenges));
    }

    [Theory, Trait("row", "PAT-11")]
    [InlineData("GET", "/auth/sessions")]
    [InlineData("POST", "/auth/logout")]
    [InlineData("POST", "/auth/logout/everywhere")]
    [InlineData("POST", "/auth/password")]
    [InlineData("GET", "/admin/users")]
    public async Task A_call_that_does_not_take_Basic_refuses_it_without_work(string method, string path)
    {
        using HttpClient client = host.Connect(), bearer = host.Connect(await host.LoginAsync("root", host.Issuer));
        object? body = path == "/auth/password" ? new { current_password = ServerHost.Password, new_password = "a new password" } : null;
        using IDisposable held = await host.HoldHashingAsync();

        Reply refused = await client.AskAsync(method, path, body, ("Authorization", BasicRequests.Basic("root", ServerHost.Password)));

        (refused.Status, refused.Header("WWW-Authenticate")).Should().Be((401, "Bearer"));
        (await bearer.AskAsync(method, path, body)).Status.Should().BeOneOf(200, 503);
    }

    [Fact]
    public void Only_calls_that_change_nothing_take_what_a_browser_sends_by_itself()
    {
        RouteEndpoint[] taking = [.. host.Get<EndpointDataSource>().Endpoints.Cast<RouteEndpoint>()
            .Where(endpoint => endpoint.Metadata.GetMetadata<TakesAttribute>()?.Includes(Credentials.Basic) == true)];

        taking.Select(endpoint => endpoint.RoutePattern.RawText).Should().Contain("me");
        taking.Should().OnlyContain(
            endpoint => endpoint.Metadata.GetMetadata<HttpMethodMetadata>()!.HttpMethods.SequenceEqual(new[] { "GET", "HEAD" }));
    }

    [Theory]
    [InlineData(null)]
    [InlineData("false")]
    [InlineData("true")]
    public async Task In_Production_it_is_off_unless_it_is_turned_on(string? enabled)
    {
        await using ServerHost production = BasicHost.Of(Production.Host());
        if (enabled is not null)
            production.With("JwtAuth:Basic:Enabled", enabled);
        await production.AddAccountAsync("alice");
        using HttpClient client = production.ConnectByProxy();
        bool isOn = enabled == "true";

        using (await production.HoldHashingAsync())
        {
            Reply asked = await client.MeByBasicAsync("alice");
            (asked.Status, asked.Header("WWW-Authenticate"))
                .Should().Be(isOn ? (503, "") : (401, "Bearer"), "only where it is on a bcrypt is tried");
        }

        (await client.MeByBasicAsync("alice")).Status.Should().Be(isOn ? 200 : 401);
    }

    [Fact, Trait("row", "HTP-24")]
    public async Task No_string_as_a_name_or_password_makes_it_fail_and_none_is_logged()
    {
        await using ServerHost own = BasicHost.Made();
        await own.AddAccountAsync("alice");
        using HttpClient client = own.Connect();
        const string Wrong = "a wrong secret password";
        await client.MeByBasicAsync("alice", Wrong);

        foreach (string text in NaughtyStrings.All.Where(text => text.Length < 4000))
        {
            foreach (Reply reply in (Reply[])[await client.MeByBasicAsync("alice", text), await client.MeByBasicAsync(text, "x")])
                reply.Status.Should().BeOneOf([401, 429], text);
        }

        own.Time.Advance(TimeSpan.FromHours(1));
        (await client.MeByBasicAsync("alice")).Status.Should().Be(200, "and goes on working");
        string[] secrets = [ServerHost.Password, Wrong, .. new[] { ServerHost.Password, Wrong }.Select(
            password => BasicRequests.Basic("alice", password)["Basic ".Length..])];
        own.Log.All.Should().Contain(line => line.Contains("verified by HTTP Basic", StringComparison.Ordinal));
        own.Log.All.Should().NotContain(line => secrets.Any(secret => line.Contains(secret, StringComparison.Ordinal))
            || line.Contains("A request failed", StringComparison.Ordinal));
    }

    // {t}: alice and her password; {t-}: without padding; {leftover}: with bits after the last byte; {b:…}: a text, {x:…}: bytes in
    // base 16, {long:n}: so many bytes.
    private static string Written(string header)
    {
        string token = BasicRequests.Basic("alice", ServerHost.Password)["Basic ".Length..];
        header = header.Replace("{t}", token, StringComparison.Ordinal).Replace("{t-}", token.TrimEnd('='), StringComparison.Ordinal)
            .Replace("{leftover}", token[..^2] + (char)(token[^2] + 1) + "=", StringComparison.Ordinal);
        int start = header.IndexOf('{', StringComparison.Ordinal);
        if (start < 0)
            return header;
        string[] parts = header[(start + 1)..^1].Split(':', 2);
        byte[] bytes = parts[0] switch
        {
            "b" => Encoding.UTF8.GetBytes(parts[1]),
            "x" => Convert.FromHexString(parts[1]),
            _ => Encoding.UTF8.GetBytes("alice:".PadRight(int.Parse(parts[1], System.Globalization.CultureInfo.InvariantCulture), 'x')),
        };
        return header[..start] + Convert.ToBase64String(bytes);
    }
}
