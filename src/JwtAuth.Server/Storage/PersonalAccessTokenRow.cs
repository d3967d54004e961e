using System.Data.Common;
using JwtAuth.Server.Sealing;

namespace JwtAuth.Server.Storage;

/// <summary>What the store knows of a personal access token. The token cannot be made from it.</summary>
internal sealed class PersonalAccessTokenRow : ISealedRow
{
    /// <summary>The columns of <c>"PersonalAccessTokens" t</c>, as <see cref="Read"/> expects them.</summary>
    public const string Columns =
        """
        t."Id", t."Subject", t."Name", t."Hash", t."Scope", t."CreatedAt", t."ExpiresAt", t."TokensUntil", t."LastUsedAt", t."Seal"
        """;

    /// <summary>How many <see cref="Columns"/> there are.</summary>
    public const int ColumnCount = 10;

    /// <summary>No access token was ever made from it.</summary>
    public static readonly DateTimeOffset NoTokens = DateTimeOffset.UnixEpoch;

    /// <summary>Its random identifier, which is also the <c>sid</c> of the access tokens made from it.</summary>
    public required string Id { get; init; }

    public required string Subject { get; init; }

    /// <summary>The name that its owner gave it.</summary>
    public required string Name { get; init; }

    /// <summary>SHA-256 of the token.</summary>
    public required byte[] Hash { get; init; }

    /// <summary>The scopes it was granted, separated by spaces. When it is used, those that its owner may not have are left out.</summary>
    public required string Scope { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }

    public required DateTimeOffset ExpiresAt { get; init; }

    /// <summary>
    /// The latest <c>exp</c> that access tokens made from it may have. <see cref="NoTokens"/> if none was ever made, <see langword="null"/>
    /// if that is not known, because an earlier version made it.
    /// </summary>
    public DateTimeOffset? TokensUntil { get; init; }

    /// <summary>The last use, to about a minute; <see langword="null"/> before the first.</summary>
    public DateTimeOffset? LastUsedAt { get; init; }

    /// <inheritdoc/>
    public byte[]? Seal { get; set; }

    string ISealedRow.Kind => "personal access token";

    string ISealedRow.Name => Id;

    IEnumerable<object?> ISealedRow.SealedColumns => [Id, Subject, Name, Hash, Scope, CreatedAt, ExpiresAt];

    /// <summary>The row at which a reader stands, if its first columns are <see cref="Columns"/>.</summary>
    public static PersonalAccessTokenRow Read(DbDataReader reader) => new()
    {
        Id = reader.GetString(0),
        Subject = reader.GetString(1),
        Name = reader.GetString(2),
        Hash = reader.GetFieldValue<byte[]>(3),
        Scope = reader.GetString(4),
        CreatedAt = reader.GetMoment(5),
        ExpiresAt = reader.GetMoment(6),
        TokensUntil = reader.MomentOrNull(7),
        LastUsedAt = reader.MomentOrNull(8),
        Seal = reader.BytesOrNull(9),
    };
}
