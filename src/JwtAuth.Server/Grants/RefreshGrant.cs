using JwtAuth.Server.AccessTokens;
using JwtAuth.Server.Observability;
using JwtAuth.Server.RefreshTokens;
using JwtAuth.Server.Sessions;

namespace JwtAuth.Server.Grants;

/// <summary>What became of a refresh: one of three, and only the first carries tokens.</summary>
internal abstract record RefreshResult
{
    private RefreshResult()
    {
    }

    public sealed record Granted(GrantedTokens Tokens) : RefreshResult;

    /// <summary>More was asked for than the login was granted (RFC 6749 §6). Nothing was used up.</summary>
    public sealed record ScopeExceeded : RefreshResult;

    /// <summary>The token is not good any more, or was used before: then its session is ended.</summary>
    public sealed record Refused : RefreshResult;
}

/// <summary>A new access token and the next refresh token for a refresh token (RFC 6749 §6).</summary>
internal sealed class RefreshGrant(
    RefreshTokenStore refreshTokens, TokenIssuer issuer, IssuerSettings settings, Meters meters, ILogger<RefreshGrant> log)
{
    /// <param name="token">A refresh token that we wrote.</param>
    /// <param name="scope">Less than was granted at login, for this access token alone; left out, all of it. Scopes that exist.</param>
    /// <param name="device">Where it comes from.</param>
    /// <param name="isSharedByTabs">Whether it comes in a cookie, which the tabs of a browser share.</param>
    public async Task<RefreshResult> GrantAsync(RefreshToken token, string? scope, Device device, bool isSharedByTabs)
    {
        // Asked before the token is used up: a typing error costs nothing.
        if (scope is not null && await refreshTokens.FindAliveAsync(token) is { } alive && ScopeGrant.IsMore(scope, alive.Session.Scope))
            return new RefreshResult.ScopeExceeded();

        switch (await refreshTokens.RotateAsync(token, device, isSharedByTabs))
        {
            case Rotation.Successor session:
                if (session.IsRepeated)
                    log.RefreshRepeated(token.SessionId, session.Account.Subject, device.Address);
                else
                    log.SessionRefreshed(token.SessionId, session.Account.Subject, device.Address);
                meters.CountRefresh(session.IsRepeated ? "repeated" : "rotated");
                return new RefreshResult.Granted(
                    TokensOf(session, ScopeGrant.OfRefresh(scope, session.Session.Scope, session.Account.Roles, settings), issuer));
            case Rotation.Reused reused:
                log.RefreshReused(token.SessionId, reused.Subject, device.Address);
                meters.CountRefresh("reused");
                return new RefreshResult.Refused();
            case Rotation.Ahead ahead:
                log.RefreshAhead(token.SessionId, ahead.Subject, device.Address);
                meters.CountRefresh("ahead");
                return new RefreshResult.Refused();
            default:
                return Refuse(device, "its session has ended, or its audience is not configured any more");
        }
    }

    /// <summary>Counts and logs what is no refresh token that could be looked for.</summary>
    public RefreshResult Refuse(Device device, string reason)
    {
        log.RefreshRefused(device.Address, reason);
        meters.CountRefresh("refused");
        return new RefreshResult.Refused();
    }

    /// <summary>The tokens of a session that begins or goes on.</summary>
    public static GrantedTokens TokensOf(Rotation.Successor session, IReadOnlyList<string> scopes, TokenIssuer issuer) => new(
        issuer.Issue(Grant.To(session.Account, session.Session.Audience, scopes, session.Session.SessionId), session.At),
        scopes, session.Token, session.Session.ExpiresAt);
}
