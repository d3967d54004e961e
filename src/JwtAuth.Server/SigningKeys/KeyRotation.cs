using JwtAuth.Server.Observability;

namespace JwtAuth.Server.SigningKeys;

/// <summary>
/// Keeps the ring up to date. Every second it looks for changes by another process, such as the command line. Every minute it checks
/// whether a successor is due.
/// </summary>
internal sealed class KeyRotation(SigningKeyRing ring, TimeProvider time, ILogger<KeyRotation> log) : BackgroundService
{
    private static readonly TimeSpan LookEvery = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan AdvanceEvery = TimeSpan.FromMinutes(1);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(LookEvery, time);
        DateTimeOffset broughtAt = time.GetUtcNow();
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            try
            {
                if ((time.GetUtcNow() - broughtAt).Duration() >= AdvanceEvery)
                {
                    broughtAt = time.GetUtcNow();
                    await ring.AdvanceAsync(stoppingToken);
                }
                else
                {
                    await ring.LoadAsync(stoppingToken);
                }
            }
            catch (Exception fault) when (fault is not OperationCanceledException)
            {
                log.RingNotReached(fault);
            }
        }
    }
}
