using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using JwtAuth.Bearer.Keys;
using JwtAuth.Server.SigningKeys;

namespace JwtAuth.Tests.SigningKeys;

/// <summary>Keys that a team brings: each refusal beside the same key without the defect.</summary>
public sealed class KeyImportTests
{
    private static readonly RSA Rsa = RSA.Create(2048), OtherRsa = RSA.Create(2048);
    private static readonly ECDsa Ec = ECDsa.Create(ECCurve.NamedCurves.nistP256), OtherEc = ECDsa.Create(ECCurve.NamedCurves.nistP256);
    private static readonly byte[] Secret = RandomNumberGenerator.GetBytes(32);

    private static readonly Dictionary<string, (SignatureAlgorithm Algorithm, string Text)> Good = new()
    {
        ["RSA PKCS #8"] = (SignatureAlgorithm.RS256, Rsa.ExportPkcs8PrivateKeyPem()),
        ["RSA PKCS #1"] = (SignatureAlgorithm.RS256, Rsa.ExportRSAPrivateKeyPem()),
        ["RSA with text around it"] = (SignatureAlgorithm.RS256, $"made by openssl\n{Rsa.ExportPkcs8PrivateKeyPem()}\n\n"),
        ["RSA JWK"] = (SignatureAlgorithm.RS256, RsaJwk(Rsa).ToJsonString()),
        ["EC PKCS #8"] = (SignatureAlgorithm.ES256, Ec.ExportPkcs8PrivateKeyPem()),
        ["EC SEC 1"] = (SignatureAlgorithm.ES256, Ec.ExportECPrivateKeyPem()),
        ["EC JWK"] = (SignatureAlgorithm.ES256, EcJwk(Ec).ToJsonString()),
        ["oct JWK"] = (SignatureAlgorithm.HS256, OctJwk().ToJsonString()),
        ["JWK with use, key_ops and alg"] = (SignatureAlgorithm.ES256,
            Changed(EcJwk(Ec), key =>
                (key["use"], key["key_ops"], key["alg"], key["kid"]) = ("sig", new JsonArray("sign", "verify"), "ES256", "theirs"))),
        ["JWK as a browser exports it"] =
            (SignatureAlgorithm.ES256, Changed(EcJwk(Ec), key => (key["ext"], key["key_ops"]) = (true, new JsonArray("sign")))),
    };

