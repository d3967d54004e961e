using System.Data.Common;
using JwtAuth.Server.Observability;
using JwtAuth.Server.Storage;

namespace JwtAuth.Server.Pipeline;

/// <summary>
/// Whether the store can be written and read. It is found out when somebody asks for readiness, by a write at most every five seconds and
/// by reading the store through for at most a hundredth of the time. What requests run into counts at once. The cause is logged once, until
/// all is well again.
/// </summary>
internal sealed class StoreWatch(Engine engine, PreparedReads reads, TimeProvider time, ILogger<StoreWatch> log) : IDisposable
{
    private static readonly TimeSpan WriteEvery = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan ReadEvery = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan ReadOnSuspicionEvery = TimeSpan.FromSeconds(5);

    private const int ShareOfReading = 100;

    private readonly SemaphoreSlim asking = new(1, 1);
    private readonly Lock guard = new();
    private bool isUnwritable, isDamaged;
    private long? wroteAt, readAt;
    private TimeSpan readingTook;
    private Task reading = Task.CompletedTask;

    /// <summary>What an exception says of the store.</summary>
    public StoreFault FaultOf(Exception fault) => engine.FaultOf(fault);

    /// <summary>Whether requests can count on the store.</summary>
    public async Task<bool> IsSoundAsync()
    {
        // Who asks meanwhile gets what was known before.
        if (await asking.WaitAsync(TimeSpan.Zero))
        {
            try
            {
                await LookAsync();
            }
            finally
            {
                asking.Release();
            }
        }
        lock (guard)
            return !isUnwritable && !isDamaged;
    }

    /// <summary>A request has run into a fault of the store. What was damaged counts as such until the store was read through.</summary>
    public void Report(Exception fault) => Report(fault, FaultOf(fault) == StoreFault.Damaged);

    /// <summary>
    /// A request has failed for a reason that may be damage: what is read from a damaged row can be anything. The store is read through.
    /// </summary>
    /// <returns>Whether it is known to be damaged.</returns>
    public bool Suspect()
    {
        ReadWhenDue(ReadOnSuspicionEvery);
        lock (guard)
            return isDamaged;
    }

    public void Dispose()
    {
        reading.Wait(TimeSpan.FromSeconds(1)); // a short one does not outlive the host
        asking.Dispose();
    }

    private async Task LookAsync()
    {
        long now = time.GetTimestamp();
        if (wroteAt is null || time.GetElapsedTime(wroteAt.Value, now) >= WriteEvery)
        {
            await WriteAsync();
            wroteAt = now;
        }
        ReadWhenDue(ReadEvery);
    }

    private void ReadWhenDue(TimeSpan every)
    {
        lock (guard)
        {
            if (readAt is { } last && time.GetElapsedTime(last) is var since && (since < every || since < readingTook * ShareOfReading))
                return;
            readAt = time.GetTimestamp();
        }
        reading = Task.Run(ReadAsync); // it may take long, and no request waits for it
    }

    private async Task WriteAsync()
    {
        try
        {
            await engine.TryWritingAsync();
            Clear(ref isUnwritable);
        }
        catch (DbException fault) when (FaultOf(fault) == StoreFault.Contention)
        {
            // The store is in use. That says nothing of it.
        }
        catch (Exception fault)
        {
            Report(fault);
        }
    }

    private async Task ReadAsync()
    {
        long begunAt = time.GetTimestamp();
        try
        {
            if (await engine.FindDamageAsync() is { } damage)
                Report(new InvalidDataException(damage), damaged: true);
            else
                Clear(ref isDamaged);
        }
        catch (ObjectDisposedException)
        {
            // The service is stopping.
        }
        catch (Exception fault)
        {
            if (FaultOf(fault) != StoreFault.Contention)
                Report(fault, damaged: true);
        }
        lock (guard)
            readingTook = time.GetElapsedTime(begunAt);
    }

    private void Report(Exception fault, bool damaged)
    {
        lock (guard)
        {
            if (damaged ? isDamaged : isUnwritable)
                return;
            (isDamaged, isUnwritable) = (isDamaged || damaged, isUnwritable || !damaged);
            log.StoreFailed(fault);
        }
        reads.Forget(); // what connections hold in memory would hide it from some requests
    }

    private void Clear(ref bool fault)
    {
        lock (guard)
        {
            if (!fault)
                return;
            fault = false;
            if (isUnwritable || isDamaged)
                return;
            log.StoreSoundAgain();
        }
    }
}
