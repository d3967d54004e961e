using JwtAuth.Server.AccessTokens;
using JwtAuth.Server.Accounts;
using JwtAuth.Server.Configuration;
using JwtAuth.Server.Errors;
using JwtAuth.Server.Passwords;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Mvc;

namespace JwtAuth.Server.Endpoints;

/// <summary>A login with name and password.</summary>
/// <param name="Username" example="alice">The account's name, in any letter case.</param>
/// <param name="Password" example="a quiet harbour at dawn">Its password.</param>
/// <param name="Scope" example="orders:read">Scopes to ask for, separated by spaces (RFC 6749 §3.3). What the user may not have is left out.</param>
/// <param name="Audience" example="orders">The API that the token is for; left out, the first that is configured. The issuer's own URL for the account.</param>
/// <param name="Credential" example="bearer">`bearer`.</param>
internal sealed record LoginRequest(string Username, Password Password, string? Scope = null, string? Audience = null, string? Credential = null);

/// <summary>A token reply (RFC 6749 §5.1).</summary>
/// <param name="AccessToken">The signed JWT (RFC 9068).</param>
/// <param name="TokenType" example="Bearer">Always `Bearer`.</param>
/// <param name="ExpiresIn" example="300">Remaining life in seconds.</param>
/// <param name="Scope" example="orders:read">What was granted.</param>
internal sealed record TokenReply(string AccessToken, string TokenType, long ExpiresIn, string Scope)
{
    public override string ToString() => "[token reply]";
}

[ApiController]
[AllowAnonymous]
[Tags("Account")]
internal sealed class LoginController(PasswordDoor door, TokenIssuer issuer, IssuerSettings settings) : ControllerBase
{
    /// <summary>Changes a password into a signed JWT.</summary>
    /// <response code="200">The token. Nothing was written.</response>
    /// <response code="400">`invalid_request`, `invalid_scope`, `invalid_audience`</response>
    /// <response code="401">`invalid_credentials`: the same bytes for an unknown name, a wrong password and a disabled account</response>
    /// <response code="429">`too_many_attempts`</response>
    /// <response code="503">`busy`</response>
    [HttpPost("/auth/login")]
    [ProducesResponseType<TokenReply>(200)]
    public async Task<IActionResult> Login(LoginRequest request, CancellationToken cancellation)
    {
        if (request.Credential is not (null or "bearer"))
            return this.Problem(ErrorCode.InvalidRequest, "The only credential is bearer.");
        if (PasswordPolicy.Unusable(request.Password) is { } fault)
            return this.Problem(ErrorCode.InvalidRequest, fault);
        string audience = request.Audience ?? settings.Audiences[0];
        if (audience != settings.Url && !settings.Audiences.Contains(audience))
            return this.Problem(ErrorCode.InvalidAudience);
        if (!ScopeGrant.AreKnown(request.Scope, settings))
            return this.Problem(ErrorCode.InvalidScope, $"The scopes are: {string.Join(' ', settings.Scopes.Keys)}");

        switch (await door.CheckAsync(request.Username, request.Password, HttpContext.Connection.RemoteIpAddress, cancellation))
        {
            case PasswordResult.Verified verified:
                return Ok(Reply(verified.Account, audience, request.Scope));
            case PasswordResult.TooManyAttempts refused:
                return this.Problem(ErrorCode.TooManyAttempts, refused.RetryAfter);
            case PasswordResult.Busy busy:
                return this.Problem(ErrorCode.Busy, busy.RetryAfter);
            default:
                return this.Problem(ErrorCode.InvalidCredentials);
        }
    }

    private TokenReply Reply(AccountSnapshot account, string audience, string? scope)
    {
        IReadOnlyList<string> granted = ScopeGrant.Of(scope, account.Roles, settings);
        IssuedToken token = issuer.Issue(account, audience, granted, TokenIssuer.NewId());
        return new TokenReply(token.Value, "Bearer", (long)token.Lifetime.TotalSeconds, string.Join(' ', granted));
    }
}
