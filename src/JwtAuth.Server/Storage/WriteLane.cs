using Microsoft.EntityFrameworkCore.Storage;

namespace JwtAuth.Server.Storage;

/// <summary>
/// Where the writers of this process wait for each other: in order, and without holding a thread. SQLite's own waiting, which sleeps on the
/// thread and wakes in no order, is left for other processes.
/// </summary>
/// <param name="patience">How long one waits: as long as SQLite itself waits for another process.</param>
/// <param name="time">The clock.</param>
internal sealed class WriteLane(TimeSpan patience, TimeProvider time) : IDisposable
{
    // A write takes a millisecond or a few: who comes later than these is told to come back at once.
    private const int MaximumWaiting = 500;

    private readonly SemaphoreSlim place = new(1, 1);
    private int waiting;

    /// <exception cref="StorageBusyException">Too many wait, or others have written for longer than one waits.</exception>
    public async Task EnterAsync()
    {
        try
        {
            if (Interlocked.Increment(ref waiting) > MaximumWaiting)
                throw new StorageBusyException();
            if (place.Wait(TimeSpan.Zero)) // never while others wait: they are handed the place
                return;
            using var tired = new CancellationTokenSource(patience, time);
            await place.WaitAsync(tired.Token);
        }
        catch (OperationCanceledException)
        {
            throw new StorageBusyException();
        }
        finally
        {
            Interlocked.Decrement(ref waiting);
        }
    }

    public void Leave() => place.Release();

    public void Dispose() => place.Dispose();
}

/// <summary>The store is written by others for longer than one waits: the caller may come back.</summary>
internal sealed class StorageBusyException : Exception;

/// <summary>A transaction that no other writer enters, of this process or another. What is not committed is rolled back.</summary>
internal sealed class WriteTransaction(IDbContextTransaction transaction, WriteLane lane) : IAsyncDisposable
{
    public Task CommitAsync() => transaction.CommitAsync();

    public async ValueTask DisposeAsync()
    {
        try
        {
            await transaction.DisposeAsync();
        }
        finally
        {
            lane.Leave();
        }
    }
}
