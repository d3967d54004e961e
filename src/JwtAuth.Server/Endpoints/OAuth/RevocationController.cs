using JwtAuth.Bearer.AccessTokens;
using JwtAuth.Server.Authentication;
using JwtAuth.Server.Clients;
using JwtAuth.Server.Denials;
using JwtAuth.Server.Descriptions;
using JwtAuth.Server.Errors;
using JwtAuth.Server.Observability;
using JwtAuth.Server.PersonalAccessTokens;
using JwtAuth.Server.Sessions;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Mvc;

namespace JwtAuth.Server.Endpoints.OAuth;

[ApiController]
[AllowAnonymous]
[ForClients]
[Tags("Clients")]
internal sealed class RevocationController(
    ClientAuthenticator authenticator, PresentedTokens presented, SessionStore sessions, PersonalAccessTokenStore personalAccessTokens,
    DenylistSettings denylist, ILogger<RevocationController> log) : ControllerBase
{
    /// <summary>
    /// Ends a token for one of the client's audiences (RFC 7009). An access token ends alone, a refresh token with its session, a personal
    /// access token with the access tokens made from it.
    /// </summary>
    /// <response code="200">Ended, or there was nothing to end. The answer does not tell which.</response>
    /// <response code="400">
    /// `unsupported_token_type`: an access token, if no denylist is kept; `invalid_request`, `unauthorized_client`
    /// </response>
    /// <response code="401">`invalid_client`</response>
    /// <response code="429">`temporarily_unavailable`: the client has sent too many tokens that were never issued here</response>
    [HttpPost("/oauth/revoke", Name = "revoke")]
    [FormFields("TokenForm", "token", "token_type_hint")]
    [ProducesResponseType(200)]
    public async Task<IActionResult> Revoke()
    {
        (OAuthForm? form, IActionResult? refusal) = await OAuthForm.ReadAsync(HttpContext, authenticator, ClientRights.Revoke);
        if (form is null)
            return refusal!;
        PresentedToken token = await presented.ReadAsync(form.Token);
        switch (token)
        {
            case PresentedToken.Refresh { Token: var refresh }:
                return Answer("a refresh token", await sessions.EndAsync(form.Client.Id, refresh.SessionId, form.Client.Audiences));
            case PresentedToken.Personal { Token: { IsWellFormed: true } personal } when form.Client.Apis.Count > 0:
                return Answer("a personal access token", await personalAccessTokens.EndAsync(form.Client.Id, personal));
            case PresentedToken.Refused { Rejection: var rejection } when rejection == TokenRejection.DenialsUnknown:
                return ClientAuthentication.DenialsUnknown(Response);
            case PresentedToken.Access { Token: var access } when access.Audiences.Any(form.Client.Knows):
                if (!denylist.Enabled)
                    return OAuthError.Result(OAuthErrorCode.UnsupportedTokenType);
                await sessions.EndTokenAsync(form.Client.Id, access);
                return Answer("an access token", access.Subject);
            default:
                return Answer("nothing", subject: null);
        }

        IActionResult Answer(string what, string? subject)
        {
            if (subject is null)
                return presented.CountUseless(token, form.Client) is { } wait ? ClientAuthentication.TooMany(Response, wait) : Ok();
            presented.CountGood();
            log.ClientRevoked(form.Client.Id, what, subject);
            return Ok();
        }
    }
}
