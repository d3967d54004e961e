using System.Text;
using JwtAuth.Server.Passwords;
using JwtAuth.Tests.Attacks;
using JwtAuth.Tests.Hosting;

namespace JwtAuth.Tests.Clients;

/// <summary>How a client shows itself to <c>/oauth/introspect</c> and <c>/oauth/revoke</c> (RFC 6749 §2.3).</summary>
public sealed class ClientAuthenticationTests(TwoClients service) : IClassFixture<TwoClients>
{
    private const string BasicChallenge = "Basic realm=\"clients\", charset=\"UTF-8\"";

    [Theory, Trait("row", "REV-04"), Trait("row", "REV-17")]
    [InlineData("/oauth/introspect")]
    [InlineData("/oauth/revoke")]
    public async Task Without_a_client_and_its_secret_nothing_is_told_and_nothing_ended(string path)
    {
        using HttpClient http = service.Host.Connect();
        (string token, string refresh) = await service.LoginAsync("alice");
        string account = await service.Host.LoginAsync("alice", service.Host.Issuer);
        (FormUrlEncodedContent Form, (string, string)[] Headers, string Challenge)[] strangers =
        [
            (TestClient.Form(("token", token)), [], "Bearer"),
            (TestClient.Form(("token", refresh)), [], "Bearer"),
            (TestClient.Form(("token", token)), [("Authorization", $"Bearer {token}")], "Bearer"),
            (TestClient.Form(("token", token)), [("Authorization", $"Bearer {account}")], "Bearer"),
            (TestClient.Form(("token", token), ("client_id", service.Orders.Id)), [], "Bearer"),
            (TestClient.Form(("token", token), ("client_id", service.Orders.Id), ("client_secret", "")), [], "Bearer"),
            (TestClient.Form(("token", token), ("client_id", service.Orders.Id), ("client_secret", service.Billing.Secret)), [], "Bearer"),
            (TestClient.Form(("token", token), ("client_secret", service.Orders.Secret)), [], "Bearer"),
            (TestClient.Form(("token", token)), [new TestClient("orders-api", "wrong").Basic], BasicChallenge),
            (TestClient.Form(("token", token)), [new TestClient("ORDERS-API", service.Orders.Secret).Basic], BasicChallenge),
            (TestClient.Form(("token", token)), [TestClient.BasicOf(service.Orders.Id)], BasicChallenge),
            (TestClient.Form(("token", token)), [("Authorization", "Basic not*base64")], BasicChallenge),
            (TestClient.Form(("token", token)), [("Authorization", "Basic ")], "Bearer"),
            (TestClient.Form(("token", token)), [new TestClient("alice", ServerHost.Password).Basic], BasicChallenge),
        ];
        foreach ((FormUrlEncodedContent form, (string, string)[] headers, string challenge) in strangers)
        {
            Reply reply = await http.AskAsync("POST", path, form, headers);
            reply.ShouldBeOAuthError(401, "invalid_client");
            reply.Header("WWW-Authenticate").Should().Be(challenge);
        }

        (await http.StatusOfMeAsync(token)).Should().Be(200);
        (await http.AskAsync("POST", path, TestClient.Form(("token", token)), service.Orders.Basic)).Status.Should().Be(200);
        (await http.StatusOfMeAsync(token)).Should().Be(path.EndsWith("revoke", StringComparison.Ordinal) ? 401 : 200);
        (await service.RefreshAsync(refresh)).Should().NotBeNull("its session was not revoked");
    }

    [Fact]
    public async Task A_client_shows_itself_in_the_header_or_in_the_body()
    {
        using HttpClient http = service.Host.Connect();
        string token = await service.Host.LoginAsync("alice");
        (string name, string value) = service.Orders.Basic;
        foreach ((FormUrlEncodedContent form, (string, string)[] headers) in new (FormUrlEncodedContent, (string, string)[])[]
        {
            (service.Orders.Post(token), []), (TestClient.Form(("token", token)), [(name, value)]),
            (TestClient.Form(("token", token)), [(name, value.Replace("Basic", "bAsIc", StringComparison.Ordinal))]),
            (TestClient.Form(("token", token), ("client_id", service.Orders.Id)), [(name, value)]),
            (TestClient.Form(("token", token), ("unknown", "x")), [(name, value)]),
        })
        {
            Reply reply = await http.AskAsync("POST", "/oauth/introspect", form, headers);
            (reply.Status, reply.Json.GetProperty("active").GetBoolean()).Should().Be((200, true));
        }
    }

