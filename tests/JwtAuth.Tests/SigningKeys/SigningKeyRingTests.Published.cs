using System.Buffers.Text;
using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using JwtAuth.Bearer.Keys;
using JwtAuth.Server.SigningKeys;
using JwtAuth.Tests.Attacks;
using JwtAuth.Tests.Hosting;

namespace JwtAuth.Tests.SigningKeys;

/// <summary>What of the ring is published, and how.</summary>
public sealed partial class SigningKeyRingTests
{
    private static readonly string[] PrivateMembers = ["d", "p", "q", "dp", "dq", "qi", "oth", "k"];

    [Theory]
    [InlineData(SignatureAlgorithm.RS256)]
    [InlineData(SignatureAlgorithm.ES256)]
    [InlineData(SignatureAlgorithm.HS256)]
    [Trait("row", "KEY-06")]
    [Trait("row", "KEY-13")]
    public async Task The_jwks_has_public_halves_only_named_by_their_thumbprints(SignatureAlgorithm algorithm)
    {
        await using var host = new ServerHost().With("JwtAuth:SigningKeys:Algorithm", $"{algorithm}");
        KeySchedule schedule = host.Get<KeySchedule>();
        string first = host.Get<SigningKeyRing>().Signer(true).KeyId;
        SigningKey second = SigningKey.Generate(algorithm);
        await host.Get<SigningKeyStore>()
            .ChangeAsync(ring => schedule.TryAdd(ring, second, host.Time.GetUtcNow()), TestContext.Current.CancellationToken);
        await host.Get<SigningKeyRing>().LoadAsync(TestContext.Current.CancellationToken);

        (HttpStatusCode status, string body, HttpResponseMessage reply) = await GetAsync(host, "/.well-known/jwks.json");
        status.Should().Be(HttpStatusCode.OK);
        reply.Content.Headers.ContentType!.MediaType.Should().Be("application/json");
        JsonObject[] keys = [.. JsonNode.Parse(body)!["keys"]!.AsArray().Select(key => key!.AsObject())];
        if (algorithm == SignatureAlgorithm.HS256)
        {
            keys.Should().BeEmpty();
            body.Should().NotContain(Base64Url.EncodeToString(second.ExportPrivate())).And.NotContain(first);
            return;
        }

        keys.Select(key => $"{key["kid"]}").Should().BeEquivalentTo([first, second.KeyId], "the retired verifies, the new signs");
        foreach (JsonObject key in keys)
        {
            key.Select(member => member.Key).Should().NotIntersectWith(PrivateMembers);
            ($"{key["use"]}", $"{key["alg"]}").Should().Be(("sig", $"{algorithm}"));
            string canonical = algorithm == SignatureAlgorithm.RS256
                ? $$"""{"e":"{{key["e"]}}","kty":"RSA","n":"{{key["n"]}}"}"""
                : $$"""{"crv":"P-256","kty":"EC","x":"{{key["x"]}}","y":"{{key["y"]}}"}""";
            $"{key["kid"]}".Should().Be(Base64Url.EncodeToString(SHA256.HashData(Encoding.UTF8.GetBytes(canonical))), "RFC 7638 §3");
        }
    }

    [Theory]
    [InlineData("01:00:00", "public, max-age=300")]
    [InlineData("00:02:00", "public, max-age=30")]
    [InlineData("00:00:00", "no-cache")]
    public async Task Nobody_may_keep_the_jwks_longer_than_a_quarter_of_what_a_key_is_published_ahead(string ahead, string cacheControl)
    {
        await using var host = new ServerHost()
            .With("JwtAuth:SigningKeys:Algorithm", "ES256").With("JwtAuth:SigningKeys:PublishAhead", ahead);
        (_, _, HttpResponseMessage reply) = await GetAsync(host, "/.well-known/jwks.json");
        reply.Headers.CacheControl!.ToString().Should().Be(cacheControl);
    }

    [Fact]
    [Trait("row", "KEY-11")]
    public async Task The_jwks_cannot_be_written_to()
    {
        await using var host = new ServerHost().With("JwtAuth:SigningKeys:Algorithm", "ES256");
        string before = (await GetAsync(host, "/.well-known/jwks.json")).Body;
        using HttpClient client = host.Connect();
        foreach (HttpMethod method in new[] { HttpMethod.Put, HttpMethod.Post, HttpMethod.Patch, HttpMethod.Delete })
        {
            using var request = new HttpRequestMessage(method, "/.well-known/jwks.json")
            {
                Content = new StringContent(before, Encoding.UTF8, "application/json"),
            };
            using HttpResponseMessage reply = await client.SendAsync(request, TestContext.Current.CancellationToken);
            reply.StatusCode.Should().Be(HttpStatusCode.MethodNotAllowed);
        }
        (await GetAsync(host, "/.well-known/jwks.json")).Body.Should().Be(before);
    }

    [Fact]
    [Trait("row", "KEY-09")]
    [Trait("row", "KEY-10")]
    public async Task Both_discovery_documents_are_one_and_name_one_issuer_and_nothing_that_is_not_there()
    {
        await using var host = new ServerHost().With("JwtAuth:SigningKeys:Algorithm", "ES256");
        string one = (await GetAsync(host, "/.well-known/oauth-authorization-server")).Body;
        (await GetAsync(host, "/.well-known/openid-configuration")).Body.Should().Be(one);
        JsonObject document = JsonNode.Parse(one)!.AsObject();
        $"{document["issuer"]}".Should().Be(host.Issuer).And.Be($"{new Forge(host).Claims()["iss"]}");
        $"{document["jwks_uri"]}".Should().Be($"{host.Issuer}/.well-known/jwks.json");
        document.Where(member => member.Key.EndsWith("_endpoint", StringComparison.Ordinal))
            .Select(member => (member.Key, member.Value!.GetValue<string>()))
            .Should().BeEquivalentTo(
                [("introspection_endpoint", $"{host.Issuer}/oauth/introspect"), ("revocation_endpoint", $"{host.Issuer}/oauth/revoke")]);
        one.Should().NotContain("none").And.NotContain("plain");
        foreach (string form in new[] { "/.well-known/openid-configuration/", "/tenant/.well-known/openid-configuration",
            "/.well-known/oauth-authorization-server/tenant" })
        {
            (HttpStatusCode status, string body, _) = await GetAsync(host, form);
            (status == HttpStatusCode.NotFound || body == one).Should().BeTrue("{0} names no second issuer", form);
        }
    }
}
