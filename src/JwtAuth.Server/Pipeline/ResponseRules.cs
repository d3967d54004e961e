using JwtAuth.Server.AccessTokens;
using JwtAuth.Server.Errors;
using JwtAuth.Server.Observability;
using Microsoft.Net.Http.Headers;

namespace JwtAuth.Server.Pipeline;

/// <summary>Rules for every reply: security headers, https if the issuer is https, no compressed bodies in requests.</summary>
internal sealed class ResponseRules(RequestDelegate next, IssuerSettings issuer, IEnumerable<PathRule> rules, ILogger<ResponseRules> log)
{
    private const string ApiPolicy = "default-src 'none'; frame-ancestors 'none'";

    private readonly PathRule[] pathRules = [.. rules];

    public Task InvokeAsync(HttpContext context)
    {
        // As late as possible, because the exception handler clears the headers first.
        context.Response.OnStarting(() =>
        {
            AddHeaders(context);
            return Task.CompletedTask;
        });

        if (issuer.IsHttps && !context.Request.IsHttps && RuleOf(context.Request.Path)?.AllowsPlainHttp != true)
        {
            log.PlainHttpRefused();
            return Problems.WriteAsync(context, ErrorCode.HttpsRequired);
        }
        if (context.Request.Headers.ContentEncoding.Count > 0)
            return Problems.WriteAsync(context, ErrorCode.UnsupportedMediaType, "Bodies are read as they are: no Content-Encoding.");
        return next(context);
    }

    private PathRule? RuleOf(PathString path) => Array.Find(pathRules, rule => path.StartsWithSegments(rule.Path));

    private void AddHeaders(HttpContext context)
    {
        IHeaderDictionary headers = context.Response.Headers;
        headers.XContentTypeOptions = "nosniff";
        headers.XFrameOptions = "DENY";
        headers["Referrer-Policy"] = "no-referrer";
        headers.ContentSecurityPolicy = RuleOf(context.Request.Path)?.ContentSecurityPolicy ?? ApiPolicy;
        headers.TryAdd(HeaderNames.CacheControl, "no-store");
        // Every reply depends on the origin. The CORS middleware says so only if it has allowed one.
        headers.Vary = HeaderNames.Origin;
        if (issuer.IsHttps)
            headers.StrictTransportSecurity = "max-age=31536000";
    }
}
