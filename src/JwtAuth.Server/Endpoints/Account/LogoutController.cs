using JwtAuth.Bearer.AccessTokens;
using JwtAuth.Server.Accounts;
using JwtAuth.Server.Authentication;
using JwtAuth.Server.Denials;
using JwtAuth.Server.Observability;
using JwtAuth.Server.PersonalAccessTokens;
using JwtAuth.Server.RefreshTokens;
using JwtAuth.Server.Sessions;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.ModelBinding;

namespace JwtAuth.Server.Endpoints.Account;

/// <summary>What was ended, and what was not. docs/revocation.md has the whole table.</summary>
/// <param name="RefreshToken" example="revoked">`revoked` or `none`.</param>
/// <param name="AccessToken" example="denied">`denied`; `live` where this service keeps no denylist; `none` where there was none to end.</param>
/// <param name="Session" example="none">`ended` or `none`: the session of a cookie.</param>
/// <param name="SignedCookie" example="none">`live`: the browser forgets it, and a copy of it is good until it expires; or `none`.</param>
/// <param name="LiveUntil">The moment until when a verifier that does not hear of it is still fooled, give or take its clock skew.</param>
internal sealed record EndedReply(string RefreshToken, string AccessToken, string Session, string SignedCookie, DateTimeOffset LiveUntil)
{
    /// <param name="ended">What was.</param>
    /// <param name="denylist">Whether that is heard of an access token.</param>
    /// <param name="signedUntil">Until when a copy of a signed cookie lives that was given up.</param>
    public static EndedReply Of(Ended ended, DenylistSettings denylist, DateTimeOffset? signedUntil = null) => new(
        ended.RefreshTokens > 0 ? "revoked" : "none",
        !ended.AccessTokens ? "none" : denylist.Enabled ? "denied" : "live",
        ended.Sessions > 0 ? "ended" : "none",
        signedUntil is null ? "none" : "live",
        signedUntil > ended.LiveUntil ? signedUntil.Value : ended.LiveUntil);
}

/// <summary>A token to revoke.</summary>
/// <param name="Token" example="jrt_…">An access, refresh or personal access token of the caller's own account; left out, the access token of the call.</param>
internal sealed record RevokeRequest(string? Token = null)
{
    public override string ToString() => "[revoke request]";
}

