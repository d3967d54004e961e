using System.Text;
using System.Text.Json.Nodes;
using JwtAuth.Tests.Attacks;
using JwtAuth.Tests.Clients;
using JwtAuth.Tests.Hosting;

namespace JwtAuth.Tests.Endpoints.OAuth;

/// <summary>RFC 7662.</summary>
public sealed class IntrospectionTests(TwoClients service) : IClassFixture<TwoClients>
{
    private const string Inactive = """{"active":false}""";

    [Fact]
    public async Task A_live_access_token_is_told_with_its_claims()
    {
        var forge = new Forge(service.Host);
        string token =
            forge.WithClaims(claims => { claims["scope"] = "orders:read orders:write"; claims["roles"] = new JsonArray("clerk"); });
        var claims = JsonNode.Parse(Forge.Decode(token.Split('.')[1]))!;
        using HttpClient http = service.Host.Connect();

        Reply reply = await http.IntrospectAsync(service.Orders, token);

        reply.Status.Should().Be(200);
        reply.Header("Cache-Control").Should().Contain("no-store");
        reply.Header("Content-Type").Should().StartWith("application/json");
        reply.Body.Should().Be($$"""
            {"active":true,"iss":"{{service.Host.Issuer}}","sub":"{{claims["sub"]}}","username":"alice","aud":["orders"],
            "client_id":"jwtauth","scope":"orders:read orders:write","roles":["clerk"],"token_type":"Bearer",
            "exp":{{claims["exp"]}},"nbf":{{claims["nbf"]}},"iat":{{claims["iat"]}},"jti":"{{claims["jti"]}}","sid":"{{claims["sid"]}}"}
            """.ReplaceLineEndings(""));
    }

    [Fact]
    public async Task Of_a_token_that_is_worth_nothing_or_is_not_the_clients_business_only_that_is_told()
    {
        var forge = new Forge(service.Host);
        using HttpClient http = service.Host.Connect();
        (string access, string refresh) = await service.LoginAsync("alice");
        (string foreignAccess, string foreignRefresh) = await service.LoginAsync("alice", "billing");
        string account = await service.Host.LoginAsync("alice", service.Host.Issuer);
        string[] worthless =
        [
            "x", ".", "..", " ", "jrt_", "jrt_" + new string('A', 76), "jrt_" + new string('!', 76), "jrt_" + new string('\u00e9', 76),
            refresh[..^1], refresh + "A", refresh.ToUpperInvariant(), refresh[..^1] + "!",
            access[..^4], access + "=", " " + access, forge.WithClaim("exp", $"{forge.Now - 31}"),
            forge.WithClaim("iss", "\"https://other.example.com\""), forge.WithHeader("alg", "\"none\""),
            forge.WithClaim("aud", "\"unknown\""), foreignAccess, foreignRefresh, account,
        ];
        foreach (string token in worthless)
        {
            Reply reply = await http.IntrospectAsync(service.Orders, token);
            (reply.Status, reply.Body).Should().Be((200, Inactive), token);
            reply.Header("Cache-Control").Should().Contain("no-store");
        }

        foreach (string token in new[] { access, refresh })
            (await http.IsActiveAsync(service.Orders, token)).Should().BeTrue();
        foreach (string token in new[] { foreignAccess, foreignRefresh })
        {
            (await http.IsActiveAsync(service.Billing, token)).Should().BeTrue();
            (await http.IsActiveAsync(service.Both, token)).Should().BeTrue();
        }
        (await http.StatusOfMeAsync(account)).Should().Be(200, "asking did not end it");
    }

    [Theory]
    [InlineData("access_token")]
    [InlineData("refresh_token")]
    [InlineData("pat")]
    [InlineData("")]
    public async Task A_hint_may_be_wrong(string hint)
    {
        using HttpClient http = service.Host.Connect();
        (string access, string refresh) = await service.LoginAsync("alice");
        foreach (string token in new[] { access, refresh })
            (await http.IntrospectAsync(service.Orders, token, ("token_type_hint", hint))).Json.GetProperty("active").GetBoolean()
                .Should().BeTrue();
        (await http.IntrospectAsync(service.Orders, access + "x", ("token_type_hint", hint))).Body.Should().Be(Inactive);
    }

