using System.Text.Json;
using System.Text.Json.Serialization;
using JwtAuth.Bearer.Keys;

namespace JwtAuth.Bearer.Denials;

/// <summary>A piece of the feed of denials.</summary>
/// <param name="Cursor">Where the next piece begins: to be sent back as it is.</param>
/// <param name="Denylist">Whether the issuer keeps a denylist at all; where it does not, access tokens live until they expire.</param>
/// <param name="More">Whether there is more to be had at once.</param>
/// <param name="WaitedMs">For how many milliseconds the issuer waited for news; until then nothing else was denied.</param>
/// <param name="Keys">Another text for another set of keys: what is published, and the secrets below.</param>
/// <param name="SharedKeys">The HS256 secrets in use that APIs share.</param>
/// <param name="Denials">What was denied since the cursor, in the order of commits.</param>
internal sealed record DenialPage(
    string Cursor, bool Denylist, bool More, long WaitedMs, string Keys, IReadOnlyList<SharedKey> SharedKeys, IReadOnlyList<DeniedTokens> Denials)
{
    /// <summary>How it is written.</summary>
    public static readonly JsonSerializerOptions Format = new(JsonSerializerDefaults.General)
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        RespectRequiredConstructorParameters = true,
        RespectNullableAnnotations = true,
    };
}

/// <summary>A denial by the names of the claims that it names: `sub` and `jti`; `sid`; `sub` with `gen_below`, `sid_except`; or `kid`.</summary>
internal sealed record DeniedTokens(
    string? Sub = null, string? Jti = null, string? Sid = null, string? Kid = null, long? GenBelow = null, string? SidExcept = null, long? ForgetAt = null)
{
    public static DeniedTokens Of(Denial denial) => denial.Kind switch
    {
        DenialKind.Token => new(Sub: denial.TokenSubject, Jti: denial.Name, ForgetAt: denial.ExpiresAt!.Value.ToUnixTimeSeconds()),
        DenialKind.Session => new(Sid: denial.Name, ForgetAt: denial.ExpiresAt!.Value.ToUnixTimeSeconds()),
        DenialKind.Subject => new(
            Sub: denial.Name, GenBelow: denial.BelowGeneration, SidExcept: denial.ExceptSessionId, ForgetAt: denial.ExpiresAt!.Value.ToUnixTimeSeconds()),
        _ => new(Kid: denial.Name),
    };

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
