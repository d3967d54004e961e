using JwtAuth.Bearer.AccessTokens;
using JwtAuth.Server.AccessTokens;
using JwtAuth.Server.Accounts;
using JwtAuth.Server.Configuration;
using JwtAuth.Server.RefreshTokens;
using JwtAuth.Server.Sessions;
using Microsoft.EntityFrameworkCore;

namespace JwtAuth.Server.Storage;

/// <summary>Sessions: one row for each login that can be refreshed. Each change is one transaction that no other writer enters.</summary>
internal sealed class SessionStore(
    Db db, AccountStore accounts, Endings endings, IssuerSettings issuer, AccessTokenSettings tokens, RefreshTokenSettings settings, TimeProvider time)
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
        if (replaces is not null)
            await EndRowAsync(await FindAsync(replaces));
        if (await db.Sessions.CountAsync(row => row.Subject == account.Subject) >= MaximumPerAccount)
            await EndRowAsync(await db.Sessions.AsNoTracking().Where(row => row.Subject == account.Subject).OrderBy(row => row.RotatedAt).FirstAsync());

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
    /// window; any other token that is not the session's present one ends the session.
    /// </summary>
    public async Task<Rotation> RotateAsync(RefreshToken token, Device device)
    {
        await using WriteTransaction transaction = await db.BeginWriteAsync();
        DateTimeOffset now = time.GetUtcNow(), idleSince = now - settings.IdleLifetime, tokensUntil = tokens.ExpiryOf(now);
        bool isRotated = await db.Sessions
            .Where(row => row.SessionId == token.SessionId && row.Counter == token.Counter && row.ExpiresAt > now && row.RotatedAt > idleSince
                && db.Users.Any(account => account.Id == row.Subject && account.DisabledAt == null && account.Generation == row.Generation))
            .ExecuteUpdateAsync(set => set
                .SetProperty(row => row.Counter, row => row.Counter + 1)
                .SetProperty(row => row.RotatedAt, now)
                .SetProperty(row => row.TokensUntil, row => row.TokensUntil > tokensUntil ? row.TokensUntil : tokensUntil)
                .SetProperty(row => row.Address, device.Address)
                .SetProperty(row => row.Agent, device.Agent)) == 1;

        if (await FindAsync(token.SessionId) is not { } session || session.ExpiresAt <= now || session.RotatedAt <= idleSince
            || await accounts.FindBySubjectAsync(session.Subject) is not { IsEnabled: true } account || account.Generation != session.Generation
            || !issuer.Knows(session.Audience))
        {
            return new Rotation.Refused(); // and the transaction is rolled back: nothing was used up
        }

        bool isRepeated = !isRotated && IsPredecessor(session, token, now);
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

    /// <summary>The session of a refresh token that would be taken now, without using it up.</summary>
    public async Task<SessionRow?> FindAliveAsync(RefreshToken token)
    {
        DateTimeOffset now = time.GetUtcNow(), idleSince = now - settings.IdleLifetime;
        SessionRow? session = await db.Sessions.AsNoTracking().SingleOrDefaultAsync(row =>
            row.SessionId == token.SessionId && row.ExpiresAt > now && row.RotatedAt > idleSince
            && db.Users.Any(account => account.Id == row.Subject && account.DisabledAt == null && account.Generation == row.Generation));
        return session is not null && (session.Counter == token.Counter || IsPredecessor(session, token, now)) ? session : null;
    }

    /// <summary>The caller's sessions, the last used first, or <see langword="null"/> where the caller no longer stands.</summary>
    public async Task<IReadOnlyList<Session>?> ListAsync(Caller caller)
    {
        if (!await endings.StandsAsync(caller))
            return null;
        DateTimeOffset now = time.GetUtcNow(), idleSince = now - settings.IdleLifetime;
        return await db.Sessions.AsNoTracking()
            .Where(row => row.Subject == caller.Subject && row.ExpiresAt > now && row.RotatedAt > idleSince)
            .OrderByDescending(row => row.RotatedAt).ThenBy(row => row.SessionId)
            .Select(row => new Session(row.SessionId, row.CreatedAt, row.RotatedAt, row.ExpiresAt, row.Address, row.Agent))
            .ToListAsync();
    }

    /// <summary>Ends the caller's own session: the refresh token, where there is one, and the access tokens.</summary>
    /// <returns><see langword="null"/> where the caller no longer stands.</returns>
    public Task<Ended?> EndOwnAsync(Caller caller) => ChangeAsync(caller, async () =>
    {
        SessionRow? session = await FindAsync(caller.SessionId);
        DateTimeOffset now = time.GetUtcNow(), latest = new[] { now, session?.TokensUntil ?? now, caller.Token?.ExpiresAt ?? now }.Max();
        await endings.EndSessionAsync(caller.SessionId, latest);
        return new Ended(session is null ? 0 : 1, AccessTokens: latest > now, latest);
    });

    /// <summary>Ends one session of the caller's account.</summary>
    /// <returns>Whether there was such a session; <see langword="null"/> where the caller no longer stands.</returns>
    public Task<Ended?> EndListedAsync(Caller caller, string sessionId) => ChangeAsync(caller, async () =>
    {
        DateTimeOffset now = time.GetUtcNow();
        SessionRow? session = await FindAsync(sessionId);
        if (session?.Subject != caller.Subject)
            return new Ended(RefreshTokens: 0, AccessTokens: false, now);
        await EndRowAsync(session);
        return new Ended(RefreshTokens: 1, AccessTokens: session.TokensUntil > now, session.TokensUntil > now ? session.TokensUntil : now);
    });

    /// <summary>Ends every session and access token of the caller's account, but for <paramref name="exceptSessionId"/>.</summary>
    /// <returns><see langword="null"/> where the caller no longer stands.</returns>
    public Task<Ended?> EndAllAsync(Caller caller, string? exceptSessionId) => ChangeAsync(caller, async () =>
        new Ended(await endings.EndSubjectAsync(caller.Subject, exceptSessionId), AccessTokens: true, tokens.ExpiryOf(time.GetUtcNow())));

    /// <summary>Ends one access token of the caller's account, if one is given; its session goes on.</summary>
    /// <returns><see langword="null"/> where the caller no longer stands.</returns>
    public Task<Ended?> EndTokenAsync(Caller caller, AccessToken? token) => ChangeAsync(caller, () =>
    {
        if (token is not null)
            endings.EndToken(token);
        return Task.FromResult(new Ended(RefreshTokens: 0, AccessTokens: token is not null, token?.ExpiresAt ?? time.GetUtcNow()));
    });

    /// <summary>Ends one access token without a caller: by a client that may.</summary>
    public async Task EndTokenAsync(AccessToken token)
    {
        await using WriteTransaction transaction = await db.BeginWriteAsync();
        endings.EndToken(token);
        await endings.CommitAsync(transaction);
    }

    /// <summary>Ends a session of one of these audiences without a caller: by a client that may.</summary>
    /// <returns>Whose it was; <see langword="null"/> where there is none.</returns>
    public async Task<string?> EndAsync(string sessionId, IReadOnlyCollection<string> audiences)
    {
        await using WriteTransaction transaction = await db.BeginWriteAsync();
        if (await FindAsync(sessionId) is not { } session || !audiences.Contains(session.Audience))
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

    private Task EndRowAsync(SessionRow? session) => session is null ? Task.CompletedTask : endings.EndSessionAsync(session.SessionId, session.TokensUntil);

    // The one before the present one, shortly after it was used up. A clock that stepped back since makes nothing young again.
    private bool IsPredecessor(SessionRow session, RefreshToken token, DateTimeOffset now) =>
        token.Counter == session.Counter - 1 && (now - session.RotatedAt).Duration() < settings.ReuseWindow;

    private static Rotation.Successor SuccessorOf(SessionRow session, AccountSnapshot account, DateTimeOffset now, bool isRepeated) =>
        new(account, session.SessionId, session.Audience, session.Scope, session.Counter, now, session.ExpiresAt, isRepeated);
}
