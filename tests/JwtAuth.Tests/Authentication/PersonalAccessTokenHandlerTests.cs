using JwtAuth.Server.Accounts;
using JwtAuth.Server.Lab;
using JwtAuth.Server.PersonalAccessTokens;
using JwtAuth.Server.Storage;
using JwtAuth.Tests.Denials;
using JwtAuth.Tests.Hosting;
using JwtAuth.Tests.PersonalAccessTokens;
using JwtAuth.Tests.RefreshTokens;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Routing;

namespace JwtAuth.Tests.Authentication;

public sealed class PersonalAccessTokenHandlerTests(SessionsHost fixture) : IClassFixture<SessionsHost>, IAsyncLifetime
{
    private readonly ServerHost host = fixture.Host;
    private readonly HttpClient client = fixture.Host.Connect();
    private AccountSnapshot account = null!;
    private string bearer = "";

    public async ValueTask InitializeAsync()
    {
        account = await host.AddAccountAsync($"user-{Guid.NewGuid():N}", "clerk");
        bearer = await host.LoginAsync(account.Username, host.Issuer);
    }

    public ValueTask DisposeAsync()
    {
        client.Dispose();
        return ValueTask.CompletedTask;
    }

    [Fact]
    public async Task Me_tells_who_the_token_speaks_for_and_what_it_may()
    {
        MadeToken token = await client.MakeAsync(bearer, "orders:write orders:read");

        Reply me = await client.AskAsAsync(token.Token, "GET", "/me");

        me.Status.Should().Be(200);
        me.Header("Cache-Control").Should().Be("no-store");
        me.Json.GetProperty("sub").GetString().Should().Be(account.Subject);
        me.Json.GetProperty("username").GetString().Should().Be(account.Username);
        me.Json.GetProperty("roles").EnumerateArray().Select(role => role.GetString()).Should().Equal("clerk");
        me.ScopesOf().Should().Equal("orders:write", "orders:read");
        me.Json.GetProperty("scheme").GetString().Should().Be("personal_access_token");
        me.Json.GetProperty("expires_at").GetDateTimeOffset().Should().Be(token.ExpiresAt);
    }

    [Theory]
    [InlineData("Bearer {0}", 200)]
    [InlineData("bearer {0}", 200)]
    [InlineData("BEARER   {0}  ", 200)]
    [InlineData("Bearer\t{0}", 401)]
    [InlineData("Bearer \"{0}\"", 401)]
    [InlineData("Bearer {0},", 401)]
    [InlineData("Token {0}", 401)]
    [InlineData("{0}", 401)]
    [InlineData("Bearer J{0}", 401)]
    public async Task It_comes_as_an_access_token_comes(string header, int status)
    {
        MadeToken token = await client.MakeAsync(bearer);

        (await client.AskAsync("GET", "/me", null, ("Authorization", string.Format(null, header, token.Token)))).Status.Should().Be(status);
        (await client.MeAsync(token.Token)).Should().Be(200);
    }

    [Theory]
    [InlineData("misspelt")]
    [InlineData("not_living")]
    public async Task A_refusal_says_why_in_Development_alone(string reason)
    {
        string wrong = Wrong(reason);
        await using ServerHost production = Production.Host();
        using HttpClient outside = production.ConnectByProxy();

        Reply refused = await client.AskAsAsync(wrong, "GET", "/me"), silent = await outside.AskAsAsync(wrong, "GET", "/me");

        (refused.Status, refused.Header("WWW-Authenticate")).Should().Be((401, "Bearer error=\"invalid_token\""));
        refused.Header("Content-Type").Should().StartWith("application/problem+json");
        refused.Json.EnumerateObject().Select(member => member.Name).Should().Equal("title", "status", "code", "reason", "hint");
        (refused.Code, refused.Json.GetProperty("reason").GetString()).Should().Be(("invalid_token", reason));
        (silent.Status, silent.Header("WWW-Authenticate"), silent.Body).Should().Be((401, "Bearer error=\"invalid_token\"", ""));
        silent.Bytes.Should().Be((await outside.AskAsAsync("eyJhbGciOiJub25lIn0.eyJzdWIiOiJyb290In0.", "GET", "/me")).Bytes,
            "they are what an access token's refusal is");
        (await client.MeAsync((await client.MakeAsync(bearer)).Token)).Should().Be(200);
    }

