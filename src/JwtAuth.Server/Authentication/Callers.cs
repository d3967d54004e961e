using JwtAuth.Bearer.AccessTokens;
using JwtAuth.Server.Accounts;
using JwtAuth.Server.Errors;
using JwtAuth.Server.Observability;
using JwtAuth.Server.RefreshTokens;
using JwtAuth.Server.Sessions;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authorization;
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

/// <summary>
/// Marks an action that also takes the refresh cookie if no other credential is sent. It asks <see cref="RefreshCookieCallers"/> who calls.
/// </summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class TakesRefreshCookieAttribute : AllowAnonymousAttribute;

/// <summary>
/// Finds the caller of an action that also takes the refresh cookie. The cookie counts only if no other credential was sent. If there is an
/// <c>Authorization</c> header, it alone decides; the cookie never replaces a bad one.
/// </summary>
internal sealed class RefreshCookieCallers(RefreshCookie cookie, RefreshTokenStore refreshTokens, ILogger<RefreshCookieCallers> log)
{
    /// <summary>Either the caller, or the answer if there is none.</summary>
    /// <param name="controller">The controller that handles the request.</param>
    /// <param name="endsItself">
    /// Whether the call ends only the cookie's own session. Then a refresh token that was used before is good enough. For any other call,
    /// such a token is a copy in the wrong hands and ends the session.
    /// </param>
    public async Task<(Caller? Caller, IActionResult? Refusal)> FindAsync(ControllerBase controller, bool endsItself)
    {
        if (controller.Request.Headers.Authorization.Count > 0
            || controller.User.Identity?.IsAuthenticated == true || !cookie.TryRead(controller.Request, out RefreshToken refresh))
        {
            return Accounts.Caller.Of(controller.User) is { } caller ? (caller, null) : (null, controller.Challenge());
        }

        if (!cookie.IsAskedByOurs(controller.Request))
            return (null, controller.Problem(ErrorCode.Forbidden, RefreshCookie.OriginNeeded));
        if ((endsItself || await refreshTokens.FindAliveAsync(refresh) is not null)
            && await refreshTokens.FindOwnerAsync(refresh) is { } owner)
        {
            return (owner, null);
        }

        if (await refreshTokens.EndReusedAsync(refresh) is { } subject)
            log.RefreshReused(refresh.SessionId, subject, controller.Device().Address);
        cookie.Clear(controller.Response);
        return (null, controller.Challenge());
    }
}
