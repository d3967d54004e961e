using System.Security.Claims;
using JwtAuth.Bearer;
using JwtAuth.Bearer.AccessTokens;
using JwtAuth.Bearer.Keys;
using JwtAuth.Server.SigningKeys;
using JwtAuth.Tests.Apis;
using JwtAuth.Tests.Hosting;
using Microsoft.AspNetCore.Authentication;
using Microsoft.Extensions.DependencyInjection;

namespace JwtAuth.Tests.AccessTokens;

/// <summary>A token that comes again is not verified again, and what may have changed since is asked all the same.</summary>
public sealed class SeenTokenTests
{
    private static readonly TimeSpan MaxAge = TimeSpan.FromSeconds(60), Lifetime = TimeSpan.FromMinutes(5), Skew = TimeSpan.FromSeconds(30);

    [Fact]
    public async Task A_token_that_was_seen_dies_when_it_expires()
    {
        (WatchedTime time, SigningKey key) = (new(), NewKey());
        await using Issuer issuer = await Issuer.StartAsync(time, key);
        await using var api = new ApiHost(issuer.Url) { Time = time };
        using HttpClient client = api.Connect();
        string token = issuer.Token(key);
        await ShouldBeSeenAsync(api, client, token);

        time.Manual.Advance(Lifetime + Skew - TimeSpan.FromTicks(1));
        (await client.AskWithAsync(token)).Status.Should().Be(200);
        time.Manual.Advance(TimeSpan.FromTicks(1));
        (await client.AskWithAsync(token)).ShouldBeRefused(401, "expired");
        (await client.AskWithAsync(issuer.Token(key))).Status.Should().Be(200);
    }

    [Fact]
    public async Task A_token_that_was_seen_is_not_yet_valid_once_the_clock_is_set_back()
    {
        (WatchedTime time, SigningKey key) = (new(), NewKey());
        await using Issuer issuer = await Issuer.StartAsync(time, key);
        await using var api = new ApiHost(issuer.Url) { Time = time };
        using HttpClient client = api.Connect();
        string token = issuer.Token(key);
        await ShouldBeSeenAsync(api, client, token);
        DateTimeOffset now = time.GetUtcNow();

        time.Manual.SetClock(now - Skew - TimeSpan.FromTicks(1));
        (await client.AskWithAsync(token)).ShouldBeRefused(401, "not_yet_valid");
        time.Manual.SetClock(now - Skew);
        (await client.AskWithAsync(token)).Status.Should().Be(200);
    }

    [Fact]
    public async Task A_token_that_was_seen_dies_with_its_key_and_others_live_on()
    {
        (WatchedTime time, SigningKey leaving, SigningKey staying) = (new(), NewKey(), NewKey());
        await using Issuer issuer = await Issuer.StartAsync(time, leaving, staying);
        await using var api = new ApiHost(issuer.Url) { Time = time };
        using HttpClient client = api.Connect();
        await time.BegunAsync(MaxAge);
        (string dying, string living) = (issuer.Token(leaving), issuer.Token(staying));
        await ShouldBeSeenAsync(api, client, dying);
        (await client.AskWithAsync(living)).Status.Should().Be(200);

        issuer.Publish(staying);
        time.Manual.Advance(MaxAge);
        await time.BegunAsync(MaxAge, 2);
        (await client.AskWithAsync(dying)).ShouldBeRefused(401, "unknown_key");
        (await client.AskWithAsync(living)).Status.Should().Be(200);
    }

    [Fact]
    public async Task A_token_that_was_seen_here_dies_when_it_is_revoked_and_others_live_on()
    {
        await using var host = new ServerHost();
        await host.AddAccountAsync("alice");
        (string dying, string living) = (await host.LoginAsync("alice"), await host.LoginAsync("alice"));
        using HttpClient client = host.Connect();
        foreach (string token in new[] { dying, living, dying, living })
            (await client.StatusOfMeAsync(token)).Should().Be(200);

        (await client.AskAsync("POST", "/auth/revoke", new { }, ("Authorization", $"Bearer {dying}"))).Status.Should().Be(200);
        (await client.AskWithAsync(dying, "/me")).ShouldBeRefused(401, "denied");
        (await client.StatusOfMeAsync(living)).Should().Be(200);
    }

