using JwtAuth.Server.Audit;
using JwtAuth.Server.Authentication;
using JwtAuth.Server.Descriptions;
using JwtAuth.Server.Errors;
using JwtAuth.Server.Grants;
using JwtAuth.Server.Logins;
using JwtAuth.Server.Observability;
using JwtAuth.Server.Sessions;
using Microsoft.AspNetCore.Mvc;

namespace JwtAuth.Server.Endpoints.Account;

/// <summary>A login whose credential is in a cookie.</summary>
/// <param name="Credential" example="session">`session` or `signed_cookie`.</param>
/// <param name="Scope" example="orders:read">What was granted.</param>
/// <param name="ExpiresAt">When it ends at the latest.</param>
internal sealed record CookieReply(
    [property: Words(Credentials.Session, Credentials.SignedCookie)] string Credential, string Scope, DateTimeOffset ExpiresAt);

/// <summary>
/// Writes the reply of a login that asked for a cookie. A browser has one of the two cookies: that of its last login. A session that it had
/// before ends, and its secret is not reused (session fixation).
/// </summary>
internal sealed class CookieReplies(
    CookieGrant grant, SessionStore sessions, OwnCookies cookies, AuditNotes notes, ILogger<CookieReplies> log)
{
    public Task<IActionResult> AnswerAsync(ControllerBase controller, Login login, LoginTerms terms) =>
        terms.Cookie == Credentials.SignedCookie
            ? SignAsync(controller, login, terms)
            : BeginAsync(controller, login, terms);

    private async Task<IActionResult> BeginAsync(ControllerBase controller, Login login, LoginTerms terms)
    {
        string? held = await HeldSessionAsync(controller.Request);
        if (await grant.GrantAsync(login, terms.Scope, controller.Device(), held) is not { } session)
            return controller.Problem(ErrorCode.InvalidCredentials);
        await controller.HttpContext.WriteSessionAsync(session.Secret, session.ExpiresAt, terms.IsPersistent);
        cookies.ClearSent(controller.HttpContext, cookies.SignedCookie);
        return Ok(controller, terms, session.Scopes, session.ExpiresAt);
    }

    // The store keeps nothing of a signed cookie: whoever writes the cookie has granted it.
    private async Task<IActionResult> SignAsync(ControllerBase controller, Login login, LoginTerms terms)
    {
        IReadOnlyList<string> granted = grant.ScopesOf(login, terms.Scope);
        if (await controller.HttpContext.WriteSignedAsync(login.Account, granted, terms.IsPersistent) is not { } expiresAt)
            return controller.Problem(
                ErrorCode.InvalidScope, "These scopes and the account's roles are more than a cookie holds: ask for fewer.");
        if (await HeldSessionAsync(controller.Request) is { } held)
            await sessions.EndForgottenAsync(held, AuditDetail.Replaced);
        cookies.ClearSent(controller.HttpContext, cookies.Session);
        log.SignedCookieIssued(login.Account.Subject, controller.Device().Address);
        log.LoggedIn(login.Account.Subject, controller.Device().Address);
        notes.Add(Logins.LoginNotes.Succeeded(login.Account.Subject, AuditDetail.SignedCookie));
        return Ok(controller, terms, granted, expiresAt);
    }

    private async Task<string?> HeldSessionAsync(HttpRequest request) =>
        SessionSecret.HashOf(OwnCookies.Read(request, cookies.Session)) is { } hash
            ? (await sessions.FindByCookieAsync(hash))?.SessionId
            : null;

    private static OkObjectResult Ok(ControllerBase controller, LoginTerms terms, IReadOnlyList<string> scopes, DateTimeOffset expiresAt) =>
        controller.Ok(new CookieReply(terms.Cookie!, string.Join(' ', scopes), expiresAt));
}
