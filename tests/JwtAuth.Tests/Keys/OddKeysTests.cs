using System.Security.Cryptography;
using System.Text;
using JwtAuth.Bearer.Keys;
using JwtAuth.Server.SigningKeys;
using JwtAuth.Tests.Apis;
using JwtAuth.Tests.Attacks;
using JwtAuth.Tests.Hosting;

namespace JwtAuth.Tests.Keys;

/// <summary>A set may hold keys that are not ours to use: they are left out, and the others are used.</summary>
public sealed class OddKeysTests
{
    private const string Secret = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8";

    [Theory]
    [InlineData("""{"kty":"oct","alg":"HS256","kid":"odd","k":"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"}""")]
    [InlineData("""{"kty":"OKP","crv":"Ed25519","alg":"EdDSA","kid":"odd","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}""")]
    [InlineData("""{"kty":"AKP","alg":"ML-DSA-44","kid":"odd","pub":"AAAA"}""")]
    [InlineData("""{"kty":"EC","crv":"P-256","alg":"ES256","kid":"odd","x":"AAAA","y":"AAAA"}""")]
    [InlineData("""{"kty":"EC","crv":"P-256","alg":"ES256","kid":"odd"}""")]
    [InlineData("""{"kty":"EC","crv":"P-384","alg":"ES384","kid":"odd","x":"AAAA","y":"AAAA"}""")]
    [InlineData("""{"kty":"RSA","alg":"RS256","kid":"odd","n":"","e":"AQAB"}""")]
    [InlineData("""{"kty":"RSA","alg":"RS256","kid":"odd","n":"*not base64url*","e":"AQAB"}""")]
    [InlineData("""{"kty":"RSA","alg":"RS256","kid":"odd","n":"AQ","e":"AQ"}""")]
    [InlineData("""{"kty":"RSA","alg":"RS256","kid":"odd"}""")]
    [InlineData("""{"kty":"RSA","alg":"RS256"}""")]
    [InlineData("""{"kty":"","kid":""}""")]
    [InlineData("{}")]
    public async Task A_key_that_cannot_be_used_is_left_out_and_the_others_are_used(string odd)
    {
        (WatchedTime time, SigningKey key) = (new(), SigningKey.Generate(SignatureAlgorithm.ES256));
        await using Issuer issuer = await Issuer.StartAsync(time, key);
        issuer.JsonWebKeySet = issuer.JsonWebKeySet.Replace("[", $"[{odd},", StringComparison.Ordinal)[..^2]
            + $",{odd.Replace("odd", "even", StringComparison.Ordinal)}]}}";
        await using var api = new ApiHost(issuer.Url) { Time = time };
        using HttpClient client = api.Connect();

        (await client.AskWithAsync(issuer.Token(key))).Status.Should().Be(200);
        foreach (string algorithm in new[] { "HS256", "RS256", "ES256" })
        {
            string forged =
                Forge.Mac($$"""{"alg":"{{algorithm}}","kid":"odd","typ":"at+jwt"}""", ClaimsOf(issuer.Token(key)), Forge.Decode(Secret));
            (await client.AskWithAsync(forged)).ShouldBeRefused(401, "unknown_key", algorithm);
        }
    }

    [Theory]
    [InlineData(1024, "RS256", null, null, 401)]
    [InlineData(2048, "RS256", null, null, 200)]
    [InlineData(2048, "RS256", "sig", null, 200)]
    [InlineData(2048, "RS256", null, "verify", 200)]
    [InlineData(2048, "RS256", "enc", null, 401)]
    [InlineData(2048, "RS256", null, "encrypt", 401)]
    [InlineData(2048, "RS512", null, null, 401)]
    [InlineData(2048, "PS256", null, null, 401)]
    [InlineData(2048, null, null, null, 401)]
    public async Task An_RSA_key_is_used_if_it_is_strong_and_for_signatures_of_RS256(
        int bits, string? alg, string? use, string? operation, int status)
    {
        using RSA rsa = RSA.Create(bits);
        RSAParameters parameters = rsa.ExportParameters(includePrivateParameters: false);
        (WatchedTime time, SigningKey key) = (new(), SigningKey.FromPrivate(SignatureAlgorithm.RS256, rsa.ExportPkcs8PrivateKey()));
        SigningKey beside = SigningKey.Generate(SignatureAlgorithm.ES256);
        await using Issuer issuer = await Issuer.StartAsync(time, beside);
        string members = Member("alg", alg) + Member("use", use) + (operation is null ? "" : $",\"key_ops\":[\"{operation}\"]");
        string jwk = $$"""{"kty":"RSA","kid":"{{key.KeyId}}","n":"{{Forge.Encode(parameters.Modulus!)}}","e":"AQAB"{{members}}}""";
        issuer.JsonWebKeySet = issuer.JsonWebKeySet.Replace("[", $"[{jwk},", StringComparison.Ordinal);
        await using var api = new ApiHost(issuer.Url) { Time = time };
        using HttpClient client = api.Connect();

        (await client.AskWithAsync(issuer.Token(key))).Status.Should().Be(status);
        (await client.AskWithAsync(issuer.Token(beside))).Status.Should().Be(200);

        static string Member(string name, string? value) => value is null ? "" : $",\"{name}\":\"{value}\"";
    }

    [Fact]
    public async Task Two_keys_of_one_kid_are_none()
    {
        (WatchedTime time, SigningKey one, SigningKey other, SigningKey beside) = (new(), NewKey(), NewKey(), NewKey());
        await using Issuer issuer = await Issuer.StartAsync(time, one, other, beside);
        await using var api = new ApiHost(issuer.Url) { Time = time };
        using HttpClient client = api.Connect();
        foreach (SigningKey key in new[] { one, other, beside })
            (await client.AskWithAsync(issuer.Token(key))).Status.Should().Be(200);

        issuer.JsonWebKeySet = issuer.JsonWebKeySet.Replace(other.KeyId, one.KeyId, StringComparison.Ordinal);
        await time.BegunAsync(TimeSpan.FromSeconds(60));
        time.Manual.Advance(TimeSpan.FromSeconds(60));
        await time.BegunAsync(TimeSpan.FromSeconds(60), 2);
        (await client.AskWithAsync(issuer.Token(one))).ShouldBeRefused(401, "unknown_key");
        (await client.AskWithAsync(issuer.Token(beside))).Status.Should().Be(200);
    }

    private static SigningKey NewKey() => SigningKey.Generate(SignatureAlgorithm.ES256);

    private static string ClaimsOf(string token) => Encoding.UTF8.GetString(Forge.Decode(token.Split('.')[1]));
}
