using JwtAuth.Bearer.AccessTokens;

namespace JwtAuth.Server.Denials;

/// <summary>How long a denial is kept: until no token that it denies could pass anywhere.</summary>
internal static class DenialRetention
{
    /// <summary>
    /// Kept beyond the last moment at which such a token could pass. Clocks may step by so much, all steps taken together, without bringing
    /// a dead token back.
    /// </summary>
    public static readonly TimeSpan Margin = TimeSpan.FromHours(4);

    /// <summary>When a denial of tokens may be forgotten, the last of which expires at <paramref name="latestExpiry"/>.</summary>
    public static DateTimeOffset ForgetAfter(DateTimeOffset latestExpiry) => latestExpiry + TokenValidator.MaximumClockSkew + Margin;
}
