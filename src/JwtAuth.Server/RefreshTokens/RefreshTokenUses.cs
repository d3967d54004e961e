using JwtAuth.Server.AccessTokens;
using JwtAuth.Server.Sessions;
using JwtAuth.Server.Storage;

namespace JwtAuth.Server.RefreshTokens;

/// <summary>
/// Uses refresh tokens up. A token is judged by one reading of its session; each use is one conditional update of the session's row, which
/// holds only for the session that was read.
/// </summary>
internal sealed class RefreshTokenUses(
    SessionUses sessions, GroupedWrites writes, IServiceScopeFactory scopes, IssuerSettings issuer, SessionPolicy policy, TimeProvider time)
{
    // A session that changes more often than this while one token is judged is beyond what people do.
    private const int Rounds = 16;

    private const string Stands =
        """
        "SessionId" = @session AND "Counter" = @counter AND "Generation" = @generation AND "ExpiresAt" > @now
        AND EXISTS (SELECT 1 FROM "AspNetUsers" a
            WHERE a."Id" = "Sessions"."Subject" AND a."DisabledAt" IS NULL AND a."Generation" = @generation)
        """;

    private const string TokensUntil =
        """
        "TokensUntil" = CASE WHEN "TokensUntil" > @until THEN "TokensUntil" ELSE @until END
        """;

    private const string Rotate =
        $"""
        UPDATE "Sessions" SET "Counter" = "Counter" + 1, "RotatedAt" = @now, {TokensUntil}, "Address" = @address, "Agent" = @agent
        WHERE {Stands} AND "RotatedAt" > @idleSince
        AND ("Counter" = 0 OR "RotatedAt" <= @sharedSince OR "RotatedAt" >= @sharedUntil)
        """;

    private const string Repeat = $"""UPDATE "Sessions" SET {TokensUntil} WHERE {Stands}""";

    private readonly RefreshTokenSettings settings = policy.RefreshTokens;
    private readonly AccessTokenSettings tokens = policy.AccessTokens;

    /// <summary>
    /// Uses a refresh token up, with one conditional update. If the token lost a race, or the reply to its first use was lost, it gets the
    /// same successor within the reuse window. Any other token that is not the session's current one ends the session. The tabs of a
    /// browser share one cookie. If a tab sends the token that another tab's refresh has just brought, the token stays: rotating again
    /// would overtake requests of other tabs that are still on their way.
    /// </summary>
    public async Task<Rotation> RotateAsync(RefreshToken token, Device device, bool isSharedByTabs)
    {
        // Each round but the last one has found that somebody else had changed the session since it was read.
        for (int round = 0; round < Rounds; round++)
        {
            DateTimeOffset now = time.GetUtcNow();
            if (await sessions.FindAsync(token.SessionId, now) is not var (session, account) || !issuer.Knows(session.Audience))
                return new Rotation.Refused(); // nothing was used up
            bool isRepeated = IsRepetition(session, token, now, isSharedByTabs);
            if (!isRepeated && token.Counter != session.Counter)
            {
                if (await EndReusedAsync(token, isSharedByTabs) is { } ended)
                    return ended;
                continue;
            }
            DateTimeOffset? at = !isRepeated ? await RotateAsync(session, device, isSharedByTabs)
                // What this one gets carries the session's id and the account's generation, so an ending meanwhile still ends it.
                : session.TokensUntil >= tokens.ExpiryOf(now) ? now
                : await RepeatAsync(session);
            if (at is not null)
                return new Rotation.Successor(
                    account, session, new RefreshToken(session.SessionId, isRepeated ? session.Counter : session.Counter + 1), at.Value,
                    isRepeated);
        }
        throw new StorageBusyException();
    }

    /// <summary>The session of a refresh token that would be accepted now. The token is not used up.</summary>
    /// <returns>The session, with the name of its account.</returns>
    public async Task<(SessionRow Session, string Username)?> FindAliveAsync(RefreshToken token)
    {
        DateTimeOffset now = time.GetUtcNow();
        return await sessions.FindAsync(token.SessionId, now) is var (session, account)
            && (session.Counter == token.Counter || IsRepetition(session, token, now))
            ? (session, account.Username)
            : null;
    }

    // The times are those of the turn, however long the wait for it was.
    private Task<DateTimeOffset?> RotateAsync(SessionRow session, Device device, bool isSharedByTabs) =>
        writes.RunAsync(Urgency.Usual, session.Subject, async writer =>
        {
            DateTimeOffset now = time.GetUtcNow();
            TimeSpan shared = isSharedByTabs ? settings.ReuseWindow : TimeSpan.Zero;
            return await writer.ExecuteAsync(
                Rotate,
                ("@now", now.ToStored()), ("@until", tokens.ExpiryOf(now).ToStored()),
                ("@address", device.Address), ("@agent", device.Agent),
                ("@session", session.SessionId), ("@counter", session.Counter), ("@generation", session.Generation),
                ("@idleSince", (now - settings.IdleLifetime).ToStored()),
                ("@sharedSince", (now - shared).ToStored()), ("@sharedUntil", (now + shared).ToStored())) == 1
                ? now
                : (DateTimeOffset?)null;
        });

    private Task<DateTimeOffset?> RepeatAsync(SessionRow session) =>
        writes.RunAsync(Urgency.Usual, session.Subject, async writer =>
        {
            DateTimeOffset now = time.GetUtcNow();
            return await writer.ExecuteAsync(
                Repeat,
                ("@until", tokens.ExpiryOf(now).ToStored()), ("@session", session.SessionId), ("@counter", session.Counter),
                ("@generation", session.Generation), ("@now", now.ToStored())) == 1
                ? now
                : (DateTimeOffset?)null;
        });

    // Null if it is none any more when it is looked at again.
    private async Task<Rotation?> EndReusedAsync(RefreshToken token, bool isSharedByTabs)
    {
        bool isAhead = false;
        await using AsyncServiceScope scope = scopes.CreateAsyncScope(); // no other outcome needs one
        string? subject = await scope.ServiceProvider.GetRequiredService<SessionStore>().EndAsync(token.SessionId, session =>
        {
            DateTimeOffset now = time.GetUtcNow();
            isAhead = token.Counter > session.Counter;
            return policy.EndOf(session) > now && token.Counter != session.Counter && !IsRepetition(session, token, now, isSharedByTabs);
        }, session => RefreshTokenStore.MisusedEntry(session, isAhead));
        return subject is null ? null : isAhead ? new Rotation.Ahead(subject) : new Rotation.Reused(subject);
    }

    // Shortly after a rotation, a token is a repetition if the rotation used it up, or brought it and it comes in a shared cookie. A clock
    // that has stepped back since does not extend the window.
    private bool IsRepetition(SessionRow session, RefreshToken token, DateTimeOffset now, bool isSharedByTabs = false) =>
        (token.Counter == session.Counter - 1 || (isSharedByTabs && token.Counter == session.Counter && session.Counter > 0))
        && (now - session.RotatedAt).Duration() < settings.ReuseWindow;
}