    private static readonly Dictionary<string, (string Beside, Func<string> Text)> Bad = new()
    {
        ["an empty file"] = ("RSA PKCS #8", () => ""),
        ["no key at all"] = ("RSA PKCS #8", () => "hello"),
        ["PEM cut short"] = ("RSA PKCS #8", () => Rsa.ExportPkcs8PrivateKeyPem()[..800]),
        ["PEM of other bytes"] = ("RSA PKCS #8", () => PemEncoding.WriteString("PRIVATE KEY", RandomNumberGenerator.GetBytes(1200))),
        ["two keys in one file"] = ("RSA PKCS #8", () => Rsa.ExportPkcs8PrivateKeyPem() + "\n" + OtherRsa.ExportPkcs8PrivateKeyPem()),
        ["encrypted PEM"] = ("RSA PKCS #8", () => Rsa.ExportEncryptedPkcs8PrivateKeyPem(
            "password", new PbeParameters(PbeEncryptionAlgorithm.Aes256Cbc, HashAlgorithmName.SHA256, 1))),
        ["a public RSA key"] = ("RSA PKCS #8", () => Rsa.ExportSubjectPublicKeyInfoPem()),
        ["a public RSA key in PKCS #1"] = ("RSA PKCS #1", () => Rsa.ExportRSAPublicKeyPem()),
        ["RSA of 1024 bits"] = ("RSA PKCS #8", () => RSA.Create(1024).ExportPkcs8PrivateKeyPem()),
        ["RSA of 1024 bits as JWK"] = ("RSA JWK", () => RsaJwk(RSA.Create(1024)).ToJsonString()),
        ["EC where RSA is configured"] = ("RSA PKCS #8", () => Ec.ExportPkcs8PrivateKeyPem()),
        ["EC as JWK where RSA is configured"] = ("RSA JWK", () => EcJwk(Ec).ToJsonString()),
        ["RSA where EC is configured"] = ("EC PKCS #8", () => Rsa.ExportPkcs8PrivateKeyPem()),
        ["RSA JWK without its private half"] = ("RSA JWK", () => Without(RsaJwk(Rsa), "d", "p", "q", "dp", "dq", "qi")),
        ["RSA JWK without d"] = ("RSA JWK", () => Without(RsaJwk(Rsa), "d")),
        ["RSA JWK without n"] = ("RSA JWK", () => Without(RsaJwk(Rsa), "n")),
        ["RSA JWK with another's modulus"] = ("RSA JWK", () => Changed(RsaJwk(Rsa), key => key["n"] = RsaJwk(OtherRsa)["n"]!.DeepClone())),
        ["RSA JWK with another's private half"] = ("RSA JWK", () => Changed(RsaJwk(Rsa), key =>
        {
            foreach (string member in new[] { "d", "p", "q", "dp", "dq", "qi" })
                key[member] = RsaJwk(OtherRsa)[member]!.DeepClone();
        })),
        ["RSA JWK with the exponent 1"] = ("RSA JWK", () => Changed(RsaJwk(Rsa), key => key["e"] = "AQ")),
        ["RSA JWK with a member that is not base64"] = ("RSA JWK", () => Changed(RsaJwk(Rsa), key => key["d"] = "***")),
        ["use enc"] = ("RSA JWK", () => Changed(RsaJwk(Rsa), key => key["use"] = "enc")),
        ["key_ops verify only"] = ("RSA JWK", () => Changed(RsaJwk(Rsa), key => key["key_ops"] = new JsonArray("verify"))),
        ["key_ops decrypt"] = ("EC JWK", () => Changed(EcJwk(Ec), key => key["key_ops"] = new JsonArray("decrypt", "unwrapKey"))),
        ["alg RS512"] = ("RSA JWK", () => Changed(RsaJwk(Rsa), key => key["alg"] = "RS512")),
        ["alg PS256"] = ("RSA JWK", () => Changed(RsaJwk(Rsa), key => key["alg"] = "PS256")),
        ["alg none"] = ("oct JWK", () => Changed(OctJwk(), key => key["alg"] = "none")),
        ["alg HS256 on RSA"] = ("RSA JWK", () => Changed(RsaJwk(Rsa), key => key["alg"] = "HS256")),
        ["kty oct with RSA's members"] = ("RSA JWK", () => Changed(RsaJwk(Rsa), key => key["kty"] = "oct")),
        ["JWK without kty"] = ("RSA JWK", () => Without(RsaJwk(Rsa), "kty")),
        ["a JWK Set"] = ("RSA JWK", () => $"{{\"keys\":[{RsaJwk(Rsa).ToJsonString()}]}}"),
        ["a key inside a member"] = ("EC JWK", () => $"{{\"kty\":\"EC\",\"inner\":{EcJwk(Ec).ToJsonString()}}}"),
        ["a member twice"] = ("EC JWK", () => EcJwk(Ec).ToJsonString()[..^1] + ",\"kty\":\"EC\"}"),
        ["use twice"] = ("EC JWK", () => EcJwk(Ec).ToJsonString()[..^1] + ",\"use\":\"enc\",\"use\":\"sig\"}"),
        ["text after the JSON"] = ("EC JWK", () => EcJwk(Ec).ToJsonString() + "{}"),
        ["JSON cut short"] = ("RSA JWK", () => RsaJwk(Rsa).ToJsonString()[..100]),
        ["an empty object"] = ("RSA JWK", () => "{}"),
        ["P-256 with its parameters written out"] = ("EC PKCS #8", () =>
            ECDsa.Create(ECDsa.Create(ECCurve.NamedCurves.nistP256).ExportExplicitParameters(includePrivateParameters: true))
                .ExportPkcs8PrivateKeyPem()),
        ["P-384"] = ("EC PKCS #8", () => ECDsa.Create(ECCurve.NamedCurves.nistP384).ExportPkcs8PrivateKeyPem()),
        ["secp256k1"] = ("EC PKCS #8", () => ECDsa.Create(ECCurve.CreateFromFriendlyName("secp256k1")).ExportPkcs8PrivateKeyPem()),
        ["crv P-384 on a P-256 key"] = ("EC JWK", () => Changed(EcJwk(Ec), key => key["crv"] = "P-384")),
        ["a public EC key"] = ("EC PKCS #8", () => Ec.ExportSubjectPublicKeyInfoPem()),
        ["EC JWK without d"] = ("EC JWK", () => Without(EcJwk(Ec), "d")),
        ["EC JWK without x"] = ("EC JWK", () => Without(EcJwk(Ec), "x")),
        ["EC JWK with another's d"] = ("EC JWK", () => Changed(EcJwk(Ec), key => key["d"] = EcJwk(OtherEc)["d"]!.DeepClone())),
        ["EC JWK whose point is not on the curve"] = ("EC JWK", () => Changed(EcJwk(Ec), key => key["y"] = key["x"]!.DeepClone())),
        ["PEM where a secret is configured"] = ("oct JWK", () => Rsa.ExportPkcs8PrivateKeyPem()),
        ["oct without k"] = ("oct JWK", () => Without(OctJwk(), "k")),
        ["oct of 31 bytes"] =
            ("oct JWK", () => Changed(OctJwk(), key => key["k"] = Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(31)))),
        ["oct of text"] =
            ("oct JWK", () => Changed(OctJwk(), key => key["k"] = Base64Url.EncodeToString("a rather long secret, but of words only"u8))),
        ["oct of zeros"] = ("oct JWK", () => Changed(OctJwk(), key => key["k"] = Base64Url.EncodeToString(new byte[32]))),
        ["oct that is a published example"] =
            ("oct JWK", () => Changed(OctJwk(), key => key["k"] = "hJtXIZ2uSN5kbQfbtTNWbpdmhkV8FJG-Onbc6mxCcYg")),
    };

    public static TheoryData<string> GoodNames => [.. Good.Keys];

    public static TheoryData<string> BadNames => [.. Bad.Keys];

    [Theory]
    [MemberData(nameof(GoodNames))]
    public void A_private_key_in_each_form_is_read_and_signs(string name)
    {
        (SignatureAlgorithm algorithm, string text) = Good[name];
        SigningKey key = KeyImport.Read(text, algorithm, out _)!;
        key.Algorithm.Should().Be(algorithm);
        byte[] signature = new byte[key.SignatureLength];
        key.Sign("input"u8, signature);
        (algorithm switch
        {
            SignatureAlgorithm.RS256 => Rsa.VerifyData("input"u8, signature, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1),
            SignatureAlgorithm.ES256 => Ec.VerifyData("input"u8, signature, HashAlgorithmName.SHA256),
            _ => HMACSHA256.HashData(Secret, "input"u8).SequenceEqual(signature),
        }).Should().BeTrue("the key that was exported knows its own signature");
    }

    [Theory]
    [MemberData(nameof(BadNames))]
    public void A_key_with_one_thing_wrong_is_refused_and_the_same_without_it_is_read(string name)
    {
        (string beside, Func<string> text) = Bad[name];
        (SignatureAlgorithm algorithm, string good) = Good[beside];
        KeyImport.Read(good, algorithm, out _).Should().NotBeNull();
        KeyImport.Read(text(), algorithm, out string fault).Should().BeNull();
        fault.Should().NotBeEmpty().And.NotContain("\n");
    }

    [Fact]
    [Trait("row", "KEY-06")]
    public void One_key_has_one_kid_in_whatever_form_it_comes_and_a_secrets_kid_says_nothing_about_it()
    {
        foreach (SignatureAlgorithm algorithm in new[] { SignatureAlgorithm.RS256, SignatureAlgorithm.ES256 })
        {
            Good.Values.Where(form => form.Algorithm == algorithm).Select(form => KeyImport.Read(form.Text, algorithm, out _)!.KeyId)
                .Distinct().Should().ContainSingle("{0} is named by its thumbprint", algorithm);
        }
        string[] secrets = [.. Enumerable.Range(0, 10)
            .Select(_ => KeyImport.Read(OctJwk().ToJsonString(), SignatureAlgorithm.HS256, out string _)!.KeyId)];
        secrets.Should().OnlyHaveUniqueItems();
        secrets.Should().NotContain(Base64Url.EncodeToString(
            SHA256.HashData(Encoding.UTF8.GetBytes($"{{\"k\":\"{Base64Url.EncodeToString(Secret)}\",\"kty\":\"oct\"}}"))));
    }

    private static JsonObject RsaJwk(RSA rsa)
    {
        RSAParameters all = rsa.ExportParameters(includePrivateParameters: true);
        return new JsonObject
        {
            ["kty"] = "RSA",
            ["n"] = Text(all.Modulus),
            ["e"] = Text(all.Exponent),
            ["d"] = Text(all.D),
            ["p"] = Text(all.P),
            ["q"] = Text(all.Q),
            ["dp"] = Text(all.DP),
            ["dq"] = Text(all.DQ),
            ["qi"] = Text(all.InverseQ),
        };
    }

    private static JsonObject EcJwk(ECDsa ecdsa)
    {
        ECParameters all = ecdsa.ExportParameters(includePrivateParameters: true);
        return new JsonObject { ["kty"] = "EC", ["crv"] = "P-256", ["x"] = Text(all.Q.X), ["y"] = Text(all.Q.Y), ["d"] = Text(all.D) };
    }

    private static JsonObject OctJwk() => new() { ["kty"] = "oct", ["k"] = Text(Secret) };

    private static string Text(byte[]? bytes) => Base64Url.EncodeToString(bytes);

    private static string Changed(JsonObject key, Action<JsonObject> change)
    {
        change(key);
        return key.ToJsonString();
    }

    private static string Without(JsonObject key, params string[] members)
    {
        foreach (string member in members)
            key.Remove(member);
        return key.ToJsonString();
    }
}
