using System.Text;
using JwtAuth.Tests.Authentication;
using JwtAuth.Tests.Hosting;

namespace JwtAuth.Tests.Pipeline;

/// <summary>What a client is told of a body that was refused: enough to find the fault, and nothing of what may be secret.</summary>
public sealed class JsonBodyFaultTests(OneHost fixture) : IClassFixture<OneHost>
{
    private const string NotJson = "The body is not JSON, or is nested more than 16 deep";
    private const string WholeNumber = "must be a whole number.";
    private const string Secret = "correct horse battery staple";

    private readonly ServerHost host = fixture.Host;

    [Theory]
    [InlineData("/auth/login", """{"username":"alice","pasword":"a quiet harbour at dawn"}""",
        "\"pasword\" (line 1, byte 21) is none of this call's. Send one JSON object with these members and no others")]
    [InlineData("/auth/login", "{\n  \"username\": \"älice\", \"scope\": [\"orders:read\"],\n  \"x\": 1\n}",
        "\"scope\" (line 2, byte 25) must be a string.")]
    [InlineData("/auth/login", """{"username":"alice","scope":1}""", "\"scope\" (line 1, byte 21) must be a string.")]
    [InlineData("/auth/login", """{"username":"alice","username":"root"}""", "\"username\" (line 1, byte 21) is there twice.")]
    [InlineData("/auth/login", """{"username":"alice","usern\u0061me":"root"}""", "\"username\" (line 1, byte 21) is there twice.")]
    [InlineData("/auth/login", """{"Username":"alice"}""", "\"Username\" (line 1, byte 2) is none of this call's.")]
    [InlineData("/auth/login", """{"user name":"alice"}""", "A member (line 1, byte 2) is none of this call's.")]
    [InlineData("/auth/login", """{"\ud800":"alice"}""", "A member (line 1, byte 2) is none of this call's.")]
    [InlineData("/auth/login", """{"username":"\ud800"}""", "\"username\" (line 1, byte 2) must be Unicode text.")]
    [InlineData("/auth/login", "{\n\"username\":\"alice\",}", NotJson + " (line 2, byte 20).")]
    [InlineData("/auth/login", "{\"username\":\"alice\"", NotJson + " (line 1, byte 20).")]
    [InlineData("/auth/login", """{'username':'alice'}""", NotJson + " (line 1, byte 2).")]
    [InlineData("/auth/login", "[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]", NotJson + " (line 1, byte 17).")]
    [InlineData("/auth/login", "[]", "The body is no object. Send one JSON object")]
    [InlineData("/auth/login", "null", "The body is no object. Send one JSON object")]
    [InlineData("/auth/login", " ", "The body is empty. Send one JSON object")]
    [InlineData("/auth/login", "", "Send one JSON object")]
    [InlineData("/auth/register", """{"username":"alice"}""",
        "\"password\" must be there. Send one JSON object with these members and no others, each once: username, password.")]
    [InlineData("/auth/register", "{}", "\"username\" and \"password\" must be there.")]
    [InlineData("/auth/register", """{"username":"alice","password":null}""", "\"password\" (line 1, byte 21) must be a string.")]
    [InlineData("/auth/tokens", """{"name":"x","lifetime_days":"30"}""", "\"lifetime_days\" (line 1, byte 13) " + WholeNumber)]
    [InlineData("/auth/tokens", """{"name":"x","lifetime_days":1.5}""", "\"lifetime_days\" (line 1, byte 13) " + WholeNumber)]
    [InlineData("/auth/tokens", """{"name":"x","lifetime_days":99999999999}""", "\"lifetime_days\" (line 1, byte 13) " + WholeNumber)]
    [InlineData("/auth/tokens", """{"name":"x","lifetime_days":null}""", "\"lifetime_days\" (line 1, byte 13) " + WholeNumber)]
    public async Task A_refused_body_is_told_which_member_does_not_fit_and_where(string path, string body, string detail)
    {
        using HttpClient client = host.Connect(fixture.UserToken);

        Reply refused = await client.AskAsync("POST", path, body);

        (refused.Status, refused.Code).Should().Be((400, "invalid_request"));
        refused.Json.GetProperty("detail").GetString().Should().StartWith(detail);
        (await client.AskAsync("POST", "/auth/tokens", """{"name":"x","lifetime_days":30}""")).Status.Should().Be(201);
    }

