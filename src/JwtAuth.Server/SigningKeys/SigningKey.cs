using System.Buffers;
using System.Buffers.Text;
using System.Collections.Concurrent;
using System.IdentityModel.Tokens.Jwt;
using System.Security.Cryptography;
using System.Text.Encodings.Web;
using System.Text.Json;
using JwtAuth.Bearer.Keys;
using Microsoft.IdentityModel.Tokens;

namespace JwtAuth.Server.SigningKeys;

/// <summary>A private key with its <c>kid</c> and its only algorithm. Safe for concurrent use.</summary>
internal abstract class SigningKey
{
    // For JSON readers, not for HTML: at+jwt stays at+jwt.
    private static readonly JsonWriterOptions Plain = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private readonly ConcurrentDictionary<string, byte[]> headers = new(StringComparer.Ordinal);

    private SigningKey(string keyId, SignatureAlgorithm algorithm) => (KeyId, Algorithm) = (keyId, algorithm);

    public string KeyId { get; }

    public SignatureAlgorithm Algorithm { get; }

    /// <summary>The length of a signature in bytes.</summary>
    public abstract int SignatureLength { get; }

    /// <summary>
    /// The JOSE header for tokens of this type (RFC 7515 §4.1.9), encoded, with the dot after it. It is made once for each type.
    /// </summary>
    public ReadOnlySpan<byte> HeaderOf(string type) => headers.GetOrAdd(type, MakeHeader);

    /// <summary>Signs (RFC 7515 §5.1) into <paramref name="signature"/>, which has <see cref="SignatureLength"/> bytes.</summary>
    public abstract void Sign(ReadOnlySpan<byte> signingInput, Span<byte> signature);

    /// <summary>The private key, for sealing: PKCS #8, or the bytes of the HMAC secret.</summary>
    public abstract byte[] ExportPrivate();

    /// <summary>The public half (SubjectPublicKeyInfo); <see langword="null"/> for a secret.</summary>
    public abstract byte[]? ExportPublic();

    /// <summary>Proves to an API that shares the secret that the secret has this <c>kid</c>. It tells others nothing.</summary>
    /// <exception cref="NotSupportedException">A key pair has no shared secret.</exception>
    public virtual string ProofOfSecret() => throw new NotSupportedException();

    /// <summary>A new key. An RSA key has 2048 bits, a secret 32 bytes.</summary>
    public static SigningKey Generate(SignatureAlgorithm algorithm)
    {
        switch (algorithm)
        {
            case SignatureAlgorithm.RS256:
                using (RSA rsa = RSA.Create(2048))
                    return FromPrivate(algorithm, rsa.ExportPkcs8PrivateKey());
            case SignatureAlgorithm.ES256:
                using (ECDsa ecdsa = ECDsa.Create(ECCurve.NamedCurves.nistP256))
                    return FromPrivate(algorithm, ecdsa.ExportPkcs8PrivateKey());
            default:
                return FromPrivate(algorithm, RandomNumberGenerator.GetBytes(32));
        }
    }

