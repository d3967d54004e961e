namespace JwtAuth.Bearer.Keys;

/// <summary>Where the keys come from that tokens are checked with.</summary>
public interface IVerificationKeys
{
    /// <summary>The key with exactly this <c>kid</c>, or <see langword="null"/>. Compared byte by byte; called for every token that was not yet refused.</summary>
    /// <param name="keyId">The <c>kid</c> as UTF-8, straight from an unverified header: never a path, a query or a URL.</param>
    VerificationKey? Find(ReadOnlySpan<byte> keyId);
}
