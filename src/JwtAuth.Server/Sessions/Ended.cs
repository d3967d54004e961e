namespace JwtAuth.Server.Sessions;

/// <summary>What a logout or a revocation ended.</summary>
/// <param name="RefreshTokens">How many refresh tokens are dead now.</param>
/// <param name="Sessions">How many sessions of cookies are over now.</param>
/// <param name="AccessTokens">Whether there may be access tokens that were ended.</param>
/// <param name="LiveUntil">Until when a verifier that does not hear of denials accepts such an access token.</param>
internal sealed record Ended(int RefreshTokens, int Sessions, bool AccessTokens, DateTimeOffset LiveUntil)
{
    public static Ended Nothing(DateTimeOffset now) => new(RefreshTokens: 0, Sessions: 0, AccessTokens: false, now);
}
