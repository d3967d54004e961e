using System.Security.Cryptography;
using System.Text;
using Microsoft.IdentityModel.Tokens;

namespace JwtAuth.Bearer.Keys;

/// <summary>
/// A key that checks signatures. <c>kid</c>, algorithm and key material are one value, so that the algorithm is never taken from a token
/// (RFC 8725 §3.1). Safe for concurrent use.
/// </summary>
public abstract class VerificationKey
{
    /// <summary>The shortest secret of an HS256 key, in bytes (RFC 7518 §3.2).</summary>
    public const int ShortestSecret = 32;

    private readonly byte[] keyId;

    private VerificationKey(string keyId, SignatureAlgorithm algorithm)
    {
        ArgumentException.ThrowIfNullOrEmpty(keyId);
        KeyId = keyId;
        Algorithm = algorithm;
        this.keyId = Encoding.UTF8.GetBytes(keyId);
    }

    /// <summary>The key's <c>kid</c> (RFC 7517 §4.5).</summary>
    public string KeyId { get; }

    /// <summary>The one algorithm that the key is used with.</summary>
    public SignatureAlgorithm Algorithm { get; }

    /// <summary>
    /// When the key stopped signing; <see langword="null"/> while it signs. A token that says it was issued later is refused.
    /// </summary>
    public DateTimeOffset? RetiredAt { get; init; }

    /// <summary>
    /// True for a secret that APIs share. Whoever can check with it can also make tokens, so it never counts for the issuer's own audience.
    /// </summary>
    public bool ForApisOnly { get; init; }

    /// <summary>The <c>kid</c> as UTF-8.</summary>
    internal ReadOnlySpan<byte> KeyIdBytes => keyId;

    /// <summary>Whether the key has exactly this <c>kid</c>, given as UTF-8.</summary>
    public bool HasId(ReadOnlySpan<byte> candidate) => candidate.SequenceEqual(keyId);

    /// <summary>
    /// Whether <paramref name="signature"/> is this key's signature over <paramref name="signingInput"/> (RFC 7515 §5.2). Never throws
    /// because of what is in a token.
    /// </summary>
    public abstract bool Verify(ReadOnlySpan<byte> signingInput, ReadOnlySpan<byte> signature);

    /// <summary>An RS256 key.</summary>
    /// <exception cref="ArgumentException">The modulus has fewer than 2048 or more than 8192 bits.</exception>
    public static VerificationKey Rsa(string keyId, RSAParameters publicKey, DateTimeOffset? retiredAt = null) =>
        new RsaKey(keyId, publicKey) { RetiredAt = retiredAt };

    /// <summary>An ES256 key.</summary>
    /// <exception cref="ArgumentException">The point is not on P-256.</exception>
    public static VerificationKey Ecdsa(string keyId, ECParameters publicKey, DateTimeOffset? retiredAt = null) =>
        new EcdsaKey(keyId, publicKey) { RetiredAt = retiredAt };

    /// <summary>An HS256 key. The bytes are copied.</summary>
    /// <exception cref="ArgumentException">The secret has fewer than 32 bytes.</exception>
    public static VerificationKey Hmac(
        string keyId, ReadOnlySpan<byte> secret, bool forApisOnly = false, DateTimeOffset? retiredAt = null) =>
        new HmacKey(keyId, [secret.ToArray()]) { ForApisOnly = forApisOnly, RetiredAt = retiredAt };

    /// <summary>An HS256 key that stands for any of these secrets, for when nobody says which name belongs to which.</summary>
    internal static VerificationKey HmacOfAny(string keyId, IReadOnlyList<byte[]> secrets) =>
        new HmacKey(keyId, secrets) { ForApisOnly = true };

