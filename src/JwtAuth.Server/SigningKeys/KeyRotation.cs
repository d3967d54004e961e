using JwtAuth.Server.Observability;
using JwtAuth.Server.Storage;

namespace JwtAuth.Server.SigningKeys;

/// <summary>
/// Keeps the ring up to date. It looks for changes by another process, such as the command line, every second and when it is told of one.
/// Every minute it checks whether a successor is due. It also notices when another process has begun another history of the database.
/// </summary>
internal sealed class KeyRotation(
    SigningKeyRing ring, DatabaseStart database, PreparedReads reads, NewsListener news, TimeProvider time, ILogger<KeyRotation> log)
    : BackgroundService
{
    private static readonly TimeSpan LookEvery = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan AdvanceEvery = TimeSpan.FromMinutes(1);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        news.Add(News.Keys, ring.CatchUpAsync);
        using var timer = new PeriodicTimer(LookEvery, time);
        DateTimeOffset broughtAt = time.GetUtcNow();
        bool isTold = false;
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            try
            {
                await database.LookAsync(reads, stoppingToken);
                if ((time.GetUtcNow() - broughtAt).Duration() >= AdvanceEvery)
                {
                    broughtAt = time.GetUtcNow();
                    await ring.AdvanceAsync(stoppingToken);
                }
                else
                {
                    await ring.LoadAsync(stoppingToken);
                }
                isTold = false;
            }
            catch (Exception fault) when (fault is not OperationCanceledException)
            {
                // Every look meets the same fault. It is logged once, so that it does not fill the log.
                if (!isTold)
                    log.RingNotReached(fault);
                isTold = true;
            }
        }
    }
}
