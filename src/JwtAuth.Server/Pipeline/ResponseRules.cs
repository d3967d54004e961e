using JwtAuth.Server.AccessTokens;
using JwtAuth.Server.Errors;
using JwtAuth.Server.Lifetimes;
using JwtAuth.Server.Observability;
using Microsoft.Net.Http.Headers;

namespace JwtAuth.Server.Pipeline;

/// <summary>Rules for every reply: security headers, https if the issuer is https, no compressed bodies in requests.</summary>
internal sealed class ResponseRules(
    RequestDelegate next, IssuerSettings issuer, IEnumerable<PathRule> rules, Draining draining, ILogger<ResponseRules> log)
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

        if (issuer.IsHttps && !context.Request.IsHttps && PathRule.Of(context.Request.Path, pathRules)?.IsForProbes != true)
        {
            log.PlainHttpRefused();
            return Problems.WriteAsync(context, ErrorCode.HttpsRequired);
        }
        if (context.Request.Headers.ContentEncoding.Count > 0)
            return Problems.WriteAsync(context, ErrorCode.UnsupportedMediaType, "Bodies are read as they are: no Content-Encoding.");
        return next(context);
    }

    private void AddHeaders(HttpContext context)
    {
        IHeaderDictionary headers = context.Response.Headers;
        headers.XContentTypeOptions = "nosniff";
        headers.XFrameOptions = "DENY";
        headers["Referrer-Policy"] = "no-referrer";
        headers.TryAdd(HeaderNames.ContentSecurityPolicy, PathRule.Of(context.Request.Path, pathRules)?.ContentSecurityPolicy ?? ApiPolicy);
        headers.TryAdd(HeaderNames.CacheControl, "no-store");
        // Every reply depends on the origin; the CORS middleware says so only if it has allowed one. An error is a page or JSON.
        headers.Vary = context.Response.StatusCode >= 400 ? "Origin, Accept" : HeaderNames.Origin;
        // Whoever sends the next request finds another process. HTTP/2 says so by itself, and knows no such header.
        if (draining.HasBegun && HttpProtocol.IsHttp11(context.Request.Protocol))
            headers.Connection = "close";
        if (issuer.IsHttps)
            headers.StrictTransportSecurity = "max-age=31536000";
    }
}
