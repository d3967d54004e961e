using JwtAuth.Server.RefreshTokens;

namespace JwtAuth.Server.Authentication;

/// <summary>The refresh token's cookie. Browsers send it only to <c>/auth</c>.</summary>
internal sealed class RefreshCookie(RefreshTokenCodec codec, OwnCookies cookies)
{
    /// <summary>What a caller is told if <see cref="HasOwnOrigin"/> says no.</summary>
    public const string OriginNeeded = "With the cookie, an Origin is needed that is this service's or one of JwtAuth:Cors:Origins.";

    private const string Path = "/auth";

    // A browser does not say for how long it keeps a cookie. So one that ends with the browser says it itself, behind the token, and the
    // cookie of the next refresh does too.
    private const string UntilClosed = ".until-closed";

    /// <summary>Whether the request has the cookie exactly once, with a refresh token that we wrote.</summary>
    public bool TryRead(HttpRequest request, out RefreshToken token) => OwnCookies.Has(request, cookies.Refresh)
        ? TryRead(request, cookies.Refresh, out token)
        : TryReadFormer(request, out token);

    /// <summary>Whether the request's cookie stays when the browser is closed.</summary>
    public bool IsPersistent(HttpRequest request) =>
        OwnCookies.Read(request, cookies.Refresh)?.EndsWith(UntilClosed, StringComparison.Ordinal) != true;

    /// <param name="response">Where to write it.</param>
    /// <param name="token">The refresh token.</param>
    /// <param name="expiresAt">When its session ends.</param>
    /// <param name="isPersistent">Whether the browser keeps it until then. Otherwise, until the browser is closed.</param>
    public void Write(HttpResponse response, RefreshToken token, DateTimeOffset expiresAt, bool isPersistent)
    {
        string value = codec.Write(token);
        cookies.Write(
            response, cookies.Refresh, isPersistent ? value : value + UntilClosed, Path, isPersistent ? expiresAt : null);
        ClearFormer(response);
    }

    public void Clear(HttpResponse response)
    {
        cookies.Clear(response, cookies.Refresh, Path);
        ClearFormer(response);
    }

    // A login lasts for weeks, so one under the former name goes on. Its token says whether it is ours or a neighbour's on another port.
    private bool TryReadFormer(HttpRequest request, out RefreshToken token)
    {
        if (cookies.FormerRefresh is { } former)
            return TryRead(request, former, out token);
        token = default;
        return false;
    }

    private bool TryRead(HttpRequest request, string name, out RefreshToken token)
    {
        string? value = OwnCookies.Read(request, name);
        return codec.TryRead(
            value?.EndsWith(UntilClosed, StringComparison.Ordinal) == true ? value[..^UntilClosed.Length] : value, out token);
    }

    private void ClearFormer(HttpResponse response)
    {
        if (TryReadFormer(response.HttpContext.Request, out _))
            cookies.Clear(response, cookies.FormerRefresh!, Path);
    }

    /// <summary>
    /// Whether a page of ours, or of an allowed origin, sent the request. Only browsers have this cookie, and they send an origin with
    /// every call that takes it. Without an origin, nothing is done with the cookie or for it.
    /// </summary>
    public bool HasOwnOrigin(HttpRequest request) => cookies.HasOwnOrigin(request);
}