    [Fact]
    public async Task A_token_that_failed_is_not_remembered()
    {
        (WatchedTime time, SigningKey key) = (new(), NewKey());
        await using Issuer issuer = await Issuer.StartAsync(time, key);
        await using var api = new ApiHost(issuer.Url) { Time = time };
        using HttpClient client = api.Connect();
        string expired = issuer.Token(key);
        time.Manual.Advance(Lifetime + Skew);
        string[] bad = [expired, expired[..^2] + (expired[^2] == 'A' ? "BA" : "AA"), issuer.Token(key, "invoices"), issuer.Token(NewKey()),
            "nonsense", issuer.Token(key, members: "\"cnf\":{}")];
        foreach (string token in bad.Concat(bad))
            (await client.AskWithAsync(token)).Status.Should().Be(401);
        CheckerOf(api).Remembered.Should().Be(0);
        (await client.AskWithAsync(issuer.Token(key))).Status.Should().Be(200);
        CheckerOf(api).Remembered.Should().Be(1);
    }

    [Fact]
    public async Task A_token_that_was_seen_by_one_scheme_is_refused_by_another_that_it_is_not_for()
    {
        (WatchedTime time, SigningKey key, SigningKey foreign) = (new(), NewKey(), NewKey());
        await using Issuer issuer = await Issuer.StartAsync(time, key), other = await Issuer.StartAsync(time, foreign);
        await using ApiHost api = new ApiHost(issuer.Url) { Time = time }.WithEcho()
            .With(services => services.AddAuthentication("Bearer").AddJwtAuthBearer("Other", options =>
        {
            options.Authority = other.Url;
            options.Audiences.Add("orders");
            options.Denials = DenialsFrom.None;
        }));
        using HttpClient client = api.Connect();
        (string mine, string theirs) = (issuer.Token(key), other.Token(foreign));
        for (int seen = 0; seen < 3; seen++)
        {
            (await client.AskWithAsync(mine, "/echo")).Status.Should().Be(200);
            (await client.AskWithAsync(theirs, "/echo/other")).Status.Should().Be(200);
            (await client.AskWithAsync(mine, "/echo/other")).Status.Should().Be(401);
            (await client.AskWithAsync(theirs, "/echo")).Status.Should().Be(401);
        }
        CheckerOf(api).Remembered.Should().Be(1);
        CheckerOf(api, "Other").Remembered.Should().Be(1);
    }

    [Theory]
    [InlineData(10_000)]
    [InlineData(0)]
    public async Task A_claim_that_is_added_to_one_request_is_not_there_in_the_next(int cacheSize)
    {
        (WatchedTime time, SigningKey key) = (new(), NewKey());
        await using Issuer issuer = await Issuer.StartAsync(time, key);
        await using ApiHost api = new ApiHost(issuer.Url) { Time = time }.WithEcho().With(services => services
            .AddTransient<IClaimsTransformation, Marking>()
                .Configure<JwtAuthBearerOptions>("Bearer", options => options.CacheSize = cacheSize));
        using HttpClient client = api.Connect();
        string token = issuer.Token(key);
        Reply[] replies = await Task.WhenAll(Enumerable.Range(0, 200).Select(_ => client.AskWithAsync(token, "/echo")));
        replies.Should().OnlyContain(reply => reply.Json.GetProperty("marks").GetInt32() == 1);
        CheckerOf(api).Remembered.Should().Be(cacheSize == 0 ? 0 : 1);
    }

    private static SigningKey NewKey() => SigningKey.Generate(SignatureAlgorithm.ES256);

    private static RememberingValidator CheckerOf(ApiHost api, string scheme = "Bearer") =>
        api.Services.GetRequiredKeyedService<RememberingValidator>(scheme);

    private static async Task ShouldBeSeenAsync(ApiHost api, HttpClient client, string token)
    {
        (await client.AskWithAsync(token)).Status.Should().Be(200);
        (await client.AskWithAsync(token)).Status.Should().Be(200);
        CheckerOf(api).CheckSeen(token).Token.Should().NotBeNull();
    }

    private sealed class Marking : IClaimsTransformation
    {
        public Task<ClaimsPrincipal> TransformAsync(ClaimsPrincipal principal)
        {
            ((ClaimsIdentity)principal.Identity!).AddClaim(new Claim("mark", "1"));
            return Task.FromResult(principal);
        }
    }
}
