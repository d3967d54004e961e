using JwtAuth.Server.AccessTokens;
using JwtAuth.Server.Storage;

namespace JwtAuth.Server.Sessions;

/// <summary>How long what hangs on a login lives.</summary>
/// <param name="AccessTokens">Its access tokens.</param>
/// <param name="RefreshTokens">A session of refresh tokens.</param>
/// <param name="Cookies">A session of a cookie.</param>
internal sealed record SessionPolicy(AccessTokenSettings AccessTokens, RefreshTokenSettings RefreshTokens, SessionSettings Cookies)
{
    /// <summary>When a session ends that is not used any more.</summary>
    public DateTimeOffset EndOf(SessionRow session) => LifetimesOf(session.CookieHash).EndOf(session.ExpiresAt, session.RotatedAt);

    /// <summary>The lifetimes of a session: a cookie's, where it has a cookie's hash.</summary>
    public SessionLifetimes LifetimesOf(byte[]? cookieHash) => cookieHash is null ? RefreshTokens : Cookies;
}
