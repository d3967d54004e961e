using JwtAuth.Bearer.AccessTokens;
using JwtAuth.Server.Accounts;
using JwtAuth.Server.Configuration;
using JwtAuth.Server.Http;
using JwtAuth.Server.Observability;
using JwtAuth.Server.RefreshTokens;
using JwtAuth.Server.Sessions;
using JwtAuth.Server.Storage;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.ModelBinding;

namespace JwtAuth.Server.Endpoints;

/// <summary>What was ended, and what was not. docs/revocation.md has the whole table.</summary>
/// <param name="RefreshToken" example="revoked">`revoked` or `none`.</param>
/// <param name="AccessToken" example="denied">`denied`; `live` where this service keeps no denylist; `none` where there was none to end.</param>
/// <param name="Session" example="none">`ended` or `none`: the session of a cookie.</param>
/// <param name="SignedCookie" example="none">`live` or `none`.</param>
/// <param name="LiveUntil">The moment until when a verifier that does not hear of it is still fooled, give or take its clock skew.</param>
internal sealed record EndedReply(string RefreshToken, string AccessToken, string Session, string SignedCookie, DateTimeOffset LiveUntil)
{
    public static EndedReply Of(Ended ended, DenylistSettings denylist) => new(
        ended.RefreshTokens > 0 ? "revoked" : "none",
        !ended.AccessTokens ? "none" : denylist.Enabled ? "denied" : "live",
        Session: "none",
        SignedCookie: "none",
        ended.LiveUntil);
}

/// <summary>A token to revoke.</summary>
/// <param name="Token" example="jrt_…">An access or refresh token of the caller's own account; left out, the access token of the call.</param>
internal sealed record RevokeRequest(string? Token = null)
{
    public override string ToString() => "[revoke request]";
}

[ApiController]
[Tags("Sessions")]
internal sealed class LogoutController(
    SessionStore sessions, RefreshCookieCallers callers, RefreshCookie cookie, RefreshTokenCodec codec, TokenValidator validator, DenylistSettings denylist,
    ILogger<LogoutController> log) : ControllerBase
{
    /// <summary>Ends the session that the credential comes from: its refresh token, and its access tokens wherever denials are heard.</summary>
    /// <remarks>By an access token, or by the refresh cookie alone with an `Origin` that is ours or allowed.</remarks>
    /// <response code="200">What was ended, and until when a verifier that does not hear of it is fooled.</response>
    /// <response code="401">No credential, or one that is over.</response>
    [HttpPost("/auth/logout")]
    [BearerOrRefreshCookie]
    [ProducesResponseType<EndedReply>(200)]
    public Task<IActionResult> LogOut() => LogOutAsync("logout", sessions.EndOwnAsync, endsItself: true);

    /// <summary>Ends every other session of the account, and the access tokens of all others.</summary>
    /// <response code="200">What was ended.</response>
    /// <response code="401">No credential, or one that is over.</response>
    [HttpPost("/auth/logout/others")]
    [BearerOrRefreshCookie]
    [ProducesResponseType<EndedReply>(200)]
    public Task<IActionResult> LogOutOthers() => LogOutAsync("logout of all others", caller => sessions.EndAllAsync(caller, exceptSessionId: caller.SessionId), isOver: false);

    /// <summary>Ends every session and access token of the account, the caller's too.</summary>
    /// <response code="200">What was ended.</response>
    /// <response code="401">No credential, or one that is over.</response>
    [HttpPost("/auth/logout/everywhere")]
    [BearerOrRefreshCookie]
    [ProducesResponseType<EndedReply>(200)]
    public Task<IActionResult> LogOutEverywhere() => LogOutAsync("logout everywhere", caller => sessions.EndAllAsync(caller, exceptSessionId: null));

    /// <summary>Ends one token of the caller's account: an access token alone, a refresh token with its session.</summary>
    /// <response code="200">What was ended. A token that is unknown, over or somebody else's ends nothing, and nobody is told which.</response>
    /// <response code="401">No access token, or one that is over.</response>
    [HttpPost("/auth/revoke")]
    [ProducesResponseType<EndedReply>(200)]
    public async Task<IActionResult> Revoke([FromBody(EmptyBodyBehavior = EmptyBodyBehavior.Allow)] RevokeRequest? request)
    {
        Caller caller = this.Caller();
        AccessToken? token = caller.Token;
        if (codec.TryRead(request?.Token, out RefreshToken refresh))
            return Reply(caller, $"refresh token of session {refresh.SessionId} revoked", await sessions.EndListedAsync(caller, refresh.SessionId));
        if (request?.Token is { } text)
        {
            (token, TokenRejection? rejection) = await validator.ValidateAsync(text);
            if (rejection == TokenRejection.DenialsUnknown)
                return Callers.Challenge(rejection);
        }
        return Reply(caller, "access token revoked", await sessions.EndTokenAsync(caller, token?.Subject == caller.Subject ? token : null));
    }

    private async Task<IActionResult> LogOutAsync(string change, Func<Caller, Task<Ended?>> end, bool isOver = true, bool endsItself = false)
    {
        (Caller? caller, IActionResult? refusal) = await callers.FindAsync(this, endsItself);
        if (caller is null)
            return refusal!;
        Ended? ended = await end(caller);
        if (isOver && ended is not null && await EndCookieAsync(caller))
            ended = ended with { RefreshTokens = ended.RefreshTokens + 1 };
        return Reply(caller, change, ended);
    }

    // The browser forgets the cookie, so the session behind it must not live on, be it another login's. Only a page of ours may do that to another one.
    private async Task<bool> EndCookieAsync(Caller caller)
    {
        bool isOther = cookie.TryRead(Request, out RefreshToken held) && held.SessionId != caller.SessionId;
        if (isOther && !cookie.IsAskedByOurs(Request))
            return false;
        cookie.Clear(Response);
        return isOther && await sessions.FindOwnerAsync(held) is { } owner && await sessions.EndOwnAsync(owner) is { RefreshTokens: > 0 };
    }

    private IActionResult Reply(Caller caller, string change, Ended? ended)
    {
        if (ended is null)
            return Callers.Challenge(TokenRejection.NotStanding);
        if (ended.RefreshTokens > 0 || ended.AccessTokens)
            log.AccountEnded(caller.Subject, caller.SessionId, change);
        return Ok(EndedReply.Of(ended, denylist));
    }
}
