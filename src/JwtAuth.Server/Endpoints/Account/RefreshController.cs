using JwtAuth.Server.AccessTokens;
using JwtAuth.Server.Authentication;
using JwtAuth.Server.Descriptions;
using JwtAuth.Server.Errors;
using JwtAuth.Server.Grants;
using JwtAuth.Server.RefreshTokens;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Mvc;

namespace JwtAuth.Server.Endpoints.Account;

/// <summary>A refresh (RFC 6749 §6).</summary>
/// <param name="RefreshToken" example="jrt_…">The one from the last reply. Leave it out if it is in the cookie.</param>
/// <param name="Scope" example="orders:read">
/// Fewer scopes than were granted at login, for this access token alone. If left out, all of them.
/// </param>
/// <param name="Refresh">`cookie`: the refresh token comes in the cookie, and the next one goes there.</param>
internal sealed record RefreshRequest(string? RefreshToken = null, string? Scope = null, [property: Words("cookie")] string? Refresh = null)
{
    public override string ToString() => "[refresh request]";
}

[ApiController]
[AllowAnonymous]
[Tags("Sessions")]
internal sealed class RefreshController(
    RefreshGrant grant, RefreshTokenCodec codec, RefreshCookie cookie, TokenReplies replies, IssuerSettings settings,
    IHostEnvironment environment) : ControllerBase
{
    /// <summary>Exchanges a refresh token for a new access token and the next refresh token.</summary>
    /// <remarks>
    /// Each is good for one refresh. If it is sent again within `JwtAuth:RefreshTokens:ReuseWindow`, the answer is the same successor; this
    /// is for the loser of a race, or a reply that was lost. After that, sending it again ends the session.
    /// </remarks>
    /// <response code="200">The tokens.</response>
    /// <response code="400">`invalid_grant`; `invalid_scope`: more than was granted; `invalid_request`</response>
    /// <response code="403">`forbidden`: with the cookie, an `Origin` is needed that is ours or allowed</response>
    /// <response code="503">`busy`: nothing was used up</response>
    [HttpPost("/auth/refresh", Name = "refresh")]
    [AlsoBy(Credentials.RefreshToken)]
    [ProducesResponseType<TokenReply>(200)]
    public async Task<IActionResult> Refresh(RefreshRequest request)
    {
        bool byCookie = request.Refresh == "cookie";
        if (byCookie ? request.RefreshToken is not null : request.Refresh is not null || request.RefreshToken is null)
            return this.Problem(ErrorCode.InvalidRequest, "Send either refresh_token, or \"refresh\": \"cookie\" with the cookie.");
        if (byCookie && !cookie.HasOwnOrigin(Request))
            return this.Problem(ErrorCode.Forbidden, RefreshCookie.OriginNeeded);
        if (!ScopeGrant.AreKnown(request.Scope, settings))
            return Refusals.UnknownScope(settings);

        RefreshResult result = (byCookie ? cookie.TryRead(Request, out RefreshToken token) : codec.TryRead(request.RefreshToken, out token))
            ? await grant.GrantAsync(token, request.Scope, this.Device(), isSharedByTabs: byCookie)
            : grant.Refuse(this.Device(), "not a refresh token");
        return result switch
        {
            RefreshResult.Granted granted => Ok(replies.Of(granted.Tokens, Response, byCookie, cookie.IsPersistent(Request))),
            RefreshResult.ScopeExceeded => this.Problem(
                ErrorCode.InvalidScope, "A refresh grants no more than the login did (RFC 6749 §6)."),
            // The cookie stays. A late refusal must not remove the cookie of a newer login, and a dead cookie does no harm.
            _ => this.Problem(
                ErrorCode.InvalidGrant,
                byCookie && !cookie.TryRead(Request, out _)
                    ? "The request has no refresh cookie of ours, or two of that name. Does the page send credentials?"
                    : request.RefreshToken is { } text && environment.IsDevelopment() ? HintFor(text) : null),
        };
    }

    // For developers: what was sent in its place.
    private static string? HintFor(string text) => PresentedToken.KindOf(text) switch
    {
        Credentials.PersonalAccessToken =>
            "This is a personal access token (jpat_…): send it to POST /auth/login as personal_access_token. Only a refresh token (jrt_…) "
                + "is taken here.",
        Credentials.BearerOnTheWire when text.Count(character => character == '.') == 2 =>
            "This looks like an access token: it belongs in the header, as \"Authorization: Bearer …\". Only a refresh token (jrt_…) is "
                + "taken here; a login with the scope offline_access brings one.",
        _ => null,
    };
}
