using System.Data.Common;
using JwtAuth.Server.Sealing;

namespace JwtAuth.Server.Storage;

/// <summary>
/// A login that continues: by refresh tokens, which are computed from the row and the master key, or by a cookie, of whose secret the row
/// holds the hash. Neither can be made from the row alone. What was granted is sealed. What each use changes is not.
/// </summary>
internal sealed class SessionRow : ISealedRow
{
    /// <summary>The columns of <c>"Sessions" s</c>, as <see cref="Read"/> expects them.</summary>
    public const string Columns =
        """
        s."SessionId", s."Subject", s."Generation", s."Audience", s."CookieHash", s."Scope", s."Counter", s."CreatedAt", s."RotatedAt",
        s."ExpiresAt", s."TokensUntil", s."Address", s."Agent", s."Seal"
        """;

    /// <summary>How many <see cref="Columns"/> there are.</summary>
    public const int ColumnCount = 14;

    public required string SessionId { get; init; }

    public required string Subject { get; init; }

    /// <summary>The account's generation for which the session is good.</summary>
    public required long Generation { get; init; }

    public required string Audience { get; init; }

    /// <summary>SHA-256 of the secret in the browser's cookie; <see langword="null"/> for a session of refresh tokens.</summary>
    public byte[]? CookieHash { get; init; }

    /// <summary>What was granted at login, separated by spaces. A refresh may ask for less.</summary>
    public required string Scope { get; init; }

    /// <summary>The counter of the only refresh token that is good.</summary>
    public long Counter { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }

    public required DateTimeOffset RotatedAt { get; init; }

    /// <summary>The absolute end.</summary>
    public required DateTimeOffset ExpiresAt { get; init; }

    /// <summary>
    /// The latest <c>exp</c> of its access tokens. That need not be the last token, since the clock may have stepped back or the lifetime
    /// may have been shortened.
    /// </summary>
    public required DateTimeOffset TokensUntil { get; init; }

    /// <summary>The address from which it was used last.</summary>
    public required string Address { get; init; }

    /// <summary>The program that used it last.</summary>
    public required string Agent { get; init; }

    /// <inheritdoc/>
    public byte[]? Seal { get; set; }

    string ISealedRow.Kind => "session";

    string ISealedRow.Name => SessionId;

    IEnumerable<object?> ISealedRow.SealedColumns => [SessionId, Subject, Audience, CookieHash, Scope, CreatedAt, ExpiresAt];

    /// <summary>The row at which a reader stands, if its first columns are <see cref="Columns"/>.</summary>
    public static SessionRow Read(DbDataReader reader) => new()
    {
        SessionId = reader.GetString(0),
        Subject = reader.GetString(1),
        Generation = reader.GetInt64(2),
        Audience = reader.GetString(3),
        CookieHash = reader.BytesOrNull(4),
        Scope = reader.GetString(5),
        Counter = reader.GetInt64(6),
        CreatedAt = reader.GetMoment(7),
        RotatedAt = reader.GetMoment(8),
        ExpiresAt = reader.GetMoment(9),
        TokensUntil = reader.GetMoment(10),
        Address = reader.GetString(11),
        Agent = reader.GetString(12),
        Seal = reader.BytesOrNull(13),
    };
}
