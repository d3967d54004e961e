using JwtAuth.Server.Composition;
using JwtAuth.Server.Errors;
using JwtAuth.Server.Observability;
using Microsoft.Net.Http.Headers;

namespace JwtAuth.Server.Pipeline;

/// <summary>What holds for every reply: security headers, https where the issuer is https, no compressed bodies.</summary>
internal sealed class ResponseRules(RequestDelegate next, IssuerSettings issuer, ILogger<ResponseRules> log)
{
    private const string ApiPolicy = "default-src 'none'; frame-ancestors 'none'";

    // Swagger UI: its own scripts and styles, and images in data: URLs.
    private const string PagePolicy =
        "default-src 'self'; img-src 'self' data:; style-src 'self' 'unsafe-inline'; object-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

    // The lab's own files, and nothing from elsewhere or inline.
    private const string LabPolicy = "default-src 'self'; object-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

    public Task InvokeAsync(HttpContext context)
    {
        // At the last moment: what answers an exception clears the headers first.
        context.Response.OnStarting(() =>
        {
            AddHeaders(context);
            return Task.CompletedTask;
        });

        // Probes come from inside, by plain http, and tell nothing.
        if (issuer.IsHttps && !context.Request.IsHttps && !context.Request.Path.StartsWithSegments("/health"))
        {
            log.PlainHttpRefused();
            return Problems.WriteAsync(context, ErrorCode.HttpsRequired);
        }
        if (context.Request.Headers.ContentEncoding.Count > 0)
            return Problems.WriteAsync(context, ErrorCode.UnsupportedMediaType, "Bodies are read as they are: no Content-Encoding.");
        return next(context);
    }

    private static string PolicyOf(PathString path) => path.StartsWithSegments("/swagger") ? PagePolicy : path.StartsWithSegments("/lab") ? LabPolicy : ApiPolicy;

    private void AddHeaders(HttpContext context)
    {
        IHeaderDictionary headers = context.Response.Headers;
        headers.XContentTypeOptions = "nosniff";
        headers.XFrameOptions = "DENY";
        headers["Referrer-Policy"] = "no-referrer";
        headers.ContentSecurityPolicy = PolicyOf(context.Request.Path);
        headers.TryAdd(HeaderNames.CacheControl, "no-store");
        // Every reply depends on it; the CORS middleware says so only where it has allowed one.
        headers.Vary = HeaderNames.Origin;
        if (issuer.IsHttps)
            headers.StrictTransportSecurity = "max-age=31536000";
    }
}
