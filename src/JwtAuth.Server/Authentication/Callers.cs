using JwtAuth.Bearer.AccessTokens;
using JwtAuth.Server.Accounts;
using JwtAuth.Server.Sessions;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Mvc;

namespace JwtAuth.Server.Authentication;

/// <summary>Who sent a request, and from where.</summary>
internal static class Callers
{
    /// <summary>The caller, for actions that require one.</summary>
    public static Caller Caller(this ControllerBase controller) => Accounts.Caller.Of(controller.User)!;

    public static Device Device(this ControllerBase controller) => controller.HttpContext.Device();

    public static Device Device(this HttpContext context) =>
        Sessions.Device.Of(context.Connection.RemoteIpAddress, context.Request.Headers.UserAgent);

    /// <summary>The answer to an access token that is refused only now: 401, or 503 if it is not known whether it was ended.</summary>
    public static ChallengeResult Challenge(TokenRejection rejection)
    {
        var properties = new AuthenticationProperties();
        properties.SetParameter(nameof(TokenRejection), rejection);
        return new ChallengeResult(properties);
    }
}
