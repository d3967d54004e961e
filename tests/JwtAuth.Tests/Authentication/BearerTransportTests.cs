using JwtAuth.Tests.Attacks;
using JwtAuth.Tests.Hosting;

namespace JwtAuth.Tests.Authentication;

public sealed class BearerTransportTests(OneHost fixture) : IClassFixture<OneHost>
{
    private const string ByBasic = "Basic realm=\"JwtAuth\", charset=\"UTF-8\", Bearer";
    private const string NoToken = "Bearer", InvalidToken = "Bearer error=\"invalid_token\"",
        InvalidRequest = "Bearer error=\"invalid_request\"";

    private readonly ServerHost host = fixture.Host;

    [Theory]
    [Trait("row", "HTP-02"), Trait("row", "HTP-03"), Trait("row", "HTP-05"), Trait("row", "HTP-11"), Trait("row", "HTP-17")]
    [InlineData("Authorization: Bearer {t}", 200, "")]
    [InlineData("authorization: bearer {t}", 200, "")]
    [InlineData("AUTHORIZATION: BEARER {t}", 200, "")]
    [InlineData("Authorization: bEaReR {t}", 200, "")]
    [InlineData("Authorization:Bearer {t}", 200, "")]
    [InlineData("Authorization: Bearer  {t}", 200, "")]
    [InlineData("Authorization:   Bearer     {t}   ", 200, "")]
    [InlineData("Authorization: Bearer\t{t}", 401, NoToken)]
    [InlineData("Authorization: Bearer \t{t}", 401, InvalidToken)]
    [InlineData("Authorization: Bearer", 401, NoToken)]
    [InlineData("Authorization: Bearer ", 401, NoToken)]
    [InlineData("Authorization: ", 401, NoToken)]
    [InlineData("Authorization: {t}", 401, NoToken)]
    [InlineData("Authorization: Bearer{t}", 401, NoToken)]
    [InlineData("Authorization: Bearer:{t}", 401, NoToken)]
    [InlineData("Authorization: JWT {t}", 401, NoToken)]
    [InlineData("Authorization: Token {t}", 401, NoToken)]
    [InlineData("Authorization: Basic {t}", 401, ByBasic)]
    [InlineData("Authorization: Bearer \"{t}\"", 401, InvalidToken)]
    [InlineData("Authorization: Bearer {t} {t}", 401, InvalidToken)]
    [InlineData("Authorization: Bearer {t},Bearer {t}", 401, InvalidToken)]
    [InlineData("Authorization: Bearer {t}, realm=x", 401, InvalidToken)]
    [InlineData("Authorization: Basic YTpi, Bearer {t}", 401, ByBasic)]
    [InlineData("Authorization: Bearer {t}%20", 401, InvalidToken)]
    [InlineData("Authorization: Bearer {t}\u00a0", 401, InvalidToken)]
    [InlineData("Authorization: Bearer {t}\u00ff", 401, InvalidToken)]
    [InlineData("Authorization: Bearer {t}\u00c3\u00a9", 401, InvalidToken)]
    [InlineData("Authorization: Bearer {t}\u00ed\u00a0\u0080", 401, InvalidToken)]
    [InlineData("Authorization: Bearer \u00a0{t}", 401, InvalidToken)]
    [InlineData("Authorization: Bearer jpat_\u00ff", 401, InvalidToken)]
    [InlineData("Authorization: Bearer\u00a0{t}", 401, NoToken)]
    [InlineData("Authorization: Basic \u00ff", 401, ByBasic)]
    [InlineData("Authorization: Bearer {t}\r\nCookie: theirs=\u00e9; other=\u00ff", 200, "")]
    [InlineData("Authorization: Bearer {t}\r\nUser-Agent: M\u00fcller/1.0", 200, "")]
    [InlineData("Cookie: theirs=\u00e9", 401, NoToken)]
    [InlineData("Authorization: Bearer {t}\u001b[0m", 401, InvalidToken)]
    [InlineData("Authorization: Bearer {t}\r\nAuthorization: Bearer {t}", 400, InvalidRequest)]
    [InlineData("Authorization: Bearer x.y.z\r\nAuthorization: Bearer {t}", 400, InvalidRequest)]
    [InlineData("Authorization: Bearer {t}\r\nAuthorization: Bearer x.y.z", 400, InvalidRequest)]
    [InlineData("Authorization: Basic YTpi\r\nAuthorization: Bearer {t}", 400, InvalidRequest)]
    [InlineData("Authorization: Bearer {t}\r\nAuthorization:", 400, InvalidRequest)]
    [InlineData("Authorization_: Bearer {t}", 401, NoToken)]
    [InlineData("Proxy-Authorization: Bearer {t}", 401, NoToken)]
    [InlineData("X-Authorization: Bearer {t}", 401, NoToken)]
    [InlineData("X-Forwarded-Authorization: Bearer {t}", 401, NoToken)]
    [InlineData("X-Forwarded-User: root\r\nX-Forwarded-Access-Token: {t}", 401, NoToken)]
    [InlineData("X-Access-Token: {t}", 401, NoToken)]
    [InlineData("Cookie: access_token={t}; Authorization=Bearer {t}", 401, NoToken)]
    [InlineData("X-Original-URL: /health/live", 401, NoToken)]
    [InlineData("X-Rewrite-URL: /health/live", 401, NoToken)]
    [InlineData("X-HTTP-Method-Override: OPTIONS", 401, NoToken)]
    [InlineData("Authorization: Bearer {t}\0", 400, "")]
    [InlineData("Authorization: Bearer {t}\rX: y", 400, "")]
    [InlineData("Authorization: Bearer\r\n {t}", 400, "")]
    [InlineData("Authorization: Bearer\r\n\t{t}", 400, "")]
    [InlineData("Authorization : Bearer {t}", 400, "")]
    [InlineData(" Authorization: Bearer {t}", 400, "")]
    [InlineData("Authori\0zation: Bearer {t}", 400, "")]
    [InlineData("Authorization Bearer {t}", 400, "")]
    public async Task A_token_is_taken_from_one_well_formed_Authorization_header_alone(string header, int status, string challenge)
    {
        string live = new Forge(host).Live();

        Reply reply = await AskAsync(header.Replace("{t}", live, StringComparison.Ordinal));

        (reply.Status, reply.Header("WWW-Authenticate")).Should().Be((status, challenge));
        (await AskAsync($"Authorization: Bearer {live}")).Status.Should().Be(200);
    }