    /// <summary>
    /// A key from the result of <see cref="ExportPrivate"/>. Its <c>kid</c> is the thumbprint (RFC 7638). The thumbprint of a secret would
    /// be a hash against which one could test guesses. So for a secret it is <paramref name="secretKeyId"/>, or random.
    /// </summary>
    /// <exception cref="CryptographicException">This is not a private key of this algorithm.</exception>
    public static SigningKey FromPrivate(SignatureAlgorithm algorithm, ReadOnlySpan<byte> privateKey, string? secretKeyId = null) =>
        algorithm switch
        {
            SignatureAlgorithm.RS256 => new RsaKey(privateKey.ToArray()),
            SignatureAlgorithm.ES256 => new EcdsaKey(privateKey.ToArray()),
            _ => new HmacKey(secretKeyId ?? Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(16)), privateKey.ToArray()),
        };

    /// <summary>The key that verifies this key's signatures.</summary>
    public VerificationKey VerificationKey() =>
        ExportPublic() is { } publicKey ? VerificationKeyOf(
            KeyId, Algorithm, publicKey, retiredAt: null) : Bearer.Keys.VerificationKey.Hmac(KeyId, ExportPrivate());

    /// <summary>The key that verifies with a public half from <see cref="ExportPublic"/>.</summary>
    public static VerificationKey VerificationKeyOf(string keyId, SignatureAlgorithm algorithm, byte[] publicKey, DateTimeOffset? retiredAt)
    {
        if (algorithm == SignatureAlgorithm.RS256)
        {
            using RSA rsa = RSA.Create();
            rsa.ImportSubjectPublicKeyInfo(publicKey, out _);
            return Bearer.Keys.VerificationKey.Rsa(keyId, rsa.ExportParameters(includePrivateParameters: false), retiredAt);
        }

        using ECDsa ecdsa = ECDsa.Create();
        ecdsa.ImportSubjectPublicKeyInfo(publicKey, out _);
        return Bearer.Keys.VerificationKey.Ecdsa(keyId, ecdsa.ExportParameters(includePrivateParameters: false), retiredAt);
    }

    private byte[] MakeHeader(string type)
    {
        var json = new ArrayBufferWriter<byte>(128);
        using (var writer = new Utf8JsonWriter(json, Plain))
        {
            writer.WriteStartObject();
            writer.WriteString(JwtHeaderParameterNames.Alg, Algorithm.ToString());
            writer.WriteString(JwtHeaderParameterNames.Kid, KeyId);
            writer.WriteString(JwtHeaderParameterNames.Typ, type);
            writer.WriteEndObject();
        }
        return [.. Base64Url.EncodeToUtf8(json.WrittenSpan), (byte)'.'];
    }

    // What RSA and ECDSA have in common: a pair in PKCS #8, from which the platform's key objects are made. A pool lends them out.
    private abstract class KeyPair<T>(string keyId, SignatureAlgorithm algorithm, byte[] pkcs8, Func<byte[], T> load)
        : SigningKey(keyId, algorithm)
        where T : AsymmetricAlgorithm
    {
        private readonly KeyPool<T> lent = new(() => load(pkcs8));

        public override byte[] ExportPrivate() => [.. pkcs8];

        public override byte[] ExportPublic()
        {
            T pair = lent.Take();
            byte[] publicKey = pair.ExportSubjectPublicKeyInfo();
            lent.GiveBack(pair);
            return publicKey;
        }

        public override void Sign(ReadOnlySpan<byte> signingInput, Span<byte> signature)
        {
            T pair = lent.Take();
            Sign(pair, signingInput, signature);
            lent.GiveBack(pair);
        }

        protected abstract void Sign(T key, ReadOnlySpan<byte> signingInput, Span<byte> signature);
    }

    private sealed class RsaKey(byte[] pkcs8) : KeyPair<RSA>(ThumbprintOf(pkcs8), SignatureAlgorithm.RS256, pkcs8, Load)
    {
        public override int SignatureLength { get; } = LengthOf(pkcs8);

        protected override void Sign(RSA key, ReadOnlySpan<byte> signingInput, Span<byte> signature) =>
            key.SignData(signingInput, signature, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);

        private static RSA Load(byte[] pkcs8)
        {
            RSA rsa = RSA.Create();
            rsa.ImportPkcs8PrivateKey(pkcs8, out _);
            return rsa;
        }

        private static string ThumbprintOf(byte[] pkcs8)
        {
            using RSA rsa = Load(pkcs8);
            return JsonWebKeys.ThumbprintOf(new RsaSecurityKey(rsa.ExportParameters(includePrivateParameters: false)));
        }

        private static int LengthOf(byte[] pkcs8)
        {
            using RSA rsa = Load(pkcs8);
            return (rsa.KeySize + 7) / 8;
        }
    }

    private sealed class EcdsaKey(byte[] pkcs8) : KeyPair<ECDsa>(ThumbprintOf(pkcs8), SignatureAlgorithm.ES256, pkcs8, Load)
    {
        public override int SignatureLength => 64;

        protected override void Sign(ECDsa key, ReadOnlySpan<byte> signingInput, Span<byte> signature) =>
            key.SignData(signingInput, signature, HashAlgorithmName.SHA256, DSASignatureFormat.IeeeP1363FixedFieldConcatenation);

        private static ECDsa Load(byte[] pkcs8)
        {
            ECDsa ecdsa = ECDsa.Create();
            ecdsa.ImportPkcs8PrivateKey(pkcs8, out _);
            return ecdsa;
        }

        private static string ThumbprintOf(byte[] pkcs8)
        {
            using ECDsa ecdsa = Load(pkcs8);
            return JsonWebKeys.ThumbprintOf(new ECDsaSecurityKey(ecdsa));
        }
    }

    private sealed class HmacKey(string keyId, byte[] secret) : SigningKey(keyId, SignatureAlgorithm.HS256)
    {
        private readonly MacKey mac = new(secret);

        public override int SignatureLength => HMACSHA256.HashSizeInBytes;

        public override void Sign(ReadOnlySpan<byte> signingInput, Span<byte> signature) => mac.Compute(signingInput, signature);

        public override byte[] ExportPrivate() => [.. secret];

        public override byte[]? ExportPublic() => null;

        public override string ProofOfSecret() => Base64Url.EncodeToString(HMACSHA256.HashData(secret, SharedKey.ProofOf(KeyId)));
    }
}
