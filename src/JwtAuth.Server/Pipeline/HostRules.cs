using System.Net;
using JwtAuth.Server.Errors;
using JwtAuth.Server.Observability;

namespace JwtAuth.Server.Pipeline;

/// <summary>
/// Answers requests for this service's own hosts alone: the issuer's, loopback, and <c>JwtAuth:Hosts</c>. Else a page could make its own
/// name lead to this machine (DNS rebinding), and the browser would take this service for a part of that page's site.
/// </summary>
internal sealed class HostRules(RequestDelegate next, HostSettings settings, IEnumerable<PathRule> rules, ILogger<HostRules> log)
{
    private readonly PathRule[] pathRules = [.. rules];

    public Task InvokeAsync(HttpContext context)
    {
        string host = context.Request.Host.Host;
        if (settings.Names.Contains(host) || IsLoopback(host) || PathRule.Of(context.Request.Path, pathRules)?.IsForProbes == true)
            return next(context);
        log.HostRefused();
        return Problems.WriteAsync(context, ErrorCode.MisdirectedRequest);
    }

    // A port says nothing: proxies and containers give the service another one.
    private static bool IsLoopback(string host) =>
        host.Equals("localhost", StringComparison.OrdinalIgnoreCase)
        || (IPAddress.TryParse(host.AsSpan().Trim("[]"), out IPAddress? address) && IPAddress.IsLoopback(address));
}
