namespace JwtAuth.Bearer.AccessTokens;

/// <summary>
/// Whose access tokens are accepted, and for which audience: what <see cref="TokenValidator"/> needs to know. No default here switches a
/// check off.
/// </summary>
/// <param name="Issuer"><c>iss</c> must be exactly this (RFC 9068 §4).</param>
/// <param name="Audiences"><c>aud</c> must name one of these. At least one.</param>
/// <param name="ClockSkew">Tolerance for clocks that differ, from zero to <see cref="TokenValidator.MaximumClockSkew"/>.</param>
public sealed record ValidationRules(string Issuer, IReadOnlyCollection<string> Audiences, TimeSpan ClockSkew)
{
    /// <summary>Whether tokens are accepted even though the denials have not been heard for too long.</summary>
    internal bool AcceptWhileSilent { get; init; }
}
