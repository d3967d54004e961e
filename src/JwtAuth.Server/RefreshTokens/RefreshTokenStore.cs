using JwtAuth.Server.AccessTokens;
using JwtAuth.Server.Accounts;
using JwtAuth.Server.Denials;
using JwtAuth.Server.Sessions;
using JwtAuth.Server.Storage;
using Microsoft.EntityFrameworkCore;

namespace JwtAuth.Server.RefreshTokens;

/// <summary>
/// What becomes of a refresh token: it is used up by one conditional update of its session's row, in a transaction that no other writer
/// enters.
/// </summary>
internal sealed class RefreshTokenStore(
    Db db, SessionStore sessions, Revocations revocations, IssuerSettings issuer, SessionPolicy policy, TimeProvider time)
{
    private readonly RefreshTokenSettings settings = policy.RefreshTokens;
    private readonly AccessTokenSettings tokens = policy.AccessTokens;

    /// <summary>
    /// Begins a session for a login, with its first refresh token; <see langword="null"/> as <see cref="SessionStore.BeginAsync"/> says.
    /// </summary>
    public async Task<Rotation.Successor?> BeginAsync(
        AccountSnapshot account, string audience, IReadOnlyList<string> scopes, Device device, string? replaces) =>
        await sessions.BeginAsync(account, new SessionStart(audience, scopes, device, replaces)) is { } session
            ? new Rotation.Successor(account, session, session.CreatedAt, IsRepeated: false)
            : null;

    /// <summary>
    /// Uses a refresh token up: one conditional update. A loser of a race, or a client whose reply was lost, gets the same successor inside
    /// the reuse window; any other token that is not the session's present one ends the session. The tabs of a browser share one cookie:
    /// one that comes with what another tab's refresh has just brought keeps it, since rotating again would overtake the requests of the
    /// others that are still on their way.
    /// </summary>
    public async Task<Rotation> RotateAsync(RefreshToken token, Device device, bool isSharedByTabs)
    {
        if (await AnswerWithoutWritingAsync(token, isSharedByTabs) is { } answer)
            return answer;
        await using WriteTransaction transaction = await db.BeginWriteAsync();
        DateTimeOffset now = time.GetUtcNow(), idleSince = now - settings.IdleLifetime, tokensUntil = tokens.ExpiryOf(now);
        DateTimeOffset windowStart = now - settings.ReuseWindow, windowEnd = now + settings.ReuseWindow;
        bool isRotated = await db.Sessions
            .Where(
                row => row.SessionId == token.SessionId && row.Counter == token.Counter && row.ExpiresAt > now && row.RotatedAt > idleSince
                && (!isSharedByTabs || row.Counter == 0 || row.RotatedAt <= windowStart || row.RotatedAt >= windowEnd)
                && db.Users.Any(account => account.Id == row.Subject && account.DisabledAt == null && account.Generation == row.Generation))
            .ExecuteUpdateAsync(set => set
                .SetProperty(row => row.Counter, row => row.Counter + 1)
                .SetProperty(row => row.RotatedAt, now)
                .SetProperty(row => row.TokensUntil, row => row.TokensUntil > tokensUntil ? row.TokensUntil : tokensUntil)
                .SetProperty(row => row.Address, device.Address)
                .SetProperty(row => row.Agent, device.Agent)) == 1;

        if (await sessions.FindAsync(token.SessionId) is not { } session || await FindStandingAsync(session, now) is not { } account)
            return new Rotation.Refused(); // and the transaction is rolled back: nothing was used up

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

    // The dead do not wait with the living for their turn to write, nor do the many that lost a race: what they get carries the session's
    // id and the account's generation, so that an ending meanwhile is not outrun.
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

    // The account of a session that tokens may be issued for now.
    private async Task<AccountSnapshot?> FindStandingAsync(SessionRow session, DateTimeOffset now) =>
        IsAlive(session, now) && issuer.Knows(session.Audience)
            && await db.Snapshots(db.Users.Where(row => row.Id == session.Subject)).SingleOrDefaultAsync() is { IsEnabled: true } account
            && account.Generation == session.Generation
                ? account
                : null;

    /// <summary>The session of a refresh token that would be taken now, without using it up.</summary>
    /// <returns>With the name of its account.</returns>
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

    /// <summary>Ends the session of a refresh token that is ours but not good any more, because somebody holds a copy.</summary>
    /// <returns>Whose it was; <see langword="null"/> where there is none.</returns>
    public Task<string?> EndReusedAsync(RefreshToken token) =>
        sessions.EndAsync(token.SessionId, session => IsAlive(session, time.GetUtcNow()));

    /// <summary>Whose session a refresh token of ours comes from, used or not; <see langword="null"/> where it is over.</summary>
    public async Task<Caller?> FindOwnerAsync(RefreshToken token) =>
        await sessions.FindAsync(token.SessionId) is { } session && IsAlive(session, time.GetUtcNow())
            ? new Caller(session.Subject, session.Generation, session.SessionId, Token: null)
            : null;

    // Shortly after a rotation: the one that it used up, and in a shared cookie the one that it brought. A clock that stepped back since
    // makes nothing young again.
    private bool IsRepetition(SessionRow session, RefreshToken token, DateTimeOffset now, bool isSharedByTabs = false) =>
        (token.Counter == session.Counter - 1 || (isSharedByTabs && token.Counter == session.Counter && session.Counter > 0))
        && (now - session.RotatedAt).Duration() < settings.ReuseWindow;

    private bool IsAlive(SessionRow session, DateTimeOffset now) => policy.EndOf(session) > now;
}
