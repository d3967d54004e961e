using JwtAuth.Bearer.AccessTokens;
using JwtAuth.Server.AccessTokens;
using JwtAuth.Server.Accounts;
using JwtAuth.Server.Configuration;
using JwtAuth.Server.Observability;
using JwtAuth.Server.RefreshTokens;
using JwtAuth.Server.Sessions;
using Microsoft.EntityFrameworkCore;

namespace JwtAuth.Server.Storage;

/// <summary>Sessions: one row for each login that can be refreshed. Each change is one transaction that no other writer enters.</summary>
internal sealed class SessionStore(
    Db db, AccountStore accounts, Endings endings, IssuerSettings issuer, AccessTokenSettings tokens, RefreshTokenSettings settings, TimeProvider time,
    ILogger<SessionStore> log)
{
    /// <summary>How many sessions an account may have: of more, the one that was not used for longest is ended.</summary>
    public const int MaximumPerAccount = 1000;

    /// <summary>
    /// Begins a session for a login, or <see langword="null"/> where the account no longer is what it was when its password was read: changed, disabled,
    /// deleted. A session that the login replaces (its client's last one) is ended.
    /// </summary>
    public async Task<Rotation.Successor?> BeginAsync(AccountSnapshot account, string audience, IReadOnlyList<string> scopes, Device device, string? replaces)
    {
        await using WriteTransaction transaction = await db.BeginWriteAsync();
        DateTimeOffset now = time.GetUtcNow();
        if (!await db.Users.AnyAsync(row => row.Id == account.Subject && row.DisabledAt == null && row.Generation == account.Generation))
            return null;
        if (replaces is not null && await FindAsync(replaces) is { } replaced)
        {
            await EndRowAsync(replaced);
            log.AccountEnded(replaced.Subject, replaced.SessionId, "replaced by a login of the same browser");
        }
        if (await db.Sessions.CountAsync(row => row.Subject == account.Subject) >= MaximumPerAccount)
        {
            SessionRow oldest = await db.Sessions.AsNoTracking().Where(row => row.Subject == account.Subject).OrderBy(row => row.RotatedAt).FirstAsync();
            await EndRowAsync(oldest);
            log.AccountEnded(oldest.Subject, oldest.SessionId, "one session too many, and not used for longest");
        }

        var session = new SessionRow
        {
            SessionId = TokenIssuer.NewId(),
            Subject = account.Subject,
            Generation = account.Generation,
            Audience = audience,
            Scope = string.Join(' ', scopes),
            CreatedAt = now,
            RotatedAt = now,
            ExpiresAt = now + settings.Lifetime,
            TokensUntil = tokens.ExpiryOf(now),
            Address = device.Address,
            Agent = device.Agent,
        };
        db.Sessions.Add(session);
        await endings.CommitAsync(transaction);
        return SuccessorOf(session, account, now, isRepeated: false);
    }

    /// <summary>
    /// Uses a refresh token up: one conditional update. A loser of a race, or a client whose reply was lost, gets the same successor inside the reuse
    /// window; any other token that is not the session's present one ends the session. The tabs of a browser share one cookie: one that comes with what
    /// another tab's refresh has just brought keeps it, since rotating again would overtake the requests of the others that are still on their way.
    /// </summary>
    public async Task<Rotation> RotateAsync(RefreshToken token, Device device, bool isSharedByTabs)
    {
        if (await AnswerWithoutWritingAsync(token, isSharedByTabs) is { } answer)
            return answer;
        await using WriteTransaction transaction = await db.BeginWriteAsync();
        DateTimeOffset now = time.GetUtcNow(), idleSince = now - settings.IdleLifetime, tokensUntil = tokens.ExpiryOf(now);
        DateTimeOffset windowStart = now - settings.ReuseWindow, windowEnd = now + settings.ReuseWindow;
        bool isRotated = await db.Sessions
            .Where(row => row.SessionId == token.SessionId && row.Counter == token.Counter && row.ExpiresAt > now && row.RotatedAt > idleSince
                && (!isSharedByTabs || row.Counter == 0 || row.RotatedAt <= windowStart || row.RotatedAt >= windowEnd)
                && db.Users.Any(account => account.Id == row.Subject && account.DisabledAt == null && account.Generation == row.Generation))
            .ExecuteUpdateAsync(set => set
                .SetProperty(row => row.Counter, row => row.Counter + 1)
                .SetProperty(row => row.RotatedAt, now)
                .SetProperty(row => row.TokensUntil, row => row.TokensUntil > tokensUntil ? row.TokensUntil : tokensUntil)
                .SetProperty(row => row.Address, device.Address)
                .SetProperty(row => row.Agent, device.Agent)) == 1;

        if (await FindAsync(token.SessionId) is not { } session || await FindStandingAsync(session, now) is not { } account)
            return new Rotation.Refused(); // and the transaction is rolled back: nothing was used up

        bool isRepeated = !isRotated && IsRepetition(session, token, now, isSharedByTabs);
        if (!isRotated && !isRepeated)
        {
            await EndRowAsync(session);
            await endings.CommitAsync(transaction);
            return token.Counter > session.Counter ? new Rotation.Ahead(session.Subject) : new Rotation.Reused(session.Subject);
        }

        if (isRepeated)
            await db.Sessions.Where(row => row.SessionId == token.SessionId && row.TokensUntil < tokensUntil)
                .ExecuteUpdateAsync(set => set.SetProperty(row => row.TokensUntil, tokensUntil));
        await endings.CommitAsync(transaction);
        return SuccessorOf(session, account, now, isRepeated);
    }

    // The dead do not wait with the living for their turn to write, nor do the many that lost a race: what they get carries the session's id and the
    // account's generation, so that an ending meanwhile is not outrun.
    private async Task<Rotation?> AnswerWithoutWritingAsync(RefreshToken token, bool isSharedByTabs)
    {
        DateTimeOffset now = time.GetUtcNow();
        if (await FindAsync(token.SessionId) is not { } session)
            return new Rotation.Refused();
        return IsRepetition(session, token, now, isSharedByTabs) && session.TokensUntil >= tokens.ExpiryOf(now) && await FindStandingAsync(session, now) is { } account
            ? SuccessorOf(session, account, now, isRepeated: true)
            : null;
    }

    // The account of a session that tokens may be issued for now.
    private async Task<AccountSnapshot?> FindStandingAsync(SessionRow session, DateTimeOffset now) =>
        IsAlive(session, now) && issuer.Knows(session.Audience)
            && await accounts.FindBySubjectAsync(session.Subject) is { IsEnabled: true } account && account.Generation == session.Generation
                ? account
                : null;

    /// <summary>The session of a refresh token that would be taken now, without using it up.</summary>
    public async Task<SessionRow?> FindAliveAsync(RefreshToken token)
    {
        DateTimeOffset now = time.GetUtcNow(), idleSince = now - settings.IdleLifetime;
        SessionRow? session = await db.Sessions.AsNoTracking().SingleOrDefaultAsync(row =>
            row.SessionId == token.SessionId && row.ExpiresAt > now && row.RotatedAt > idleSince
            && db.Users.Any(account => account.Id == row.Subject && account.DisabledAt == null && account.Generation == row.Generation));
        return session is not null && (session.Counter == token.Counter || IsRepetition(session, token, now)) ? session : null;
    }

    /// <summary>Ends the session of a refresh token that is ours but not good any more, because somebody holds a copy.</summary>
    /// <returns>Whose it was; <see langword="null"/> where there is none.</returns>
    public Task<string?> EndReusedAsync(RefreshToken token) => EndAsync(token.SessionId, session => IsAlive(session, time.GetUtcNow()));

    /// <summary>Whose session a refresh token of ours comes from, used or not; <see langword="null"/> where it is over.</summary>
    public async Task<Caller?> FindOwnerAsync(RefreshToken token) =>
        await FindAsync(token.SessionId) is { } session && IsAlive(session, time.GetUtcNow())
            ? new Caller(session.Subject, session.Generation, session.SessionId, Token: null)
            : null;

    /// <summary>The caller's sessions, the last used first, or <see langword="null"/> where the caller no longer stands.</summary>
    public async Task<IReadOnlyList<Session>?> ListAsync(Caller caller)
    {
        if (!await endings.StandsAsync(caller))
            return null;
        DateTimeOffset now = time.GetUtcNow(), idleSince = now - settings.IdleLifetime;
        List<SessionRow> rows = await db.Sessions.AsNoTracking()
            .Where(row => row.Subject == caller.Subject && row.ExpiresAt > now && row.RotatedAt > idleSince)
            .OrderByDescending(row => row.RotatedAt).ThenBy(row => row.SessionId)
            .ToListAsync();
        return [.. rows.Select(row =>
            new Session(row.SessionId, row.CreatedAt, row.RotatedAt, settings.EndOf(row.ExpiresAt, row.RotatedAt), row.Address, row.Agent))];
    }

    /// <summary>Ends the caller's own session: the refresh token, where there is one, and the access tokens.</summary>
    /// <returns><see langword="null"/> where the caller no longer stands.</returns>
    public Task<Ended?> EndOwnAsync(Caller caller) => ChangeAsync(caller, async () =>
    {
        SessionRow? session = await FindAsync(caller.SessionId);
        if (session is not null && session.Subject != caller.Subject)
            return Nothing(); // only a token that somebody else could sign says so
        DateTimeOffset latest = Later(session?.TokensUntil, caller.Token?.ExpiresAt) ?? time.GetUtcNow();
        await endings.EndSessionAsync(caller.SessionId, latest);
        return EndedOf(session is null ? 0 : 1, latest);
    });

    /// <summary>Ends one session of the caller's account.</summary>
    /// <returns>Whether there was such a session; <see langword="null"/> where the caller no longer stands.</returns>
    public Task<Ended?> EndListedAsync(Caller caller, string sessionId) => ChangeAsync(caller, async () =>
    {
        SessionRow? session = await FindAsync(sessionId);
        if (session?.Subject != caller.Subject || !IsAlive(session, time.GetUtcNow()))
            return Nothing();
        await EndRowAsync(session);
        return EndedOf(refreshTokens: 1, session.TokensUntil);
    });

    /// <summary>Ends every session and access token of the caller's account, but for <paramref name="exceptSessionId"/>.</summary>
    /// <returns><see langword="null"/> where the caller no longer stands.</returns>
    public Task<Ended?> EndAllAsync(Caller caller, string? exceptSessionId) => ChangeAsync(caller, async () =>
        new Ended(await endings.EndSubjectAsync(caller.Subject, exceptSessionId), AccessTokens: true, tokens.ExpiryOf(time.GetUtcNow())));

    /// <summary>Ends one access token of the caller's account, if one is given; its session goes on.</summary>
    /// <returns><see langword="null"/> where the caller no longer stands.</returns>
    public Task<Ended?> EndTokenAsync(Caller caller, AccessToken? token) => ChangeAsync(caller, async () =>
    {
        if (token is null)
            return Nothing();
        await endings.EndTokenAsync(token);
        return EndedOf(refreshTokens: 0, token.ExpiresAt);
    });

    /// <summary>Ends one access token without a caller: by a client that may.</summary>
    public async Task EndTokenAsync(AccessToken token)
    {
        await using WriteTransaction transaction = await db.BeginWriteAsync();
        await endings.EndTokenAsync(token);
        await endings.CommitAsync(transaction);
    }

    /// <summary>Ends a session of one of these audiences without a caller: by a client that may.</summary>
    /// <returns>Whose it was; <see langword="null"/> where there is none.</returns>
    public Task<string?> EndAsync(string sessionId, IReadOnlyCollection<string> audiences) => EndAsync(sessionId, session => audiences.Contains(session.Audience));

    private async Task<string?> EndAsync(string sessionId, Func<SessionRow, bool> mayEnd)
    {
        await using WriteTransaction transaction = await db.BeginWriteAsync();
        if (await FindAsync(sessionId) is not { } session || !mayEnd(session))
            return null;
        await EndRowAsync(session);
        await endings.CommitAsync(transaction);
        return session.Subject;
    }

    private async Task<Ended?> ChangeAsync(Caller caller, Func<Task<Ended>> change)
    {
        await using WriteTransaction transaction = await db.BeginWriteAsync();
        if (!await endings.StandsAsync(caller))
            return null;
        Ended ended = await change();
        await endings.CommitAsync(transaction);
        return ended;
    }

    private Task<SessionRow?> FindAsync(string sessionId) => db.Sessions.AsNoTracking().SingleOrDefaultAsync(row => row.SessionId == sessionId);

    private Task EndRowAsync(SessionRow session) => endings.EndSessionAsync(session.SessionId, session.TokensUntil);

    private bool IsAlive(SessionRow session, DateTimeOffset now) => settings.EndOf(session.ExpiresAt, session.RotatedAt) > now;

    private Ended Nothing() => new(RefreshTokens: 0, AccessTokens: false, time.GetUtcNow());

    // A token passes until its exp and the skew.
    private Ended EndedOf(int refreshTokens, DateTimeOffset latestExpiry)
    {
        bool isAccepted = latestExpiry + tokens.ClockSkew > time.GetUtcNow();
        return new Ended(refreshTokens, isAccepted, isAccepted ? latestExpiry : time.GetUtcNow());
    }

    private static DateTimeOffset? Later(DateTimeOffset? first, DateTimeOffset? second) => first is null || second > first ? second : first;

    // Shortly after a rotation: the one that it used up, and in a shared cookie the one that it brought. A clock that stepped back since makes nothing young again.
    private bool IsRepetition(SessionRow session, RefreshToken token, DateTimeOffset now, bool isSharedByTabs = false) =>
        (token.Counter == session.Counter - 1 || (isSharedByTabs && token.Counter == session.Counter && session.Counter > 0))
        && (now - session.RotatedAt).Duration() < settings.ReuseWindow;

    private static Rotation.Successor SuccessorOf(SessionRow session, AccountSnapshot account, DateTimeOffset now, bool isRepeated) =>
        new(account, session.SessionId, session.Audience, session.Scope, session.Counter, now, session.ExpiresAt, isRepeated);
}
