using JwtAuth.Server.AccessTokens;
using JwtAuth.Server.Authentication;
using JwtAuth.Server.Errors;
using JwtAuth.Server.Grants;
using JwtAuth.Server.RefreshTokens;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Mvc;

namespace JwtAuth.Server.Endpoints.Account;

/// <summary>A refresh (RFC 6749 §6).</summary>
/// <param name="RefreshToken" example="jrt_…">The one that the last reply brought; left out where it is in the cookie.</param>
/// <param name="Scope" example="orders:read">Less than was granted at login, for this access token alone; left out, all of it.</param>
/// <param name="Refresh" example="null">`cookie`: the refresh token comes and goes in the cookie.</param>
internal sealed record RefreshRequest(string? RefreshToken = null, string? Scope = null, string? Refresh = null)
{
    public override string ToString() => "[refresh request]";
}

[ApiController]
[AllowAnonymous]
[Tags("Sessions")]
internal sealed class RefreshController(
    RefreshGrant grant, RefreshTokenCodec codec, RefreshCookie cookie, TokenReplies replies, IssuerSettings settings) : ControllerBase
{
    /// <summary>Changes a refresh token into a new access token and the next refresh token.</summary>
    /// <remarks>
    /// Each is good for one refresh. Sent again within `JwtAuth:RefreshTokens:ReuseWindow` it brings the same successor, for the loser of a
    /// race and for a reply that was lost; later it ends the session.
    /// </remarks>
    /// <response code="200">The tokens.</response>
    /// <response code="400">`invalid_grant`; `invalid_scope`: more than was granted; `invalid_request`</response>
    /// <response code="403">`forbidden`: with the cookie, an `Origin` is needed that is ours or allowed</response>
    /// <response code="503">`busy`: nothing was used up</response>
    [HttpPost("/auth/refresh")]
    [ProducesResponseType<TokenReply>(200)]
    public async Task<IActionResult> Refresh(RefreshRequest request)
    {
        bool byCookie = request.Refresh == "cookie";
        if (byCookie ? request.RefreshToken is not null : request.Refresh is not null || request.RefreshToken is null)
            return this.Problem(ErrorCode.InvalidRequest, "Send either refresh_token, or \"refresh\": \"cookie\" with the cookie.");
        if (byCookie && !cookie.IsAskedByOurs(Request))
            return this.Problem(
                ErrorCode.Forbidden, "With the cookie, an Origin is needed that is this service's or one of JwtAuth:Cors:Origins.");
        if (!ScopeGrant.AreKnown(request.Scope, settings))
            return this.Problem(ErrorCode.InvalidScope);

        RefreshResult result = (byCookie ? cookie.TryRead(Request, out RefreshToken token) : codec.TryRead(request.RefreshToken, out token))
            ? await grant.GrantAsync(token, request.Scope, this.Device(), isSharedByTabs: byCookie)
            : grant.Refuse(this.Device(), "not a refresh token");
        return result switch
        {
            RefreshResult.Granted granted => Ok(replies.Of(granted.Tokens, Response, byCookie)),
            RefreshResult.ScopeExceeded => this.Problem(
                ErrorCode.InvalidScope, "A refresh grants no more than the login did (RFC 6749 §6)."),
            // The cookie stays: a late refusal must not take away what a login has put there since, and a dead one harms nobody.
            _ => this.Problem(
                ErrorCode.InvalidGrant,
                byCookie && !cookie.TryRead(Request, out _) ? "The request has no refresh cookie of ours, "
                    + "or two of that name. Does the page send credentials?" : null),
        };
    }
}
