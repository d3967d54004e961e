using JwtAuth.Bearer.AccessTokens;
using JwtAuth.Server.Configuration;

namespace JwtAuth.Server.AccessTokens;

/// <param name="Lifetime">From <c>iat</c> to <c>exp</c>.</param>
/// <param name="ClockSkew">The tolerance for clocks that differ.</param>
internal sealed record AccessTokenSettings(TimeSpan Lifetime, TimeSpan ClockSkew)
{
    public static AccessTokenSettings Read(SettingValues values) => new(
        values.Duration("AccessTokens:Lifetime", TimeSpan.FromMinutes(5), TimeSpan.FromSeconds(1), TokenValidator.MaximumLifetime),
        values.Duration("AccessTokens:ClockSkew", TimeSpan.FromSeconds(30), TimeSpan.Zero, TokenValidator.MaximumClockSkew));

    /// <summary>The <c>exp</c> of a token that is issued at this moment, in whole seconds.</summary>
    public DateTimeOffset ExpiryOf(DateTimeOffset issuedAt) =>
        DateTimeOffset.FromUnixTimeSeconds(issuedAt.ToUnixTimeSeconds() + (long)Lifetime.TotalSeconds);
}
