using JwtAuth.Server.AccessTokens;
using JwtAuth.Server.Observability;
using JwtAuth.Server.RefreshTokens;
using JwtAuth.Server.Sessions;

namespace JwtAuth.Server.Grants;

/// <summary>The outcome of a refresh. Only the first of the three carries tokens.</summary>
internal abstract record RefreshResult
{
    private RefreshResult()
    {
    }

    public sealed record Granted(GrantedTokens Tokens) : RefreshResult;

    /// <summary>The call asked for more than the login was granted (RFC 6749 §6). Nothing was used up.</summary>
    public sealed record ScopeExceeded : RefreshResult;

    /// <summary>The token is no longer good, or was used before. In the second case its session is ended.</summary>
    public sealed record Refused : RefreshResult;
}

/// <summary>A new access token and the next refresh token for a refresh token (RFC 6749 §6).</summary>
internal sealed class RefreshGrant(
    RefreshTokenUses refreshTokens, TokenIssuer issuer, IssuerSettings settings, Meters meters, ILogger<RefreshGrant> log)
{
    /// <param name="token">A refresh token that we issued.</param>
    /// <param name="scope">
    /// Fewer scopes than were granted at login, for this access token alone. They exist. If left out, all of them.
    /// </param>
    /// <param name="device">Where the call comes from.</param>
    /// <param name="isSharedByTabs">Whether the token comes in a cookie, which the tabs of a browser share.</param>
    public async Task<RefreshResult> GrantAsync(RefreshToken token, string? scope, Device device, bool isSharedByTabs)
    {
        await issuer.BeginAsync();
        // This is checked before the token is used up, so that a typing error costs nothing.
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
                meters.CountIssued("refresh_token");
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

    /// <summary>Counts and logs a refresh that is refused for this reason.</summary>
    public RefreshResult Refuse(Device device, string reason)
    {
        log.RefreshRefused(device.Address, reason);
        meters.CountRefresh("refused");
        return new RefreshResult.Refused();
    }

    /// <summary>The tokens of a session that begins or continues.</summary>
    public static GrantedTokens TokensOf(Rotation.Successor session, IReadOnlyList<string> scopes, TokenIssuer issuer) => new(
        issuer.Issue(Grant.To(session.Account, session.Session.Audience, scopes, session.Session.SessionId), session.At),
        scopes, session.Token, session.Session.ExpiresAt);
}
