using System.Text;

namespace JwtAuth.Bearer.Keys;

/// <summary>A key set as it was fetched.</summary>
/// <param name="Json">The JWK Set (RFC 7517 §5).</param>
/// <param name="FreshFor">How long it may be used before asking again; <see langword="null"/> if the issuer did not say.</param>
/// <param name="Fingerprint">
/// The text by which the issuer announces this set; <see langword="null"/> from an issuer of an older version.
/// </param>
internal sealed record FetchedKeySet(string Json, TimeSpan? FreshFor, string? Fingerprint = null);

/// <summary>A secret that the issuer says is in use: its <c>kid</c>, and an HMAC that only this secret can make.</summary>
internal sealed record SharedKey(string KeyId, string Proof)
{
    /// <summary>
    /// The proof is an HS256 signature over this text. It has a blank and no dot, so it cannot be a token's signing input.
    /// </summary>
    public static byte[] ProofOf(string keyId) => Encoding.UTF8.GetBytes($"shared secret {keyId}");
}