    [Theory, Trait("row", "HTP-06"), Trait("row", "HTP-08")]
    [InlineData("access_token={t}")]
    [InlineData("ACCESS_TOKEN={t}")]
    [InlineData("access%5ftoken={t}")]
    [InlineData("a=b&access_token={t}&c=d")]
    [InlineData("access_token=")]
    public async Task A_token_in_the_query_counts_for_nothing_and_two_ways_at_once_are_an_error(string query)
    {
        string live = new Forge(host).Live(), path = $"/me?{query.Replace("{t}", live, StringComparison.Ordinal)}";
        using HttpClient client = host.Connect(), bearer = host.Connect(live);

        Reply alone = await client.AskAsync("GET", path), both = await bearer.AskAsync("GET", path);

        (alone.Status, alone.Header("WWW-Authenticate")).Should().Be((401, NoToken));
        (both.Status, both.Header("WWW-Authenticate")).Should().Be((400, InvalidRequest));
        (await bearer.AskAsync("GET", "/me?other=1")).Status.Should().Be(200);
        host.Log.All.Should().NotContain(line => line.Contains(live, StringComparison.Ordinal));
    }

    [Theory, Trait("row", "HTP-07"), Trait("row", "HTP-08")]
    [InlineData("application/x-www-form-urlencoded")]
    [InlineData("application/x-www-form-urlencoded; charset=utf-8")]
    [InlineData("APPLICATION/X-WWW-FORM-URLENCODED")]
    public async Task A_token_in_a_form_counts_for_nothing_and_two_ways_at_once_are_an_error(string type)
    {
        using HttpClient client = host.Connect();
        string administrators = fixture.AdminToken;
        using HttpClient administrator = host.Connect(administrators);
        const string Path = "/admin/users/nobody/enable";

        Reply alone = await client.AskAsync("POST", Path, Form(administrators)),
            both = await administrator.AskAsync("POST", Path, Form(administrators));

        (alone.Status, alone.Header("WWW-Authenticate")).Should().Be((401, NoToken));
        (both.Status, both.Header("WWW-Authenticate")).Should().Be((400, InvalidRequest));
        (await administrator.AskAsync("POST", Path, new StringContent("a=b")
        {
            Headers = { ContentType = new("application/x-www-form-urlencoded") },
        })).Status
            .Should().Be(404, "the token was taken and the account is not there");

        StringContent Form(string token)
        {
            var content = new StringContent($"a=b&access_token={token}");
            content.Headers.Remove("Content-Type");
            content.Headers.TryAddWithoutValidation("Content-Type", type);
            return content;
        }
    }

    [Theory, Trait("row", "HTP-08")]
    [InlineData("utf-7")]
    [InlineData("no-such-charset")]
    [InlineData("\"\"")]
    public async Task A_form_in_a_charset_that_cannot_be_read_is_no_failure_of_the_service(string charset)
    {
        using HttpClient client = host.Connect("x.y.z");
        foreach (string path in (string[])["/me", "/auth/login", "/.well-known/jwks.json", "/nothing"])
        {
            using var form = new ByteArrayContent("a=b"u8.ToArray());
            form.Headers.TryAddWithoutValidation("Content-Type", $"application/x-www-form-urlencoded; charset={charset}");
            (await client.AskAsync("POST", path, form)).Status.Should().BeInRange(400, 415);
        }
    }

    [Fact]
    public async Task A_bad_bearer_does_not_stand_in_the_way_of_a_login()
    {
        using HttpClient client = host.Connect("x.y.z");

        (await client.LoginAsync("alice", ServerHost.Password)).Status.Should().Be(200);
        (await client.AskAsync("GET", "/.well-known/jwks.json")).Status.Should().Be(200);
        (await client.AskAsync("GET", "/me")).Status.Should().Be(401);
    }

    private async Task<Reply> AskAsync(string headers)
    {
        Uri address = host.Connect().BaseAddress!;
        return (await RawHttp.SendAsync(address, $"GET /me HTTP/1.1\r\nHost: {address.Authority}\r\n"
            + $"Connection: close\r\n{headers}\r\n\r\n")).Should().ContainSingle().Subject;
    }
}
