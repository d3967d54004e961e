using JwtAuth.Bearer.AccessTokens;

namespace JwtAuth.Server.Denials;

/// <summary>How long a denial is kept: until no token that it denies could be accepted anywhere.</summary>
internal static class DenialRetention
{
    /// <summary>
    /// Added to the last moment at which such a token could be accepted. Clocks may step by this much in total without bringing a dead
    /// token back.
    /// </summary>
    public static readonly TimeSpan Margin = TimeSpan.FromHours(4);

    /// <summary>When a denial may be forgotten if the last token that it denies expires at <paramref name="latestExpiry"/>.</summary>
    public static DateTimeOffset ForgetAfter(DateTimeOffset latestExpiry) => latestExpiry + TokenValidator.MaximumClockSkew + Margin;
}
