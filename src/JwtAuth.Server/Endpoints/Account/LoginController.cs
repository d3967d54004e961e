using JwtAuth.Server.AccessTokens;
using JwtAuth.Server.Accounts;
using JwtAuth.Server.Authentication;
using JwtAuth.Server.Errors;
using JwtAuth.Server.Observability;
using JwtAuth.Server.Passwords;
using JwtAuth.Server.PersonalAccessTokens;
using JwtAuth.Server.RefreshTokens;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Mvc;

namespace JwtAuth.Server.Endpoints.Account;

/// <summary>A login with name and password, or with a personal access token instead of them.</summary>
/// <param name="Username" example="alice">The account's name, in any letter case.</param>
/// <param name="Password" example="a quiet harbour at dawn">Its password.</param>
/// <param name="Scope" example="orders:read">Scopes to ask for, separated by spaces (RFC 6749 §3.3). What the user may not have is left out; so is `offline_access` where there is no refresh token to be had.</param>
/// <param name="Audience" example="orders">The API that the token is for; left out, the first that is configured. The issuer's own URL for the account. A cookie is for the issuer alone.</param>
/// <param name="Credential" example="bearer">`bearer`, or for a cookie instead of tokens `session` or `signed_cookie`.</param>
/// <param name="Refresh" example="null">`cookie` puts the refresh token into an HttpOnly cookie instead of the reply; left out, it is in the reply.</param>
/// <param name="PersonalAccessToken" example="null">Instead of name and password: the reply is an access token for an API, within its scopes.</param>
internal sealed record LoginRequest(
    string? Username = null, Password? Password = null, string? Scope = null, string? Audience = null, string? Credential = null, string? Refresh = null,
    PersonalAccessToken? PersonalAccessToken = null);

[ApiController]
[AllowAnonymous]
[Tags("Account")]
internal sealed class LoginController(
    PasswordAuthenticator authenticator, PersonalAccessTokenAuthenticator personalAccessTokens, TokenIssuer issuer, RefreshTokenStore refreshTokens, SessionReplies replies, CookieReplies cookieReplies,
    RefreshCookie cookie, OwnCookies cookies, IssuerSettings settings, SignedCookieSettings signedCookies, ILogger<LoginController> log) : ControllerBase
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
        bool isCookie = request.Credential is Credentials.Session or Credentials.SignedCookie;
        if (!isCookie && request.Credential is not (null or "bearer"))
            return this.Problem(ErrorCode.InvalidRequest, "credential is bearer, session or signed_cookie.");
        if (request.Credential == Credentials.SignedCookie && !signedCookies.Enabled)
            return this.Problem(ErrorCode.InvalidRequest, "JwtAuth:SignedCookies:Enabled is false.");
        if (request.Refresh is not (null or "cookie") || (isCookie && request.Refresh is not null))
            return this.Problem(ErrorCode.InvalidRequest, "refresh is cookie, for a login with tokens, or left out.");
        if (request is { PersonalAccessToken: { } token, Username: null, Password: null })
            return await ChangeAsync(token, request, cancellation);
        if (request is not { Username: { } username, Password: { } password, PersonalAccessToken: null })
            return this.Problem(ErrorCode.InvalidRequest, "Send username and password, or personal_access_token alone.");
        if (PasswordPolicy.Unusable(password) is { } fault)
            return this.Problem(ErrorCode.InvalidRequest, fault);
        string audience = request.Audience ?? (isCookie ? settings.Url : settings.Audiences[0]);
        if (!settings.Knows(audience) || (isCookie && audience != settings.Url))
            return this.Problem(ErrorCode.InvalidAudience, isCookie ? "A cookie is for this service alone: leave the audience out." : null);
        if (!ScopeGrant.AreKnown(request.Scope, settings))
            return this.Problem(ErrorCode.InvalidScope, $"The scopes are: {string.Join(' ', settings.Scopes.Keys)}");

        bool byCookie = request.Refresh is not null;
        if (byCookie && !ScopeGrant.AsksForRefresh(request.Scope))
            return this.Problem(ErrorCode.InvalidRequest, "A refresh token, also one in a cookie, needs the scope offline_access.");
        if ((byCookie && !cookie.IsAskedByOurs(Request)) || (isCookie && !cookies.IsAskedByOurs(Request)))
            return this.Problem(ErrorCode.Forbidden, "For the cookie, an Origin is needed that is this service's or one of JwtAuth:Cors:Origins.");

        switch (await authenticator.CheckAsync(username, password, HttpContext.Connection.RemoteIpAddress, cancellation))
        {
            case PasswordResult.Verified verified:
                return isCookie
                    ? await cookieReplies.GrantAsync(this, verified.Account, request.Scope, request.Credential!)
                    : await GrantAsync(verified.Account, audience, request.Scope, byCookie);
            case PasswordResult.TooManyAttempts refused:
                return this.Problem(ErrorCode.TooManyAttempts, refused.RetryAfter);
            case PasswordResult.Busy busy:
                return this.Problem(ErrorCode.Busy, busy.RetryAfter);
            default:
                return this.Problem(ErrorCode.InvalidCredentials);
        }
    }

    // A personal access token is changed into an access token for an API: no session begins, and nothing that it brings outlives it.
    private async Task<IActionResult> ChangeAsync(PersonalAccessToken token, LoginRequest request, CancellationToken cancellation)
    {
        if (request is not { Credential: null or "bearer", Refresh: null })
            return this.Problem(ErrorCode.InvalidRequest, "A personal access token brings an access token: no cookie and no refresh token.");
        string audience = request.Audience ?? settings.Audiences[0];
        if (!settings.Audiences.Contains(audience))
            return this.Problem(ErrorCode.InvalidAudience, audience == settings.Url ? "A personal access token is for APIs, never for the account." : null);
        if (!ScopeGrant.AreKnown(request.Scope, settings))
            return this.Problem(ErrorCode.InvalidScope, $"The scopes are: {string.Join(' ', settings.Scopes.Keys)}");

        switch (await personalAccessTokens.CheckAsync(token, HttpContext.Connection.RemoteIpAddress, cancellation))
        {
            case PersonalAccessTokenResult.Verified { Access: var access }:
                IReadOnlyList<string> granted = access.ScopesNow(settings, request.Scope);
                log.PersonalAccessTokenChanged(access.Id, access.Account.Subject, this.Device().Address);
                // What an API opens to a role is open to a person: a token of a program has its scopes.
                return Ok(TokenReply.Of(issuer.Issue(access.Account with { Roles = [] }, audience, granted, access.Id, until: access.ExpiresAt), granted));
            case PersonalAccessTokenResult.TooManyAttempts refused:
                return this.Problem(ErrorCode.TooManyAttempts, refused.RetryAfter);
            default:
                return this.Problem(ErrorCode.InvalidCredentials, "The personal access token is misspelt, deleted or over, or its account is disabled.");
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
        if (await refreshTokens.BeginAsync(account, audience, granted, this.Device(), replaced) is not { } session)
            return this.Problem(ErrorCode.InvalidCredentials);
        log.LoggedIn(account.Subject, this.Device().Address);
        log.SessionBegan(session.SessionId, account.Subject, this.Device().Address);
        return Ok(replies.Of(session, granted, Response, byCookie));
    }
}
