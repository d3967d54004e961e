using System.Data.Common;
using JwtAuth.Bearer.AccessTokens;
using JwtAuth.Server.AccessTokens;
using JwtAuth.Server.Accounts;
using JwtAuth.Server.Denials;
using JwtAuth.Server.Observability;
using JwtAuth.Server.Storage;
using Microsoft.EntityFrameworkCore;

namespace JwtAuth.Server.Sessions;

/// <summary>
/// Sessions: one row for each login that goes on, by refresh tokens or by a cookie. Each change is one transaction that no other writer
/// enters.
/// </summary>
internal sealed class SessionStore(
    Db db, Revocations revocations, Standing standing, SessionPolicy policy, TimeProvider time, ILogger<SessionStore> log)
{
    /// <summary>How many sessions an account may have: of more, the one that was not used for longest is ended.</summary>
    public const int MaximumPerAccount = 1000;

    // The use of a cookie is noted no more often: a request that only reads writes once in a while.
    private readonly TimeSpan noteEvery =
        TimeSpan.FromTicks(Math.Min(TimeSpan.FromMinutes(1).Ticks, policy.Cookies.IdleLifetime.Ticks / 20));

    /// <summary>
    /// Begins a session for a login, or <see langword="null"/> where the account no longer is what it was when its password was read:
    /// changed, disabled, deleted. A session that the login replaces (its client's last one) is ended.
    /// </summary>
    public async Task<SessionRow?> BeginAsync(AccountSnapshot account, SessionStart start)
    {
        await using WriteTransaction transaction = await db.BeginWriteAsync();
        DateTimeOffset now = time.GetUtcNow();
        if (!await db.Users.AnyAsync(row => row.Id == account.Subject && row.DisabledAt == null && row.Generation == account.Generation))
            return null;
        if (start.Replaces is not null && await FindAsync(start.Replaces) is { } replaced)
        {
            await revocations.EndSessionAsync(replaced);
            log.AccountEnded(replaced.Subject, replaced.SessionId, "replaced by a login of the same browser");
        }
        if (await db.Sessions.CountAsync(row => row.Subject == account.Subject) >= MaximumPerAccount)
        {
            SessionRow oldest =
                await db.Sessions.AsNoTracking().Where(row => row.Subject == account.Subject).OrderBy(row => row.RotatedAt).FirstAsync();
            await revocations.EndSessionAsync(oldest);
            log.AccountEnded(oldest.Subject, oldest.SessionId, "one session too many, and not used for longest");
        }

        var session = new SessionRow
        {
            SessionId = TokenIssuer.NewId(),
            Subject = account.Subject,
            Generation = account.Generation,
            Audience = start.Audience,
            Scope = string.Join(' ', start.Scopes),
            CookieHash = start.CookieHash,
            CreatedAt = now,
            RotatedAt = now,
            ExpiresAt = now + policy.LifetimesOf(start.CookieHash).Lifetime,
            TokensUntil = start.CookieHash is null ? policy.AccessTokens.ExpiryOf(now) : now,
            Address = start.Device.Address,
            Agent = start.Device.Agent,
        };
        db.Sessions.Add(session);
        await revocations.CommitAsync(transaction);
        return session;
    }

    /// <summary>
    /// The session of a cookie, and its account as it is now; <see langword="null"/> where the session is over or the account does not
    /// stand. This is a use of it.
    /// </summary>
    public async Task<(SessionRow Session, AccountSnapshot Account, DateTimeOffset EndsAt)?> UseAsync(byte[] cookieHash, Device device)
    {
        DateTimeOffset now = time.GetUtcNow();
        // In one reading, so that a change between two is not taken for an ending.
        var found = await (
            from session in db.Sessions.AsNoTracking()
            join account in db.Snapshots() on session.Subject equals account.Subject
            where session.CookieHash == cookieHash && account.IsEnabled && account.Generation == session.Generation
            select new { Session = session, Account = account }).AsSingleQuery().SingleOrDefaultAsync();
        if (found is null || policy.EndOf(found.Session) <= now)
            return null;
        bool isNoted = now - found.Session.RotatedAt > noteEvery && await NoteUseAsync(found.Session, device, now);
        return (found.Session, found.Account, isNoted ? policy.Cookies.EndOf(
            found.Session.ExpiresAt, lastUse: now) : policy.EndOf(found.Session));
    }

    public Task<SessionRow?> FindByCookieAsync(byte[] cookieHash) =>
        db.Sessions.AsNoTracking().SingleOrDefaultAsync(row => row.CookieHash == cookieHash);

    // Who only reads is not refused because others write: the next use is noted instead.
    private async Task<bool> NoteUseAsync(SessionRow session, Device device, DateTimeOffset now)
    {
        try
        {
            await db.Sessions.Where(row => row.SessionId == session.SessionId && row.RotatedAt < now).ExecuteUpdateAsync(set => set
                .SetProperty(row => row.RotatedAt, now)
                .SetProperty(row => row.Address, device.Address)
                .SetProperty(row => row.Agent, device.Agent));
            return true;
        }
        catch (DbException fault)
        {
            log.UseNotNoted(fault, session.SessionId);
            return false;
        }
    }

    /// <summary>The caller's sessions, the last used first, or <see langword="null"/> where the caller no longer stands.</summary>
    public async Task<IReadOnlyList<Session>?> ListAsync(Caller caller)
    {
        if (!await standing.HoldsAsync(caller))
            return null;
        DateTimeOffset now = time.GetUtcNow();
        List<SessionRow> rows = await db.Sessions.AsNoTracking()
            .Where(row => row.Subject == caller.Subject && row.ExpiresAt > now)
            .OrderByDescending(row => row.RotatedAt).ThenBy(row => row.SessionId)
            .ToListAsync();
        return [.. rows.Select(row => new Session(row, policy.EndOf(row))).Where(session => session.EndsAt > now)];
    }

    /// <summary>Ends the caller's own session: the refresh token or the cookie, where there is one, and the access tokens.</summary>
    /// <returns><see langword="null"/> where the caller no longer stands.</returns>
    public Task<Ended?> EndOwnAsync(Caller caller) => ChangeAsync(caller, async () =>
    {
        if (caller.SessionId is not { } sessionId)
            return caller.Token is { } alone ? await EndAloneAsync(alone) : Nothing();
        SessionRow? session = await FindAsync(sessionId);
        if (session is not null && session.Subject != caller.Subject)
            return Nothing(); // only a token that somebody else could sign says so
        if (session is { CookieHash: not null })
            return await EndRowAsync(session);
        // All that are made from one personal access token share its name: what is logged out is this one, not the ones to come.
        if (caller.Token is { } made && await db.PersonalAccessTokens.AnyAsync(row => row.Id == sessionId))
            return await EndAloneAsync(made);
        DateTimeOffset latest = Later(session?.TokensUntil, caller.Token?.ExpiresAt) ?? time.GetUtcNow();
        await revocations.EndSessionAsync(sessionId, latest);
        return EndedOf(session is null ? 0 : 1, latest);
    });

    /// <summary>Ends one session of the caller's account.</summary>
    /// <returns>Whether there was such a session; <see langword="null"/> where the caller no longer stands.</returns>
    public Task<Ended?> EndListedAsync(Caller caller, string sessionId) => ChangeAsync(caller, async () =>
    {
        SessionRow? session = await FindAsync(sessionId);
        return session?.Subject == caller.Subject && policy.EndOf(session) > time.GetUtcNow() ? await EndRowAsync(session) : Nothing();
    });

    /// <summary>Ends every session and access token of the caller's account, but for <paramref name="exceptSessionId"/>.</summary>
    /// <returns><see langword="null"/> where the caller no longer stands.</returns>
    public Task<Ended?> EndAllAsync(Caller caller, string? exceptSessionId) => ChangeAsync(caller, async () =>
    {
        (int refreshTokens, int sessions) = await revocations.EndSubjectAsync(caller.Subject, exceptSessionId);
        return new Ended(refreshTokens, sessions, AccessTokens: true, policy.AccessTokens.ExpiryOf(time.GetUtcNow()));
    });

    /// <summary>Ends one access token of the caller's account, if one is given; its session goes on.</summary>
    /// <returns><see langword="null"/> where the caller no longer stands.</returns>
    public Task<Ended?> EndTokenAsync(Caller caller, AccessToken? token) =>
        ChangeAsync(caller, () => token is null ? Task.FromResult(Nothing()) : EndAloneAsync(token));

    /// <summary>Ends one access token without a caller: by a client that may.</summary>
    public async Task EndTokenAsync(AccessToken token)
    {
        await using WriteTransaction transaction = await db.BeginWriteAsync();
        await revocations.EndTokenAsync(token);
        await revocations.CommitAsync(transaction);
    }

    /// <summary>Ends a session of one of these audiences without a caller: by a client that may.</summary>
    /// <returns>Whose it was; <see langword="null"/> where there is none.</returns>
    public Task<string?> EndAsync(string sessionId, IReadOnlyCollection<string> audiences) =>
        EndAsync(sessionId, session => audiences.Contains(session.Audience));

    /// <summary>Ends a session that is found to be one to end.</summary>
    /// <returns>Whose it was; <see langword="null"/> where there is none.</returns>
    public async Task<string?> EndAsync(string sessionId, Func<SessionRow, bool> mayEnd)
    {
        await using WriteTransaction transaction = await db.BeginWriteAsync();
        if (await FindAsync(sessionId) is not { } session || !mayEnd(session))
            return null;
        await revocations.EndSessionAsync(session);
        await revocations.CommitAsync(transaction);
        return session.Subject;
    }

    private async Task<Ended?> ChangeAsync(Caller caller, Func<Task<Ended>> change)
    {
        await using WriteTransaction transaction = await db.BeginWriteAsync();
        if (!await standing.HoldsAsync(caller))
            return null;
        Ended ended = await change();
        await revocations.CommitAsync(transaction);
        return ended;
    }

    public Task<SessionRow?> FindAsync(string sessionId) =>
        db.Sessions.AsNoTracking().SingleOrDefaultAsync(row => row.SessionId == sessionId);

    private async Task<Ended> EndRowAsync(SessionRow session)
    {
        await revocations.EndSessionAsync(session);
        return session.CookieHash is null ? EndedOf(refreshTokens: 1, session.TokensUntil) : Nothing() with { Sessions = 1 };
    }

    // The token and nothing else.
    private async Task<Ended> EndAloneAsync(AccessToken token)
    {
        await revocations.EndTokenAsync(token);
        return EndedOf(refreshTokens: 0, token.ExpiresAt);
    }

    private Ended Nothing() => new(RefreshTokens: 0, Sessions: 0, AccessTokens: false, time.GetUtcNow());

    // A token passes until its exp and the skew.
    private Ended EndedOf(int refreshTokens, DateTimeOffset latestExpiry)
    {
        bool isAccepted = latestExpiry + policy.AccessTokens.ClockSkew > time.GetUtcNow();
        return new Ended(refreshTokens, Sessions: 0, isAccepted, isAccepted ? latestExpiry : time.GetUtcNow());
    }

    private static DateTimeOffset? Later(DateTimeOffset? first, DateTimeOffset? second) => first is null || second > first ? second : first;
}