    [Fact]
    public void Each_reason_has_its_remedy_in_the_errors_page()
    {
        string page = File.ReadAllText(Path.Combine(Repository.Root, "docs/errors.md"));

        PersonalAccessTokenRejection.All
            .Should().HaveCount(2).And.OnlyContain(rejection => page.Contains($"| `{rejection.Reason}` | ", StringComparison.Ordinal));
    }

    [Fact, Trait("row", "PAT-07")]
    public async Task What_is_misspelt_is_refused_without_a_look_up_and_slows_nobody_down()
    {
        MadeToken token = await client.MakeAsync(bearer);
        await client.MeAsync(token.Token);
        string misspelt = token.Token[..^1] + (token.Token[^1] == 'A' ? 'B' : 'A');
        long before = Commands();

        for (int attempt = 0; attempt < 100; attempt++)
        {
            (await client.MeAsync(misspelt)).Should().Be(401);
            (await client.ChangeAsync(misspelt)).Code.Should().Be("invalid_credentials");
        }

        Commands().Should().Be(before);
        (await client.MeAsync(token.Token)).Should().Be(200);
        Commands().Should().Be(before + 1, "a well-formed one is looked for once, in one reading");
    }

    [Fact, Trait("row", "PAT-07")]
    public async Task Wrong_tokens_slow_down_the_network_that_they_come_from_and_a_right_one_is_taken_all_the_same()
    {
        await using ServerHost guessed = new ServerHost()
            .With("JwtAuth:Proxy:TrustedNetworks", "127.0.0.1").With("JwtAuth:SigningKeys:Algorithm", "ES256");
        await guessed.AddAccountAsync("alice");
        using HttpClient guesser = guessed.Connect(), elsewhere = guessed.Connect();
        guesser.DefaultRequestHeaders.Add("X-Forwarded-For", "192.0.2.1");
        elsewhere.DefaultRequestHeaders.Add("X-Forwarded-For", "192.0.2.2");
        MadeToken right = await guesser.MakeAsync(await guessed.LoginAsync("alice", guessed.Issuer));

        List<Reply> replies = [];
        for (int attempt = 0; attempt < 100; attempt++)
            replies.Add(attempt % 2 == 0
                ? await guesser.AskAsAsync(Wrong("not_living"), "GET", "/me")
                : await guesser.ChangeAsync(Wrong("not_living")));

        replies.Take(30).Should().OnlyContain(reply => reply.Status == 401);
        replies.Skip(31).Should().OnlyContain(reply => reply.Status == 429 && reply.Code == "too_many_attempts");
        replies[^1].Header("Retry-After").Should().MatchRegex("^[1-9][0-9]*$");
        (await guesser.LivesAsync(right.Token)).Should().BeTrue();
        (await elsewhere.MeAsync(Wrong("not_living"))).Should().Be(401, "others are not slowed down");
        guessed.Time.Advance(TimeSpan.FromMinutes(10));
        (await guesser.MeAsync(Wrong("not_living"))).Should().Be(401, "and it passes");
    }

    [Theory]
    [InlineData("/me?access_token={0}")]
    [InlineData("/me?access_token=x")]
    public async Task A_second_token_in_the_query_is_too_many(string path)
    {
        MadeToken token = await client.MakeAsync(bearer);

        Reply refused = await client.AskAsAsync(token.Token, "GET", string.Format(null, path, token.Token));

        (refused.Status, refused.Header("WWW-Authenticate"), refused.Json.GetProperty("reason").GetString())
            .Should().Be((400, "Bearer error=\"invalid_request\"", "ambiguous_request"));
        (await client.AskAsync("GET", $"/me?access_token={token.Token}")).Status.Should().Be(401, "a token is never taken from there");
        (await client.AskAsAsync(token.Token, "GET", "/me?other=x")).Status.Should().Be(200);
    }

