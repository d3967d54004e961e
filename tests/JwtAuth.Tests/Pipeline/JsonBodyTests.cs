using System.Text;
using JwtAuth.Tests.Authentication;
using JwtAuth.Tests.Hosting;
using JwtAuth.Tests.Revocation;

namespace JwtAuth.Tests.Pipeline;

public sealed class JsonBodyTests(OneHost fixture) : IClassFixture<OneHost>
{
    private const string Good = """{"username":"alice","password":"a quiet harbour at dawn"}""";

    // Read whole and understood, and then refused for its scope, before any work.
    private const string Understood = """{"username":"alice","password":"a quiet harbour at dawn","scope":"no-such"}""";

    private readonly ServerHost host = fixture.Host;

    public static TheoryData<string> Shapes =>
    [
        "", " ", "[]", "null", "1", "true", "\"alice\"", "{}", "{", "}", "[{}]", "{]",
        $"[{Good}]", Good + Good, Good + "x", Good + ",", Good[..^1] + ",}", "/* c */" + Good, Good + "// c", "\0" + Good, Good + "\0",
        """{"username":["alice"],"password":"a quiet harbour at dawn"}""",
        """{"username":{"$ne":""},"password":{"$ne":""}}""",
        """{"username":"alice","password":{"$ne":""}}""",
        """{"username":"alice","password":["a quiet harbour at dawn"]}""",
        """{"username":"alice","password":12345678901234567890}""",
        """{"username":"alice","password":true}""",
        """{"username":"alice","password":null}""",
        """{"username":null,"password":"a quiet harbour at dawn"}""",
        """{"username":"alice"}""",
        """{"password":"a quiet harbour at dawn"}""",
        """{"username":"alice","username":"root","password":"a quiet harbour at dawn"}""",
        """{"username":"alice","password":"a quiet harbour at dawn","password":"a quiet harbour at dawn"}""",
        """{"username":"alice","usern\u0061me":"alice","password":"a quiet harbour at dawn"}""",
        """{"username":"alice","password":"a quiet harbour at dawn","admin":true}""",
        """{"username":"alice","password":"a quiet harbour at dawn","roles":["admin"]}""",
        """{"username":"alice","password":"a quiet harbour at dawn","__proto__":{}}""",
        """{"username":"alice","password":"a quiet harbour at dawn","$type":"System.Object"}""",
        """{"username":"alice","password":"a quiet harbour at dawn","":""}""",
        """{"Username":"alice","Password":"a quiet harbour at dawn"}""",
        """{"USERNAME":"alice","password":"a quiet harbour at dawn"}""",
        """{'username':'alice','password':'a quiet harbour at dawn'}""",
        """{username:"alice",password:"a quiet harbour at dawn"}""",
        """{"username":"alice","password":"\ud800"}""",
        """{"username":"\udc00alice","password":"a quiet harbour at dawn"}""",
        """{"\ud800":"alice","password":"a quiet harbour at dawn"}""",
        """{"username":"alice","password":"\x41"}""",
        """{"username":"alice","password":"a quiet harbour at dawn","scope":1}""",
        """{"username":"alice","password":"a quiet harbour at dawn","scope":["orders:read"]}""",
        """{"username":"alice","password":"a quiet harbour at dawn","audience":["orders"]}""",
        """{"username":"alice","password":"a quiet harbour at dawn","credential":{}}""",
        "{\"username\":" + new string('[', 1000) + new string(']', 1000) + "}",
        string.Concat(Enumerable.Repeat("{\"a\":", 1000)) + "1" + new string('}', 1000),
        $$"""{"{{new string('.', 100)}}":1}""",
        $$"""{"{{new string('[', 100)}}":1}""",
        $$"""{"username":"alice","password":"x","a{{string.Concat(Enumerable.Repeat("[0].b", 100))}}":1}""",
        "{\"username\":\"alice\",\"password\":\"line\nbreak\"}",
    ];

    [Theory, Trait("row", "HTP-23"), Trait("row", "HTP-21")]
    [MemberData(nameof(Shapes))]
    public async Task A_body_of_another_shape_is_refused_at_every_door(string body)
    {
        using HttpClient client = host.Connect(), administrator = host.Connect(fixture.AdminToken);

        foreach (string path in (string[])["/auth/login", "/auth/register"])
        {
            Reply refused = await client.AskAsync("POST", path, body);
            (refused.Status, refused.Code).Should().Be((400, "invalid_request"));
            refused.Body.Should().NotContain("System.").And.NotContain("LineNumber").And.NotContain("$.");
        }
        Reply reset = await administrator.AskAsync("POST", "/admin/users/nobody/password", body);
        (reset.Status, reset.Code).Should().Be((400, "invalid_request"));
        (await client.AskAsync("POST", "/auth/login", Understood)).Code.Should().Be("invalid_scope");
    }

    [Theory, Trait("row", "HTP-23"), Trait("row", "PWD-09")]
    [InlineData("FF")]
    [InlineData("C3")]
    [InlineData("C080")]
    [InlineData("EDA080")]
    [InlineData("F4908080")]
    public async Task Bytes_that_are_not_UTF_8_are_refused_and_not_replaced(string hex)
    {
        using HttpClient client = host.Connect();
        string name = $"replaced-{Guid.NewGuid():N}";

        foreach (string path in (string[])["/auth/register", "/auth/login"])
        {
            var content = new ByteArrayContent(
                [.. Encoding.ASCII.GetBytes($$"""{"username":"{{name}}","password":"a quiet harbour at dawn"""),
                    .. Convert.FromHexString(hex), .. "\"}"u8]);
            content.Headers.ContentType = new("application/json");
            (await client.AskAsync("POST", path, content)).Status.Should().Be(400);
        }
        (await client.RegisterAsync(name, "a quiet harbour at dawn\ufffd")).Status.Should().Be(201);
        (await client.LoginAsync(name, "a quiet harbour at dawn\ufffd")).Status.Should().Be(200);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("text/plain")]
    [InlineData("text/json")]
    [InlineData("application/x-www-form-urlencoded")]
    [InlineData("multipart/form-data; boundary=x")]
    [InlineData("application/problem+json")]
    [InlineData("application/jsonp")]
    [InlineData("application/*")]
    [InlineData("application/json, text/plain")]
    [InlineData("application/json; charset=utf-7")]
    [InlineData("application/json; charset=utf-16")]
    [InlineData("application/json; charset=utf-8; charset=utf-16")]
    [InlineData("application/json; charset=utf-16; charset=utf-8")]
    [InlineData("application/json; charset=utf-8; CHARSET=\"latin1\"")]
    [InlineData("application/json; charset")]
    public async Task A_body_that_does_not_call_itself_JSON_is_not_read(string? type)
    {
        using HttpClient client = host.Connect();
        var content = new ByteArrayContent(Encoding.UTF8.GetBytes(Understood));
        if (type is not null)
            content.Headers.TryAddWithoutValidation("Content-Type", type);

        Reply refused = await client.AskAsync("POST", "/auth/login", content);

        (refused.Status, refused.Code).Should().Be((415, "unsupported_media_type"));
        foreach (string right in (string[])["application/json", "application/json; charset=utf-8", "APPLICATION/JSON",
            "application/json; Charset=\"UTF-8\"; charset=utf-8"])
        {
            var good = new ByteArrayContent(Encoding.UTF8.GetBytes(Understood));
            good.Headers.TryAddWithoutValidation("Content-Type", right);
            (await client.AskAsync("POST", "/auth/login", good)).Code.Should().Be("invalid_scope");
        }
    }
}
