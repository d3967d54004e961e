using JwtAuth.Server.Configuration;
using JwtAuth.Server.RefreshTokens;

namespace JwtAuth.Server.Http;

/// <summary>
/// The refresh token's cookie (RFC 6265): no script reads it, no other site sends it, and it goes to <c>/auth</c> only. Its name and its <c>Secure</c>
/// follow the issuer's scheme, not the request's; on https a name without the prefix is never read.
/// </summary>
internal sealed class RefreshCookie(RefreshTokenCodec codec, IssuerSettings issuer, HttpSettings settings, TimeProvider time)
{
    private readonly string name = issuer.IsHttps ? "__Secure-jwtauth-refresh" : "jwtauth-refresh";
    private readonly HashSet<string> origins = [issuer.Url, .. settings.CorsOrigins];

    /// <summary>
    /// Whether the request has the cookie, with a refresh token that we wrote. Of two with this name, one was put there by somebody else, a neighbouring
    /// host above all: then there is none.
    /// </summary>
    public bool TryRead(HttpRequest request, out RefreshToken token)
    {
        string start = name + "=";
        string[] values =
        [
            .. request.Headers.Cookie
                .SelectMany(header => (header ?? "").Split(';', StringSplitOptions.TrimEntries))
                .Where(pair => pair.StartsWith(start, StringComparison.Ordinal))
                .Select(pair => pair[start.Length..]),
        ];
        return codec.TryRead(values is [var value] ? value : null, out token);
    }

    public void Write(HttpResponse response, RefreshToken token, DateTimeOffset expiresAt)
    {
        CookieOptions options = Options();
        options.MaxAge = expiresAt - time.GetUtcNow();
        response.Cookies.Append(name, codec.Write(token), options);
    }

    public void Clear(HttpResponse response)
    {
        CookieOptions options = Options();
        options.MaxAge = TimeSpan.Zero;
        response.Cookies.Append(name, "", options);
    }

    /// <summary>
    /// Whether a page of ours, or of an allowed origin, sent the request. A browser sends the cookie by itself, so that nothing is done with it, or for
    /// it, without that.
    /// </summary>
    public bool IsAskedByOurs(HttpRequest request) =>
        request.Headers.Origin is [{ } origin] && origins.Contains(origin);

    private CookieOptions Options() => new()
    {
        HttpOnly = true,
        SameSite = Microsoft.AspNetCore.Http.SameSiteMode.Strict,
        Secure = issuer.IsHttps,
        Path = "/auth",
    };
}
