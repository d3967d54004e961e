using JwtAuth.Server.Audit;
using JwtAuth.Server.Authentication;
using JwtAuth.Server.Descriptions;
using JwtAuth.Server.Errors;
using JwtAuth.Server.Grants;
using JwtAuth.Server.Logins;
using JwtAuth.Server.Passwords;
using JwtAuth.Server.PersonalAccessTokens;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Mvc;

namespace JwtAuth.Server.Endpoints.Account;

[ApiController]
[AllowAnonymous]
[Tags("Account")]
internal sealed class LoginController(
    LoginTermsReader reader, PresentedPasswords passwords, LoginGrant grant, CookieReplies cookieReplies,
    PersonalAccessTokenLogin personalAccessTokens,
    TokenReplies replies) : ControllerBase
{
    /// <summary>Exchanges a password for a signed JWT.</summary>
    /// <remarks>
    /// With the scope `offline_access` a session begins, and the reply contains its first refresh token. Without it, nothing is stored.
    /// </remarks>
    /// <response code="200">The tokens; or, if a cookie was asked for, what it is and until when it is good.</response>
    /// <response code="400">`invalid_request`, `invalid_scope`, `invalid_audience`</response>
    /// <response code="403">`forbidden`: for the cookie, an `Origin` is needed that is ours or allowed</response>
    /// <response code="401">`invalid_credentials`: the same bytes for an unknown name, a wrong password and a disabled account</response>
    /// <response code="429">`too_many_attempts`</response>
    /// <response code="503">`busy`</response>
    [HttpPost("/auth/login", Name = "login")]
    [ProducesResponseType<TokenReply>(200)]
    [OneOf("LoginReply", typeof(TokenReply), typeof(CookieReply))]
    public async Task<IActionResult> Login(LoginRequest request, CancellationToken cancellation)
    {
        (LoginTerms? terms, IActionResult? refusal) = reader.Read(request, Request);
        if (terms is null)
            return refusal!;
        if (request.PersonalAccessToken is { } token)
            return await personalAccessTokens.AnswerAsync(this, token, terms, cancellation);
        PasswordResult result = await passwords.CheckAsync(HttpContext, request.Username!, request.Password!, terms.IsPersistent);
        return result is not PasswordResult.Verified { Login: var login } ? this.Problem(result)
            : terms.Cookie is null ? await GrantAsync(login, terms)
            : await cookieReplies.AnswerAsync(this, login, terms);
    }

    private async Task<IActionResult> GrantAsync(Login login, LoginTerms terms)
    {
        // A browser has one cookie, so it could no longer reach the session that it had before.
        string? replaced = terms.RefreshInCookie ? replies.HeldSession(Request) : null;
        return await grant.GrantAsync(login, terms.Audience, terms.Scope, this.Device(), replaced) is { } granted
            ? Ok(replies.Of(granted, Response, terms.RefreshInCookie, terms.IsPersistent))
            : this.Problem(ErrorCode.InvalidCredentials);
    }
}

/// <summary>Answers a login with a personal access token.</summary>
internal sealed class PersonalAccessTokenLogin(
    PersonalAccessTokenAuthenticator authenticator, PersonalAccessTokenGrant grant, TokenReplies replies, AuditNotes notes)
{
    public async Task<IActionResult> AnswerAsync(
        ControllerBase controller, PersonalAccessToken token, LoginTerms terms, CancellationToken cancellation) =>
        await authenticator.CheckAsync(token, controller.HttpContext.Connection.RemoteIpAddress, isGrant: true, cancellation) switch
        {
            PersonalAccessTokenResult.Verified { Access: var access }
                when await grant.GrantAsync(access, terms.Audience, terms.Scope, controller.Device()) is { } granted =>
                Answer(controller, granted, access.Account.Subject),
            PersonalAccessTokenResult.TooManyAttempts refused => controller.Problem(ErrorCode.TooManyAttempts, refused.RetryAfter),
            _ => controller.Problem(
                ErrorCode.InvalidCredentials, "The personal access token is misspelt, deleted or over, or its account is disabled."),
        };

    private OkObjectResult Answer(ControllerBase controller, GrantedTokens granted, string subject)
    {
        notes.Add(LoginNotes.Succeeded(subject, AuditDetail.PersonalAccessToken));
        return controller.Ok(replies.Of(granted, controller.Response));
    }
}
