using System.Text.Encodings.Web;
using JwtAuth.Server.AccessTokens;
using JwtAuth.Server.Audit;
using JwtAuth.Server.Errors;
using JwtAuth.Server.Logins;
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
    IssuerSettings settings, AuditNotes notes)
    : AuthenticationHandler<AuthenticationSchemeOptions>(options, logger, encoder)
{
    private static readonly StringValues Challenges = new(["Basic realm=\"JwtAuth\", charset=\"UTF-8\"", "Bearer"]);

    // Null if what was sent cannot be a name and a password.
    private PasswordResult? result;

    protected override async Task<AuthenticateResult> HandleAuthenticateAsync()
    {
        if (BasicCredentials.Read(Request.Headers.Authorization.ToString()) is not { } pair)
            return AuthenticateResult.Fail(ErrorCode.InvalidCredentials.Title);

        DateTimeOffset begunAt = TimeProvider.GetUtcNow();
        result = await authenticator.CheckAsync(pair.Username, pair.Password, Context.Connection.RemoteIpAddress, Context.RequestAborted);
        notes.AddIfRefused(result, pair.Username);
        // A pair that is remembered was noted when it was verified.
        if (result is PasswordResult.Verified { Login: var login } && login.AuthenticatedAt >= begunAt)
            notes.Add(LoginNotes.Succeeded(login.Account.Subject, AuditDetail.Basic));
        return result is PasswordResult.Verified verified
            ? AuthenticateResult.Success(new AuthenticationTicket(
                AccountPrincipal.Of(Scheme.Name, verified.Account, ScopeGrant.All(verified.Account.Roles, settings), expiresAt: null),
                Scheme.Name))
            : AuthenticateResult.Fail(result.AsError().Error.Title);
    }

    protected override Task HandleChallengeAsync(AuthenticationProperties properties)
    {
        (ErrorCode error, TimeSpan? retryAfter) = result?.AsError() ?? (ErrorCode.InvalidCredentials, null);
        if (retryAfter is { } later)
            Response.Headers.RetryAfter = Problems.Seconds(later);
        else
            Response.Headers.WWWAuthenticate = Challenges;
        return Problems.WriteAsync(Context, error);
    }
}
