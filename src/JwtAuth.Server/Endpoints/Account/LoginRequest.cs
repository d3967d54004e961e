using JwtAuth.Server.AccessTokens;
using JwtAuth.Server.Authentication;
using JwtAuth.Server.Descriptions;
using JwtAuth.Server.Errors;
using JwtAuth.Server.Passwords;
using JwtAuth.Server.PersonalAccessTokens;
using Microsoft.AspNetCore.Mvc;

namespace JwtAuth.Server.Endpoints.Account;

/// <summary>A login with name and password, or with a personal access token instead.</summary>
internal sealed record LoginRequest
{
    /// <summary>The account's name, in any letter case.</summary>
    /// <example>alice</example>
    public string? Username { get; init; }

    /// <summary>Its password.</summary>
    /// <example>a quiet harbour at dawn</example>
    public Password? Password { get; init; }

    /// <summary>
    /// Scopes to ask for, separated by spaces (RFC 6749 §3.3). Those that the user may not have are left out. So is `offline_access` if the
    /// login gets no refresh token.
    /// </summary>
    /// <example>orders:read</example>
    public string? Scope { get; init; }

    /// <summary>
    /// The API that the token is for. If left out, the first one that is configured. For the account, send the issuer's own URL. A cookie
    /// is always for the issuer.
    /// </summary>
    /// <example>orders</example>
    public string? Audience { get; init; }

    /// <summary>`bearer`; or, for a cookie instead of tokens, `session` or `signed_cookie`.</summary>
    /// <example>bearer</example>
    [Words(Credentials.BearerOnTheWire, Credentials.Session, Credentials.SignedCookie)]
    public string? Credential { get; init; }

    /// <summary>`cookie` puts the refresh token into an HttpOnly cookie. If left out, it is in the reply.</summary>
    [Words("cookie")]
    public string? Refresh { get; init; }

    /// <summary>
    /// For a login that sets a cookie. `false`: the browser forgets it when it is closed. If left out, or `true`, it stays until the login
    /// ends.
    /// </summary>
    /// <example>null</example>
    public bool? Persistent { get; init; }

    /// <summary>
    /// Instead of name and password. The reply is an access token for an API, within the scopes of the personal access token.
    /// </summary>
    public PersonalAccessToken? PersonalAccessToken { get; init; }
}

/// <summary>What a login asks for, after the checks.</summary>
/// <param name="Cookie">The kind of cookie to issue instead of tokens; <see langword="null"/> for tokens.</param>
/// <param name="Audience">The audience of the credential.</param>
/// <param name="Scope">Scopes that exist.</param>
/// <param name="RefreshInCookie">Whether the refresh token goes into a cookie.</param>
/// <param name="IsPersistent">Whether the browser keeps the cookie when it is closed.</param>
internal sealed record LoginTerms(string? Cookie, string Audience, string? Scope, bool RefreshInCookie, bool IsPersistent);

/// <summary>Checks what a login asks for, before it checks any secret.</summary>
internal sealed class LoginTermsReader(
    IssuerSettings settings, SignedCookieSettings signedCookies, OwnCookies cookies, RefreshCookie refreshCookie)
{
    /// <summary>Either the terms, or the answer that refuses the login.</summary>
    public (LoginTerms? Terms, IActionResult? Refusal) Read(LoginRequest request, HttpRequest http)
    {
        string? cookie = request.Credential is Credentials.Session or Credentials.SignedCookie ? request.Credential : null;
        bool isRefreshInCookie = request.Refresh is not null;
        IActionResult? refusal =
            CheckForm(request, cookie)
            ?? (request.PersonalAccessToken is null ? CheckPassword(request) : CheckPersonalAccessToken(request))
            ?? CheckAudience(request, cookie)
            ?? CheckScope(request)
            ?? (isRefreshInCookie && !ScopeGrant.AsksForRefresh(request.Scope)
                ? Problems.Result(ErrorCode.InvalidRequest, "A refresh token, also one in a cookie, needs the scope offline_access.")
                : null)
            ?? ((isRefreshInCookie && !refreshCookie.HasOwnOrigin(http)) || (cookie is not null && !cookies.IsAskedByOurs(http))
                ? Problems.Result(
                    ErrorCode.Forbidden, "For the cookie, an Origin is needed that is this service's or one of JwtAuth:Cors:Origins.")
                : null);
        return refusal is null
            ? (new LoginTerms(cookie, AudienceOf(request, cookie), request.Scope, isRefreshInCookie, request.Persistent ?? true), null)
            : (null, refusal);
    }

    private ObjectResult? CheckForm(LoginRequest request, string? cookie) =>
        cookie is null && request.Credential is not (null or Credentials.BearerOnTheWire)
            ? Problems.Result(ErrorCode.InvalidRequest, "credential is bearer, session or signed_cookie.")
        : cookie == Credentials.SignedCookie && !signedCookies.Enabled
            ? Problems.Result(ErrorCode.InvalidRequest, "JwtAuth:SignedCookies:Enabled is false.")
        : request.Refresh is not (null or "cookie") || (cookie is not null && request.Refresh is not null)
            ? Problems.Result(ErrorCode.InvalidRequest, "refresh is cookie, for a login with tokens, or left out.")
        : request.Persistent is not null && cookie is null && request.Refresh is null
            ? Problems.Result(ErrorCode.InvalidRequest, "persistent is for a login that sets a cookie.")
        : null;

    private static ObjectResult? CheckPassword(LoginRequest request) =>
        request is not { Username: not null, Password: { } password }
            ? Problems.Result(ErrorCode.InvalidRequest, "Send username and password, or personal_access_token alone.")
        : PasswordPolicy.Unusable(password) is { } fault ? Problems.Result(ErrorCode.InvalidRequest, fault)
        : null;

    private static ObjectResult? CheckPersonalAccessToken(LoginRequest request) =>
        request is not { Username: null, Password: null }
            ? Problems.Result(ErrorCode.InvalidRequest, "Send username and password, or personal_access_token alone.")
        : request is not { Credential: null or Credentials.BearerOnTheWire, Refresh: null }
            ? Problems.Result(ErrorCode.InvalidRequest, "A personal access token brings an access token: no cookie and no refresh token.")
        : null;

    private ObjectResult? CheckAudience(LoginRequest request, string? cookie)
    {
        string audience = AudienceOf(request, cookie);
        if (request.PersonalAccessToken is not null)
            return settings.Audiences.Contains(audience) ? null : Refusals.NoApi(settings);
        if (cookie is not null)
        {
            return audience == settings.Url ? null
                : Problems.Result(ErrorCode.InvalidAudience, "A cookie is for this service alone: leave the audience out.");
        }
        return settings.Knows(audience) ? null : Refusals.UnknownAudience(settings);
    }

    private ObjectResult? CheckScope(LoginRequest request) =>
        ScopeGrant.AreKnown(request.Scope, settings) ? null : Refusals.UnknownScope(settings);

    private string AudienceOf(LoginRequest request, string? cookie) => request.Audience
        ?? (cookie is null ? settings.Audiences[0] : settings.Url);
}
