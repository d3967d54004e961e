using JwtAuth.Server.Accounts;
using JwtAuth.Server.Authentication;
using JwtAuth.Server.Denials;
using JwtAuth.Server.Observability;
using JwtAuth.Server.Sessions;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.ModelBinding;

namespace JwtAuth.Server.Endpoints.Account;

/// <summary>What to log out by, if not by what the request carries.</summary>
/// <param name="RefreshToken" example="jrt_…">
/// A refresh token, for a client whose access token is over. Send no `Authorization` with it.
/// </param>
internal sealed record LogoutRequest(string? RefreshToken = null)
{
    public override string ToString() => "[logout request]";
}

[ApiController]
[Tags("Sessions")]
internal sealed class LogoutController(
    SessionStore sessions, RefreshCookieCallers callers, HeldCookies held, DenylistSettings denylist, TimeProvider time,
    ILogger<LogoutController> log)
    : ControllerBase
{
    /// <summary>
    /// Ends the session of the credential: its cookie or refresh token, and its access tokens at every API that hears of denials.
    /// </summary>
    /// <remarks>
    /// Send an access token, either cookie, only the refresh cookie with an `Origin` that is ours or allowed, or `refresh_token` in the
    /// body, which ends its session alone. All our cookies are cleared, and the sessions behind them end too. Only a copy of a signed
    /// cookie stays good until it expires.
    /// </remarks>
    /// <response code="200">What was ended, and until when a verifier that does not hear of it still accepts the credential.</response>
    /// <response code="400">
    /// `invalid_grant`: the refresh token of the body is not good any more; `invalid_request`: it comes with an Authorization header
    /// </response>
    /// <response code="401">No credential, or one that is no longer good.</response>
    [HttpPost("/auth/logout", Name = "logOut")]
    [Takes(Credentials.Session, Credentials.SignedCookie)]
    [TakesRefreshCookie]
    [ProducesResponseType<EndedReply>(200)]
    public async Task<IActionResult> LogOut([FromBody(EmptyBodyBehavior = EmptyBodyBehavior.Allow)] LogoutRequest? request)
    {
        (Caller? caller, IActionResult? refusal) = request?.RefreshToken is { } token
            ? await callers.FindByBodyAsync(this, token)
            : await callers.FindAsync(this, endsItself: true);
        if (caller is null)
            return refusal!;
        Ended? ended = IsSigned && request?.RefreshToken is null ? Ended.Nothing(time.GetUtcNow()) : await sessions.EndOwnAsync(caller);
        return Reply(caller, "logout", ended is null ? null : await held.EndAsync(HttpContext, caller, ended),
            await held.SignedUntilAsync(HttpContext));
    }

    /// <summary>Ends every other session of the account, all signed cookies, and the access tokens of all others.</summary>
    /// <response code="200">What was ended.</response>
    /// <response code="401">No credential, or one that is no longer good.</response>
    [HttpPost("/auth/logout/others", Name = "logOutOthers")]
    [PersonsOnly]
    [Takes(Credentials.Session, Credentials.SignedCookie)]
    [TakesRefreshCookie]
    [ProducesResponseType<EndedReply>(200)]
    public async Task<IActionResult> LogOutOthers()
    {
        (Caller? caller, IActionResult? refusal) = await callers.FindAsync(this, endsItself: false);
        if (caller is null)
            return refusal!;
        // Nobody knows which signed cookie belongs to whom, so all of them end.
        Ended? ended = await sessions.EndAllAsync(caller, exceptSessionId: IsSigned ? null : caller.SessionId);
        if (IsSigned && ended is not null)
            await held.RenewSignedAsync(HttpContext, caller);
        return Reply(caller, "logout of all others", ended);
    }

    /// <summary>Ends every session, signed cookie and access token of the account, including the caller's.</summary>
    /// <response code="200">What was ended.</response>
    /// <response code="401">No credential, or one that is no longer good.</response>
    [HttpPost("/auth/logout/everywhere", Name = "logOutEverywhere")]
    [PersonsOnly]
    [Takes(Credentials.Session, Credentials.SignedCookie)]
    [TakesRefreshCookie]
    [ProducesResponseType<EndedReply>(200)]
    public async Task<IActionResult> LogOutEverywhere()
    {
        (Caller? caller, IActionResult? refusal) = await callers.FindAsync(this, endsItself: false);
        if (caller is null)
            return refusal!;
        Ended? ended = await sessions.EndAllAsync(caller, exceptSessionId: null);
        return Reply(caller, "logout everywhere", ended is null ? null : await held.EndAsync(HttpContext, caller, ended),
            IsSigned ? null : await held.SignedUntilAsync(HttpContext));
    }

    private bool IsSigned => User.Identity?.AuthenticationType == Credentials.SignedCookie;

    private IActionResult Reply(Caller caller, string change, Ended? ended, DateTimeOffset? signedUntil = null) =>
        EndedReply.Answer(this, ended, denylist, () => log.AccountEnded(caller.Subject, $"{caller.SessionId}", change), signedUntil);
}
