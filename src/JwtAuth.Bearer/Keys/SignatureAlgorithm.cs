namespace JwtAuth.Bearer.Keys;

/// <summary>
/// The JWS algorithms that are used here to sign and check, by their registered names (RFC 7518 §3.1). There are no others.
/// </summary>
public enum SignatureAlgorithm
{
    /// <summary>RSASSA-PKCS1-v1_5 with SHA-256, keys of 2048 bits or more (RFC 7518 §3.3).</summary>
    RS256,

    /// <summary>HMAC with SHA-256, keys of 32 bytes or more (RFC 7518 §3.2).</summary>
    HS256,

    /// <summary>ECDSA on P-256 with SHA-256; the signature is r and s, 32 bytes each (RFC 7518 §3.4).</summary>
    ES256,
}
