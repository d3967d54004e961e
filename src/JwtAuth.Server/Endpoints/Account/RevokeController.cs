using JwtAuth.Bearer.AccessTokens;
using JwtAuth.Server.Accounts;
using JwtAuth.Server.Authentication;
using JwtAuth.Server.Denials;
using JwtAuth.Server.Observability;
using JwtAuth.Server.PersonalAccessTokens;
using JwtAuth.Server.Sessions;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.ModelBinding;

namespace JwtAuth.Server.Endpoints.Account;

/// <summary>A token to revoke.</summary>
/// <param name="Token" example="jrt_…">
/// An access, refresh or personal access token of the caller's own account. If left out, the access token of the call. <c>null</c> is
/// refused: a client that has lost its variable does not mean its own token.
/// </param>
internal sealed record RevokeRequest(string Token = null!)
{
    public override string ToString() => "[revoke request]";
}

[ApiController]
[Tags("Sessions")]
internal sealed class RevokeController(
    PresentedTokens presented, SessionStore sessions, PersonalAccessTokenStore personalAccessTokens, DenylistSettings denylist,
    ILogger<RevokeController> log)
    : ControllerBase
{
    /// <summary>
    /// Ends one token of the caller's account. An access token ends alone, a refresh token with its session, a personal access token with
    /// the access tokens made from it.
    /// </summary>
    /// <response code="200">
    /// What was ended. A token that is unknown, no longer good or somebody else's ends nothing; the answer does not tell which.
    /// </response>
    /// <response code="401">No access token, or one that is no longer good.</response>
    [HttpPost("/auth/revoke", Name = "revokeToken")]
    [ProducesResponseType<EndedReply>(200)]
    public async Task<IActionResult> Revoke([FromBody(EmptyBodyBehavior = EmptyBodyBehavior.Allow)] RevokeRequest? request)
    {
        Caller caller = this.Caller();
        switch (request?.Token is { } text ? await presented.ReadAsync(text)
            : caller.Token is { } own ? new PresentedToken.Access(own)
            : null)
        {
            case PresentedToken.Refresh { Token: var refresh }:
                return Reply(
                    $"refresh token of session {refresh.SessionId} revoked", await sessions.EndListedAsync(caller, refresh.SessionId));
            case PresentedToken.Personal { Token: var personal }:
                return Reply("personal access token revoked", await personalAccessTokens.EndAsync(caller, personal));
            case PresentedToken.Refused { Rejection: var rejection } when rejection == TokenRejection.DenialsUnknown:
                return Callers.Challenge(rejection);
            case PresentedToken.Access { Token: var token } when token.Subject == caller.Subject:
                return Reply("access token revoked", await sessions.EndTokenAsync(caller, token));
            default:
                return Reply("access token revoked", await sessions.EndTokenAsync(caller, token: null));
        }

        IActionResult Reply(string change, Ended? ended) =>
            EndedReply.Answer(this, ended, denylist, () => log.AccountEnded(caller.Subject, $"{caller.SessionId}", change));
    }
}
