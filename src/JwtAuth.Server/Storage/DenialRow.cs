using System.Data.Common;
using JwtAuth.Bearer.Denials;

namespace JwtAuth.Server.Storage;

/// <summary>One row of the log of denials.</summary>
internal sealed class DenialRow
{
    /// <summary>Asks for the denials after <c>@number</c>, in order, as <see cref="Read"/> expects them.</summary>
    public const string After =
        """
        SELECT "Number", "Kind", "Name", "TokenSubject", "BelowGeneration", "ExceptSessionId", "ExpiresAt"
        FROM "Denials" WHERE "Number" > @number ORDER BY "Number"
        """;

    /// <summary>Assigned in the order of the commits, and never used again.</summary>
    public long Number { get; init; }

    public required DenialKind Kind { get; init; }

    /// <summary>The <c>jti</c>, <c>sid</c>, <c>sub</c> or <c>kid</c>.</summary>
    public required string Name { get; init; }

    /// <summary>The account of the token, or of the session's tokens.</summary>
    public string? TokenSubject { get; init; }

    public long BelowGeneration { get; init; }

    public string? ExceptSessionId { get; init; }

    /// <summary>When the row may be deleted. Never, for a key.</summary>
    public DateTimeOffset? ExpiresAt { get; init; }

    public static DenialRow Of(Denial denial) => Of(denial, denial.TokenSubject);

    /// <param name="denial">The denial.</param>
    /// <param name="subject">The account whose token or session it is about.</param>
    public static DenialRow Of(Denial denial, string? subject) => new()
    {
        Kind = denial.Kind,
        Name = denial.Name,
        TokenSubject = subject,
        BelowGeneration = denial.BelowGeneration,
        ExceptSessionId = denial.ExceptSessionId,
        ExpiresAt = denial.ExpiresAt,
    };

    /// <summary>The row at which a reader stands.</summary>
    /// <exception cref="ArgumentException">It is of no kind that there is.</exception>
    public static DenialRow Read(DbDataReader reader) => new()
    {
        Number = reader.GetInt64(0),
        Kind = Enum.Parse<DenialKind>(reader.GetString(1)),
        Name = reader.GetString(2),
        TokenSubject = reader.IsDBNull(3) ? null : reader.GetString(3),
        BelowGeneration = reader.GetInt64(4),
        ExceptSessionId = reader.IsDBNull(5) ? null : reader.GetString(5),
        ExpiresAt = reader.MomentOrNull(6),
    };

    public Denial ToDenial() => Kind switch
    {
        DenialKind.Token => Denial.OfToken(TokenSubject!, Name, ExpiresAt!.Value),
        DenialKind.Session => Denial.OfSession(Name, ExpiresAt!.Value),
        DenialKind.Subject => Denial.OfSubject(Name, BelowGeneration, ExceptSessionId, ExpiresAt!.Value),
        _ => Denial.OfKey(Name),
    };
}
