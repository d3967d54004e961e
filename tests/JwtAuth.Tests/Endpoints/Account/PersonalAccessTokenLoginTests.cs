using System.Text.Json;
using JwtAuth.Server.AccessTokens;
using JwtAuth.Server.Accounts;
using JwtAuth.Tests.Hosting;
using JwtAuth.Tests.PersonalAccessTokens;
using JwtAuth.Tests.RefreshTokens;

namespace JwtAuth.Tests.Endpoints.Account;

public sealed class PersonalAccessTokenLoginTests(SessionsHost fixture) : IClassFixture<SessionsHost>, IAsyncLifetime
{
    private readonly ServerHost host = fixture.Host;
    private readonly HttpClient client = fixture.Host.Connect();
    private AccountSnapshot account = null!;
    private MadeToken token = null!;

    public async ValueTask InitializeAsync()
    {
        account = await host.AddAccountAsync($"user-{Guid.NewGuid():N}", "clerk");
        token = await client.MakeAsync(await host.LoginAsync(account.Username, host.Issuer), "orders:read orders:write");
    }

    public ValueTask DisposeAsync()
    {
        client.Dispose();
        return ValueTask.CompletedTask;
    }

    [Fact]
    public async Task It_is_changed_into_an_access_token_for_an_API_and_no_refresh_token()
    {
        Reply reply = await client.ChangeAsync(token.Token);

        (reply.Status, reply.Header("Cache-Control")).Should().Be((200, "no-store"));
        reply.Json.EnumerateObject().Select(member => member.Name).Should().Equal("access_token", "token_type", "expires_in", "scope");
        (reply.Json.GetProperty("expires_in").GetInt64(), reply.Json.GetProperty("scope").GetString())
            .Should().Be((300, "orders:read orders:write"));
        string access = reply.Json.GetProperty("access_token").GetString()!;
        JsonElement claims = PersonalAccessTokenCalls.ClaimsOf(access);
        (claims.GetProperty("sub").GetString(), claims.GetProperty("aud").GetString(), claims.GetProperty("sid").GetString())
            .Should().Be((account.Subject, "orders", token.Id));
        claims.GetProperty("roles").GetArrayLength().Should().Be(0, "it may what its scopes say, whatever its owner may");
        (await client.MeAsync(access)).Should().Be(200);
        using var database = new DatabaseFile(host.Directory);
        database.Number("SELECT count(*) FROM Sessions WHERE Subject = $p", account.Subject).Should().Be(0);
    }

    [Theory]
    [InlineData("GET", "/auth/sessions", 200)]
    [InlineData("DELETE", "/auth/sessions/none", 404)]
    [InlineData("POST", "/auth/logout/others", 200)]
    [InlineData("POST", "/auth/logout/everywhere", 200)]
    public async Task What_is_made_from_it_neither_sees_nor_ends_its_owners_sessions(string method, string path, int status)
    {
        string made = await client.ChangedAsync(token.Token), own = await host.LoginAsync(account.Username);

        Reply refused = await client.AskAsAsync(made, method, path);

        (refused.Status, refused.Code).Should().Be((403, "forbidden"));
        (await client.AskAsAsync(own, method, path)).Status.Should().Be(status, "its owner may");
    }

    [Theory]
    [InlineData(null, "orders:read orders:write")]
    [InlineData("orders:read", "orders:read")]
    [InlineData("offline_access orders:write", "orders:write")]
    [InlineData("offline_access", "")]
    public async Task Its_scopes_are_the_most_that_may_be_had(string? asked, string granted) =>
        (await client.ChangeAsync(token.Token, asked)).Json.GetProperty("scope").GetString().Should().Be(granted);

    [Theory]
    [InlineData("orders", 200)]
    [InlineData("shipping", 200)]
    [InlineData("{issuer}", 400)]
    [InlineData("elsewhere", 400)]
    public async Task It_opens_any_API_and_never_the_account(string audience, int status)
    {
        Reply reply = await client.ChangeAsync(token.Token, audience: audience.Replace("{issuer}", host.Issuer, StringComparison.Ordinal));

        reply.Status.Should().Be(status);
        reply.Code.Should().Be(status == 400 ? "invalid_audience" : null);
        if (status == 400)
            reply.Json.GetProperty("detail").GetString().Should()
                .Be("A personal access token is for APIs, never for the account. The audiences are: orders shipping");
    }

