using JwtAuth.Server.AccessTokens;
using JwtAuth.Server.Logins;
using JwtAuth.Server.Observability;
using JwtAuth.Server.Sessions;

namespace JwtAuth.Server.Grants;

/// <summary>A session that a browser continues by its cookie.</summary>
/// <param name="Secret">What the cookie holds. The store knows only its hash.</param>
/// <param name="Scopes">What was granted.</param>
/// <param name="ExpiresAt">When it ends at the latest.</param>
internal sealed record GrantedSession(string Secret, IReadOnlyList<string> Scopes, DateTimeOffset ExpiresAt)
{
    // Keeps the secret out of logs.
    public override string ToString() => "[granted session]";
}

/// <summary>A session for a login whose credential is in a cookie. No token is issued.</summary>
internal sealed class CookieGrant(SessionStore sessions, IssuerSettings settings, ILogger<CookieGrant> log)
{
    /// <summary>What a cookie allows: a refresh token is never among it.</summary>
    public IReadOnlyList<string> ScopesOf(Login login, string? scope) =>
        [.. ScopeGrant.Of(scope, login.Account.Roles, settings).Where(name => name != ScopeGrant.OfflineAccess)];

    /// <param name="login">The login that was proved.</param>
    /// <param name="scope">The scopes that are asked for. They exist.</param>
    /// <param name="device">Where the login comes from.</param>
    /// <param name="replaces">The session that the same browser had before. It ends.</param>
    /// <returns><see langword="null"/> if the account has changed since the login was proved.</returns>
    public async Task<GrantedSession?> GrantAsync(Login login, string? scope, Device device, string? replaces)
    {
        IReadOnlyList<string> granted = ScopesOf(login, scope);
        string secret = SessionSecret.Make();
        var start = new SessionStart(settings.Url, granted, device, replaces, SessionSecret.HashOf(secret));
        if (await sessions.BeginAsync(login.Account, start) is not { } session)
            return null;
        log.SessionBegan(session.SessionId, login.Account.Subject, device.Address);
        log.LoggedIn(login.Account.Subject, device.Address);
        return new GrantedSession(secret, granted, session.ExpiresAt);
    }
}
