using JwtAuth.Bearer.Denials;

namespace JwtAuth.Server.Storage;

/// <summary>One row of the log of denials.</summary>
internal sealed class DenialRow
{
    /// <summary>Assigned in the order of the commits, and never used again.</summary>
    public long Number { get; init; }

    public required DenialKind Kind { get; init; }

    /// <summary>The <c>jti</c>, <c>sid</c>, <c>sub</c> or <c>kid</c>.</summary>
    public required string Name { get; init; }

    public string? TokenSubject { get; init; }

    public long BelowGeneration { get; init; }

    public string? ExceptSessionId { get; init; }

    /// <summary>When the row may be deleted. Never, for a key.</summary>
    public DateTimeOffset? ExpiresAt { get; init; }

    public static DenialRow Of(Denial denial) => new()
    {
        Kind = denial.Kind,
        Name = denial.Name,
        TokenSubject = denial.TokenSubject,
        BelowGeneration = denial.BelowGeneration,
        ExceptSessionId = denial.ExceptSessionId,
        ExpiresAt = denial.ExpiresAt,
    };

    public Denial ToDenial() => Kind switch
    {
        DenialKind.Token => Denial.OfToken(TokenSubject!, Name, ExpiresAt!.Value),
        DenialKind.Session => Denial.OfSession(Name, ExpiresAt!.Value),
        DenialKind.Subject => Denial.OfSubject(Name, BelowGeneration, ExceptSessionId, ExpiresAt!.Value),
        _ => Denial.OfKey(Name),
    };
}
