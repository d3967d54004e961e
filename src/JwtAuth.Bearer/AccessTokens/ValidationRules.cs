namespace JwtAuth.Bearer.AccessTokens;

/// <summary>Whose access tokens are taken, and for whom: what <see cref="TokenValidator"/> has to know. Nothing here has a default that switches a check off.</summary>
/// <param name="Issuer"><c>iss</c> must be exactly this (RFC 9068 §4).</param>
/// <param name="Audiences"><c>aud</c> must name one of these. At least one.</param>
/// <param name="ClockSkew">Tolerance for clocks that differ, from zero to <see cref="TokenValidator.MaximumClockSkew"/>.</param>
public sealed record ValidationRules(string Issuer, IReadOnlyCollection<string> Audiences, TimeSpan ClockSkew)
{
    /// <summary>Whether tokens are accepted though the denials have not been heard for too long.</summary>
    internal bool AcceptWhileSilent { get; init; }
}
