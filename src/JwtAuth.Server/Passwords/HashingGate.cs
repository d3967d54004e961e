using System.Threading.RateLimiting;
using JwtAuth.Server.Configuration;

namespace JwtAuth.Server.Passwords;

/// <summary>Bounded admission to bcrypt: so many at once, so many waiting, so long. Hashing is dear on purpose; without a gate a few hundred logins stop everything else.</summary>
internal sealed class HashingGate(PasswordSettings settings, TimeProvider time) : IDisposable
{
    private readonly ConcurrencyLimiter limiter = new(new ConcurrencyLimiterOptions
    {
        PermitLimit = settings.MaxConcurrentHashes,
        QueueLimit = settings.QueueLimit,
        QueueProcessingOrder = QueueProcessingOrder.OldestFirst,
    });

    /// <summary>When to come back, for who was not admitted.</summary>
    public static readonly TimeSpan RetryAfter = TimeSpan.FromSeconds(2);

    /// <summary>A place at bcrypt, to be disposed of; <see langword="null"/> where the queue is full or the wait too long.</summary>
    public async Task<IDisposable?> EnterAsync(CancellationToken cancellation)
    {
        using var patience = new CancellationTokenSource(settings.MaxQueueWait, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(patience.Token, cancellation);
        try
        {
            RateLimitLease lease = limiter.AttemptAcquire();
            if (!lease.IsAcquired)
                lease = await limiter.AcquireAsync(1, either.Token);
            return lease.IsAcquired ? lease : null;
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            return null;
        }
    }

    public void Dispose() => limiter.Dispose();
}
