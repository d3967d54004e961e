using System.Security.Cryptography;
using System.Text.Json;
using JwtAuth.Bearer.Keys;
using JwtAuth.Server.Configuration;
using Microsoft.IdentityModel.Tokens;

namespace JwtAuth.Server.SigningKeys;

/// <summary>
/// Reads a private key that a team brings: PEM (RFC 7468), or a JWK (RFC 7517). If the JWK has <c>use</c>, <c>key_ops</c> or <c>alg</c>,
/// they must allow it to sign.
/// </summary>
internal static class KeyImport
{
    /// <param name="text">The file's content.</param>
    /// <param name="algorithm">The configured algorithm, which the key must fit.</param>
    /// <param name="fault">Why the key is refused, if the result is <see langword="null"/>.</param>
    public static SigningKey? Read(string text, SignatureAlgorithm algorithm, out string fault)
    {
        fault = $"this is no private key for {algorithm}, the algorithm in JwtAuth:SigningKeys:Algorithm; "
            + "RS256 takes RSA of 2048 bits or more, ES256 takes P-256, HS256 takes a JWK of 32 bytes or more";
        if (text.Contains("ENCRYPTED", StringComparison.Ordinal))
            fault = "this key is encrypted; decrypt it first, such as with: openssl pkey -in FILE";
        else if (text.Contains("PUBLIC KEY-----", StringComparison.Ordinal))
            fault = "this is a public key; the private one is needed";
        try
        {
            byte[]? key = text.TrimStart().StartsWith('{') ? FromJsonWebKey(text, algorithm, ref fault) : FromPem(text, algorithm);
            if (key is null)
                return null;
            SigningKey imported = SigningKey.FromPrivate(algorithm, key);
            return ProvesItself(imported, ref fault) ? imported : null;
        }
        catch (Exception error) when (error is CryptographicException or ArgumentException or FormatException or JsonException)
        {
            return null;
        }
    }

    private static byte[]? FromPem(string text, SignatureAlgorithm algorithm)
    {
        if (algorithm == SignatureAlgorithm.RS256)
        {
            using RSA rsa = RSA.Create();
            rsa.ImportFromPem(text);
            return rsa.KeySize is >= 2048 and <= 8192 ? rsa.ExportPkcs8PrivateKey() : null;
        }

        if (algorithm == SignatureAlgorithm.HS256)
            return null;
        using ECDsa ecdsa = ECDsa.Create();
        ecdsa.ImportFromPem(text);
        return Pkcs8Of(ecdsa);
    }

    private static byte[]? FromJsonWebKey(string text, SignatureAlgorithm algorithm, ref string fault)
    {
        if (!IsFlat(text))
            return null;
        var key = new JsonWebKey(text);
        if (key.Use is not (null or "sig")
            || (key.KeyOps.Count > 0 && !key.KeyOps.Contains("sign")) || (key.Alg ?? algorithm.ToString()) != algorithm.ToString())
        {
            return null;
        }

        switch (key.Kty, algorithm)
        {
            case ("RSA", SignatureAlgorithm.RS256):
                using (RSA rsa = RSA.Create(new RSAParameters
                {
                    Modulus = Bytes(key.N),
                    Exponent = Bytes(key.E),
                    D = Bytes(key.D),
                    P = Bytes(key.P),
                    Q = Bytes(key.Q),
                    DP = Bytes(key.DP),
                    DQ = Bytes(key.DQ),
                    InverseQ = Bytes(key.QI),
                }))
                    return rsa.KeySize is >= 2048 and <= 8192 ? rsa.ExportPkcs8PrivateKey() : null;
            case ("EC", SignatureAlgorithm.ES256) when key.Crv == "P-256":
                using (ECDsa ecdsa = ECDsa.Create(new ECParameters
                {
                    Curve = ECCurve.NamedCurves.nistP256,
                    Q = new ECPoint { X = Bytes(key.X), Y = Bytes(key.Y) },
                    D = Bytes(key.D),
                }))
                    return Pkcs8Of(ecdsa);
            case ("oct", SignatureAlgorithm.HS256):
                if (SecretStrength.FaultOf(key.K ?? "", 32, 1024, out byte[] secret) is not { } weakness)
                    return secret;
                fault = $"the secret {weakness}; make one with: openssl rand -base64 32";
                return null;
            default:
                return null;
        }
    }

    // One object, each name once, and no objects inside. JsonWebKey would take members of inner objects for those of the key, and so read a
    // whole set as one key.
    private static bool IsFlat(string text)
    {
        using JsonDocument document = JsonDocument.Parse(text, new JsonDocumentOptions { AllowDuplicateProperties = false });
        return document.RootElement.EnumerateObject().All(member => member.Value.ValueKind switch
        {
            JsonValueKind.Object => false,
            JsonValueKind.Array => member.Value.EnumerateArray().All(element => element.ValueKind == JsonValueKind.String),
            _ => true,
        });
    }

    private static byte[]? Pkcs8Of(ECDsa ecdsa) =>
        ecdsa.ExportParameters(includePrivateParameters: false).Curve is { IsNamed: true } curve
            && curve.Oid.Value == ECCurve.NamedCurves.nistP256.Oid.Value ? ecdsa.ExportPkcs8PrivateKey() : null;

    // A file may contain two halves that do not belong together.
    private static bool ProvesItself(SigningKey key, ref string fault)
    {
        byte[] signature = new byte[key.SignatureLength];
        key.Sign("proof"u8, signature);
        if (key.VerificationKey().Verify("proof"u8, signature))
            return true;
        fault = "the private and the public half of this key do not belong together";
        return false;
    }

    private static byte[] Bytes(string member) => Base64UrlEncoder.DecodeBytes(member);
}
