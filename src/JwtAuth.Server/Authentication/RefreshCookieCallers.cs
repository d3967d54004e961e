using JwtAuth.Server.Accounts;
using JwtAuth.Server.Errors;
using JwtAuth.Server.Observability;
using JwtAuth.Server.RefreshTokens;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Mvc;

namespace JwtAuth.Server.Authentication;

/// <summary>
/// Marks an action that also takes the refresh cookie if no other credential is sent. It asks <see cref="RefreshCookieCallers"/> who calls.
/// </summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class TakesRefreshCookieAttribute : AllowAnonymousAttribute;

/// <summary>
/// Finds the caller of an action that also takes the refresh cookie. The cookie counts only if no other credential was sent. If there is an
/// <c>Authorization</c> header, it alone decides; the cookie never replaces a bad one.
/// </summary>
internal sealed class RefreshCookieCallers(
    RefreshCookie cookie, RefreshTokenCodec codec, RefreshTokenStore refreshTokens, RefreshTokenUses uses,
    ILogger<RefreshCookieCallers> log)
{
    /// <summary>
    /// The owner of a refresh token in the body, whose session is to end, or the answer if there is none. Who holds it may end it, even if
    /// it was used before.
    /// </summary>
    public async Task<(Caller? Caller, IActionResult? Refusal)> FindByBodyAsync(ControllerBase controller, string text)
    {
        if (controller.Request.Headers.Authorization.Count > 0)
            return (null, controller.Problem(ErrorCode.InvalidRequest, "Send either refresh_token, or Authorization."));
        return codec.TryRead(text, out RefreshToken refresh) && await refreshTokens.FindOwnerAsync(refresh) is { } owner
            ? (owner, null)
            : (null, controller.Problem(ErrorCode.InvalidGrant));
    }

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

        if (!cookie.HasOwnOrigin(controller.Request))
            return (null, controller.Problem(ErrorCode.Forbidden, RefreshCookie.OriginNeeded));
        if ((endsItself || await uses.FindAliveAsync(refresh) is not null)
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