    [Theory, Trait("row", "CLI-03")]
    [InlineData("/oauth/introspect")]
    [InlineData("/oauth/revoke")]
    public async Task Two_methods_at_once_are_refused_be_they_the_same_or_not(string path)
    {
        using HttpClient http = service.Host.Connect();
        string token = await service.Host.LoginAsync("alice");
        foreach (FormUrlEncodedContent form in new[]
        {
            service.Orders.Post(token), service.Both.Post(token),
            TestClient.Form(("token", token), ("client_secret", service.Orders.Secret)),
            TestClient.Form(("token", token), ("client_id", service.Both.Id)),
            TestClient.Form(("token", token), ("client_id", "nobody"), ("client_secret", "")),
        })
            (await http.AskAsync("POST", path, form, service.Orders.Basic)).ShouldBeOAuthError(400, "invalid_request");

        (await http.StatusOfMeAsync(token)).Should().Be(200);
        (await http.AskAsync("POST", path, service.Orders.Post(token))).Status.Should().Be(200);
        (await http.AskAsync("POST", path, TestClient.Form(("token", token)), service.Orders.Basic)).Status.Should().Be(200);
    }

    [Theory, Trait("row", "CLI-02")]
    [InlineData("p:ss%w+rd with é")]
    [InlineData("%41+%2B:%")]
    [InlineData("plain")]
    public async Task An_id_and_a_secret_are_form_encoded_before_they_become_base64(string secret)
    {
        await using ServerHost host = new ServerHost().With("JwtAuth:SigningKeys:Algorithm", "ES256");
        TestClient api = host.AddClient(new TestClient("api.v-1_x", secret), Bcrypt.Hash(secret, 4));
        using HttpClient http = host.Connect();
        string token = new Forge(host).Live(), blanks = Uri.EscapeDataString(secret);

        string escaped = api.Id.Replace("_", "%5f", StringComparison.Ordinal);
        foreach ((string, string) basic
            in new[] { api.Basic, TestClient.BasicOf($"{api.Id}:{blanks}"), TestClient.BasicOf($"{escaped}:{blanks}") })
        {
            Reply reply = await http.AskAsync("POST", "/oauth/introspect", TestClient.Form(("token", token)), basic);
            reply.Json.GetProperty("active").GetBoolean().Should().BeTrue();
        }

        (await http.AskAsync("POST", "/oauth/introspect", api.Post(token))).Json.GetProperty("active").GetBoolean().Should().BeTrue();
        Reply unencoded =
            await http.AskAsync("POST", "/oauth/introspect", TestClient.Form(("token", token)), TestClient.BasicOf($"{api.Id}:{secret}"));
        if (secret == "plain")
            unencoded.Status.Should().Be(200);
        else
            unencoded.ShouldBeOAuthError(401, "invalid_client");
    }

    [Theory, Trait("row", "CLI-05")]
    [InlineData(false)]
    [InlineData(true)]
    public async Task An_unknown_client_and_a_wrong_secret_get_the_same_bytes(bool isSlow)
    {
        await using ServerHost host = new ServerHost().With("JwtAuth:SigningKeys:Algorithm", "ES256");
        TestClient api =
            isSlow ? host.AddClient(new TestClient("orders-api", "right"), Bcrypt.Hash("right", 4)) : host.AddClient("orders-api");
        using HttpClient http = host.Connect();
        TestClient wrong = api with { Secret = "wrong" }, unknown = new("nobody", "wrong");

        (await AskAsync(unknown, basic: true)).Bytes.Should().Be((await AskAsync(wrong, basic: true)).Bytes);
        (await AskAsync(unknown, basic: false)).Bytes.Should().Be((await AskAsync(wrong, basic: false)).Bytes);
        (await AskAsync(wrong, basic: true)).ShouldBeOAuthError(401, "invalid_client");
        (await AskAsync(api, basic: true)).Status.Should().Be(200);
        (await AskAsync(api, basic: false)).Status.Should().Be(200);

        Task<Reply> AskAsync(TestClient client, bool basic) =>
            basic ? http.IntrospectAsync(client, "x") : http.AskAsync("POST", "/oauth/introspect", client.Post("x"));
    }

    [Fact, Trait("row", "CLI-12")]
    public async Task While_a_secret_changes_both_are_good_and_afterwards_the_new_one_alone()
    {
        (string oldSecret, string oldAtRest) = Server.Clients.ClientSecret.Make();
        (string newSecret, string newAtRest) = Server.Clients.ClientSecret.Make();
        TestClient old = new("orders-api", oldSecret), renewed = new("orders-api", newSecret);

        await AskAsync(oldAtRest, (old, 200), (renewed, 401));
        await AskAsync($"{oldAtRest} {newAtRest}", (old, 200), (renewed, 200));
        await AskAsync(newAtRest, (old, 401), (renewed, 200));

        static async Task AskAsync(string atRest, params (TestClient Client, int Status)[] expected)
        {
            await using ServerHost host = new ServerHost().With("JwtAuth:SigningKeys:Algorithm", "ES256");
            host.AddClient(expected[0].Client, atRest);
            using HttpClient http = host.Connect();
            foreach ((TestClient client, int status) in expected)
                (await http.IntrospectAsync(client, "x")).Status.Should().Be(status);
        }
    }

