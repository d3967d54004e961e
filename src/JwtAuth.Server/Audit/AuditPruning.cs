using JwtAuth.Server.Observability;
using JwtAuth.Server.Sealing;
using JwtAuth.Server.Storage;
using Microsoft.EntityFrameworkCore;

namespace JwtAuth.Server.Audit;

/// <summary>
/// Deletes records that are older than they are kept, every hour, from the front. Up to where, a sealed row says; what does not fit the
/// chain is left as it is, and told. The last record always stays.
/// </summary>
internal sealed class AuditPruning(
    IServiceScopeFactory scopes, AuditSettings settings, AuditChain chain, RowSeals seals, TimeProvider time, ILogger<AuditPruning> log)
    : BackgroundService
{
    // As many as are deleted while nobody notices a wait.
    private const int Lot = 500;

    private static readonly TimeSpan Every = TimeSpan.FromHours(1);

    /// <summary>Deletes them now.</summary>
    /// <returns>How many there were.</returns>
    public async Task<long> PruneAsync(CancellationToken cancellation = default)
    {
        await using AsyncServiceScope scope = scopes.CreateAsyncScope();
        Db db = scope.ServiceProvider.GetRequiredService<Db>();
        AuditTrail trail = scope.ServiceProvider.GetRequiredService<AuditTrail>();
        DateTimeOffset before = time.GetUtcNow() - TimeSpan.FromDays(settings.RetentionDays);
        long? keep = await db.AuditRecords.Where(row => row.At >= before).OrderBy(row => row.Number)
            .Select(row => (long?)row.Number).FirstOrDefaultAsync(cancellation) ?? await LastAsync(db, cancellation);
        long deleted = 0;
        while (await PruneAsync(db, trail, keep ?? 0, deleted) is > 0 and var count)
        {
            cancellation.ThrowIfCancellationRequested();
            deleted += count;
        }
        return deleted;
    }

    private static Task<long?> LastAsync(Db db, CancellationToken cancellation) => db.AuditRecords.OrderByDescending(row => row.Number)
        .Select(row => (long?)row.Number).FirstOrDefaultAsync(cancellation);

    private async Task<int> PruneAsync(Db db, AuditTrail trail, long keep, long before)
    {
        await using WriteTransaction transaction = await db.BeginWriteAsync(Urgency.Tidying, "audit trail", Extent.OneStatement);
        await db.LockAuditAsync();
        AuditCheckpointRow? checkpoint = await db.AuditCheckpoints.SingleOrDefaultAsync();
        List<AuditRow> old = await db.AuditRecords.AsNoTracking()
            .Where(row => row.Number < keep).OrderBy(row => row.Number).Take(Lot).ToListAsync();
        if (old.Count == 0)
            return 0;
        if (!Fit(checkpoint, old))
        {
            log.AuditNotPruned(old[0].Number, old[^1].Number);
            return 0;
        }

        AuditRow last = old[^1];
        await db.AuditRecords.Where(row => row.Number <= last.Number).ExecuteDeleteAsync();
        if (checkpoint is null)
            db.AuditCheckpoints.Add(checkpoint = new AuditCheckpointRow { Number = 0, Mac = [], At = default });
        (checkpoint.Number, checkpoint.Mac) = (last.Number, last.Mac);
        checkpoint.At = DateTimeOffset.FromUnixTimeMilliseconds(time.GetUtcNow().ToUnixTimeMilliseconds());
        seals.Seal(checkpoint);
        await db.SaveChangesAsync();
        if (last.Number == keep - 1)
        {
            trail.Add(new AuditEntry(AuditEvent.AuditPruned) { Count = before + old.Count });
            await trail.WriteAsync();
        }
        await transaction.CommitAsync();
        return old.Count;
    }

    // What was changed is evidence.
    private bool Fit(AuditCheckpointRow? checkpoint, List<AuditRow> rows)
    {
        if (checkpoint is not null && !seals.Fits(checkpoint))
            return false;
        (long number, byte[] mac) = (checkpoint?.Number ?? 0, checkpoint?.Mac ?? AuditChain.Beginning);
        foreach (AuditRow row in rows)
        {
            if (row.Number != ++number || !chain.Fits(row, number, mac))
                return false;
            mac = row.Mac;
        }
        return true;
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Every, time);
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            try
            {
                await PruneAsync(stoppingToken);
            }
            catch (Exception fault) when (fault is not OperationCanceledException)
            {
                log.AuditPruningFailed(fault);
            }
        }
    }
}