    /// <summary>
    /// The key that a JWK describes (RFC 7517). It must be meant for signatures: a <c>use</c> other than <c>sig</c>, <c>key_ops</c> without
    /// <c>verify</c>, a missing or foreign <c>alg</c>, or an <c>alg</c> that is not the key type's is refused.
    /// </summary>
    /// <exception cref="ArgumentException">
    /// The JWK is not a key that one of our algorithms can check with. The message says why.
    /// </exception>
    public static VerificationKey FromJsonWebKey(JsonWebKey key)
    {
        ArgumentNullException.ThrowIfNull(key);
        if (!string.IsNullOrEmpty(key.Use) && key.Use != "sig")
            throw new ArgumentException("the JWK's \"use\" is not \"sig\"", nameof(key));
        if (key.KeyOps.Count > 0 && !key.KeyOps.Contains("verify"))
            throw new ArgumentException("the JWK's \"key_ops\" do not contain \"verify\"", nameof(key));

        try
        {
            return (key.Kty, key.Alg) switch
            {
                ("RSA", "RS256") => Rsa(key.Kid, new RSAParameters { Modulus = Bytes(key.N), Exponent = Bytes(key.E) }),
                ("EC", "ES256") when key.Crv == "P-256" => Ecdsa(key.Kid, new ECParameters
                {
                    Curve = ECCurve.NamedCurves.nistP256,
                    Q = new ECPoint { X = Bytes(key.X), Y = Bytes(key.Y) },
                }),
                ("oct", "HS256") => Hmac(key.Kid, Bytes(key.K)),
                _ => throw new ArgumentException("the JWK's \"kty\" and \"alg\" are not those of RS256, ES256 or HS256", nameof(key)),
            };
        }
        catch (Exception fault) when (fault is FormatException or CryptographicException)
        {
            throw new ArgumentException("the JWK's key material cannot be read", nameof(key), fault);
        }

        // The platform throws an index error on a number without bytes.
        static byte[] Bytes(string? member) =>
            string.IsNullOrEmpty(member) ? throw new FormatException() : Base64UrlEncoder.DecodeBytes(member);
    }

    private sealed class RsaKey : VerificationKey
    {
        private readonly KeyPool<RSA> lent;
        private readonly int signatureLength;

        public RsaKey(string keyId, RSAParameters publicKey) : base(keyId, SignatureAlgorithm.RS256)
        {
            using RSA probe = RSA.Create(publicKey);
            if (probe.KeySize is < 2048 or > 8192)
                throw new ArgumentException("an RS256 key has 2048 to 8192 bits (RFC 7518 §3.3)", nameof(publicKey));
            signatureLength = (probe.KeySize + 7) / 8;
            lent = new(() => RSA.Create(publicKey));
        }

        public override bool Verify(ReadOnlySpan<byte> signingInput, ReadOnlySpan<byte> signature)
        {
            if (signature.Length != signatureLength)
                return false;
            RSA rsa = lent.Take();
            bool fits = rsa.VerifyData(signingInput, signature, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
            lent.GiveBack(rsa);
            return fits;
        }
    }

    private sealed class EcdsaKey : VerificationKey
    {
        private readonly KeyPool<ECDsa> lent;

        public EcdsaKey(string keyId, ECParameters publicKey) : base(keyId, SignatureAlgorithm.ES256)
        {
            using (ECDsa probe = ECDsa.Create(publicKey))
            {
                if (probe.KeySize != 256)
                    throw new ArgumentException("an ES256 key is on P-256 (RFC 7518 §3.4)", nameof(publicKey));
            }
            lent = new(() => ECDsa.Create(publicKey));
        }

        public override bool Verify(ReadOnlySpan<byte> signingInput, ReadOnlySpan<byte> signature)
        {
            if (signature.Length != 64)
                return false;
            ECDsa ecdsa = lent.Take();
            bool fits = ecdsa.VerifyData(
                signingInput, signature, HashAlgorithmName.SHA256, DSASignatureFormat.IeeeP1363FixedFieldConcatenation);
            lent.GiveBack(ecdsa);
            return fits;
        }
    }

    private sealed class HmacKey : VerificationKey
    {
        private readonly MacKey[] macs;

        public HmacKey(string keyId, IReadOnlyList<byte[]> secrets) : base(keyId, SignatureAlgorithm.HS256)
        {
            if (secrets.Any(secret => secret.Length < ShortestSecret))
                throw new ArgumentException("an HS256 key has 32 bytes or more (RFC 7518 §3.2)", nameof(secrets));
            macs = [.. secrets.Select(secret => new MacKey(secret))];
        }

        public override bool Verify(ReadOnlySpan<byte> signingInput, ReadOnlySpan<byte> signature)
        {
            Span<byte> expected = stackalloc byte[HMACSHA256.HashSizeInBytes];
            foreach (MacKey mac in macs)
            {
                mac.Compute(signingInput, expected);
                if (CryptographicOperations.FixedTimeEquals(expected, signature))
                    return true;
            }
            return false;
        }
    }
}
