using System.Text.Encodings.Web;
using JwtAuth.Server.AccessTokens;
using JwtAuth.Server.Errors;
using JwtAuth.Server.Passwords;
using Microsoft.AspNetCore.Authentication;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Primitives;

namespace JwtAuth.Server.Authentication;

/// <summary>
/// HTTP Basic (RFC 7617). It is chosen for a request that sends it to a call that takes it, and answers as a login does. The caller has all
/// scopes that the roles allow now, but no login. So calls that end or change something of a login are not open.
/// </summary>
internal sealed class BasicHandler(
    IOptionsMonitor<AuthenticationSchemeOptions> options, ILoggerFactory logger, UrlEncoder encoder, PairAuthenticator authenticator,
    IssuerSettings settings)
    : AuthenticationHandler<AuthenticationSchemeOptions>(options, logger, encoder)
{
    private static readonly StringValues Challenges = new(["Basic realm=\"JwtAuth\", charset=\"UTF-8\"", "Bearer"]);

    private (ErrorCode Error, TimeSpan RetryAfter)? later;

    protected override async Task<AuthenticateResult> HandleAuthenticateAsync()
    {
        if (BasicCredentials.Read(Request.Headers.Authorization.ToString()) is not { } pair)
            return AuthenticateResult.Fail(ErrorCode.InvalidCredentials.Title);

        switch (await authenticator.CheckAsync(pair.Username, pair.Password, Context.Connection.RemoteIpAddress, Context.RequestAborted))
        {
            case PasswordResult.Verified verified:
                return AuthenticateResult.Success(new AuthenticationTicket(
                    AccountPrincipal.Of(Scheme.Name, verified.Account, ScopeGrant.All(verified.Account.Roles, settings), expiresAt: null),
                    Scheme.Name));
            case PasswordResult.TooManyAttempts refused:
                return Later(ErrorCode.TooManyAttempts, refused.RetryAfter);
            case PasswordResult.Busy busy:
                return Later(ErrorCode.Busy, busy.RetryAfter);
            default:
                return AuthenticateResult.Fail(ErrorCode.InvalidCredentials.Title);
        }
    }

    protected override Task HandleChallengeAsync(AuthenticationProperties properties)
    {
        if (later is { } refused)
        {
            Response.Headers.RetryAfter = Problems.Seconds(refused.RetryAfter);
            return Problems.WriteAsync(Context, refused.Error);
        }
        Response.Headers.WWWAuthenticate = Challenges;
        return Problems.WriteAsync(Context, ErrorCode.InvalidCredentials);
    }

    private AuthenticateResult Later(ErrorCode error, TimeSpan retryAfter)
    {
        later = (error, retryAfter);
        return AuthenticateResult.Fail(error.Title);
    }
}
