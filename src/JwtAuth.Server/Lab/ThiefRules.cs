using System.Net;
using JwtAuth.Server.AccessTokens;
using JwtAuth.Server.Errors;
using Microsoft.AspNetCore.Connections.Features;

namespace JwtAuth.Server.Lab;

/// <summary>What the thief of the lab answers: pages of this service, on this machine. To everybody else it is not there.</summary>
internal sealed class ThiefRules(RequestDelegate next, IssuerSettings issuer)
{
    // The last is what a header of a trusted proxy is called once it was believed.
    private static readonly string[] Forwarding = ["X-Forwarded-For", "Forwarded", "X-Original-For"];

    public Task InvokeAsync(HttpContext context)
    {
        if (context.GetEndpoint()?.Metadata.GetMetadata<ThiefAttribute>() is null)
            return next(context);
        if (!IsFromThisMachine(context))
            return Problems.WriteAsync(context, ErrorCode.NotFound);
        bool isOurs = HttpMethods.IsGet(context.Request.Method) || (context.Request.Headers.Origin is [var origin] && origin == issuer.Url);
        return isOurs ? next(context) : Problems.WriteAsync(
            context, ErrorCode.Forbidden, "The thief listens to pages of this service alone: its own Origin is needed.");
    }

    /// <summary>
    /// Whether the request comes over loopback, by its connection and by what a proxy says of it, and no proxy says that it has passed it
    /// on.
    /// </summary>
    public static bool IsFromThisMachine(HttpContext context) =>
        context.Features.Get<IConnectionSocketFeature>()?.Socket.RemoteEndPoint is IPEndPoint peer && IPAddress.IsLoopback(peer.Address)
        && context.Connection.RemoteIpAddress is { } address && IPAddress.IsLoopback(address)
        && !Forwarding.Any(context.Request.Headers.ContainsKey);
}

/// <summary>A call of the lab's thief.</summary>
[AttributeUsage(AttributeTargets.Class)]
internal sealed class ThiefAttribute : Attribute;
