using JwtAuth.Server.AccessTokens;
using JwtAuth.Server.Accounts;
using JwtAuth.Server.Configuration;
using JwtAuth.Server.Errors;
using JwtAuth.Server.Http;
using JwtAuth.Server.Observability;
using JwtAuth.Server.Passwords;
using JwtAuth.Server.RefreshTokens;
using JwtAuth.Server.Storage;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Mvc;

namespace JwtAuth.Server.Endpoints;

/// <summary>A login with name and password.</summary>
/// <param name="Username" example="alice">The account's name, in any letter case.</param>
/// <param name="Password" example="a quiet harbour at dawn">Its password.</param>
/// <param name="Scope" example="orders:read">Scopes to ask for, separated by spaces (RFC 6749 §3.3). What the user may not have is left out.</param>
/// <param name="Audience" example="orders">The API that the token is for; left out, the first that is configured. The issuer's own URL for the account.</param>
/// <param name="Credential" example="bearer">`bearer`.</param>
/// <param name="Refresh" example="null">`cookie` puts the refresh token into an HttpOnly cookie instead of the reply; left out, it is in the reply.</param>
internal sealed record LoginRequest(
    string Username, Password Password, string? Scope = null, string? Audience = null, string? Credential = null, string? Refresh = null);

[ApiController]
[AllowAnonymous]
[Tags("Account")]
internal sealed class LoginController(
    PasswordDoor door, TokenIssuer issuer, SessionStore sessions, SessionReplies replies, RefreshCookie cookie, IssuerSettings settings, ILogger<LoginController> log) : ControllerBase
{
    /// <summary>Changes a password into a signed JWT.</summary>
    /// <remarks>With the scope `offline_access` a session begins, and the reply brings its first refresh token. Without it nothing is written.</remarks>
    /// <response code="200">The tokens.</response>
    /// <response code="400">`invalid_request`, `invalid_scope`, `invalid_audience`</response>
    /// <response code="403">`forbidden`: for the cookie, an `Origin` is needed that is ours or allowed</response>
    /// <response code="401">`invalid_credentials`: the same bytes for an unknown name, a wrong password and a disabled account</response>
    /// <response code="429">`too_many_attempts`</response>
    /// <response code="503">`busy`</response>
    [HttpPost("/auth/login")]
    [ProducesResponseType<TokenReply>(200)]
    public async Task<IActionResult> Login(LoginRequest request, CancellationToken cancellation)
    {
        if (request.Credential is not (null or "bearer"))
            return this.Problem(ErrorCode.InvalidRequest, "The only credential is bearer.");
        if (request.Refresh is not (null or "cookie"))
            return this.Problem(ErrorCode.InvalidRequest, "refresh is cookie, or left out.");
        if (PasswordPolicy.Unusable(request.Password) is { } fault)
            return this.Problem(ErrorCode.InvalidRequest, fault);
        string audience = request.Audience ?? settings.Audiences[0];
        if (!settings.Knows(audience))
            return this.Problem(ErrorCode.InvalidAudience);
        if (!ScopeGrant.AreKnown(request.Scope, settings))
            return this.Problem(ErrorCode.InvalidScope, $"The scopes are: {string.Join(' ', settings.Scopes.Keys)}");

        bool byCookie = request.Refresh is not null;
        if (byCookie && !ScopeGrant.AsksForRefresh(request.Scope))
            return this.Problem(ErrorCode.InvalidRequest, "A refresh token, also one in a cookie, needs the scope offline_access.");
        if (byCookie && !cookie.IsAskedByOurs(Request))
            return this.Problem(ErrorCode.Forbidden, "For the cookie, an Origin is needed that is this service's or one of JwtAuth:Cors:Origins.");

        switch (await door.CheckAsync(request.Username, request.Password, HttpContext.Connection.RemoteIpAddress, cancellation))
        {
            case PasswordResult.Verified verified:
                return await GrantAsync(verified.Account, audience, request.Scope, byCookie);
            case PasswordResult.TooManyAttempts refused:
                return this.Problem(ErrorCode.TooManyAttempts, refused.RetryAfter);
            case PasswordResult.Busy busy:
                return this.Problem(ErrorCode.Busy, busy.RetryAfter);
            default:
                return this.Problem(ErrorCode.InvalidCredentials);
        }
    }

    private async Task<IActionResult> GrantAsync(AccountSnapshot account, string audience, string? scope, bool byCookie)
    {
        IReadOnlyList<string> granted = ScopeGrant.Of(scope, account.Roles, settings);
        if (!granted.Contains(ScopeGrant.OfflineAccess))
        {
            log.LoggedIn(account.Subject, this.Device().Address);
            return Ok(TokenReply.Of(issuer.Issue(account, audience, granted, TokenIssuer.NewId()), granted));
        }

        // A browser has one cookie: the session that it held before could not be reached any more.
        string? replaced = byCookie && cookie.TryRead(Request, out RefreshToken former) ? former.SessionId : null;
        if (await sessions.BeginAsync(account, audience, granted, this.Device(), replaced) is not { } session)
            return this.Problem(ErrorCode.InvalidCredentials);
        log.LoggedIn(account.Subject, this.Device().Address);
        log.SessionBegan(session.SessionId, account.Subject, this.Device().Address);
        return Ok(replies.Of(session, granted, Response, byCookie));
    }
}
