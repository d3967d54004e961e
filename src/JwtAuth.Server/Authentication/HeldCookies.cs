using JwtAuth.Server.Accounts;
using JwtAuth.Server.RefreshTokens;
using JwtAuth.Server.Sessions;
using Microsoft.AspNetCore.Authentication;

namespace JwtAuth.Server.Authentication;

/// <summary>Ends what is behind the cookies that a request has brought, and lets the browser forget them.</summary>
internal sealed class HeldCookies(
    RefreshCookie refreshCookie, OwnCookies cookies, RefreshTokenStore refreshTokens, SessionStore sessions, AccountStore accounts)
{
    /// <summary>
    /// The browser forgets its cookies, so the sessions behind them must not live on, be they another login's. Only a page of ours may do
    /// that to another one.
    /// </summary>
    /// <param name="context">The request.</param>
    /// <param name="caller">Whose logout it is.</param>
    /// <param name="ended">What was ended before.</param>
    /// <returns>All that was ended.</returns>
    public async Task<Ended> EndAsync(HttpContext context, Caller caller, Ended ended)
    {
        if (!refreshCookie.TryRead(context.Request, out RefreshToken held) || held.SessionId == caller.SessionId)
            refreshCookie.Clear(context.Response);
        else if (refreshCookie.IsAskedByOurs(context.Request))
        {
            refreshCookie.Clear(context.Response);
            if (await refreshTokens.FindOwnerAsync(held) is { } owner && await sessions.EndOwnAsync(owner) is { RefreshTokens: > 0 })
                ended = ended with { RefreshTokens = ended.RefreshTokens + 1 };
        }

        if (cookies.IsAskedByOurs(context.Request))
        {
            if (SessionSecret.HashOf(OwnCookies.Read(context.Request, cookies.Session)) is { } hash
                && await sessions.FindByCookieAsync(hash) is { } other
                && await sessions.EndAsync(other.SessionId, _ => true) is not null)
            {
                ended = ended with { Sessions = ended.Sessions + 1 };
            }
            cookies.ClearSent(context, cookies.Session);
            cookies.ClearSent(context, cookies.SignedCookie);
        }
        return ended;
    }

    /// <summary>
    /// Puts another signed cookie in the place of the caller's, which a logout of all others has ended too. It says the same and ends at
    /// the same moment, so that a copy in other hands is not prolonged. It is of the generation that this logout has begun: no change since
    /// then is survived.
    /// </summary>
    public async Task RenewSignedAsync(HttpContext context, Caller caller)
    {
        AuthenticateResult signed = await context.AuthenticateAsync(Credentials.SignedCookie);
        if (await accounts.FindBySubjectAsync(caller.Subject) is { IsEnabled: true } account && account.Generation == caller.Generation + 1)
            await context.WriteSignedAsync(
                account, context.User.FindAll("scope").Select(scope => scope.Value), signed.Properties!.ExpiresUtc);
    }

    /// <summary>
    /// Until when a copy of the signed cookie lives that the request has brought. A request of another page's gives up none.
    /// </summary>
    public async Task<DateTimeOffset?> SignedUntilAsync(HttpContext context) =>
        cookies.IsAskedByOurs(context.Request) && await context.AuthenticateAsync(Credentials.SignedCookie) is { Succeeded: true } signed
            ? signed.Properties.ExpiresUtc
            : null;
}
