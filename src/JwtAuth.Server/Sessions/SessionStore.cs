using JwtAuth.Bearer.AccessTokens;
using JwtAuth.Server.AccessTokens;
using JwtAuth.Server.Accounts;
using JwtAuth.Server.Audit;
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

    /// <summary>
    /// Begins a session for a login. <see langword="null"/> if the account was changed, disabled or deleted since its password was checked.
    /// The session that the login replaces (the last one of the same client) is ended.
    /// </summary>
    public async Task<SessionRow?> BeginAsync(AccountSnapshot account, SessionStart start)
    {
        await using WriteTransaction transaction = await db.BeginWriteAsync(Urgency.Usual, account.Subject, Extent.Of(account.Subject));
        DateTimeOffset now = time.GetUtcNow();
        if (!await db.Users.AnyAsync(row => row.Id == account.Subject && row.DisabledAt == null && row.Generation == account.Generation))
            return null;
        bool hasEndedAll = false;
        if (start.Replaces is not null && await FindAsync(start.Replaces) is { } replaced)
        {
            hasEndedAll |= await revocations.EndSessionAsync(replaced);
            log.AccountEnded(replaced.Subject, replaced.SessionId, "replaced by a login of the same browser");
            revocations.Record(EndedEntry(replaced, AuditDetail.Replaced) with { Actor = AuditActor.Account(account.Subject) });
        }
        if (await db.Sessions.CountAsync(row => row.Subject == account.Subject) >= MaximumPerAccount)
        {
            SessionRow oldest =
                await db.Sessions.AsNoTracking().Where(row => row.Subject == account.Subject).OrderBy(row => row.RotatedAt).FirstAsync();
            hasEndedAll |= await revocations.EndSessionAsync(oldest);
            log.AccountEnded(oldest.Subject, oldest.SessionId, "one session too many, and not used for longest");
            revocations.Record(EndedEntry(oldest, AuditDetail.TooMany) with { Actor = AuditActor.Service });
        }

        var session = new SessionRow
        {
            SessionId = TokenIssuer.NewId(),
            Subject = account.Subject,
            Generation = hasEndedAll
                ? await db.Users.Where(row => row.Id == account.Subject).Select(row => row.Generation).SingleAsync()
                : account.Generation,
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
        policy.Seals.Seal(session);
        db.Sessions.Add(session);
        revocations.Record(new(AuditEvent.SessionBegan)
        {
            Actor = AuditActor.Account(account.Subject),
            Subject = account.Subject,
            Object = session.SessionId,
            Detail = start.CookieHash is null ? AuditDetail.RefreshToken : AuditDetail.Session,
        });
        await revocations.CommitAsync(transaction);
        return session;
    }

    public async Task<SessionRow?> FindByCookieAsync(byte[] cookieHash) =>
        Believed(await db.Sessions.AsNoTracking().SingleOrDefaultAsync(row => row.CookieHash == cookieHash));

    /// <summary>The caller's sessions, the last used first; <see langword="null"/> if the caller's credential is no longer good.</summary>
    public async Task<IReadOnlyList<Session>?> ListAsync(Caller caller)
    {
        if (!await standing.HoldsAsync(caller))
            return null;
        DateTimeOffset now = time.GetUtcNow();
        List<SessionRow> rows = await db.Sessions.AsNoTracking()
            .Where(row => row.Subject == caller.Subject && row.ExpiresAt > now)
            .OrderByDescending(row => row.RotatedAt).ThenBy(row => row.SessionId).ToListAsync();
        return [.. rows.Where(row => policy.Seals.Believes(row)).Select(row => new Session(row, policy.EndOf(row)))
            .Where(session => session.EndsAt > now)];
    }

    /// <summary>Ends the caller's own session: the refresh token or the cookie, if there is one, and the access tokens.</summary>
    /// <returns><see langword="null"/> if the caller's credential is no longer good.</returns>
    public Task<Ended?> EndOwnAsync(Caller caller) => EndAsync(caller, async () =>
    {
        if (caller.SessionId is not { } sessionId)
            return caller.Token is { } alone ? await AloneAsync(alone) : Nothing();
        SessionRow? session = await FindAsync(sessionId);
        if (session is not null && session.Subject != caller.Subject)
            return Nothing(); // only a token that somebody else signed could say so
        if (session is { CookieHash: not null })
            return OfRow(session, AuditDetail.Logout);
        // All access tokens made from one personal access token share its name. The logout ends this one, not those to come.
        if (caller.Token is { } made && await db.PersonalAccessTokens.AnyAsync(row => row.Id == sessionId))
            return await AloneAsync(made);
        DateTimeOffset latest = Later(session?.TokensUntil, caller.Token?.ExpiresAt) ?? time.GetUtcNow();
        return new Ending(
            EndedOf(session is null ? 0 : 1, latest), () => revocations.EndSessionAsync(caller.Subject, sessionId, latest),
            new(AuditEvent.SessionEnded) { Object = sessionId, Detail = AuditDetail.Logout });
    });

    /// <summary>Ends one session of the caller's account.</summary>
    /// <returns>
    /// What was ended: nothing, if there is no such session; <see langword="null"/> if the caller's credential is no longer good.
    /// </returns>
    public Task<Ended?> EndListedAsync(Caller caller, string sessionId) => EndAsync(caller, async () =>
    {
        SessionRow? session = await FindAsync(sessionId);
        return session?.Subject == caller.Subject && policy.EndOf(session) > time.GetUtcNow()
            ? OfRow(session, AuditDetail.Deleted) : Nothing();
    });

    /// <summary>Ends every session and access token of the caller's account, except <paramref name="exceptSessionId"/>.</summary>
    /// <returns><see langword="null"/> if the caller's credential is no longer good.</returns>
    public async Task<Ended?> EndAllAsync(Caller caller, string? exceptSessionId)
    {
        (int refreshTokens, int sessions) = (0, 0);
        var entry = new AuditEntry(AuditEvent.UserLoggedOut)
        {
            Detail = exceptSessionId is null ? AuditDetail.Everywhere : AuditDetail.Others,
        };
        Ended? ended = await EndAsync(caller, () => Task.FromResult(Nothing() with { Write = EndAllAsync, Entry = entry }));
        return ended is null ? null : ended with { RefreshTokens = refreshTokens, Sessions = sessions };

        async Task<bool> EndAllAsync()
        {
            (refreshTokens, sessions) = await revocations.EndSubjectAsync(caller.Subject, exceptSessionId);
            return true;
        }
    }

    /// <summary>Ends one access token of the caller's account, if one is given. Its session continues.</summary>
    /// <returns><see langword="null"/> if the caller's credential is no longer good.</returns>
    public Task<Ended?> EndTokenAsync(Caller caller, AccessToken? token) =>
        EndAsync(caller, async () => token is null ? Nothing() : await AloneAsync(token));

    /// <summary>Ends one access token for a client that has the right to. There is no caller.</summary>
    public async Task EndTokenAsync(string clientId, AccessToken token)
    {
        if (await revocations.HasEndedAsync(token))
            return;
        await using WriteTransaction transaction = await db.BeginWriteAsync(Urgency.Ending, clientId, Extent.Of(token.Subject));
        await revocations.EndTokenAsync(token);
        revocations.Record(TokenEnded(token) with { Actor = AuditActor.Client(clientId), Subject = token.Subject });
        await revocations.CommitAsync(transaction);
    }

    /// <summary>Ends a session of one of these audiences for a client that has the right to. There is no caller.</summary>
    /// <returns>Whose session it was; <see langword="null"/> if there is none.</returns>
    public Task<string?> EndAsync(string clientId, string sessionId, IReadOnlyCollection<string> audiences) =>
        EndAsync(
            sessionId, session => audiences.Contains(session.Audience),
            session => EndedEntry(session, AuditDetail.Revoked) with { Actor = AuditActor.Client(clientId) }, clientId);

    /// <summary>Ends a session whose cookie the browser that sends the request is made to forget.</summary>
    /// <returns>Whose session it was; <see langword="null"/> if there is none.</returns>
    public Task<string?> EndForgottenAsync(string sessionId, AuditDetail how) =>
        EndAsync(sessionId, _ => true, session => EndedEntry(session, how) with { Actor = AuditActor.Account(session.Subject) });

    /// <summary>Ends a session if <paramref name="mayEnd"/> says so, in the turn of the payer or of its account.</summary>
    /// <returns>Whose session it was; <see langword="null"/> if none was ended.</returns>
    public async Task<string?> EndAsync(
        string sessionId, Func<SessionRow, bool> mayEnd, Func<SessionRow, AuditEntry> entryOf, string? payer = null)
    {
        if (await FindAsync(sessionId) is not { } found || !mayEnd(found))
            return null;
        await using WriteTransaction transaction =
            await db.BeginWriteAsync(Urgency.Ending, payer ?? found.Subject, Extent.Of(found.Subject));
        if (await FindAsync(sessionId) is not { } session || !mayEnd(session))
            return null;
        await revocations.EndSessionAsync(session);
        revocations.Record(entryOf(session));
        await revocations.CommitAsync(transaction);
        return session.Subject;
    }

    // Finds what is to be ended, and finds it again in the transaction that ends it. What would change nothing needs no turn to write.
    private async Task<Ended?> EndAsync(Caller caller, Func<Task<Ending>> find)
    {
        if (!await standing.HoldsAsync(caller))
            return null;
        if (await find() is { Write: null } nothing)
            return nothing.Ended;
        await using WriteTransaction transaction = await db.BeginWriteAsync(Urgency.Ending, caller.Subject, Extent.Of(caller.Subject));
        if (!await standing.HoldsAsync(caller))
            return null;
        Ending ending = await find();
        bool endsAllAccess = ending.Write is not null && await ending.Write();
        if (ending is { Write: not null, Entry: { } entry })
            revocations.Record(entry with { Actor = caller.Actor, Subject = caller.Subject });
        await revocations.CommitAsync(transaction);
        return endsAllAccess
            ? ending.Ended with { AccessTokens = true, LiveUntil = policy.AccessTokens.ExpiryOf(time.GetUtcNow()) }
            : ending.Ended;
    }

    public async Task<SessionRow?> FindAsync(string sessionId) =>
        Believed(await db.Sessions.AsNoTracking().SingleOrDefaultAsync(row => row.SessionId == sessionId));

    private SessionRow? Believed(SessionRow? session) => session is not null && policy.Seals.Believes(session) ? session : null;

    private Ending OfRow(SessionRow session, AuditDetail how) => new(
        session.CookieHash is null ? EndedOf(refreshTokens: 1, session.TokensUntil) : Ended.Nothing(time.GetUtcNow()) with { Sessions = 1 },
        () => revocations.EndSessionAsync(session), EndedEntry(session, how));

    private static AuditEntry EndedEntry(SessionRow session, AuditDetail how) =>
        new(AuditEvent.SessionEnded) { Subject = session.Subject, Object = session.SessionId, Detail = how };

    private static AuditEntry TokenEnded(AccessToken token) =>
        new(AuditEvent.TokenEnded) { Object = token.JwtId, Detail = AuditDetail.Revoked };

    // Only the token; its session continues.
    private async Task<Ending> AloneAsync(AccessToken token) => new(
        EndedOf(refreshTokens: 0, token.ExpiresAt),
        await revocations.HasEndedAsync(token) ? null : () => revocations.EndTokenAsync(token), TokenEnded(token));

    private Ending Nothing() => new(Ended.Nothing(time.GetUtcNow()), Write: null);

    // A token is accepted until its exp plus the tolerance for clocks.
    private Ended EndedOf(int refreshTokens, DateTimeOffset latestExpiry)
    {
        bool isAccepted = latestExpiry + policy.AccessTokens.ClockSkew > time.GetUtcNow();
        return new Ended(refreshTokens, Sessions: 0, isAccepted, isAccepted ? latestExpiry : time.GetUtcNow());
    }

    private static DateTimeOffset? Later(DateTimeOffset? first, DateTimeOffset? second) => first is null || second > first ? second : first;

    // What is to be ended, and what ends it; null if there is nothing to write. It says whether all access tokens of the account end.
    private sealed record Ending(Ended Ended, Func<Task<bool>>? Write, AuditEntry? Entry = null);
}
