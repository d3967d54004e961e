using System.Text.Json;
using JwtAuth.Server.Accounts;
using JwtAuth.Tests.Denials;
using JwtAuth.Tests.Hosting;
using JwtAuth.Tests.PersonalAccessTokens;
using JwtAuth.Tests.RefreshTokens;

namespace JwtAuth.Tests.Endpoints.OAuth;

public sealed class PersonalAccessTokenIntrospectionTests(PersonalAccessTokenIntrospectionTests.Fixture fixture)
    : IClassFixture<PersonalAccessTokenIntrospectionTests.Fixture>, IAsyncLifetime
{
    private readonly ServerHost host = fixture.Host;
    private readonly TestClient shop = fixture.Shop;
    private readonly TestClient askedOnly = fixture.AskedOnly;
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
    public async Task It_is_told_to_a_client_what_it_is_worth_now()
    {
        MadeToken token = await client.MakeAsync(bearer, "orders:write orders:read");

        JsonElement reply = (await client.IntrospectAsync(shop, token.Token)).Json;

        reply.EnumerateObject().Select(member => member.Name)
            .Should().Equal("active", "iss", "sub", "username", "aud", "scope", "token_type", "exp", "iat");
        (reply.GetProperty("active").GetBoolean(), reply.GetProperty("iss").GetString()).Should().Be((true, host.Issuer));
        (reply.GetProperty("sub").GetString(), reply.GetProperty("username").GetString()).Should().Be((account.Subject, account.Username));
        (reply.GetProperty("scope").GetString(), reply.GetProperty("token_type").GetString())
            .Should().Be(("orders:write orders:read", "Bearer"));
        reply.GetProperty("exp").GetInt64().Should().Be(token.ExpiresAt.ToUnixTimeSeconds());
        reply.GetProperty("aud").EnumerateArray().Select(audience => audience.GetString()).Should().Equal("orders");
        (await client.IntrospectAsync(askedOnly, token.Token)).Json.GetProperty("aud").GetArrayLength().Should().Be(2);
    }

    [Theory]
    [InlineData("nothing")]
    [InlineData("misspelt")]
    [InlineData("unknown")]
    [InlineData("deleted")]
    [InlineData("expired")]
    [InlineData("disabled")]
    [InlineData("role taken")]
    public async Task Introspection_says_what_a_check_of_it_would_say(string happened)
    {
        string root = await host.LoginAsync("root", host.Issuer);
        MadeToken token = await client.MakeAsync(bearer, "orders:write orders:read", days: 1);
        string presented = happened switch
        {
            "misspelt" => token.Token + "x",
            "unknown" => Server.PersonalAccessTokens.PersonalAccessToken.Make().Reveal(),
            _ => token.Token,
        };
        switch (happened)
        {
            case "deleted":
                (await client.AskAsAsync(bearer, "DELETE", $"/auth/tokens/{token.Id}")).Status.Should().Be(204);
                break;
            case "expired":
                host.Time.Advance(TimeSpan.FromDays(1));
                break;
            case "disabled":
                (await client.AskAsAsync(root, "POST", $"/admin/users/{account.Subject}/disable")).Status.Should().Be(204);
                break;
            case "role taken":
                (await client.AskAsAsync(root, "DELETE", $"/admin/users/{account.Subject}/roles/clerk")).Status.Should().Be(204);
                break;
        }

        Reply me = await client.AskAsAsync(presented, "GET", "/me"), told = await client.IntrospectAsync(shop, presented);

        bool lives = happened is "nothing" or "role taken";
        me.Status.Should().Be(lives ? 200 : 401);
        told.Json.GetProperty("active").GetBoolean().Should().Be(lives);
        if (lives)
        {
            told.Json.GetProperty("scope").GetString().Should().Be(me.Json.GetProperty("scope").GetString())
                .And.Be(happened == "nothing" ? "orders:write orders:read" : "orders:read");
        }
        else
        {
            told.Body.Should().Be("""{"active":false}""");
        }
    }

    [Fact]
    public async Task A_client_that_may_ends_it_with_the_access_tokens_that_were_made_from_it()
    {
        MadeToken token = await client.MakeAsync(bearer), other = await client.MakeAsync(bearer);
        string made = await client.ChangedAsync(token.Token);

        (await client.RevokeAsync(askedOnly, token.Token)).ShouldBeOAuthError(400, "unauthorized_client");
        (await client.RevokeAsync(shop, token.Token + "x")).Status.Should().Be(200);
        (await client.LivesAsync(token.Token)).Should().BeTrue();
        Reply done = await client.RevokeAsync(shop, token.Token), again = await client.RevokeAsync(shop, token.Token);

        done.Status.Should().Be(200);
        again.Bytes.Should().Be(done.Bytes, "nobody is told whether there was one");
        (await client.LivesAsync(token.Token)).Should().BeFalse();
        (await client.MeAsync(made)).Should().Be(401);
        (await client.LivesAsync(other.Token)).Should().BeTrue();
        (await client.MeAsync(bearer)).Should().Be(200);
        host.Lines("Client shop revoked a personal access token", account.Subject).Should().Be(1);
    }

    [Fact]
    public async Task Its_owner_ends_it_by_revoking_it_and_nobody_else_does()
    {
        string bob = await host.LoginAsync("bob");
        MadeToken token = await client.MakeAsync(bearer);
        string made = await client.ChangedAsync(token.Token);

        Reply foreign = await client.AskAsAsync(bob, "POST", "/auth/revoke", new { token = token.Token });
        (foreign.Status, foreign.Json.GetProperty("access_token").GetString()).Should().Be((200, "none"));
        (await client.LivesAsync(token.Token)).Should().BeTrue();

        Reply done = await client.AskAsAsync(bearer, "POST", "/auth/revoke", new { token = token.Token });
        (done.Status, done.Json.GetProperty("access_token").GetString()).Should().Be((200, "denied"));
        done.Json.GetProperty("live_until").GetDateTimeOffset().Should().Be(host.Time.GetUtcNow() + TimeSpan.FromMinutes(5));
        (await client.LivesAsync(token.Token)).Should().BeFalse();
        (await client.MeAsync(made)).Should().Be(401);
        (await client.MeAsync(bearer)).Should().Be(200);
    }

    public sealed class Fixture : IAsyncLifetime
    {
        public Fixture() =>
            (Shop, AskedOnly) = (Host.AddClient("shop", "orders"), Host.AddClient("asks", "shipping orders", may: "introspect"));

        internal ServerHost Host { get; } = new ServerHost().With("JwtAuth:SigningKeys:Algorithm", "ES256")
            .With("JwtAuth:Audiences:0", "orders").With("JwtAuth:Audiences:1", "shipping");

        internal TestClient Shop { get; }

        internal TestClient AskedOnly { get; }

        public async ValueTask InitializeAsync()
        {
            await Host.AddAccountAsync("root", "admin");
            await Host.AddAccountAsync("bob");
        }

        public ValueTask DisposeAsync() => Host.DisposeAsync();
    }
}
