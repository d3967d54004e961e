using System.Data.Common;
using JwtAuth.Bearer.Keys;
using JwtAuth.Server.Sealing;

namespace JwtAuth.Server.Storage;

/// <summary>A key of the ring in the database, sealed whole.</summary>
internal sealed class SigningKeyRow : ISealedRow
{
    /// <summary>The columns of <c>"SigningKeys" k</c>, as <see cref="Read"/> expects them.</summary>
    public const string Columns =
        """
        k."KeyId", k."Algorithm", k."ForApisOnly", k."SealedPrivateKey", k."PublicKey", k."CreatedAt", k."SignsFrom", k."RetiredAt",
            k."RevokedAt", k."Seal"
        """;

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

    /// <inheritdoc/>
    public byte[]? Seal { get; set; }

    string ISealedRow.Kind => "signing key";

    string ISealedRow.Name => KeyId;

    IEnumerable<object?> ISealedRow.SealedColumns =>
        [KeyId, $"{Algorithm}", ForApisOnly, SealedPrivateKey, PublicKey, CreatedAt, SignsFrom, RetiredAt, RevokedAt];

    /// <summary>The row at which a reader stands, if its columns are <see cref="Columns"/>.</summary>
    public static SigningKeyRow Read(DbDataReader reader) => new()
    {
        KeyId = reader.GetString(0),
        Algorithm = AlgorithmOf(reader.GetString(1)),
        ForApisOnly = reader.GetBoolean(2),
        SealedPrivateKey = reader.BytesOrNull(3),
        PublicKey = reader.BytesOrNull(4),
        CreatedAt = reader.GetMoment(5),
        SignsFrom = reader.GetMoment(6),
        RetiredAt = reader.MomentOrNull(7),
        RevokedAt = reader.MomentOrNull(8),
        Seal = reader.BytesOrNull(9),
    };

    /// <summary>The algorithm that was stored. A name that is none must not keep the other rows from being read.</summary>
    public static SignatureAlgorithm AlgorithmOf(string stored) =>
        Enum.GetNames<SignatureAlgorithm>().Contains(stored) ? Enum.Parse<SignatureAlgorithm>(stored) : (SignatureAlgorithm)(-1);
}
