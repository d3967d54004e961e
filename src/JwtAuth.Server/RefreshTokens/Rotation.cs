using JwtAuth.Server.Accounts;
using JwtAuth.Server.Storage;

namespace JwtAuth.Server.RefreshTokens;

/// <summary>The outcome of presenting a refresh token.</summary>
internal abstract record Rotation
{
    private Rotation()
    {
    }

    /// <summary>The session continues.</summary>
    /// <param name="Account">The account as it is now.</param>
    /// <param name="Session">The session. What each use changes in it may have changed since it was read.</param>
    /// <param name="Token">The next refresh token.</param>
    /// <param name="At">The time of the rotation: the <c>iat</c> of the access token.</param>
    /// <param name="IsRepeated">Whether the successor was given before, to another request of a race or in a reply that was lost.</param>
    public sealed record Successor(
        AccountSnapshot Account, SessionRow Session, RefreshToken Token, DateTimeOffset At, bool IsRepeated) : Rotation;

    /// <summary>
    /// There is no such session, or it has expired, or its account is disabled or has changed, or its audience is no longer configured.
    /// Nothing was used up.
    /// </summary>
    public sealed record Refused : Rotation;

    /// <summary>The token was used before, outside the reuse window: somebody has a copy. The session is ended.</summary>
    public sealed record Reused(string Subject) : Rotation;

    /// <summary>The token is newer than the store, which must have been restored from a backup. The session is ended.</summary>
    public sealed record Ahead(string Subject) : Rotation;
}
