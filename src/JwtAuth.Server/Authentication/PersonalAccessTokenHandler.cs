using System.Text.Encodings.Web;
using JwtAuth.Bearer;
using JwtAuth.Server.AccessTokens;
using JwtAuth.Server.Errors;
using JwtAuth.Server.PersonalAccessTokens;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authorization;
using Microsoft.Extensions.Options;

namespace JwtAuth.Server.Authentication;

/// <summary>
/// Accepts a personal access token where an access token is expected. It comes in the same header and is recognised by its prefix. On the
/// wire, its refusals look like those of an access token.
/// </summary>
internal sealed class PersonalAccessTokenHandler(
    IOptionsMonitor<AuthenticationSchemeOptions> options, ILoggerFactory logger, UrlEncoder encoder,
    PersonalAccessTokenAuthenticator authenticator, IssuerSettings issuer, IHostEnvironment environment)
    : AuthenticationHandler<AuthenticationSchemeOptions>(options, logger, encoder)
{
    // The result of the check; null if a second token was sent as well.
    private PersonalAccessTokenResult? result;

    /// <summary>Whether the one <c>Authorization</c> header claims to hold such a token, and the call asks who is calling.</summary>
    public static bool IsAskedFor(HttpContext context) =>
        PresentedToken.KindOf(PresentedBearer.TokenOf(context.Request.Headers.Authorization)) == Credentials.PersonalAccessToken
        && context.GetEndpoint() is { } endpoint && endpoint.Metadata.GetMetadata<IAllowAnonymous>() is null;

    protected override async Task<AuthenticateResult> HandleAuthenticateAsync()
    {
        if (await PresentedBearer.HasSecondMethodAsync(Request))
            return AuthenticateResult.Fail("A bearer token was sent more than once.");
        var token = new PersonalAccessToken(PresentedBearer.TokenOf(Request.Headers.Authorization).ToString());
        result = await authenticator.CheckAsync(token, Context.Connection.RemoteIpAddress, isGrant: false, Context.RequestAborted);
        return result is PersonalAccessTokenResult.Verified verified
            ? AuthenticateResult.Success(new AuthenticationTicket(
                AccountPrincipal.Of(Scheme.Name, verified.Access.Account, verified.Access.ScopesNow(issuer), verified.Access.ExpiresAt),
                Scheme.Name))
            : AuthenticateResult.Fail("Personal access token refused.");
    }

    protected override async Task HandleChallengeAsync(AuthenticationProperties properties)
    {
        await HandleAuthenticateOnceSafeAsync();
        switch (result)
        {
            case PersonalAccessTokenResult.TooManyAttempts refused:
                Response.Headers.RetryAfter = Problems.Seconds(refused.RetryAfter);
                await Problems.WriteAsync(Context, ErrorCode.TooManyAttempts);
                break;
            case PersonalAccessTokenResult.Refused refused:
                await RefuseAsync(StatusCodes.Status401Unauthorized, "invalid_token", refused.Rejection.Reason, refused.Rejection.Hint);
                break;
            default:
                await RefuseAsync(
                    StatusCodes.Status400BadRequest, "invalid_request", Refusal.AmbiguousReason, Refusal.AmbiguousHint);
                break;
        }
    }

    private Task RefuseAsync(int status, string error, string reason, string hint)
    {
        Response.StatusCode = status;
        Response.Headers.WWWAuthenticate = $"Bearer error=\"{error}\"";
        return environment.IsDevelopment() ? RefusalReason.WriteAsync(Response, error, reason, hint) : Task.CompletedTask;
    }
}
