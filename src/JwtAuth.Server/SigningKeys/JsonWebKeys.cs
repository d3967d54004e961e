using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text.Json;
using JwtAuth.Bearer.Keys;
using Microsoft.IdentityModel.Tokens;

namespace JwtAuth.Server.SigningKeys;

/// <summary>JSON Web Keys (RFC 7517): the public keys that are published, and the thumbprints that name keys (RFC 7638).</summary>
internal static class JsonWebKeys
{
    public static string ThumbprintOf(SecurityKey key) => Base64Url.EncodeToString(key.ComputeJwkThumbprint());

    /// <summary>The JWK Set of the public halves, in the order given (RFC 7517 §5).</summary>
    public static byte[] WriteSet(IEnumerable<(string KeyId, SignatureAlgorithm Algorithm, byte[] PublicKey)> keys)
    {
        using var stream = new MemoryStream();
        using (var writer = new Utf8JsonWriter(stream))
        {
            writer.WriteStartObject();
            writer.WriteStartArray("keys");
            foreach ((string keyId, SignatureAlgorithm algorithm, byte[] publicKey) in keys)
                Write(writer, keyId, algorithm, publicKey);
            writer.WriteEndArray();
            writer.WriteEndObject();
        }
        return stream.ToArray();
    }

    private static void Write(Utf8JsonWriter writer, string keyId, SignatureAlgorithm algorithm, byte[] publicKey)
    {
        writer.WriteStartObject();
        writer.WriteString("kid", keyId);
        writer.WriteString("use", "sig");
        writer.WriteString("alg", algorithm.ToString());
        if (algorithm == SignatureAlgorithm.RS256)
        {
            using RSA rsa = RSA.Create();
            rsa.ImportSubjectPublicKeyInfo(publicKey, out _);
            RSAParameters parameters = rsa.ExportParameters(includePrivateParameters: false);
            writer.WriteString("kty", "RSA");
            writer.WriteString("n", Base64Url.EncodeToString(parameters.Modulus));
            writer.WriteString("e", Base64Url.EncodeToString(parameters.Exponent));
        }
        else
        {
            using ECDsa ecdsa = ECDsa.Create();
            ecdsa.ImportSubjectPublicKeyInfo(publicKey, out _);
            ECPoint point = ecdsa.ExportParameters(includePrivateParameters: false).Q;
            writer.WriteString("kty", "EC");
            writer.WriteString("crv", "P-256");
            writer.WriteString("x", Base64Url.EncodeToString(point.X));
            writer.WriteString("y", Base64Url.EncodeToString(point.Y));
        }
        writer.WriteEndObject();
    }
}
