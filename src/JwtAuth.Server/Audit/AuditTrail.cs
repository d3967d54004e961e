using JwtAuth.Server.Storage;
using Microsoft.EntityFrameworkCore;

namespace JwtAuth.Server.Audit;

/// <summary>
/// What the transaction at hand records. It is written as the last act before the commit: whoever is told that something was changed can
/// rely on its record, and what is rolled back leaves none.
/// </summary>
internal sealed class AuditTrail(Db db, AuditChain chain, AuditOrigins origins, TimeProvider time)
{
    private readonly List<WaitingEntry> waiting = [];

    /// <summary>Adds what is to be recorded by <see cref="WriteAsync"/>.</summary>
    public void Add(AuditEntry entry) => Add(WaitingEntry.Of(entry, origins.Current, time));

    /// <summary>Adds what was noted before.</summary>
    public void Add(WaitingEntry entry) => waiting.Add(entry);

    /// <summary>
    /// Writes what was added, in the caller's transaction, which commits at once. From here on nobody else writes to the trail until then.
    /// </summary>
    public async Task WriteAsync()
    {
        if (waiting.Count == 0)
            return;
        await db.LockAuditAsync();
        (long number, byte[] mac) = await HeadAsync(db);
        List<AuditRow> rows = [];
        foreach (WaitingEntry entry in waiting)
        {
            AuditRow row = entry.ToRow(++number);
            row.Mac = mac = chain.MacOf(row, mac);
            rows.Add(row);
        }
        waiting.Clear();
        db.AuditRecords.AddRange(rows);
        await db.SaveChangesAsync();
        foreach (AuditRow row in rows)
            db.Entry(row).State = EntityState.Detached;
    }

    /// <summary>The number and the MAC of the last record; of the last that was deleted by age, if there is none.</summary>
    public static async Task<(long Number, byte[] Mac)> HeadAsync(Db db)
    {
        if (await db.AuditRecords.OrderByDescending(row => row.Number).Select(row => new { row.Number, row.Mac }).FirstOrDefaultAsync()
            is { } last)
        {
            return (last.Number, last.Mac);
        }
        return await db.AuditCheckpoints.AsNoTracking().SingleOrDefaultAsync() is { } checkpoint
            ? (checkpoint.Number, checkpoint.Mac) : (0, AuditChain.Beginning);
    }
}

/// <summary>An entry with its moment and its origin.</summary>
internal sealed record WaitingEntry(AuditEntry Entry, DateTimeOffset At, AuditActor Actor, string? Address, string? RequestId)
{
    public static WaitingEntry Of(AuditEntry entry, AuditOrigin origin, TimeProvider time) =>
        new(entry, time.GetUtcNow(), entry.Actor ?? origin.Unnamed, origin.Address, origin.RequestId);

    public AuditRow ToRow(long number) => new()
    {
        Number = number,
        At = DateTimeOffset.FromUnixTimeMilliseconds(At.ToUnixTimeMilliseconds()),
        Event = Entry.Event.Name,
        ActorKind = Actor.Kind,
        Actor = Actor.Id,
        Subject = Entry.Subject,
        Object = Entry.Object,
        Outcome = Entry.Event.Outcome.Name,
        Detail = Entry.Detail?.Name,
        Count = Entry.Count,
        Address = Address,
        RequestId = RequestId,
    };
}
