using JwtAuth.Server.RefreshTokens;

namespace JwtAuth.Server.Authentication;

/// <summary>The refresh token's cookie. Browsers send it only to <c>/auth</c>.</summary>
internal sealed class RefreshCookie(RefreshTokenCodec codec, OwnCookies cookies)
{
    /// <summary>What a caller is told if <see cref="IsAskedByOurs"/> says no.</summary>
    public const string OriginNeeded = "With the cookie, an Origin is needed that is this service's or one of JwtAuth:Cors:Origins.";

    private const string Path = "/auth";

    /// <summary>Whether the request has the cookie exactly once, with a refresh token that we wrote.</summary>
    public bool TryRead(HttpRequest request, out RefreshToken token) => codec.TryRead(OwnCookies.Read(request, cookies.Refresh), out token);

    public void Write(HttpResponse response, RefreshToken token, DateTimeOffset expiresAt) =>
        cookies.Write(response, cookies.Refresh, codec.Write(token), Path, expiresAt);

    public void Clear(HttpResponse response) => cookies.Clear(response, cookies.Refresh, Path);

    /// <summary>
    /// Whether a page of ours, or of an allowed origin, sent the request. Only browsers have this cookie, and they send an origin with
    /// every call that takes it. Without an origin, nothing is done with the cookie or for it.
    /// </summary>
    public bool IsAskedByOurs(HttpRequest request) => cookies.HasOwnOrigin(request);
}
