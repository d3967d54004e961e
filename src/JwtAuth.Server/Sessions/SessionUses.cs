using System.Data.Common;
using JwtAuth.Server.Accounts;
using JwtAuth.Server.Observability;
using JwtAuth.Server.Storage;

namespace JwtAuth.Server.Sessions;

/// <summary>
/// Finds sessions for those who use them, each by one statement that reads the account as well: with two, a change in between would look
/// like the end of the session.
/// </summary>
internal sealed class SessionUses(
    PreparedReads reads, GroupedWrites writes, SessionPolicy policy, TimeProvider time, ILogger<SessionUses> log)
{
    private const string Standing =
        $"""
        SELECT {SessionRow.Columns}, {AccountSnapshots.Columns}
        FROM "Sessions" s JOIN "AspNetUsers" a ON a."Id" = s."Subject" {AccountSnapshots.Roles}
        WHERE a."DisabledAt" IS NULL AND a."Generation" = s."Generation" AND
        """;

    private const string ById = $"""{Standing} s."SessionId" = @session""", ByCookie = $"""{Standing} s."CookieHash" = @hash""";

    private const string Note =
        """
        UPDATE "Sessions" SET "RotatedAt" = @now, "Address" = @address, "Agent" = @agent WHERE "SessionId" = @session AND "RotatedAt" < @now
        """;

    // The use of a cookie is written down no more often than this, so that a request that only reads seldom writes.
    private readonly TimeSpan noteEvery =
        TimeSpan.FromTicks(Math.Min(TimeSpan.FromMinutes(1).Ticks, policy.Cookies.IdleLifetime.Ticks / 20));

    /// <summary>
    /// A session, and its account as it is now. <see langword="null"/> if the session is over, or the account is disabled or has changed.
    /// </summary>
    public Task<(SessionRow Session, AccountSnapshot Account)?> FindAsync(string sessionId, DateTimeOffset now) =>
        FindAsync(ById, ("@session", sessionId), now);

    /// <summary>The session of a cookie in the same way. Counts as a use of the session.</summary>
    public async Task<(SessionRow Session, AccountSnapshot Account, DateTimeOffset EndsAt)?> UseAsync(byte[] cookieHash, Device device)
    {
        DateTimeOffset now = time.GetUtcNow();
        if (await FindAsync(ByCookie, ("@hash", cookieHash), now) is not var (session, account))
            return null;
        bool isNoted = now - session.RotatedAt > noteEvery && await NoteUseAsync(session, device, now);
        return (session, account, isNoted ? policy.Cookies.EndOf(session.ExpiresAt, lastUse: now) : policy.EndOf(session));
    }

    private async Task<(SessionRow Session, AccountSnapshot Account)?> FindAsync(
        string statement, (string Name, object Value) by, DateTimeOffset now) =>
        await reads.AskAsync(statement, ReadAsync, CancellationToken.None, by) is var (session, account)
            && policy.EndOf(session) > now && policy.Seals.Believes(session)
            ? (session, account)
            : null;

    private static async Task<(SessionRow Session, AccountSnapshot Account)?> ReadAsync(DbDataReader reader)
    {
        if (!await reader.ReadAsync())
            return null;
        SessionRow session = SessionRow.Read(reader);
        return (session, (await AccountSnapshots.ReadAsync(reader, SessionRow.ColumnCount)).Account);
    }

    // A request that only reads must not fail because others write. If this use cannot be written down, the next one is.
    private async Task<bool> NoteUseAsync(SessionRow session, Device device, DateTimeOffset now)
    {
        try
        {
            return await writes.NoteAsync($"session {session.SessionId}", session.Subject, writer => writer.ExecuteAsync(
                Note, ("@now", now.ToStored()), ("@address", device.Address), ("@agent", device.Agent), ("@session", session.SessionId)));
        }
        catch (Exception fault) when (fault is DbException or StorageBusyException)
        {
            log.UseNotNoted(fault, session.SessionId);
            return false;
        }
    }
}
