using System.Net;
using System.Text.Json;
using JwtAuth.Bearer.AccessTokens;
using JwtAuth.Bearer.Keys;
using JwtAuth.Server.SigningKeys;
using JwtAuth.Tests.Hosting;

namespace JwtAuth.Tests.Attacks;

/// <summary>Claims against a clock that moves, a key that ends, a name that means something elsewhere.</summary>
public sealed class ClaimTests
{
    [Theory]
    [InlineData(0)]
    [InlineData(30)]
    [InlineData(60)]
    [Trait("row", "CLM-06")]
    [Trait("row", "CLM-03")]
    public async Task A_token_lives_until_just_before_exp_and_the_skew_and_not_in_that_moment(int skew)
    {
        await using ServerHost host = HostWithSkew(skew);
        string token = new Forge(host).Live(), fraction = new Forge(host).WithClaim("exp", $"{new Forge(host).Now + 60}.5");
        DateTimeOffset issuedAt = host.Time.GetUtcNow();
        TimeSpan tick = TimeSpan.FromTicks(1), second = TimeSpan.FromSeconds(1);

        foreach ((string each, TimeSpan life) in new[] { (token, TimeSpan.FromMinutes(5)), (fraction, TimeSpan.FromSeconds(60.5)) })
        {
            DateTimeOffset end = issuedAt + life + TimeSpan.FromSeconds(skew);
            foreach (DateTimeOffset alive in new[] { issuedAt, issuedAt + life - second, end - second, end - tick })
                await ShouldBeAsync(host, each, alive, expected: null);
            foreach (DateTimeOffset dead in new[] { end, end + tick, end + second, end + TimeSpan.FromDays(1000) })
                await ShouldBeAsync(host, each, dead, TokenRejection.Expired);
        }
    }

    [Theory]
    [InlineData(0)]
    [InlineData(30)]
    [InlineData(60)]
    [Trait("row", "CLM-08")]
    public async Task A_token_from_the_future_is_taken_up_to_the_skew_and_not_beyond(int skew)
    {
        await using ServerHost host = HostWithSkew(skew);
        DateTimeOffset issuedAt = host.Time.GetUtcNow(), earliest = issuedAt - TimeSpan.FromSeconds(skew);
        var forge = new Forge(host);
        string iat = forge.Live(), nbf = forge.WithClaim("iat", $"{forge.Now - 120}");

        foreach (string token in new[] { iat, nbf })
        {
            await ShouldBeAsync(host, token, earliest, expected: null);
            await ShouldBeAsync(host, token, earliest - TimeSpan.FromTicks(1), TokenRejection.NotYetValid);
            await ShouldBeAsync(host, token, earliest - TimeSpan.FromHours(1), TokenRejection.NotYetValid);
        }
    }

    [Theory]
    [InlineData(SignatureAlgorithm.RS256)]
    [InlineData(SignatureAlgorithm.HS256)]
    [InlineData(SignatureAlgorithm.ES256)]
    [Trait("row", "KEY-03")]
    public async Task A_retired_key_verifies_what_it_signed_before_and_nothing_that_it_signs_afterwards(SignatureAlgorithm algorithm)
    {
        await using ServerHost host = new ServerHost().With("JwtAuth:SigningKeys:Algorithm", $"{algorithm}");
        var forge = new Forge(host);
        SigningKey stolen = forge.Key;
        string before = forge.Live();
        host.Time.SetClock(host.Time.GetUtcNow() + TimeSpan.FromMinutes(1));
        DateTimeOffset retiredAt = host.Time.GetUtcNow();
        KeySchedule schedule = host.Get<KeySchedule>();
        (await host.Get<SigningKeyStore>().ChangeAsync(ring => schedule.Retire(ring, stolen.KeyId), TestContext.Current.CancellationToken))
            .Should().BeTrue();
        await host.Get<SigningKeyRing>().LoadAsync(TestContext.Current.CancellationToken);

        forge.Key.KeyId.Should().NotBe(stolen.KeyId);
        await ShouldBeAsync(host, before, retiredAt + TimeSpan.FromMinutes(1), expected: null);
        // 30 s of skew, and 10 s in which another process may not have heard of it yet.
        await ShouldBeAsync(host, SignedAt(40), retiredAt + TimeSpan.FromSeconds(60), expected: null);
        await ShouldBeAsync(host, SignedAt(41), retiredAt + TimeSpan.FromSeconds(60), TokenRejection.KeyRetired);
        await ShouldBeAsync(host, SignedAt(3600), retiredAt + TimeSpan.FromSeconds(3600), TokenRejection.KeyRetired);
        await ShouldBeAsync(host, forge.Live(), host.Time.GetUtcNow(), expected: null);

        host.Time.SetClock(retiredAt + KeySchedule.Retention);
        await host.Get<SigningKeyRing>().AdvanceAsync(TestContext.Current.CancellationToken);
        await ShouldBeAsync(host, SignedAt(0), retiredAt + TimeSpan.FromSeconds(60), TokenRejection.UnknownKey);

        string SignedAt(int seconds)
        {
            long iat = (retiredAt + TimeSpan.FromSeconds(seconds)).ToUnixTimeSeconds();
            string header = Forge.Set(forge.Header(), "kid", $"\"{stolen.KeyId}\"");
            return Forge.SignParts(Forge.Encode(header),
                Forge.Encode(forge.ClaimsWith(("iat", $"{iat}"), ("nbf", $"{iat}"), ("exp", $"{iat + 300}"))), stolen);
        }
    }

