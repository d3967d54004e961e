namespace JwtAuth.Bearer.Keys;

/// <summary>Where the keys that check tokens come from.</summary>
public interface IVerificationKeys
{
    /// <summary>
    /// The key with exactly this <c>kid</c>, or <see langword="null"/>. It is compared byte by byte and called for every token that was not
    /// yet refused. As long as a key is good, it is the same object. That is how a check sees that a token's key is still good.
    /// </summary>
    /// <param name="keyId">The <c>kid</c> as UTF-8, straight from an unverified header. Never use it as a path, a query or a URL.</param>
    /// <param name="algorithm">The token's own <c>alg</c>. If a key is found, the key's algorithm decides.</param>
    VerificationKey? Find(ReadOnlySpan<byte> keyId, SignatureAlgorithm algorithm);

    /// <summary>
    /// Whether a <c>kid</c> that is not found is known not to exist. While this is false, such a token gets 503, not 401.
    /// </summary>
    bool IsComplete => true;

    /// <summary>Why the source is out of reach, for developers; <see langword="null"/> if it is not, or does not say.</summary>
    string? Fault => null;

    /// <summary>A number that changes when the keys change.</summary>
    long Version => 0;

    /// <summary>Asks the source again after a <c>kid</c> was not found. Does not throw.</summary>
    /// <param name="version">
    /// The <see cref="Version"/> from before the search. If the keys have changed since, search them before asking anybody.
    /// </param>
    /// <returns>Whether it is worth searching again.</returns>
    ValueTask<bool> CatchUpAsync(long version) => ValueTask.FromResult(false);
}