[ApiController]
[Tags("Sessions")]
internal sealed class LogoutController(
    SessionStore sessions, RefreshTokenStore refreshTokens, PersonalAccessTokenStore personalAccessTokens, AccountStore accounts, RefreshCookieCallers callers,
    RefreshCookie refreshCookie, OwnCookies cookies, RefreshTokenCodec codec, TokenValidator validator, DenylistSettings denylist, TimeProvider time,
    ILogger<LogoutController> log) : ControllerBase
{
    /// <summary>Ends the session that the credential comes from: its cookie or refresh token, and its access tokens wherever denials are heard.</summary>
    /// <remarks>
    /// By an access token, by either cookie, or by the refresh cookie alone with an `Origin` that is ours or allowed. All our cookies are cleared, and what is behind them
    /// ends too; but for a signed cookie, of which a copy lives until it expires.
    /// </remarks>
    /// <response code="200">What was ended, and until when a verifier that does not hear of it is fooled.</response>
    /// <response code="401">No credential, or one that is over.</response>
    [HttpPost("/auth/logout")]
    [Takes(Credentials.Session, Credentials.SignedCookie)]
    [TakesRefreshCookie]
    [ProducesResponseType<EndedReply>(200)]
    public async Task<IActionResult> LogOut()
    {
        (Caller? caller, IActionResult? refusal) = await callers.FindAsync(this, endsItself: true);
        if (caller is null)
            return refusal!;
        Ended? ended = IsSigned ? new Ended(RefreshTokens: 0, Sessions: 0, AccessTokens: false, time.GetUtcNow()) : await sessions.EndOwnAsync(caller);
        return Reply(caller, "logout", ended is null ? null : await EndCookiesAsync(caller, ended), await SignedUntilAsync());
    }

    /// <summary>Ends every other session of the account, all signed cookies, and the access tokens of all others.</summary>
    /// <response code="200">What was ended.</response>
    /// <response code="401">No credential, or one that is over.</response>
    [HttpPost("/auth/logout/others")]
    [PersonsOnly]
    [Takes(Credentials.Session, Credentials.SignedCookie)]
    [TakesRefreshCookie]
    [ProducesResponseType<EndedReply>(200)]
    public async Task<IActionResult> LogOutOthers()
    {
        (Caller? caller, IActionResult? refusal) = await callers.FindAsync(this, endsItself: false);
        if (caller is null)
            return refusal!;
        // Of signed cookies nobody knows which is whose, so that all of them end.
        Ended? ended = await sessions.EndAllAsync(caller, exceptSessionId: IsSigned ? null : caller.SessionId);
        if (IsSigned && ended is not null)
            await WriteAnotherSignedAsync(caller);
        return Reply(caller, "logout of all others", ended);
    }

    /// <summary>Ends every session, signed cookie and access token of the account, the caller's too.</summary>
    /// <response code="200">What was ended.</response>
    /// <response code="401">No credential, or one that is over.</response>
    [HttpPost("/auth/logout/everywhere")]
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
        return Reply(caller, "logout everywhere", ended is null ? null : await EndCookiesAsync(caller, ended), IsSigned ? null : await SignedUntilAsync());
    }

    /// <summary>Ends one token of the caller's account: an access token alone, a refresh token with its session, a personal access token with those that were made from it.</summary>
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
        if (PersonalAccessToken.IsMeantBy(request?.Token))
            return Reply(caller, "personal access token revoked", await personalAccessTokens.EndAsync(caller, new PersonalAccessToken(request!.Token!)));
        if (request?.Token is { } text)
        {
            (token, TokenRejection? rejection) = await validator.ValidateAsync(text);
            if (rejection == TokenRejection.DenialsUnknown)
                return Callers.Challenge(rejection);
        }
        return Reply(caller, "access token revoked", await sessions.EndTokenAsync(caller, token?.Subject == caller.Subject ? token : null));
    }

    private bool IsSigned => User.Identity?.AuthenticationType == Credentials.SignedCookie;

    // The browser forgets its cookies, so the sessions behind them must not live on, be they another login's. Only a page of ours may do that to another one.
    private async Task<Ended> EndCookiesAsync(Caller caller, Ended ended)
    {
        if (!refreshCookie.TryRead(Request, out RefreshToken held) || held.SessionId == caller.SessionId)
            refreshCookie.Clear(Response);
        else if (refreshCookie.IsAskedByOurs(Request))
        {
            refreshCookie.Clear(Response);
            if (await refreshTokens.FindOwnerAsync(held) is { } owner && await sessions.EndOwnAsync(owner) is { RefreshTokens: > 0 })
                ended = ended with { RefreshTokens = ended.RefreshTokens + 1 };
        }

        if (cookies.IsAskedByOurs(Request))
        {
            if (SessionSecret.HashOf(OwnCookies.Read(Request, cookies.Session)) is { } hash && await sessions.FindByCookieAsync(hash) is { } other
                && await sessions.EndAsync(other.SessionId, _ => true) is not null)
            {
                ended = ended with { Sessions = ended.Sessions + 1 };
            }
            cookies.ClearSent(HttpContext, cookies.Session);
            cookies.ClearSent(HttpContext, cookies.SignedCookie);
        }
        return ended;
    }

    // It says the same and ends at the same moment, so that a copy in other hands is not prolonged. And it is of the generation that this logout has begun: of a change
    // since then it would be the survivor.
    private async Task WriteAnotherSignedAsync(Caller caller)
    {
        AuthenticateResult signed = await HttpContext.AuthenticateAsync(Credentials.SignedCookie);
        if (await accounts.FindBySubjectAsync(caller.Subject) is { IsEnabled: true } account && account.Generation == caller.Generation + 1)
            await HttpContext.WriteSignedAsync(account, User.FindAll("scope").Select(scope => scope.Value), signed.Properties!.ExpiresUtc);
    }

    // Until when a copy of the signed cookie lives that the request has brought; a request of another page's gives up none.
    private async Task<DateTimeOffset?> SignedUntilAsync() =>
        cookies.IsAskedByOurs(Request) && await HttpContext.AuthenticateAsync(Credentials.SignedCookie) is { Succeeded: true } signed ? signed.Properties.ExpiresUtc : null;

    private IActionResult Reply(Caller caller, string change, Ended? ended, DateTimeOffset? signedUntil = null)
    {
        if (ended is null)
            return Callers.Challenge(TokenRejection.NotStanding);
        if (ended.RefreshTokens > 0 || ended.Sessions > 0 || ended.AccessTokens)
            log.AccountEnded(caller.Subject, caller.SessionId, change);
        return Ok(EndedReply.Of(ended, denylist, signedUntil));
    }
}
