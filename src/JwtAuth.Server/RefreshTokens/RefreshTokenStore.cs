using JwtAuth.Server.Accounts;
using JwtAuth.Server.Audit;
using JwtAuth.Server.Sessions;
using JwtAuth.Server.Storage;

namespace JwtAuth.Server.RefreshTokens;

/// <summary>Begins and ends the sessions of refresh tokens.</summary>
internal sealed class RefreshTokenStore(SessionStore sessions, SessionPolicy policy, TimeProvider time)
{
    /// <summary>
    /// Begins a session for a login, with its first refresh token; <see langword="null"/> in the same cases as
    /// <see cref="SessionStore.BeginAsync"/>.
    /// </summary>
    public async Task<Rotation.Successor?> BeginAsync(
        AccountSnapshot account, string audience, IReadOnlyList<string> scopes, Device device, string? replaces) =>
        await sessions.BeginAsync(account, new SessionStart(audience, scopes, device, replaces)) is { } session
            ? new Rotation.Successor(
                account with { Generation = session.Generation }, session, new RefreshToken(session.SessionId, session.Counter),
                session.CreatedAt, IsRepeated: false)
            : null;

    /// <summary>Ends the session of a refresh token that is ours but no longer good, because somebody has a copy.</summary>
    /// <returns>Whose session it was; <see langword="null"/> if there is none.</returns>
    public Task<string?> EndReusedAsync(RefreshToken token) => sessions.EndAsync(
        token.SessionId, IsAlive, session => MisusedEntry(session, isAhead: token.Counter > session.Counter));

    /// <summary>What is recorded where a token ends its session that is not the session's current one.</summary>
    public static AuditEntry MisusedEntry(SessionRow session, bool isAhead) =>
        new(isAhead ? AuditEvent.RefreshAhead : AuditEvent.RefreshReused) { Subject = session.Subject, Object = session.SessionId };

    /// <summary>Whose session a refresh token of ours belongs to, used or not; <see langword="null"/> if the session is over.</summary>
    public async Task<Caller?> FindOwnerAsync(RefreshToken token) =>
        await sessions.FindAsync(token.SessionId) is { } session && IsAlive(session)
            ? new Caller(session.Subject, session.Generation, session.SessionId, Token: null, IsOfSession: true)
            : null;

    private bool IsAlive(SessionRow session) => policy.EndOf(session) > time.GetUtcNow();
}
