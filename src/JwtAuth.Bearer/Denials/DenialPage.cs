using System.Text.Json.Serialization;
using JwtAuth.Bearer.Keys;

namespace JwtAuth.Bearer.Denials;

/// <summary>One part of the feed of denials.</summary>
internal sealed record DenialPage
{
    /// <summary>Where the next part begins. Send it back unchanged.</summary>
    public required string Cursor { get; init; }

    /// <summary>Whether the issuer keeps a denylist at all. If not, access tokens live until they expire.</summary>
    public required bool Denylist { get; init; }

    /// <summary>Whether there is more to read at once.</summary>
    public required bool More { get; init; }

    /// <summary>How many milliseconds after the call nothing else was denied. Below 0 if the issuer's own reading is older.</summary>
    public required long WaitedMs { get; init; }

    /// <summary>A text that changes when the keys change: the published keys and the secrets below.</summary>
    public required string Keys { get; init; }

    /// <summary>The HS256 secrets in use that APIs share.</summary>
    public required IReadOnlyList<SharedKey> SharedKeys { get; init; }

    /// <summary>Where the issuer's audit trail stands; left out, while nothing is recorded.</summary>
    public AuditPage? Audit { get; init; }

    /// <summary>What was denied since the cursor, in the order of the commits.</summary>
    public required IReadOnlyList<DeniedTokens> Denials { get; init; }
}

/// <summary>
/// A denial, with the names of the claims that it is about: `sub` and `jti`; `sid`; `sub` with `gen_below` and `sid_except`; or `kid`.
/// </summary>
internal sealed record DeniedTokens
{
    public string? Sub { get; init; }

    public string? Jti { get; init; }

    public string? Sid { get; init; }

    public string? Kid { get; init; }

    public long? GenBelow { get; init; }

    public string? SidExcept { get; init; }

    /// <summary>When it may be forgotten, in seconds since 1970. A denial of a key has none: it stays.</summary>
    public long? ForgetAt { get; init; }

    public static DeniedTokens Of(Denial denial)
    {
        long? forgetAt = denial.ExpiresAt?.ToUnixTimeSeconds();
        return denial.Kind switch
        {
            DenialKind.Token => new() { Sub = denial.TokenSubject, Jti = denial.Name, ForgetAt = forgetAt },
            DenialKind.Session => new() { Sid = denial.Name, ForgetAt = forgetAt },
            DenialKind.Subject => new()
            {
                Sub = denial.Name,
                GenBelow = denial.BelowGeneration,
                SidExcept = denial.ExceptSessionId,
                ForgetAt = forgetAt,
            },
            _ => new() { Kid = denial.Name },
        };
    }

    /// <exception cref="InvalidDataException">It names nothing that is known here, so that what it denies would be missed.</exception>
    public Denial ToDenial() => this switch
    {
        { Kid: { } kid } => Denial.OfKey(kid),
        { Sid: { } sid, ForgetAt: { } at } => Denial.OfSession(sid, When(at)),
        { Sub: { } sub, Jti: { } jti, ForgetAt: { } at } => Denial.OfToken(sub, jti, When(at)),
        { Sub: { } sub, GenBelow: { } below, ForgetAt: { } at } => Denial.OfSubject(sub, below, SidExcept, When(at)),
        _ => throw new InvalidDataException("the feed names a denial of a kind that this version does not know; update JwtAuth.Bearer"),
    };

    // The second was cut when it was written.
    private static DateTimeOffset When(long seconds) => DateTimeOffset.FromUnixTimeSeconds(seconds + 1);
}

/// <summary>The JSON format of the feed. It needs no reflection, so it is there in a trimmed API too.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull, RespectNullableAnnotations = true)]
[JsonSerializable(typeof(DenialPage))]
internal sealed partial class FeedJson : JsonSerializerContext;
