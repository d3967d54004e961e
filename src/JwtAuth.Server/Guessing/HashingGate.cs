using System.Collections.Concurrent;
using System.Net;
using System.Threading.RateLimiting;

namespace JwtAuth.Server.Guessing;

/// <summary>
/// Limits bcrypt: how many hash at once, how many wait, and for how long. Hashing is slow on purpose. Without this limit, a few hundred
/// logins would stop everything else.
/// </summary>
internal sealed class HashingGate(HashingSettings settings, TimeProvider time, IHostApplicationLifetime? lifetime = null) : IDisposable
{
    // One network may fill only this much of a queue that is long enough to share. The rest is for everybody else.
    private readonly int placesOfOneNetwork = settings.MaxConcurrentHashes
        + (settings.QueueLimit < 10 ? settings.QueueLimit : settings.QueueLimit * 3 / 5);
    private readonly ConcurrentDictionary<string, int> present = new(StringComparer.Ordinal);

    private readonly ConcurrencyLimiter limiter = new(new ConcurrencyLimiterOptions
    {
        PermitLimit = settings.MaxConcurrentHashes,
        QueueLimit = settings.QueueLimit,
        QueueProcessingOrder = QueueProcessingOrder.OldestFirst,
    });

    /// <summary>When to try again after no place was free.</summary>
    public static readonly TimeSpan RetryAfter = TimeSpan.FromSeconds(2);

    /// <summary>
    /// A place at bcrypt, to be disposed of. <see langword="null"/> if the queue is full, the wait is too long, or the service is stopping.
    /// </summary>
    public async Task<IDisposable?> EnterAsync(CancellationToken cancellation, IPAddress? address = null)
    {
        string network = NetworkPrefix.Of(address);
        if (present.AddOrUpdate(network, 1, (_, count) => count + 1) > placesOfOneNetwork && address is not null)
        {
            Leave(network);
            return null;
        }

        RateLimitLease? lease = null;
        try
        {
            lease = limiter.AttemptAcquire();
            if (!lease.IsAcquired)
            {
                using var patience = new CancellationTokenSource(settings.MaxQueueWait, time);
                using var any = CancellationTokenSource.CreateLinkedTokenSource(
                    patience.Token, cancellation, lifetime?.ApplicationStopping ?? CancellationToken.None);
                lease = await limiter.AcquireAsync(1, any.Token);
            }
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            lease = null;
        }
        finally
        {
            if (lease is not { IsAcquired: true })
                Leave(network);
        }
        return lease is { IsAcquired: true } ? new Place(this, network, lease) : null;
    }

    public void Dispose() => limiter.Dispose();

    private void Leave(string network)
    {
        int left = present.AddOrUpdate(network, 0, (_, count) => count - 1);
        if (left == 0)
            present.TryRemove(KeyValuePair.Create(network, 0));
    }

    private sealed class Place(HashingGate gate, string network, RateLimitLease lease) : IDisposable
    {
        public void Dispose()
        {
            lease.Dispose();
            gate.Leave(network);
        }
    }
}