    [Fact]
    public async Task Two_headers_are_too_many_whatever_is_in_them()
    {
        MadeToken token = await client.MakeAsync(bearer);
        string Request(params string[] tokens) => $"GET /me HTTP/1.1\r\nHost: {new Uri(host.Issuer).Authority}\r\nConnection: close\r\n"
            + string.Concat(tokens.Select(text => $"Authorization: Bearer {text}\r\n")) + "\r\n";

        (await RawHttp.SendAsync(new Uri(host.Issuer), Request(token.Token, token.Token)))[0].Status.Should().Be(400);
        (await RawHttp.SendAsync(new Uri(host.Issuer), Request(bearer, token.Token)))[0].Status.Should().Be(400);
        (await RawHttp.SendAsync(new Uri(host.Issuer), Request(token.Token)))[0].Status.Should().Be(200);
    }

    [Fact, Trait("row", "ACC-06")]
    public async Task Every_other_call_that_demands_a_credential_forbids_it_even_to_an_administrator()
    {
        string root = await host.LoginAsync("root", host.Issuer);
        MadeToken token = await client.MakeAsync(root);
        List<string> forbidden = [];

        // The lab's API has a check of its own.
        foreach (RouteEndpoint endpoint in host.Get<EndpointDataSource>().Endpoints.Cast<RouteEndpoint>().Where(endpoint =>
            endpoint.Metadata.GetMetadata<IAllowAnonymous>() is null && endpoint.Metadata.GetMetadata<ThiefAttribute>() is null))
        {
            string path = "/" + endpoint.RoutePattern.RawText!.TrimStart('/')
                .Replace("{", "", StringComparison.Ordinal).Replace("}", "", StringComparison.Ordinal);
            string method = endpoint.Metadata.GetMetadata<HttpMethodMetadata>()!.HttpMethods.Except(["HEAD"]).Single();
            if (path == "/me")
                continue;
            Reply reply = await client.AskAsAsync(token.Token, method, path, method == "POST" ? "{}" : null);
            (reply.Status, reply.Code).Should().Be((403, "forbidden"), $"{method} {path}");
            (await client.AskAsAsync(root, method, path, method is "POST" or "DELETE" ? "{}" : null)).Status
                .Should().NotBe(403, $"{method} {path} is not forbidden to its account");
            forbidden.Add($"{method} {path}");
            if (path is "/auth/revoke")
                root = await host.LoginAsync("root", host.Issuer); // that ended its own
        }

        forbidden.Should().Contain(["GET /admin/users", "POST /auth/tokens", "DELETE /admin/users/sub/tokens", "POST /auth/password"])
            .And.HaveCountGreaterThan(14);
        (await client.MeAsync(token.Token)).Should().Be(200);
    }

    [Fact]
    public async Task A_call_that_asks_nobody_does_not_look_for_it()
    {
        MadeToken token = await client.MakeAsync(bearer);
        long before = Commands();

        (await client.AskAsAsync(token.Token, "GET", "/.well-known/jwks.json")).Status.Should().Be(200);
        (await client.AskAsAsync(token.Token, "GET", "/nothing/here")).Status.Should().Be(404);
        Commands().Should().Be(before);

        (await client.AskAsAsync(token.Token, "GET", "/me")).Status.Should().Be(200);
        Commands().Should().BeGreaterThan(before);
    }

    private static string Wrong(string reason) => reason == "misspelt" ? "jpat_x" : PersonalAccessToken.Make().Reveal();

    private long Commands() => host.Lines("Executed DbCommand") + host.Get<PreparedReads>().Answered;
}
