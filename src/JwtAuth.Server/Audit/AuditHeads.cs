using System.Data.Common;
using JwtAuth.Server.Sealing;
using JwtAuth.Server.Storage;

namespace JwtAuth.Server.Audit;

/// <summary>The head of the trail: the number of the last record, and its MAC.</summary>
internal sealed record AuditHead(long Number, byte[] Mac);

/// <summary>
/// Tells the head of the trail to whoever bears witness to it. What is asked again within a second is not read again, unless somebody has
/// heard of a later head already.
/// </summary>
internal sealed class AuditHeads(PreparedReads reads, RowSeals seals, TimeProvider time)
{
    private const string Last =
        """
        SELECT "Number", "Mac" FROM "AuditRecords" WHERE "Number" = (SELECT max("Number") FROM "AuditRecords")
        """;

    private const string One = """SELECT "Number", "Mac" FROM "AuditRecords" WHERE "Number" = @number""";

    private const string Checkpoint = """SELECT "Number", "Mac", "At", "Seal" FROM "AuditCheckpoints" """;

    private static readonly TimeSpan Fresh = TimeSpan.FromSeconds(1);

    private Reading? last;

    /// <summary>The head of the trail; <see langword="null"/> if nothing is recorded yet, or it cannot be read.</summary>
    /// <param name="knownNumber">A number that somebody has heard of, from this process or another.</param>
    /// <param name="cancellation">Nobody waits for the answer any more.</param>
    public async Task<AuditHead?> FindAsync(long knownNumber, CancellationToken cancellation)
    {
        if (Volatile.Read(ref last) is { } known && time.GetElapsedTime(known.ReadAt) < Fresh && known.Head?.Number >= knownNumber)
            return known.Head;
        long readAt = time.GetTimestamp();
        try
        {
            AuditHead? head = await reads.AskAsync(Last, ReadAsync, cancellation)
                ?? (await CheckpointAsync(cancellation) is { } checkpoint ? new AuditHead(checkpoint.Number, checkpoint.Mac) : null);
            Volatile.Write(ref last, new Reading(head, readAt));
            return head;
        }
        catch (DbException)
        {
            return null; // the feed goes on without it
        }
    }

    /// <summary>
    /// What the trail says of a record that somebody has heard of as its head: its MAC, or an empty one if it is not there although it was
    /// not deleted by age.
    /// </summary>
    /// <returns><see langword="null"/> if that cannot be told any more.</returns>
    public async Task<AuditHead?> RecallAsync(long number, CancellationToken cancellation)
    {
        if (Volatile.Read(ref last) is { Head: { } known } && known.Number == number)
            return known;
        try
        {
            if (await reads.AskAsync(One, ReadAsync, cancellation, ("@number", number)) is { } found)
                return found;
            AuditCheckpointRow? checkpoint = await CheckpointAsync(cancellation);
            return number == checkpoint?.Number ? new AuditHead(number, checkpoint.Mac)
                : number < checkpoint?.Number ? null
                : new AuditHead(number, []);
        }
        catch (DbException)
        {
            return null;
        }
    }

    private async Task<AuditCheckpointRow?> CheckpointAsync(CancellationToken cancellation) =>
        await reads.AskAsync(Checkpoint, ReadCheckpointAsync, cancellation) is { } row && seals.Believes(row) ? row : null;

    private static async Task<AuditHead?> ReadAsync(DbDataReader reader) =>
        await reader.ReadAsync() ? new AuditHead(reader.GetInt64(0), reader.BytesOrNull(1) ?? []) : null;

    private static async Task<AuditCheckpointRow?> ReadCheckpointAsync(DbDataReader reader) => await reader.ReadAsync()
        ? new AuditCheckpointRow
        {
            Number = reader.GetInt64(0),
            Mac = reader.BytesOrNull(1) ?? [],
            At = reader.GetMoment(2),
            Seal = reader.BytesOrNull(3),
        }
        : null;

    private sealed record Reading(AuditHead? Head, long ReadAt);
}
