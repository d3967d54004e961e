using JwtAuth.Bearer.AccessTokens;
using JwtAuth.Server.Accounts;
using JwtAuth.Server.Errors;
using JwtAuth.Server.Observability;
using JwtAuth.Server.RefreshTokens;
using JwtAuth.Server.Sessions;
using JwtAuth.Server.Storage;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Mvc;

namespace JwtAuth.Server.Http;

/// <summary>Who has sent a request, and from where.</summary>
internal static class Callers
{
    /// <summary>The caller of a call that demands one.</summary>
    public static Caller Caller(this ControllerBase controller) => Accounts.Caller.Of(controller.User)!;

    public static Device Device(this ControllerBase controller) =>
        Sessions.Device.Of(controller.HttpContext.Connection.RemoteIpAddress, controller.Request.Headers.UserAgent);

    /// <summary>The answer to an access token that was refused only now: 401, or 503 where it is not known whether it was ended.</summary>
    public static ChallengeResult Challenge(TokenRejection rejection)
    {
        var properties = new AuthenticationProperties();
        properties.SetParameter(nameof(TokenRejection), rejection);
        return new ChallengeResult(properties);
    }
}

/// <summary>An action that takes an access token or the refresh cookie alone, and asks <see cref="RefreshCookieCallers"/> who calls.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class BearerOrRefreshCookieAttribute : AllowAnonymousAttribute;

/// <summary>
/// The caller of what an access token or the refresh cookie alone may ask for. <c>Authorization</c> decides alone where it is sent, and a bad one is never
/// replaced by the cookie.
/// </summary>
internal sealed class RefreshCookieCallers(RefreshCookie cookie, SessionStore sessions, ILogger<RefreshCookieCallers> log)
{
    /// <summary>Either the caller, or the answer to somebody who is none.</summary>
    /// <param name="controller">Whose request it is.</param>
    /// <param name="endsItself">
    /// Whether the call ends no more than the cookie's own session: for that a refresh token is enough that was used before. Elsewhere such a one is a copy
    /// in the wrong hands, and ends the session.
    /// </param>
    public async Task<(Caller? Caller, IActionResult? Refusal)> FindAsync(ControllerBase controller, bool endsItself)
    {
        if (controller.Request.Headers.Authorization.Count > 0 || !cookie.TryRead(controller.Request, out RefreshToken refresh))
            return Accounts.Caller.Of(controller.User) is { } caller ? (caller, null) : (null, controller.Challenge());
        if (!cookie.IsAskedByOurs(controller.Request))
            return (null, controller.Problem(ErrorCode.Forbidden, "With the cookie, an Origin is needed that is this service's or one of JwtAuth:Cors:Origins."));
        if ((endsItself || await sessions.FindAliveAsync(refresh) is not null) && await sessions.FindOwnerAsync(refresh) is { } owner)
            return (owner, null);
        if (await sessions.EndReusedAsync(refresh) is { } subject)
            log.RefreshReused(refresh.SessionId, subject, controller.Device().Address);
        cookie.Clear(controller.Response);
        return (null, controller.Challenge());
    }
}
