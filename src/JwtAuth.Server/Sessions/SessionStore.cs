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
/// Sessions: one row for each login that continues, by refresh tokens or by a cookie. Each change is one transaction that shuts out other
/// writers.
/// </summary>
internal sealed class SessionStore(
    Db db, Revocations revocations, Standing standing, SessionPolicy policy, TimeProvider time, ILogger<SessionStore> log)
{
    /// <summary>How many sessions an account may have. One more ends the session that was unused for longest.</summary>
    public const int MaximumPerAccount = 1000;

    // The use of a cookie is written down no more often than this, so that a request that only reads seldom writes.
    private readonly TimeSpan noteEvery =
        TimeSpan.FromTicks(Math.Min(TimeSpan.FromMinutes(1).Ticks, policy.Cookies.IdleLifetime.Ticks / 20));

    /// <summary>
    /// Begins a session for a login. <see langword="null"/> if the account was changed, disabled or deleted since its password was checked.
    /// The session that the login replaces (the last one of the same client) is ended.
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
    /// The session of a cookie, and its account as it is now. <see langword="null"/> if the session is over, or the account is disabled or
    /// has changed. Counts as a use of the session.
    /// </summary>
    public async Task<(SessionRow Session, AccountSnapshot Account, DateTimeOffset EndsAt)?> UseAsync(byte[] cookieHash, Device device)
    {
        DateTimeOffset now = time.GetUtcNow();
        // One query reads both. With two, a change in between would look like the end of the session.
        var found = await (
            from session in db.Sessions.AsNoTracking()
            join account in db.Snapshots() on session.Subject equals account.Subject
            where session.CookieHash == cookieHash && account.IsEnabled && account.Generation == session.Generation
            select new { Session = session, Account = account }).AsSingleQuery().SingleOrDefaultAsync();
        if (found is null || policy.EndOf(found.Session) <= now)
            return null;
        bool isNoted = now - found.Session.RotatedAt > noteEvery && await NoteUseAsync(found.Session, device, now);
        DateTimeOffset endsAt = isNoted ? policy.Cookies.EndOf(found.Session.ExpiresAt, lastUse: now) : policy.EndOf(found.Session);
        return (found.Session, found.Account, endsAt);
    }

    public Task<SessionRow?> FindByCookieAsync(byte[] cookieHash) =>
        db.Sessions.AsNoTracking().SingleOrDefaultAsync(row => row.CookieHash == cookieHash);

    // A request that only reads must not fail because others write. If this use cannot be written down, the next one is.
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

    /// <summary>The caller's sessions, the last used first; <see langword="null"/> if the caller's credential is no longer good.</summary>
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

    /// <summary>Ends the caller's own session: the refresh token or the cookie, if there is one, and the access tokens.</summary>
    /// <returns><see langword="null"/> if the caller's credential is no longer good.</returns>
    public Task<Ended?> EndOwnAsync(Caller caller) => ChangeAsync(caller, async () =>
    {
        if (caller.SessionId is not { } sessionId)
            return caller.Token is { } alone ? await EndAloneAsync(alone) : Nothing();
        SessionRow? session = await FindAsync(sessionId);
        if (session is not null && session.Subject != caller.Subject)
            return Nothing(); // only a token that somebody else signed could say so
        if (session is { CookieHash: not null })
            return await EndRowAsync(session);
        // All access tokens made from one personal access token share its name. The logout ends this one, not those to come.
        if (caller.Token is { } made && await db.PersonalAccessTokens.AnyAsync(row => row.Id == sessionId))
            return await EndAloneAsync(made);
        DateTimeOffset latest = Later(session?.TokensUntil, caller.Token?.ExpiresAt) ?? time.GetUtcNow();
        await revocations.EndSessionAsync(sessionId, latest);
        return EndedOf(session is null ? 0 : 1, latest);
    });

    /// <summary>Ends one session of the caller's account.</summary>
    /// <returns>
    /// What was ended: nothing, if there is no such session; <see langword="null"/> if the caller's credential is no longer good.
    /// </returns>
    public Task<Ended?> EndListedAsync(Caller caller, string sessionId) => ChangeAsync(caller, async () =>
    {
        SessionRow? session = await FindAsync(sessionId);
        return session?.Subject == caller.Subject && policy.EndOf(session) > time.GetUtcNow() ? await EndRowAsync(session) : Nothing();
    });

    /// <summary>Ends every session and access token of the caller's account, except <paramref name="exceptSessionId"/>.</summary>
    /// <returns><see langword="null"/> if the caller's credential is no longer good.</returns>
    public Task<Ended?> EndAllAsync(Caller caller, string? exceptSessionId) => ChangeAsync(caller, async () =>
    {
        (int refreshTokens, int sessions) = await revocations.EndSubjectAsync(caller.Subject, exceptSessionId);
        return new Ended(refreshTokens, sessions, AccessTokens: true, policy.AccessTokens.ExpiryOf(time.GetUtcNow()));
    });

    /// <summary>Ends one access token of the caller's account, if one is given. Its session continues.</summary>
    /// <returns><see langword="null"/> if the caller's credential is no longer good.</returns>
    public Task<Ended?> EndTokenAsync(Caller caller, AccessToken? token) =>
        ChangeAsync(caller, () => token is null ? Task.FromResult(Nothing()) : EndAloneAsync(token));

    /// <summary>Ends one access token for a client that has the right to. There is no caller.</summary>
    public async Task EndTokenAsync(AccessToken token)
    {
        await using WriteTransaction transaction = await db.BeginWriteAsync();
        await revocations.EndTokenAsync(token);
        await revocations.CommitAsync(transaction);
    }

    /// <summary>Ends a session of one of these audiences for a client that has the right to. There is no caller.</summary>
    /// <returns>Whose session it was; <see langword="null"/> if there is none.</returns>
    public Task<string?> EndAsync(string sessionId, IReadOnlyCollection<string> audiences) =>
        EndAsync(sessionId, session => audiences.Contains(session.Audience));

    /// <summary>Ends a session if <paramref name="mayEnd"/> says so.</summary>
    /// <returns>Whose session it was; <see langword="null"/> if none was ended.</returns>
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

    // Only the token; its session continues.
    private async Task<Ended> EndAloneAsync(AccessToken token)
    {
        await revocations.EndTokenAsync(token);
        return EndedOf(refreshTokens: 0, token.ExpiresAt);
    }

    private Ended Nothing() => Ended.Nothing(time.GetUtcNow());

    // A token is accepted until its exp plus the tolerance for clocks.
    private Ended EndedOf(int refreshTokens, DateTimeOffset latestExpiry)
    {
        bool isAccepted = latestExpiry + policy.AccessTokens.ClockSkew > time.GetUtcNow();
        return new Ended(refreshTokens, Sessions: 0, isAccepted, isAccepted ? latestExpiry : time.GetUtcNow());
    }

    private static DateTimeOffset? Later(DateTimeOffset? first, DateTimeOffset? second) => first is null || second > first ? second : first;
}