    [Theory]
    [InlineData("\"username\":\"plain\"")]
    [InlineData("\"password\":\"a quiet harbour at dawn\"")]
    [InlineData("\"username\":\"plain\",\"password\":\"a quiet harbour at dawn\"")]
    [InlineData("\"refresh\":\"cookie\"")]
    [InlineData("\"credential\":\"session\"")]
    [InlineData("\"credential\":\"signed_cookie\"")]
    public async Task It_comes_alone(string besides)
    {
        Reply refused = await client.AskAsync("POST", "/auth/login", $$"""{"personal_access_token":"{{token.Token}}",{{besides}}}""");

        (refused.Status, refused.Code).Should().Be((400, "invalid_request"));
        (await client.AskAsync("POST", "/auth/login", $$"""{"personal_access_token":"{{token.Token}}","credential":"bearer"}""")).Status
            .Should().Be(200);
    }

    [Theory]
    [InlineData("{}")]
    [InlineData("""{"username":"plain"}""")]
    [InlineData("""{"password":"a quiet harbour at dawn"}""")]
    [InlineData("""{"personal_access_token":null}""")]
    [InlineData("""{"personal_access_token":1}""")]
    public async Task Without_a_whole_credential_there_is_no_login(string body)
    {
        Reply refused = await client.AskAsync("POST", "/auth/login", body);

        (refused.Status, refused.Code).Should().Be((400, "invalid_request"));
        (await client.AskAsync("POST", "/auth/login", """{"username":"plain","password":"a quiet harbour at dawn"}""")).Status
            .Should().Be(200);
    }

    [Fact]
    public async Task A_wrong_one_is_refused_with_the_same_bytes_whatever_is_wrong_with_it()
    {
        Reply misspelt = await client.ChangeAsync(token.Token + "x"),
            unknown = await client.ChangeAsync(Server.PersonalAccessTokens.PersonalAccessToken.Make().Reveal());

        (misspelt.Status, misspelt.Code).Should().Be((401, "invalid_credentials"));
        unknown.Bytes.Should().Be(misspelt.Bytes);
        (await client.ChangeAsync(token.Token)).Status.Should().Be(200);
    }

    [Fact]
    public async Task An_unknown_scope_is_told()
    {
        (await client.ChangeAsync(token.Token, "orders:all")).Code.Should().Be("invalid_scope");
        (await client.ChangeAsync(token.Token, "orders:read")).Status.Should().Be(200);
    }

    [Fact]
    public async Task The_access_token_does_not_outlive_what_it_is_made_from()
    {
        MadeToken brief = await client.MakeAsync(await host.LoginAsync(account.Username, host.Issuer), days: 1);
        host.Time.Advance(TimeSpan.FromDays(1) - TimeSpan.FromSeconds(100.5));

        Reply reply = await client.ChangeAsync(brief.Token);

        reply.Json.GetProperty("expires_in").GetInt64().Should().Be(101, "in whole seconds, from the second of its iat");
        JsonElement claims = PersonalAccessTokenCalls.ClaimsOf(reply.Json.GetProperty("access_token").GetString()!);
        claims.GetProperty("exp").GetInt64().Should().Be(brief.ExpiresAt.ToUnixTimeSeconds());
        (claims.GetProperty("exp").GetInt64() - claims.GetProperty("iat").GetInt64()).Should().Be(101);
        (await client.ChangeAsync(token.Token)).Json.GetProperty("expires_in").GetInt64().Should().Be(300, "the twin has weeks left");
        host.Time.Advance(TimeSpan.FromSeconds(100));
        (await client.LivesAsync(brief.Token)).Should().BeTrue("half a second is left");
        host.Time.Advance(TimeSpan.FromSeconds(0.5));
        (await client.LivesAsync(brief.Token)).Should().BeFalse();
        (await client.LivesAsync(token.Token)).Should().BeTrue();
    }

    [Fact]
    public void An_issued_token_is_cut_only_where_it_would_live_too_long()
    {
        TokenIssuer issuer = host.Get<TokenIssuer>();
        DateTimeOffset now = host.Time.GetUtcNow();

        TimeSpan Lifetime(DateTimeOffset? until) => issuer.Issue(Grant.To(account, "orders", [], "sid"), now, until).Lifetime;

        Lifetime(null).Should().Be(TimeSpan.FromMinutes(5));
        Lifetime(now.AddDays(1)).Should().Be(TimeSpan.FromMinutes(5));
        Lifetime(DateTimeOffset.FromUnixTimeSeconds(now.ToUnixTimeSeconds() + 7)).Should().Be(TimeSpan.FromSeconds(7));
    }
}
