using JwtAuth.Bearer.AccessTokens;
using JwtAuth.Server.Authentication;
using JwtAuth.Server.Clients;
using JwtAuth.Server.Denials;
using JwtAuth.Server.Errors;
using JwtAuth.Server.Observability;
using JwtAuth.Server.PersonalAccessTokens;
using JwtAuth.Server.Sessions;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Mvc;

namespace JwtAuth.Server.Endpoints.OAuth;

[ApiController]
[AllowAnonymous]
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
    [HttpPost("/oauth/revoke")]
    [FormFields("token", "token_type_hint")]
    [ProducesResponseType(200)]
    public async Task<IActionResult> Revoke()
    {
        (OAuthForm? form, IActionResult? refusal) = await OAuthForm.ReadAsync(HttpContext, authenticator, ClientRights.Revoke);
        if (form is null)
            return refusal!;
        switch (await presented.ReadAsync(form.Token))
        {
            case PresentedToken.Refresh { Token: var refresh }:
                Tell("a refresh token", await sessions.EndAsync(refresh.SessionId, form.Client.Audiences));
                return Ok();
            case PresentedToken.Personal { Token: var personal }:
                if (personal.IsWellFormed && form.Client.Apis.Count > 0)
                    Tell("a personal access token", await personalAccessTokens.EndAsync(personal));
                return Ok();
            case PresentedToken.Refused { Rejection: var rejection } when rejection == TokenRejection.DenialsUnknown:
                return ClientAuthentication.DenialsUnknown(Response);
            case PresentedToken.Access { Token: var token } when token.Audiences.Any(form.Client.Knows):
                if (!denylist.Enabled)
                    return OAuthError.Result(OAuthErrorCode.UnsupportedTokenType);
                await sessions.EndTokenAsync(token);
                Tell("an access token", token.Subject);
                return Ok();
            default:
                return Ok();
        }

        void Tell(string what, string? subject)
        {
            if (subject is not null)
                log.ClientRevoked(form.Client.Id, what, subject);
        }
    }
}
