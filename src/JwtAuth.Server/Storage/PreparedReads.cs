using System.Data.Common;

namespace JwtAuth.Server.Storage;

/// <summary>
/// Answers questions that come with many requests, each by one prepared statement. A few connections stay open for it. Each statement sees
/// everything that was committed before it began.
/// </summary>
internal sealed class PreparedReads(Connector connector) : IDisposable
{
    private const int MostIdle = 16;

    private readonly Lock guard = new();
    private Stack<PreparedConnection> idle = new(MostIdle);
    private long answered;

    /// <summary>How many statements were answered.</summary>
    public long Answered => Interlocked.Read(ref answered);

    /// <summary>Asks a question.</summary>
    /// <param name="statement">See <see cref="PreparedConnection"/>.</param>
    /// <param name="read">Reads the answer. The reader stands before the first row.</param>
    /// <param name="cancellation">Nobody waits for the answer any more.</param>
    /// <param name="parameters">What the statement names.</param>
    /// <exception cref="DbException">The store cannot be read.</exception>
    public async Task<T> AskAsync<T>(
        string statement, Func<DbDataReader, Task<T>> read, CancellationToken cancellation,
        params (string Name, object Value)[] parameters)
    {
        (PreparedConnection? connection, Stack<PreparedConnection> pool) = Take();
        connection ??= new PreparedConnection(await connector.OpenAsync());
        bool isSound = false;
        try
        {
            T answer;
            await using (DbDataReader reader = await connection.ReadAsync(statement, cancellation, parameters))
                answer = await read(reader);
            isSound = true;
            Interlocked.Increment(ref answered);
            return answer;
        }
        catch (OperationCanceledException)
        {
            isSound = true;
            throw;
        }
        finally
        {
            if (!isSound || !TryKeep(connection, pool))
                connection.Dispose();
        }
    }

    /// <summary>
    /// Closes the connections, at the latest when they have answered. What they hold of the file in memory may not be what is in it.
    /// </summary>
    public void Forget()
    {
        Stack<PreparedConnection> old;
        lock (guard)
            (old, idle) = (idle, new Stack<PreparedConnection>(MostIdle));
        foreach (PreparedConnection connection in old)
            connection.Dispose();
    }

    public void Dispose() => Forget();

    // The one that was used last, since its part of the file is in memory.
    private (PreparedConnection? Connection, Stack<PreparedConnection> Pool) Take()
    {
        lock (guard)
            return (idle.TryPop(out PreparedConnection? connection) ? connection : null, idle);
    }

    private bool TryKeep(PreparedConnection connection, Stack<PreparedConnection> pool)
    {
        lock (guard)
        {
            if (!connector.KeepsOpen || pool != idle || idle.Count == MostIdle)
                return false;
            idle.Push(connection);
            return true;
        }
    }
}
