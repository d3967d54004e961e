using JwtAuth.Server.AccessTokens;
using JwtAuth.Server.Accounts;
using JwtAuth.Server.Authentication;
using JwtAuth.Server.Errors;
using JwtAuth.Server.Observability;
using JwtAuth.Server.Sessions;
using JwtAuth.Server.Storage;
using Microsoft.AspNetCore.Mvc;

namespace JwtAuth.Server.Endpoints.Account;

/// <summary>A login whose credential is in a cookie.</summary>
/// <param name="Credential" example="session">`session` or `signed_cookie`.</param>
/// <param name="Scope" example="orders:read">What was granted.</param>
/// <param name="ExpiresAt">When it ends at the latest.</param>
internal sealed record CookieReply(string Credential, string Scope, DateTimeOffset ExpiresAt);

/// <summary>Writes the reply of a login that asked for a cookie.</summary>
internal sealed class CookieReplies(SessionStore sessions, OwnCookies cookies, IssuerSettings settings, ILogger<CookieReplies> log)
{
    // A browser has one of the two cookies: that of its last login. A session that it had before ends, and its secret is not reused
    // (session fixation).
    public async Task<IActionResult> GrantAsync(ControllerBase controller, AccountSnapshot account, string? scope, string credential)
    {
        IReadOnlyList<string> granted = [.. ScopeGrant.Of(scope, account.Roles, settings).Where(name => name != ScopeGrant.OfflineAccess)];
        Device device = controller.Device();
        SessionRow? replaced = SessionSecret.HashOf(OwnCookies.Read(controller.Request, cookies.Session)) is { } former
            ? await sessions.FindByCookieAsync(former)
            : null;
        DateTimeOffset expiresAt;
        if (credential == Credentials.SignedCookie)
        {
            if (await controller.HttpContext.WriteSignedAsync(account, granted) is not { } signedUntil)
                return controller.Problem(
                    ErrorCode.InvalidScope, "These scopes and the account's roles are more than a cookie holds: ask for fewer.");
            if (replaced is not null)
                await sessions.EndAsync(replaced.SessionId, _ => true);
            expiresAt = signedUntil;
            cookies.ClearSent(controller.HttpContext, cookies.Session);
            log.SignedCookieIssued(account.Subject, device.Address);
        }
        else
        {
            string secret = SessionSecret.Make();
            var start = new SessionStart(settings.Url, granted, device, replaced?.SessionId, SessionSecret.HashOf(secret));
            if (await sessions.BeginAsync(account, start) is not { } session)
                return controller.Problem(ErrorCode.InvalidCredentials);
            expiresAt = session.ExpiresAt;
            await controller.HttpContext.WriteSessionAsync(secret, expiresAt);
            cookies.ClearSent(controller.HttpContext, cookies.SignedCookie);
            log.SessionBegan(session.SessionId, account.Subject, device.Address);
        }
        log.LoggedIn(account.Subject, device.Address);
        return controller.Ok(new CookieReply(credential, string.Join(' ', granted), expiresAt));
    }
}
