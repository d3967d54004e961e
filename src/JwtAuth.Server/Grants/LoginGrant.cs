using JwtAuth.Server.AccessTokens;
using JwtAuth.Server.Audit;
using JwtAuth.Server.Logins;
using JwtAuth.Server.Observability;
using JwtAuth.Server.RefreshTokens;
using JwtAuth.Server.Sessions;

namespace JwtAuth.Server.Grants;

/// <summary>
/// Tokens for a login at the service itself. With <c>offline_access</c> a session begins. Without it, nothing is written, and the audit
/// trail notes the login in the background.
/// </summary>
internal sealed class LoginGrant(
    TokenIssuer issuer, RefreshTokenStore refreshTokens, IssuerSettings settings, AuditNotes notes, Meters meters,
    ILogger<LoginGrant> log)
{
    /// <param name="login">The login that was proved.</param>
    /// <param name="audience">The audience of the tokens: one that the issuer knows.</param>
    /// <param name="scope">The scopes that are asked for. They exist.</param>
    /// <param name="device">Where the login comes from.</param>
    /// <param name="replaces">The session that the same browser had before. It ends.</param>
    /// <returns><see langword="null"/> if the account has changed since the login was proved.</returns>
    public async Task<GrantedTokens?> GrantAsync(Login login, string audience, string? scope, Device device, string? replaces)
    {
        await issuer.BeginAsync();
        IReadOnlyList<string> granted = ScopeGrant.Of(scope, login.Account.Roles, settings);
        if (!granted.Contains(ScopeGrant.OfflineAccess))
        {
            log.LoggedIn(login.Account.Subject, device.Address);
            notes.Add(LoginNotes.Succeeded(login.Account.Subject, AuditDetail.Password));
            meters.CountIssued("password");
            return new GrantedTokens(issuer.Issue(Grant.To(login.Account, audience, granted, TokenIssuer.NewId())), granted);
        }

        if (await refreshTokens.BeginAsync(login.Account, audience, granted, device, replaces) is not { } session)
            return null;
        log.LoggedIn(login.Account.Subject, device.Address);
        log.SessionBegan(session.Session.SessionId, login.Account.Subject, device.Address);
        meters.CountIssued("password");
        return RefreshGrant.TokensOf(session, granted, issuer);
    }
}