    [Theory]
    [InlineData("\"clerk\"")]
    [InlineData("[1]")]
    [InlineData("{\"a\":1}")]
    public async Task What_has_to_be_a_list_is_asked_for_as_a_list(string roles)
    {
        using HttpClient client = host.Connect(fixture.AdminToken);

        Reply refused = await client.AskAsync("POST", "/admin/users", $$"""{"username":"x","password":"y","roles":{{roles}}}""");

        (refused.Status, refused.Code).Should().Be((400, "invalid_request"));
        refused.Json.GetProperty("detail").GetString().Should().Be("\"roles\" (line 1, byte 32) must be a list of strings.");
    }

    [Theory]
    [InlineData("{s}")]
    [InlineData("\"{s}\"")]
    [InlineData("{\"username\":\"alice\",\"password\":\"{s}")]
    [InlineData("{\"username\":\"alice\",\"password\":{s}}")]
    [InlineData("{\"username\":\"alice\",\"password\":[\"{s}\"]}")]
    [InlineData("{\"username\":\"alice\",\"password\":\"{s}\",\"password\":\"{s}\"}")]
    [InlineData("{\"username\":\"alice\",\"password\":\"{s}\",\"scope\":7}")]
    [InlineData("{\"username\":\"alice\",\"{s}\":\"password\"}")]
    [InlineData("{\"username\":\"alice\",\"{s}\"}")]
    [InlineData("{\"username\":\"alice\",\"password\":\"{s}\\x\"}")]
    [InlineData("{\"username\":\"alice\",\"password\":\"{s}\u00ff\"}")]
    [InlineData("{\"username\":\"alice\",\"jpat_0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ\":\"{s}\"}")]
    public async Task Nothing_that_may_be_a_secret_is_repeated_wherever_it_stands(string body)
    {
        using HttpClient client = host.Connect();
        var content = new ByteArrayContent(Encoding.Latin1.GetBytes(body.Replace("{s}", Secret, StringComparison.Ordinal)))
        {
            Headers = { ContentType = new("application/json") },
        };

        Reply refused = await client.AskAsync("POST", "/auth/login", content);

        (refused.Status, refused.Code).Should().Be((400, "invalid_request"));
        refused.Body.Should().NotContainAny("correct", "horse", "jpat_").And.MatchRegex("^[ -~]{1,600}$", "it is bounded, and ASCII");
        (await client.AskAsync("POST", "/auth/login", new { username = "alice", secret = "x" })).Body.Should().Contain("secret");
    }

    [Fact]
    public async Task A_body_that_is_not_UTF_8_is_told_where_and_a_byte_order_mark_is_no_fault()
    {
        using HttpClient client = host.Connect();

        Reply refused = await SendAsync([.. "{\n\"username\":\"\u00e4"u8, 0xe4, .. "\"}"u8]);
        Reply marked = await SendAsync([0xef, 0xbb, 0xbf, .. """{"username":"alice","password":"a quiet harbour at dawn"}"""u8]);

        refused.Json.GetProperty("detail").GetString().Should().Be("The body is not UTF-8 (line 2, byte 15).");
        marked.Status.Should().Be(200);

        Task<Reply> SendAsync(byte[] bytes) => client.AskAsync(
            "POST", "/auth/login", new ByteArrayContent(bytes) { Headers = { ContentType = new("application/json") } });
    }

    [Fact]
    public async Task A_query_that_cannot_be_read_is_told_by_the_name_of_its_parameter()
    {
        using HttpClient client = host.Connect(fixture.AdminToken);

        foreach ((string query, string detail) in new[]
        {
            ("limit=ten", "The parameter limit must be a whole number."),
            ("limit=1&limit=2", "Each parameter is sent once. limit is there twice."),
            ("a+word=1&a+word=2", "Each parameter is sent once."),
            ("q=alice", "q is none of this call's parameters. It has: search, after, limit."),
            ("limit=10&Search=alice", "Search is none of this call's parameters. It has: search, after, limit."),
            ("a+word=1", "A parameter is none of this call's. It has: search, after, limit."),
        })
        {
            Reply refused = await client.AskAsync("GET", $"/admin/users?{query}");
            (refused.Status, refused.Json.GetProperty("detail").GetString()).Should().Be((400, detail));
        }
        (await client.AskAsync("GET", "/admin/users?limit=10")).Status.Should().Be(200);
    }
}
