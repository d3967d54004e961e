using JwtAuth.Bearer.Keys;

namespace JwtAuth.Server.Storage;

/// <summary>A key of the ring at rest.</summary>
internal sealed class SigningKeyRow
{
    public required string KeyId { get; init; }

    public required SignatureAlgorithm Algorithm { get; init; }

    /// <summary>True for the configured secret that APIs share; false for keys of the ring's own.</summary>
    public required bool ForApisOnly { get; set; }

    /// <summary>The private key under the master key; gone once an asymmetric key is retired (a secret's stays, to know it by).</summary>
    public required byte[]? SealedPrivateKey { get; set; }

    /// <summary>SubjectPublicKeyInfo; <see langword="null"/> for a secret.</summary>
    public required byte[]? PublicKey { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>From when on it may sign; published from the moment it is stored.</summary>
    public required DateTimeOffset SignsFrom { get; set; }

    public DateTimeOffset? RetiredAt { get; set; }

    /// <summary>
    /// When it was found to be in other hands. It verifies nothing any more, and the row stays, so that the key does not come back.
    /// </summary>
    public DateTimeOffset? RevokedAt { get; set; }
}