    [Fact]
    public async Task A_client_does_what_it_may_and_nothing_else()
    {
        using HttpClient http = service.Host.Connect();
        (string token, _) = await service.LoginAsync("alice");

        (await http.IntrospectAsync(service.Revoker, token)).ShouldBeOAuthError(400, "unauthorized_client");
        (await http.RevokeAsync(service.Reader, token)).ShouldBeOAuthError(400, "unauthorized_client");
        (await http.StatusOfMeAsync(token)).Should().Be(200);

        (await http.IsActiveAsync(service.Reader, token)).Should().BeTrue();
        (await http.RevokeAsync(service.Revoker, token)).Status.Should().Be(200);
        (await http.IsActiveAsync(service.Reader, token)).Should().BeFalse();
    }

    [Fact]
    public async Task A_refresh_token_is_active_as_long_as_a_refresh_would_take_it_and_asking_uses_nothing_up()
    {
        using HttpClient http = service.Host.Connect();
        (string access, string first) = await service.LoginAsync("alice");
        Reply reply = await http.IntrospectAsync(service.Orders, first);
        reply.Json.EnumerateObject().Select(member => member.Name)
            .Should().Equal("active", "iss", "sub", "username", "aud", "client_id", "scope", "exp", "iat", "sid");
        reply.Json.GetProperty("scope").GetString().Should().Be("offline_access orders:read");
        (reply.Json.GetProperty("exp").GetInt64() - reply.Json.GetProperty("iat").GetInt64())
            .Should().Be(7 * 24 * 3600, "that is when it ends if nobody uses it");
        reply.Json.GetProperty("sid").GetString().Should().Be($"{JsonNode.Parse(Forge.Decode(access.Split('.')[1]))!["sid"]}");

        string second = (await service.RefreshAsync(first))!.Value.Refresh;
        (await http.IsActiveAsync(service.Orders, first)).Should().BeTrue("within the reuse window a refresh takes it once more");
        (await http.IsActiveAsync(service.Orders, second)).Should().BeTrue();
        service.Host.Time.Advance(TimeSpan.FromSeconds(10));
        (await http.IsActiveAsync(service.Orders, first)).Should().BeFalse("it was used");
        (await http.IsActiveAsync(service.Orders, second)).Should().BeTrue("to ask about a used one is not to use it");

        string third = (await service.RefreshAsync(second))!.Value.Refresh;
        service.Host.Time.Advance(TimeSpan.FromDays(7) - TimeSpan.FromSeconds(1));
        (await http.IsActiveAsync(service.Orders, third)).Should().BeTrue();
        service.Host.Time.Advance(TimeSpan.FromSeconds(1));
        (await http.IsActiveAsync(service.Orders, third)).Should().BeFalse("idle for too long");
        (await service.RefreshAsync(third)).Should().BeNull();
    }

    [Fact]
    public async Task A_refresh_token_whose_session_was_ended_is_not_active()
    {
        using HttpClient http = service.Host.Connect();
        (string access, string refresh) = await service.LoginAsync("alice");
        (_, string other) = await service.LoginAsync("alice");
        (await http.AskAsync("POST", "/auth/logout", null, ("Authorization", $"Bearer {access}"))).Status.Should().Be(200);

        (await http.IntrospectAsync(service.Orders, refresh)).Body.Should().Be(Inactive);
        (await http.IntrospectAsync(service.Orders, access)).Body.Should().Be(Inactive);
        (await http.IsActiveAsync(service.Orders, other)).Should().BeTrue();
    }

    [Theory]
    [InlineData("charset=utf-16")]
    [InlineData("charset=utf-8; charset=utf-16")]
    [InlineData("charset=latin1; charset=utf-8")]
    public async Task A_form_that_names_another_encoding_even_beside_the_right_one_is_not_read(string charset)
    {
        (string access, _) = await service.LoginAsync("alice");
        using HttpClient http = service.Host.Connect();

        (await SendAsync(charset)).ShouldBeOAuthError(400, "invalid_request");
        (await SendAsync("charset=\"UTF-8\"")).Json.GetProperty("active").GetBoolean().Should().BeTrue();

        Task<Reply> SendAsync(string parameters)
        {
            var form = new ByteArrayContent(Encoding.ASCII.GetBytes($"token={access}"));
            form.Headers.TryAddWithoutValidation("Content-Type", $"application/x-www-form-urlencoded; {parameters}");
            return http.AskAsync("POST", "/oauth/introspect", form, service.Orders.Basic);
        }
    }
}