    [Fact]
    [Trait("row", "ALG-14")]
    [Trait("row", "CLM-22")]
    public async Task A_secret_that_APIs_share_never_speaks_for_the_account()
    {
        await using ServerHost host = new ServerHost().With("JwtAuth:SigningKeys:Algorithm", "HS256")
            .With("JwtAuth:SigningKeys:Hs256Secret", "4rQm8XzT0vY2kJ7sPbN5wLhG9dCfA1eUoI6xZtR3yqM=");
        var forge = new Forge(host);
        TokenValidator validator = host.Get<TokenValidator>();

        validator.TryValidate(forge.Live(), out _, out _).Should().BeTrue();
        validator.TryValidate(forge.WithClaim("aud", $"\"{host.Issuer}\""), out _, out TokenRejection? account).Should().BeFalse();
        validator.TryValidate(forge.WithClaim("aud", $"[\"orders\",\"{host.Issuer}\"]"), out _, out TokenRejection? both)
            .Should().BeFalse();

        account.Should().BeSameAs(TokenRejection.KeyNotForAudience);
        both.Should().BeSameAs(TokenRejection.KeyNotForAudience);
        using HttpClient client = host.Connect(forge.WithClaim("aud", $"\"{host.Issuer}\""));
        (await client.GetAsync("/me", TestContext.Current.CancellationToken)).StatusCode.Should().Be(HttpStatusCode.Unauthorized);
    }

    [Fact]
    [Trait("row", "JSN-16")]
    public async Task Names_that_mean_something_to_a_framework_change_nothing()
    {
        await using ServerHost host = new ServerHost().With("JwtAuth:SigningKeys:Algorithm", "ES256");
        var forge = new Forge(host);
        IEnumerable<Attack> cases = Attack.All.Where(attack => attack.Row == "JSN-16");

        string admin = await MeAsync(forge.WithClaim("roles", "[\"admin\"]")), plain = await MeAsync(forge.Live());

        admin.Should().Contain("\"roles\":[\"admin\"]", "that is where a role is read from");
        foreach (Attack attack in cases)
            (await MeAsync(attack.Token(forge))).Should().Be(plain, attack.Name);

        async Task<string> MeAsync(string token)
        {
            using HttpClient client = host.Connect(token);
            var reply = JsonDocument.Parse(await client.GetStringAsync("/me", TestContext.Current.CancellationToken));
            return reply.RootElement.GetRawText();
        }
    }

    [Fact]
    [Trait("row", "JSN-11")]
    [Trait("row", "CLM-15")]
    public async Task Nothing_of_a_refused_token_is_repeated_in_the_reply_or_in_the_log()
    {
        await using ServerHost host = new ServerHost()
            .With("JwtAuth:SigningKeys:Algorithm", "ES256").With("Logging:LogLevel:Microsoft", "Trace");
        var forge = new Forge(host);
        using var wire = new Wire(host.Issuer);
        const string Planted = "\"planted\\r\\nX: y\"";

        List<string> tokens =
            [.. new[] { "iss", "sub", "aud", "jti", "client_id", "sid", "exp", "roles" }.Select(name => forge.WithClaim(name, Planted))];
        tokens.AddRange(new[] { "alg", "kid", "typ", "crit", "jku" }.Select(name => forge.WithHeader(name, Planted)));
        tokens.Add("planted");
        foreach (string token in tokens)
        {
            WireReply reply = await wire.AskAsync(token, TestContext.Current.CancellationToken);
            $"{reply.Challenge} {reply.Body}".Should().NotContain("planted").And.NotContain(token);
        }

        host.Log.All.Should().Contain(line => line.Contains("Access token refused: invalid_claim"), "refusals are logged by their reason");
        host.Log.All.Should().NotContain(line => line.Contains("planted") || tokens.Exists(line.Contains));
    }

    private static ServerHost HostWithSkew(int seconds) =>
        new ServerHost()
            .With("JwtAuth:SigningKeys:Algorithm", "ES256").With("JwtAuth:AccessTokens:ClockSkew", $"{TimeSpan.FromSeconds(seconds)}");

    private static async Task ShouldBeAsync(ServerHost host, string token, DateTimeOffset now, TokenRejection? expected)
    {
        host.Time.SetClock(now);
        (await host.Get<TokenValidator>().ValidateAsync(token)).Rejection.Should().BeSameAs(expected, $"at {now:O}");
        using HttpClient client = host.Connect(token);
        using HttpResponseMessage reply = await client.GetAsync("/me", TestContext.Current.CancellationToken);
        reply.StatusCode.Should().Be(expected is null ? HttpStatusCode.OK : HttpStatusCode.Unauthorized, $"at {now:O}");
    }
}
