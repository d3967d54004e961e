using JwtAuth.Server.Accounts;
using JwtAuth.Server.Audit;
using JwtAuth.Server.RefreshTokens;
using JwtAuth.Server.Sessions;
using Microsoft.AspNetCore.Authentication;

namespace JwtAuth.Server.Authentication;

/// <summary>Ends the sessions behind the cookies that a request carries, and makes the browser forget them.</summary>
internal sealed class HeldCookies(
    RefreshCookie refreshCookie, OwnCookies cookies, RefreshTokenStore refreshTokens, SessionStore sessions, AccountSnapshots accounts)
{
    /// <summary>
    /// The browser forgets its cookies, so the sessions behind them must end too, even those of another login. Only a page of ours may end
    /// another login's session.
    /// </summary>
    /// <param name="context">The request.</param>
    /// <param name="caller">Whose logout it is.</param>
    /// <param name="ended">What was ended before.</param>
    /// <returns>All that was ended.</returns>
    public async Task<Ended> EndAsync(HttpContext context, Caller caller, Ended ended)
    {
        if (!refreshCookie.TryRead(context.Request, out RefreshToken held) || held.SessionId == caller.SessionId)
            refreshCookie.Clear(context.Response);
        else if (refreshCookie.HasOwnOrigin(context.Request))
        {
            refreshCookie.Clear(context.Response);
            if (await refreshTokens.FindOwnerAsync(held) is { } owner && await sessions.EndOwnAsync(owner) is { RefreshTokens: > 0 })
                ended = ended with { RefreshTokens = ended.RefreshTokens + 1 };
        }

        if (cookies.IsAskedByOurs(context.Request))
        {
            if (SessionSecret.HashOf(OwnCookies.Read(context.Request, cookies.Session)) is { } hash
                && await sessions.FindByCookieAsync(hash) is { } other
                && await sessions.EndForgottenAsync(other.SessionId, AuditDetail.Logout) is not null)
            {
                ended = ended with { Sessions = ended.Sessions + 1 };
            }
            cookies.ClearSent(context, cookies.Session);
            cookies.ClearSent(context, cookies.SignedCookie);
            cookies.ClearSent(context, cookies.Device);
        }
        return ended;
    }

    /// <summary>
    /// Replaces the caller's signed cookie, because a logout of all others has ended it too. The new one says the same and ends at the same
    /// time, so that a copy in other hands is not prolonged. It has the generation that this logout has begun. If anything else has changed
    /// since, none is issued.
    /// </summary>
    public async Task RenewSignedAsync(HttpContext context, Caller caller)
    {
        AuthenticateResult signed = await context.AuthenticateAsync(Credentials.SignedCookie);
        if (await accounts.FindBySubjectAsync(caller.Subject) is { IsEnabled: true } account && account.Generation == caller.Generation + 1)
            await context.WriteSignedAsync(
                account, context.User.FindAll("scope").Select(scope => scope.Value), signed.Properties!.IsPersistent,
                signed.Properties.ExpiresUtc);
    }

    /// <summary>
    /// Until when a copy of the request's signed cookie stays good. <see langword="null"/> if another page sent the request, because then
    /// the cookie is not cleared.
    /// </summary>
    public async Task<DateTimeOffset?> SignedUntilAsync(HttpContext context) =>
        cookies.IsAskedByOurs(context.Request) && await context.AuthenticateAsync(Credentials.SignedCookie) is { Succeeded: true } signed
            ? signed.Properties.ExpiresUtc
            : null;
}
