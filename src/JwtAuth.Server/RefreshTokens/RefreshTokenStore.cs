using JwtAuth.Server.AccessTokens;
using JwtAuth.Server.Accounts;
using JwtAuth.Server.Denials;
using JwtAuth.Server.Sessions;
using JwtAuth.Server.Storage;
using Microsoft.EntityFrameworkCore;

namespace JwtAuth.Server.RefreshTokens;

/// <summary>
/// Uses refresh tokens up. Each use is one conditional update of the session's row, in a transaction that shuts out other writers.
/// </summary>
internal sealed class RefreshTokenStore(
    Db db, SessionStore sessions, Revocations revocations, IssuerSettings issuer, SessionPolicy policy, TimeProvider time)
{
    private readonly RefreshTokenSettings settings = policy.RefreshTokens;
    private readonly AccessTokenSettings tokens = policy.AccessTokens;

    /// <summary>
    /// Begins a session for a login, with its first refresh token; <see langword="null"/> in the same cases as
    /// <see cref="SessionStore.BeginAsync"/>.
    /// </summary>
    public async Task<Rotation.Successor?> BeginAsync(
        AccountSnapshot account, string audience, IReadOnlyList<string> scopes, Device device, string? replaces) =>
        await sessions.BeginAsync(account, new SessionStart(audience, scopes, device, replaces)) is { } session
            ? new Rotation.Successor(account, session, session.CreatedAt, IsRepeated: false)
            : null;

    /// <summary>
    /// Uses a refresh token up, with one conditional update. If the token lost a race, or the reply to its first use was lost, it gets the
    /// same successor within the reuse window. Any other token that is not the session's current one ends the session. The tabs of a
    /// browser share one cookie. If a tab sends the token that another tab's refresh has just brought, the token stays: rotating again
    /// would overtake requests of other tabs that are still on their way.
    /// </summary>
    public async Task<Rotation> RotateAsync(RefreshToken token, Device device, bool isSharedByTabs)
    {
        if (await AnswerWithoutWritingAsync(token, isSharedByTabs) is { } answer)
            return answer;
        await using WriteTransaction transaction = await db.BeginWriteAsync();
        DateTimeOffset now = time.GetUtcNow(), idleSince = now - settings.IdleLifetime, tokensUntil = tokens.ExpiryOf(now);
        DateTimeOffset windowStart = now - settings.ReuseWindow, windowEnd = now + settings.ReuseWindow;
        bool isRotated = await db.Sessions
            .Where(row =>
                row.SessionId == token.SessionId && row.Counter == token.Counter && row.ExpiresAt > now && row.RotatedAt > idleSince
                && (!isSharedByTabs || row.Counter == 0 || row.RotatedAt <= windowStart || row.RotatedAt >= windowEnd)
                && db.Users.Any(account => account.Id == row.Subject && account.DisabledAt == null && account.Generation == row.Generation))
            .ExecuteUpdateAsync(set => set
                .SetProperty(row => row.Counter, row => row.Counter + 1)
                .SetProperty(row => row.RotatedAt, now)
                .SetProperty(row => row.TokensUntil, row => row.TokensUntil > tokensUntil ? row.TokensUntil : tokensUntil)
                .SetProperty(row => row.Address, device.Address)
                .SetProperty(row => row.Agent, device.Agent)) == 1;

        if (await sessions.FindAsync(token.SessionId) is not { } session || await FindStandingAsync(session, now) is not { } account)
            return new Rotation.Refused(); // the transaction is rolled back, so nothing was used up

        bool isRepeated = !isRotated && IsRepetition(session, token, now, isSharedByTabs);
        if (!isRotated && !isRepeated)
        {
            await revocations.EndSessionAsync(session);
            await revocations.CommitAsync(transaction);
            return token.Counter > session.Counter ? new Rotation.Ahead(session.Subject) : new Rotation.Reused(session.Subject);
        }

        if (isRepeated)
            await db.Sessions.Where(row => row.SessionId == token.SessionId && row.TokensUntil < tokensUntil)
                .ExecuteUpdateAsync(set => set.SetProperty(row => row.TokensUntil, tokensUntil));
        await revocations.CommitAsync(transaction);
        return new Rotation.Successor(account, session, now, isRepeated);
    }

    // Tokens whose session is over need not wait for their turn to write, nor need the many that lost a race. What those get carries the
    // session's id and the account's generation, so an ending meanwhile still ends it.
    private async Task<Rotation?> AnswerWithoutWritingAsync(RefreshToken token, bool isSharedByTabs)
    {
        DateTimeOffset now = time.GetUtcNow();
        if (await sessions.FindAsync(token.SessionId) is not { } session)
            return new Rotation.Refused();
        return IsRepetition(session, token, now, isSharedByTabs)
            && session.TokensUntil >= tokens.ExpiryOf(now) && await FindStandingAsync(session, now) is { } account
            ? new Rotation.Successor(account, session, now, IsRepeated: true)
            : null;
    }

    // The account of a session, if tokens may be issued for it now.
    private async Task<AccountSnapshot?> FindStandingAsync(SessionRow session, DateTimeOffset now) =>
        IsAlive(session, now) && issuer.Knows(session.Audience)
            && await db.Snapshots(db.Users.Where(row => row.Id == session.Subject)).SingleOrDefaultAsync() is { IsEnabled: true } account
            && account.Generation == session.Generation
                ? account
                : null;

    /// <summary>The session of a refresh token that would be accepted now. The token is not used up.</summary>
    /// <returns>The session, with the name of its account.</returns>
    public async Task<(SessionRow Session, string Username)?> FindAliveAsync(RefreshToken token)
    {
        DateTimeOffset now = time.GetUtcNow(), idleSince = now - settings.IdleLifetime;
        var found = await (
            from row in db.Sessions.AsNoTracking()
            join account in db.Users on row.Subject equals account.Id
            where row.SessionId == token.SessionId && row.ExpiresAt > now && row.RotatedAt > idleSince
                && account.DisabledAt == null && account.Generation == row.Generation
            select new { Session = row, account.UserName }).SingleOrDefaultAsync();
        return found is not null && (found.Session.Counter == token.Counter || IsRepetition(found.Session, token, now))
            ? (found.Session, found.UserName!)
            : null;
    }

    /// <summary>Ends the session of a refresh token that is ours but no longer good, because somebody has a copy.</summary>
    /// <returns>Whose session it was; <see langword="null"/> if there is none.</returns>
    public Task<string?> EndReusedAsync(RefreshToken token) =>
        sessions.EndAsync(token.SessionId, session => IsAlive(session, time.GetUtcNow()));

    /// <summary>Whose session a refresh token of ours belongs to, used or not; <see langword="null"/> if the session is over.</summary>
    public async Task<Caller?> FindOwnerAsync(RefreshToken token) =>
        await sessions.FindAsync(token.SessionId) is { } session && IsAlive(session, time.GetUtcNow())
            ? new Caller(session.Subject, session.Generation, session.SessionId, Token: null)
            : null;

    // Shortly after a rotation, a token is a repetition if the rotation used it up, or brought it and it comes in a shared cookie. A clock
    // that has stepped back since does not extend the window.
    private bool IsRepetition(SessionRow session, RefreshToken token, DateTimeOffset now, bool isSharedByTabs = false) =>
        (token.Counter == session.Counter - 1 || (isSharedByTabs && token.Counter == session.Counter && session.Counter > 0))
        && (now - session.RotatedAt).Duration() < settings.ReuseWindow;

    private bool IsAlive(SessionRow session, DateTimeOffset now) => policy.EndOf(session) > now;
}
