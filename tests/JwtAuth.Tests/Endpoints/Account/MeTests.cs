using JwtAuth.Server.Accounts;
using JwtAuth.Tests.Attacks;
using JwtAuth.Tests.Hosting;

namespace JwtAuth.Tests.Endpoints.Account;

public sealed class MeTests(MeTests.Fixture fixture) : IClassFixture<MeTests.Fixture>
{
    private readonly ServerHost host = fixture.Development;

    [Theory]
    [InlineData(null)]
    [InlineData("{issuer}")]
    public async Task Any_token_of_ours_says_who_it_speaks_for(string? audience)
    {
        using HttpClient client =
            host.Connect(await host.LoginAsync("clerk", audience is null ? null : host.Issuer, "orders:read orders:write"));

        Reply me = await client.AskAsync("GET", "/me");

        me.Status.Should().Be(200);
        me.Header("Cache-Control").Should().Be("no-store");
        me.Json.EnumerateObject().Select(member => member.Name).Should().Equal("sub", "username", "roles", "scope", "scheme", "expires_at");
        me.Json.GetProperty("sub").GetString().Should().Be(fixture.Clerk.Subject);
        me.Json.GetProperty("username").GetString().Should().Be("clerk");
        me.Json.GetProperty("roles").EnumerateArray().Select(role => role.GetString()).Should().Equal("clerk", "night-shift");
        me.Json.GetProperty("scope").GetString().Should().Be("orders:read orders:write");
        me.Json.GetProperty("scheme").GetString().Should().Be("bearer");
        me.Json.GetProperty("expires_at").GetDateTimeOffset().Should().Be(host.Time.GetUtcNow() + TimeSpan.FromMinutes(5));
    }

    public static TheoryData<string, string> Refused => new()
    {
        { "no_token", "Bearer" },
        { "not_compact", "Bearer error=\"invalid_token\"" },
        { "bad_signature", "Bearer error=\"invalid_token\"" },
        { "unknown_key", "Bearer error=\"invalid_token\"" },
        { "wrong_audience", "Bearer error=\"invalid_token\"" },
        { "expired", "Bearer error=\"invalid_token\"" },
        { "ambiguous_request", "Bearer error=\"invalid_request\"" },
    };

    [Theory]
    [MemberData(nameof(Refused))]
    public async Task A_refusal_says_why_in_Development(string reason, string challenge)
    {
        using HttpClient client = host.Connect();

        Reply refused = await AskAsync(client, reason, new Forge(host));

        refused.Status.Should().Be(reason == "ambiguous_request" ? 400 : 401);
        refused.Header("WWW-Authenticate").Should().Be(challenge);
        refused.Header("Content-Type").Should().StartWith("application/problem+json");
        refused.Json.GetProperty("reason").GetString().Should().Be(reason);
        refused.Json.GetProperty("hint").GetString().Should().NotBeNullOrWhiteSpace();
        (await AskAsync(client, "none", new Forge(host))).Status.Should().Be(200);
    }

    [Theory]
    [MemberData(nameof(Refused))]
    public async Task A_refusal_says_nothing_but_its_challenge_in_Production(string reason, string challenge)
    {
        using HttpClient client = fixture.Production.ConnectByProxy();

        Reply refused = await AskAsync(client, reason, new Forge(fixture.Production));

        refused.Status.Should().Be(reason == "ambiguous_request" ? 400 : 401);
        refused.Header("WWW-Authenticate").Should().Be(challenge);
        refused.Body.Should().BeEmpty();
        (await AskAsync(client, "none", new Forge(fixture.Production))).Status.Should().Be(200);
    }

    private static Task<Reply> AskAsync(HttpClient client, string reason, Forge forge)
    {
        string live = forge.Live();
        string? token = reason switch
        {
            "no_token" => null,
            "not_compact" => live[..^1] + "=",
            "bad_signature" => live[..^8] + (live[^8..] == "AAAAAAAA" ? "BBBBBBBB" : "AAAAAAAA"),
            "unknown_key" => forge.WithHeader(header => header["kid"] = "another"),
            "wrong_audience" => forge.WithClaims(claims => claims["aud"] = "another"),
            "expired" => forge.WithClaims(claims =>
            {
                foreach (string name in (string[])["exp", "iat", "nbf"])
                    claims[name] = claims[name]!.GetValue<long>() - 1000;
            }),
            _ => live,
        };
        return client.AskAsync(
            "GET", reason == "ambiguous_request" ? $"/me?access_token={live}" : "/me", null,
            token is null ? [] : [("Authorization", $"Bearer {token}")]);
    }

    public sealed class Fixture : IAsyncLifetime
    {
        internal ServerHost Development { get; } = new();

        internal ServerHost Production { get; } = Hosting.Production.Host();

        internal AccountSnapshot Clerk { get; private set; } = null!;

        public async ValueTask InitializeAsync() => Clerk = await Development.AddAccountAsync("clerk", "night-shift", "clerk");

        public async ValueTask DisposeAsync()
        {
            await Development.DisposeAsync();
            await Production.DisposeAsync();
        }
    }
}
