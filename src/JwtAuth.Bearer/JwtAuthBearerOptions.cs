using JwtAuth.Bearer.AccessTokens;

namespace JwtAuth.Bearer;

/// <summary>Whose access tokens an API takes. Nothing here has a default that switches a check off: what is missing stops the start.</summary>
public sealed class JwtAuthBearerOptions
{
    /// <summary>The issuer: <c>iss</c> must be exactly this (RFC 9068 §4). Required.</summary>
    public string Authority { get; set; } = "";

    /// <summary>The audiences that this API answers to: <c>aud</c> must name one of them. At least one.</summary>
    public IList<string> Audiences { get; } = [];

    /// <summary>Tolerance for clocks that differ, from zero to a minute; 30 seconds by default.</summary>
    public TimeSpan ClockSkew { get; set; } = TimeSpan.FromSeconds(30);

    internal string? Fault =>
        string.IsNullOrEmpty(Authority) ? $"{nameof(Authority)} is missing: set it to the issuer's URL."
        : Audiences.Count == 0 || Audiences.Any(string.IsNullOrEmpty) ? $"{nameof(Audiences)} is empty or holds an empty name: name this API's audience."
        : ClockSkew < TimeSpan.Zero || ClockSkew > TokenValidator.MaximumClockSkew ? $"{nameof(ClockSkew)} must lie between zero and one minute."
        : null;
}
