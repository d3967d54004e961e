using Microsoft.EntityFrameworkCore.Storage;

namespace JwtAuth.Server.Storage;

/// <summary>
/// A transaction that shuts out other writers, of this process or another, until it is committed or disposed of. What is not committed is
/// rolled back.
/// </summary>
internal sealed class WriteTransaction(IDbContextTransaction transaction, WriteLane lane) : IAsyncDisposable
{
    private bool hasLeft;

    /// <summary>Commits. The turn of the next writer begins, while this one goes on with what follows.</summary>
    public async Task CommitAsync()
    {
        await transaction.CommitAsync();
        Leave();
    }

    public async ValueTask DisposeAsync()
    {
        try
        {
            await transaction.DisposeAsync();
        }
        finally
        {
            Leave();
        }
    }

    private void Leave()
    {
        if (!hasLeft)
            lane.Leave();
        hasLeft = true;
    }
}

/// <summary>Others are writing to the store for too long. The caller may try again.</summary>
internal sealed class StorageBusyException : Exception;
