using JwtAuth.Tests.Hosting;

namespace JwtAuth.Tests.Pipeline;

public sealed class StaticPagesTests(StaticPagesTests.Fixture fixture) : IClassFixture<StaticPagesTests.Fixture>
{
    private const string Ours = "https://app.example.com";

    [Theory]
    [InlineData("/jwtauth.js", "text/javascript; charset=utf-8", "export class JwtAuthClient")]
    [InlineData("/jwtauth.d.ts", "text/plain; charset=utf-8", "export class JwtAuthClient")]
    public async Task The_module_is_served_in_Production_with_its_type_a_short_cache_and_the_headers_of_every_reply(
        string path, string type, string text)
    {
        using HttpClient client = fixture.Host.ConnectByProxy();

        Reply reply = await client.AskAsync("GET", path);
        Reply head = await client.AskAsync("HEAD", path);

        (reply.Status, reply.Header("Content-Type"), reply.Header("Cache-Control")).Should().Be((200, type, "public, max-age=300"));
        reply.Body.Should().Be(await File.ReadAllTextAsync(
            Path.Combine(Repository.Root, "src/JwtAuth.Server/wwwroot", path[1..]), TestContext.Current.CancellationToken))
            .And.Contain(text);
        (reply.Header("X-Content-Type-Options"), reply.Header("Strict-Transport-Security")).Should().Be(("nosniff", "max-age=31536000"));
        reply.Headers.Keys.Should().NotContain(["Set-Cookie", "Server"]);
        (head.Status, head.Body, head.Header("Content-Length"), head.Header("ETag"))
            .Should().Be((200, "", reply.Header("Content-Length"), reply.Header("ETag")));
    }

    [Fact]
    public async Task Who_has_the_module_is_told_that_it_has_not_changed_and_who_has_another_gets_it()
    {
        using HttpClient client = fixture.Host.ConnectByProxy();
        string tag = (await client.AskAsync("GET", "/jwtauth.js")).Header("ETag");

        Reply same = await client.AskAsync("GET", "/jwtauth.js", null, ("If-None-Match", tag));
        Reply other = await client.AskAsync("GET", "/jwtauth.js", null, ("If-None-Match", "\"another\""));

        tag.Should().MatchRegex("^\"[^\"]+\"$");
        (same.Status, same.Body, same.Header("Cache-Control")).Should().Be((304, "", "public, max-age=300"));
        (other.Status, other.Header("ETag")).Should().Be((200, tag));
    }

    [Fact]
    public async Task A_page_of_an_allowed_origin_can_import_the_module_and_one_of_another_cannot()
    {
        using HttpClient client = fixture.Host.ConnectByProxy();

        foreach (string stranger in (string[])["https://evil.example", "null"])
            (await client.AskAsync("GET", "/jwtauth.js", null, ("Origin", stranger))).Headers.Keys
                .Should().NotContain("Access-Control-Allow-Origin");
        Reply ours = await client.AskAsync("GET", "/jwtauth.js", null, ("Origin", Ours));
        (ours.Status, ours.Header("Access-Control-Allow-Origin")).Should().Be((200, Ours));
        ours.Header("Vary").Should().Contain("Origin", "a cache keeps the answers apart");
    }

    [Theory]
    [InlineData("POST")]
    [InlineData("PUT")]
    [InlineData("DELETE")]
    [InlineData("TRACE")]
    public async Task The_module_can_be_read_and_nothing_else(string method)
    {
        using HttpClient client = fixture.Host.ConnectByProxy();

        Reply refused = await client.AskAsync(method, "/jwtauth.js", method == "TRACE" ? null : "{}");

        (refused.Status, refused.Code, refused.Header("Allow"), refused.Header("Cache-Control"))
            .Should().Be((405, "method_not_allowed", "GET, HEAD", "no-store"));
        (await client.AskAsync("GET", "/jwtauth.js")).Status.Should().Be(200);
    }

    [Theory, Trait("row", "HTP-13")]
    [InlineData("/pages")]
    [InlineData("/jwtauth")]
    [InlineData("/jwtauth.js/")]
    [InlineData("/JWTAUTH.JS")]
    [InlineData("/jwtauth.js%20")]
    [InlineData("/jwtauth.js.br")]
    [InlineData("//jwtauth.js")]
    [InlineData("/wwwroot/jwtauth.js")]
    [InlineData("/%2e%2e/jwtauth.js/../jwtauth")]
    [InlineData("/%2e%2e%2fJwtAuth.Server.dll")]
    [InlineData("/..%5cJwtAuth.Server.dll")]
    [InlineData("/jwtauth.js/%2e%2e/%2e%2e/JwtAuth.Server.dll")]
    [InlineData("/JwtAuth.Server.dll")]
    [InlineData("/appsettings.Development.json")]
    [InlineData("/lab")]
    [InlineData("/lab/")]
    [InlineData("/lab/index.html")]
    public async Task Nothing_beside_the_named_files_is_there(string path)
    {
        (await AskAsync(path)).Should().Be(404);
        (await AskAsync("/jwtauth.js")).Should().Be(200);

        async Task<int> AskAsync(string target)
        {
            Uri address = fixture.Host.Connect().BaseAddress!;
            IReadOnlyList<Reply> replies = await RawHttp.SendAsync(
                address, $"GET {target} HTTP/1.1\r\nHost: {address.Authority}\r\nX-Forwarded-For: 192.0.2.7\r\n"
                    + "X-Forwarded-Proto: https\r\nConnection: close\r\n\r\n");
            return replies.Should().ContainSingle().Which.Status;
        }
    }

    [Fact]
    public async Task The_program_serves_the_module_wherever_it_was_started()
    {
        string elsewhere = Directory.CreateTempSubdirectory("jwtauth-").FullName;
        await using (ServerProcess process = await ServerProcess.StartAsync(
            elsewhere, new Dictionary<string, string> { ["contentRoot"] = elsewhere, ["JwtAuth:Audiences"] = "orders" }))
        {
            using var client = new HttpClient { BaseAddress = process.Address };

            (await client.AskAsync("GET", "/jwtauth.js")).Status.Should().Be(200);
            (await client.AskAsync("GET", "/jwtauth.mjs")).Status.Should().Be(404);
        }
        Directory.Delete(elsewhere, recursive: true);
    }

    public sealed class Fixture : IAsyncDisposable
    {
        internal ServerHost Host { get; } = Production.Host().With("JwtAuth:Cors:Origins:0", Ours);

        public ValueTask DisposeAsync() => Host.DisposeAsync();
    }
}
