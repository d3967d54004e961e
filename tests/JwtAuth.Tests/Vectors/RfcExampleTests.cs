using System.Text.Json.Nodes;
using JwtAuth.Server.SigningKeys;
using Microsoft.IdentityModel.Tokens;

namespace JwtAuth.Tests.Vectors;

public sealed class RfcExampleTests
{
    [Fact]
    public void The_signatures_of_RFC_7515_and_7519_verify_and_the_unsecured_one_does_not()
    {
        // The RFCs' keys have no kid, which a key has here.
        (string Id, string Jws, string? Key)[] figures =
            [.. Figures()["jws"]!.AsArray()
                .Select(figure => ($"{figure!["id"]}", $"{figure["jws"]}", figure["jwk"] is { } key ? With(key, "kid", "figure") : null))];
        (string Id, string Jws, string? Key)[] signed = [.. figures.Where(figure => figure.Key is not null)];
        string unsecured = figures.Single(figure => figure.Key is null).Jws;

        signed.Where(figure => Jws.Verifies(figure.Jws, figure.Key!)).Select(figure => figure.Id)
            .Should().Equal("rfc7515-A.1 / rfc7519-3.1 HS256", "rfc7515-A.2 RS256", "rfc7515-A.3 ES256");
        signed.Should().NotContain(figure => Jws.Verifies(unsecured, figure.Key!));
        signed.Should().NotContain(
            figure => signed.Any(other => other.Id != figure.Id && Jws.Verifies(figure.Jws, other.Key!)), "each has its own key");
    }

    [Fact]
    [Trait("row", "KEY-06")]
    public void The_thumbprint_of_RFC_7638_is_computed_from_the_members_that_count()
    {
        JsonNode figure = Figures()["thumbprint_rfc7638_3_1"]!;
        JsonNode another = figure["jwk"]!.DeepClone();
        (another["kid"], another["use"], another["alg"]) = ("2011-04-29", "sig", "RS256");

        JsonWebKeys.ThumbprintOf(new JsonWebKey(figure["jwk"]!.ToJsonString())).Should().Be($"{figure["sha256"]}");
        JsonWebKeys.ThumbprintOf(new JsonWebKey(another.ToJsonString())).Should().Be($"{figure["sha256"]}");
        another["e"] = "Aw";
        JsonWebKeys.ThumbprintOf(new JsonWebKey(another.ToJsonString())).Should().NotBe($"{figure["sha256"]}");
    }

    [Theory]
    [InlineData("4_1.rsa_v15_signature", true)]
    [InlineData("4_4.hmac-sha2_integrity_protection", true)]
    [InlineData("4_2.rsa-pss_signature", false)]
    [InlineData("4_3.ecdsa_signature", false)]
    [InlineData("4_5.signature_with_detached_content", false)]
    public void Of_the_compact_examples_of_RFC_7520_those_of_our_algorithms_verify(string name, bool verifies)
    {
        JsonNode example = Cookbook($"jws/{name}");
        string jws = $"{example["output"]!["compact"]}";
        // The cookbook's RSA key does not say what it is for.
        JsonNode key = example["input"]!["key"]!;
        string withoutAlgorithm = Without(key, "alg"), withAlgorithm = With(key, "alg", $"{example["input"]!["alg"]}");

        Jws.Verifies(jws, withAlgorithm).Should().Be(verifies);
        Jws.Verifies(jws, withoutAlgorithm).Should().BeFalse("a key without an algorithm is none of ours");
        Jws.Verifies(jws[..^4] + "AAAA", withAlgorithm).Should().BeFalse();
    }

    [Theory]
    [InlineData("4_1.rsa_v15_signature")]
    [InlineData("4_4.hmac-sha2_integrity_protection")]
    [InlineData("4_6.protecting_specific_header_fields")]
    [InlineData("4_7.protecting_content_only")]
    [InlineData("4_8.multiple_signatures")]
    [Trait("row", "SIG-13")]
    public void The_JSON_serializations_of_RFC_7520_are_not_read(string name)
    {
        JsonNode example = Cookbook($"jws/{name}"), compact = Cookbook("jws/4_4.hmac-sha2_integrity_protection");
        string key = compact["input"]!["key"]!.ToJsonString();

        Jws.Verifies($"{compact["output"]!["compact"]}", key).Should().BeTrue();
        foreach (string form in new[] { "json", "json_flat" })
        {
            if (example["output"]![form] is { } serialization)
                Jws.Verifies(serialization.ToJsonString(), key).Should().BeFalse();
        }
    }

    [Theory]
    [InlineData("3_1.ec_public_key", "ES512", false)]
    [InlineData("3_1.ec_public_key", "ES256", false)]
    [InlineData("3_3.rsa_public_key", "RS256", true)]
    [InlineData("3_3.rsa_public_key", "HS256", false)]
    [InlineData("3_5.symmetric_key_mac_computation", "HS256", true)]
    [InlineData("3_5.symmetric_key_mac_computation", "RS256", false)]
    [InlineData("3_6.symmetric_key_encryption", "HS256", false)]
    public void Of_the_keys_of_RFC_7520_those_for_signatures_of_our_algorithms_are_read(string name, string algorithm, bool isRead)
    {
        var key = new JsonWebKey(With(Cookbook($"jwk/{name}"), "alg", algorithm));
        Action read = () => Bearer.Keys.VerificationKey.FromJsonWebKey(key);

        if (isRead)
            read.Should().NotThrow();
        else
            read.Should().Throw<ArgumentException>();
    }

    private static JsonNode Figures() => Read("rfc/rfc-examples.json", "RFC 7515 A.1 to A.3, RFC 7519 §6.1 and RFC 7638 §3.1");

    private static JsonNode Cookbook(string name) =>
        Read($"rfc7520/{name}.json", "https://github.com/ietf-jose/cookbook (commit 13692b68)");

    private static JsonNode Read(string name, string source) => JsonNode.Parse(File.ReadAllText(VectorFolder.Find(name, source)))!;

    private static string With(JsonNode key, string member, string value)
    {
        JsonNode copy = key.DeepClone();
        copy[member] = value;
        return copy.ToJsonString();
    }

    private static string Without(JsonNode key, string member)
    {
        JsonObject copy = key.DeepClone().AsObject();
        copy.Remove(member);
        return copy.ToJsonString();
    }
}
