using JwtAuth.Bearer.AccessTokens;
using JwtAuth.Server.AccessTokens;
using Microsoft.AspNetCore.Authentication.Cookies;

namespace JwtAuth.Server.Authentication;

/// <summary>
/// Our cookies (RFC 6265). No script reads them, and no other site makes a change with them. Their names and <c>Secure</c> follow the
/// issuer, not the request. On https, a name without its prefix is never read. A cookie knows no port (RFC 6265 §8.5), whatever its prefix,
/// so a port that is not the scheme's own stands in the name. Otherwise two services on one host would take each other's cookies away.
/// </summary>
internal sealed class OwnCookies(IssuerSettings issuer, CorsSettings cors, TimeProvider time) : ICookieManager
{
    private readonly HashSet<string> origins = [issuer.Url, .. cors.Origins];

    /// <summary>The name of the session's cookie.</summary>
    public string Session { get; } = NameOf(issuer, "__Host-", "session");

    /// <summary>The name of the signed cookie.</summary>
    public string SignedCookie { get; } = NameOf(issuer, "__Host-", "signed");

    /// <summary>The name of the refresh token's cookie.</summary>
    public string Refresh { get; } = NameOf(issuer, "__Secure-", "refresh");

    /// <summary>
    /// The name of the refresh token's cookie without the port, which it had in former versions. <see langword="null"/> if that is the name
    /// that it still has.
    /// </summary>
    public string? FormerRefresh { get; } = PortOf(issuer).Length > 0 ? PlainNameOf(issuer, "__Secure-", "refresh") : null;

    /// <summary>The name of the cookie by which a browser is known in which somebody has logged in. It is no credential.</summary>
    public string Device { get; } = NameOf(issuer, "__Host-", "device");

    /// <summary>Whether a cookie of this name was sent, once or more often.</summary>
    public static bool Has(HttpRequest request, string name) => ValuesOf(request, name).Any();

    /// <summary>
    /// The cookie's value. If there are two with one name, somebody else has set one of them, most likely a neighbouring host. Then none
    /// counts.
    /// </summary>
    public static string? Read(HttpRequest request, string name) => ValuesOf(request, name).Take(2).ToArray() is [var only] ? only : null;

    /// <summary>
    /// Whether the request was sent by a page of ours, by an allowed origin, or without a browser. A browser sends cookies by itself, but
    /// it says which page asked: in <c>Origin</c> or, if that is missing, in <c>Sec-Fetch-Site</c>.
    /// </summary>
    public bool IsAskedByOurs(HttpRequest request) =>
        request.Headers.Origin.Count > 0 ? HasOwnOrigin(request)
            : request.Headers["Sec-Fetch-Site"] is { Count: 0 } or ["same-origin"] or ["none"];

    /// <summary>Whether the request names our origin or an allowed one.</summary>
    public bool HasOwnOrigin(HttpRequest request) => request.Headers.Origin is [{ } origin] && origins.Contains(origin);

    /// <summary>Writes a cookie. Without <paramref name="expiresAt"/>, the browser forgets it when it is closed.</summary>
    public void Write(HttpResponse response, string name, string value, string path, DateTimeOffset? expiresAt) =>
        response.Cookies.Append(name, value, Options(name, path, expiresAt - time.GetUtcNow()));

    /// <summary>Makes the browser forget a cookie.</summary>
    public void Clear(HttpResponse response, string name, string path = "/") =>
        response.Cookies.Append(name, "", Options(name, path, TimeSpan.Zero));

    private static IEnumerable<string> ValuesOf(HttpRequest request, string name) => request.Headers.Cookie
        .SelectMany(header => (header ?? "").Split(';', StringSplitOptions.TrimEntries))
        .Where(pair => pair.Length > name.Length && pair[name.Length] == '=' && pair.StartsWith(name, StringComparison.Ordinal))
        .Select(pair => pair[(name.Length + 1)..]);

    /// <summary>Makes the browser forget a cookie if it has sent one with that name.</summary>
    public void ClearSent(HttpContext context, string name)
    {
        if (Has(context.Request, name))
            Clear(context.Response, name);
    }

    private static string NameOf(IssuerSettings issuer, string prefix, string kind) => PlainNameOf(issuer, prefix, kind) + PortOf(issuer);

    private static string PlainNameOf(IssuerSettings issuer, string prefix, string kind) =>
        $"{(issuer.IsHttps ? prefix : "")}jwtauth-{kind}";

    private static string PortOf(IssuerSettings issuer) =>
        new Uri(issuer.Url) is { IsDefaultPort: false, Port: var port } ? $"-{port}" : "";

    // With Max-Age, so that the browser's clock does not matter. A link from another site brings the session along, as an authorization
    // request does (RFC 6749 §4.1.1). No GET changes anything, and every change needs an origin of ours.
    private CookieOptions Options(string name, string path, TimeSpan? maxAge) => new()
    {
        HttpOnly = true,
        SameSite = name == Session
            ? Microsoft.AspNetCore.Http.SameSiteMode.Lax : Microsoft.AspNetCore.Http.SameSiteMode.Strict,
        Secure = issuer.IsHttps,
        Path = path,
        MaxAge = maxAge,
    };

    // A login reads no cookie. Otherwise the handler would continue the session that it finds, and somebody else may have planted that
    // session. Data Protection would take a value with padding too, which we never write.
    string? ICookieManager.GetRequestCookie(HttpContext context, string key) =>
        TakesAttribute.Of(context).Includes(key == Session ? Credentials.Session : Credentials.SignedCookie)
            && Read(context.Request, key) is { } value && !value.AsSpan().ContainsAnyExcept(StrictJwt.Base64UrlAlphabet) ? value : null;

    void ICookieManager.AppendResponseCookie(HttpContext context, string key, string? value, CookieOptions options) =>
        Write(context.Response, key, value!, "/", options.Expires);

    void ICookieManager.DeleteCookie(HttpContext context, string key, CookieOptions options) => Clear(context.Response, key);
}