    [Theory, Trait("row", "REV-07")]
    [InlineData("GET", "/oauth/introspect")]
    [InlineData("GET", "/oauth/revoke")]
    [InlineData("PUT", "/oauth/introspect")]
    [InlineData("DELETE", "/oauth/revoke")]
    public async Task Only_POST_is_taken_and_a_token_in_the_query_is_not_read_and_not_logged(string method, string path)
    {
        using HttpClient http = service.Host.Connect();
        string token = await service.Host.LoginAsync("alice");

        Reply refused =
            await http.AskAsync(method, $"{path}?token={token}&client_id={service.Orders.Id}&client_secret={service.Orders.Secret}");
        refused.ShouldBeOAuthError(405, "invalid_request");
        refused.Header("Allow").Should().Be("POST");
        (await http.AskAsync("POST", $"{path}?token={token}", null, service.Orders.Basic)).ShouldBeOAuthError(400, "invalid_request");
        (await http.AskAsync("POST", $"{path}?client_id={service.Orders.Id}&client_secret={service.Orders.Secret}",
            TestClient.Form(("token", token)))).ShouldBeOAuthError(401, "invalid_client");

        (await http.StatusOfMeAsync(token)).Should().Be(200);
        (await http.AskAsync("POST", path, TestClient.Form(("token", token)), service.Orders.Basic)).Status.Should().Be(200);
        service.Host.Log.All.Should().NotContain(
            line => line.Contains(token, StringComparison.Ordinal) || line.Contains(token.Split('.')[2], StringComparison.Ordinal)
            || line.Contains(service.Orders.Secret, StringComparison.Ordinal));
    }

    public static TheoryData<string, int> Malformed => new()
    {
        { "token twice", 400 }, { "token_type_hint twice", 400 }, { "client_id twice", 400 }, { "a field twice that means nothing", 400 },
        { "no token", 400 }, { "an empty token", 400 }, { "no body", 400 }, { "JSON", 400 }, { "text", 400 }, { "multipart", 400 },
        { "UTF-16", 400 }, { "over 64 KiB", 413 }, { "2,000 fields", 400 }, { "compressed", 415 }, { "a query twice", 400 },
    };

    [Theory]
    [MemberData(nameof(Malformed))]
    public async Task A_form_that_cannot_be_read_in_one_way_is_refused_as_RFC_6749_has_it(string name, int status)
    {
        using HttpClient http = service.Host.Connect();
        string token = await service.Host.LoginAsync("alice");
        foreach (string path in new[] { "/oauth/introspect", "/oauth/revoke" })
        {
            HttpContent? body = Body(name, token);
            (await http.AskAsync("POST", name == "a query twice" ? $"{path}?x=1&x=2" : path, body, service.Orders.Basic))
                .ShouldBeOAuthError(status, "invalid_request", name);
            (await http.StatusOfMeAsync(token)).Should().Be(200);
            (await http.AskAsync("POST", path, Body("sound", token), service.Orders.Basic)).Status.Should().Be(200);
        }
    }

    private static HttpContent? Body(string name, string token)
    {
        HttpContent? content = name switch
        {
            "token twice" => TestClient.Form(("token", token), ("token", token)),
            "token_type_hint twice" =>
                TestClient.Form(("token", token), ("token_type_hint", "access_token"), ("token_type_hint", "refresh_token")),
            "client_id twice" => TestClient.Form(("token", token), ("client_id", "orders-api"), ("client_id", "orders-api")),
            "a field twice that means nothing" => TestClient.Form(("token", token), ("x", "1"), ("x", "1")),
            "no token" => TestClient.Form(("toke", token)),
            "an empty token" => TestClient.Form(("token", "")),
            "no body" => null,
            "JSON" => new StringContent($$"""{"token":"{{token}}"}""", Encoding.UTF8, "application/json"),
            "text" => new StringContent($"token={token}", Encoding.UTF8, "text/plain"),
            "multipart" => new MultipartFormDataContent { { new StringContent(token), "token" } },
            "UTF-16" => new StringContent($"token={token}", Encoding.Unicode, "application/x-www-form-urlencoded"),
            "over 64 KiB" => TestClient.Form(("token", token), ("x", new string('x', 66_000))),
            "2,000 fields" => TestClient.Form([("token", token), .. Enumerable.Range(0, 2000).Select(index => ($"x{index}", "1"))]),
            _ => TestClient.Form(("token", token)),
        };
        if (name == "compressed")
            content!.Headers.ContentEncoding.Add("gzip");
        return content;
    }
}
