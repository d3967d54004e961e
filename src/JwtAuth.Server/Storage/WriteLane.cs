using Microsoft.EntityFrameworkCore.Storage;

namespace JwtAuth.Server.Storage;

/// <summary>
/// The queue of this process's writers. They wait in order and without holding a thread. SQLite's own waiting sleeps on the thread and has
/// no order; it is only for other processes.
/// </summary>
/// <param name="patience">How long a writer waits: as long as SQLite itself waits for another process.</param>
/// <param name="time">The clock.</param>
internal sealed class WriteLane(TimeSpan patience, TimeProvider time) : IDisposable
{
    // A write takes one or a few milliseconds. Beyond this number, a writer is told at once to come back later.
    private const int MaximumWaiting = 500;

    private readonly SemaphoreSlim place = new(1, 1);
    private int waiting;

    /// <exception cref="StorageBusyException">Too many are waiting, or other writers have taken too long.</exception>
    public async Task EnterAsync()
    {
        try
        {
            if (Interlocked.Increment(ref waiting) > MaximumWaiting)
                throw new StorageBusyException();
            if (place.Wait(TimeSpan.Zero)) // not while others wait: the place is handed to them
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

/// <summary>Others are writing to the store for too long. The caller may try again.</summary>
internal sealed class StorageBusyException : Exception;

/// <summary>A transaction that shuts out other writers, of this process or another. What is not committed is rolled back.</summary>
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
