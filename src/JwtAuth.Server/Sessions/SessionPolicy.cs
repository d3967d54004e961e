using JwtAuth.Server.AccessTokens;
using JwtAuth.Server.Sealing;
using JwtAuth.Server.Storage;

namespace JwtAuth.Server.Sessions;

/// <summary>The lifetimes and the seals of everything that comes from a login.</summary>
/// <param name="AccessTokens">Lifetimes of its access tokens.</param>
/// <param name="RefreshTokens">Lifetimes of a session of refresh tokens.</param>
/// <param name="Cookies">Lifetimes of a session of a cookie.</param>
/// <param name="Seals">What tells our rows from those that somebody else has put into the database.</param>
internal sealed record SessionPolicy(
    AccessTokenSettings AccessTokens, RefreshTokenSettings RefreshTokens, SessionSettings Cookies, RowSeals Seals)
{
    /// <summary>When a session ends if it is not used again.</summary>
    public DateTimeOffset EndOf(SessionRow session) => LifetimesOf(session.CookieHash).EndOf(session.ExpiresAt, session.RotatedAt);

    /// <summary>The lifetimes of a session: those of a cookie if there is a hash of one.</summary>
    public SessionLifetimes LifetimesOf(byte[]? cookieHash) => cookieHash is null ? RefreshTokens : Cookies;
}
