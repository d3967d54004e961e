using JwtAuth.Bearer.Keys;

namespace JwtAuth.Server.Storage;

/// <summary>A key of the ring in the database.</summary>
internal sealed class SigningKeyRow
{
    public required string KeyId { get; init; }

    public required SignatureAlgorithm Algorithm { get; init; }

    /// <summary>True for the configured secret that APIs share; false for the ring's own keys.</summary>
    public required bool ForApisOnly { get; set; }

    /// <summary>
    /// The private key, sealed with the master key. It is deleted when an asymmetric key is retired. A secret stays, so that it can be
    /// recognised.
    /// </summary>
    public required byte[]? SealedPrivateKey { get; set; }

    /// <summary>SubjectPublicKeyInfo; <see langword="null"/> for a secret.</summary>
    public required byte[]? PublicKey { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>From when on it may sign. It is published as soon as it is stored.</summary>
    public required DateTimeOffset SignsFrom { get; set; }

    public DateTimeOffset? RetiredAt { get; set; }

    /// <summary>
    /// When somebody else was found to have it. It no longer verifies anything. The row stays, so that the key cannot come back.
    /// </summary>
    public DateTimeOffset? RevokedAt { get; set; }
}
