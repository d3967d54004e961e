using JwtAuth.Server.RefreshTokens;

namespace JwtAuth.Server.Authentication;

/// <summary>The refresh token's cookie: it goes to <c>/auth</c> only.</summary>
internal sealed class RefreshCookie(RefreshTokenCodec codec, OwnCookies cookies)
{
    private const string Path = "/auth";

    /// <summary>Whether the request has the cookie, once, with a refresh token that we wrote.</summary>
    public bool TryRead(HttpRequest request, out RefreshToken token) => codec.TryRead(OwnCookies.Read(request, cookies.Refresh), out token);

    public void Write(HttpResponse response, RefreshToken token, DateTimeOffset expiresAt) =>
        cookies.Write(response, cookies.Refresh, codec.Write(token), Path, expiresAt);

    public void Clear(HttpResponse response) => cookies.Clear(response, cookies.Refresh, Path);

    /// <summary>
    /// Whether a page of ours, or of an allowed origin, sent the request. Only browsers have this cookie, and they say so with every call
    /// that takes it: nothing is done with it, or for it, without that.
    /// </summary>
    public bool IsAskedByOurs(HttpRequest request) => cookies.HasOwnOrigin(request);
}
