namespace JwtAuth.Bearer.Keys;

/// <summary>Where the keys come from that tokens are checked with.</summary>
public interface IVerificationKeys
{
    /// <summary>
    /// The key with exactly this <c>kid</c>, or <see langword="null"/>. Compared byte by byte; called for every token that was not yet
    /// refused. As long as a key is good it is the same object, which is how it is known that a token's key still is.
    /// </summary>
    /// <param name="keyId">The <c>kid</c> as UTF-8, straight from an unverified header: never a path, a query or a URL.</param>
    /// <param name="algorithm">
    /// What the token says its <c>alg</c> is. A key that is found has an algorithm of its own, which decides.
    /// </param>
    VerificationKey? Find(ReadOnlySpan<byte> keyId, SignatureAlgorithm algorithm);

    /// <summary>
    /// Whether a <c>kid</c> that is not found is known not to be there. While it is false such a token gets 503, not 401.
    /// </summary>
    bool IsComplete => true;

    /// <summary>Another number whenever there are other keys.</summary>
    long Version => 0;

    /// <summary>Asks the source anew, after a <c>kid</c> was not found. Does not throw.</summary>
    /// <param name="version">
    /// The <see cref="Version"/> before it was looked for. Where there are other keys by now, they are looked through before anybody is
    /// asked.
    /// </param>
    /// <returns>Whether it is worth while to look again.</returns>
    ValueTask<bool> CatchUpAsync(long version) => ValueTask.FromResult(false);
}
