using JwtAuth.Server.Accounts;
using JwtAuth.Server.Storage;

namespace JwtAuth.Server.RefreshTokens;

/// <summary>What became of a refresh token that was presented.</summary>
internal abstract record Rotation
{
    private Rotation()
    {
    }

    /// <summary>The session goes on.</summary>
    /// <param name="Account">As it is now.</param>
    /// <param name="Session">As it is now: its counter is the successor's.</param>
    /// <param name="At">The moment of the transaction: the <c>iat</c> of the access token.</param>
    /// <param name="IsRepeated">Whether the successor had been given before, to a racer or in a reply that was lost.</param>
    public sealed record Successor(AccountSnapshot Account, SessionRow Session, DateTimeOffset At, bool IsRepeated) : Rotation
    {
        public RefreshToken Token => new(Session.SessionId, Session.Counter);
    }

    /// <summary>
    /// There is no such session, or it has expired, or its account no longer stands, or its audience is not configured any more. Nothing
    /// was used up.
    /// </summary>
    public sealed record Refused : Rotation;

    /// <summary>It had been used before, outside the reuse window: somebody holds a copy. The session is ended.</summary>
    public sealed record Reused(string Subject) : Rotation;

    /// <summary>It is newer than the store, which was restored from a backup. The session is ended.</summary>
    public sealed record Ahead(string Subject) : Rotation;
}
