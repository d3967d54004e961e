using System.Net;
using JwtAuth.Server.AccessTokens;
using JwtAuth.Server.Errors;
using JwtAuth.Server.Pipeline;
using Microsoft.AspNetCore.Connections.Features;

namespace JwtAuth.Server.Lab;

/// <summary>Lets only pages of this service, on this machine, use the lab's thief. For everybody else it does not exist.</summary>
internal sealed class ThiefRules(RequestDelegate next, IssuerSettings issuer)
{
    // The last is the name that the header of a trusted proxy has after it was processed.
    private static readonly string[] Forwarding = ["X-Forwarded-For", "Forwarded", "X-Original-For"];

    public Task InvokeAsync(HttpContext context)
    {
        if (context.GetEndpoint()?.Metadata.GetMetadata<ThiefAttribute>() is null)
            return next(context);
        if (!IsFromThisMachine(context))
            return Problems.WriteAsync(context, ErrorCode.NotFound);
        bool isOurs = Reading.IsAskedFor(context.Request) || (context.Request.Headers.Origin is [var origin] && origin == issuer.Url);
        return isOurs ? next(context) : Problems.WriteAsync(
            context, ErrorCode.Forbidden, "The thief listens to pages of this service alone: its own Origin is needed.");
    }

    /// <summary>
    /// Whether the request comes over loopback, by its connection and by the address that a proxy reports, and no header shows that a proxy
    /// has forwarded it.
    /// </summary>
    public static bool IsFromThisMachine(HttpContext context) =>
        context.Features.Get<IConnectionSocketFeature>()?.Socket.RemoteEndPoint is IPEndPoint peer && IPAddress.IsLoopback(peer.Address)
        && context.Connection.RemoteIpAddress is { } address && IPAddress.IsLoopback(address)
        && !Forwarding.Any(context.Request.Headers.ContainsKey);
}

/// <summary>Marks the calls of the lab's thief.</summary>
[AttributeUsage(AttributeTargets.Class)]
internal sealed class ThiefAttribute : Attribute;
