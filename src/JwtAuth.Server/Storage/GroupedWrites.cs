using System.Collections.Concurrent;
using System.Data.Common;
using System.Diagnostics;
using System.Runtime.ExceptionServices;
using JwtAuth.Server.Observability;

namespace JwtAuth.Server.Storage;

/// <summary>
/// Small writes that come with many requests. Those that wait for their turn together are carried out in one transaction, one after the
/// other, and share its commit. One that fails is rolled back alone. Each is answered when all are on disk.
/// </summary>
internal sealed class GroupedWrites(Connector connector, Meters? meters = null) : IDisposable
{
    private const string Begin = "SAVEPOINT one", Undo = "ROLLBACK TO SAVEPOINT one", Keep = "RELEASE SAVEPOINT one";

    // Only whoever has the turn in its lane uses one.
    private readonly ConcurrentDictionary<WriteLane, PreparedConnection> connections = new();

    /// <summary>Writes, in turn with the other writers of this process.</summary>
    /// <param name="urgency">Who comes before whom.</param>
    /// <param name="account">Whose turn it is, and to whom belongs what is written.</param>
    /// <param name="write">Writes, and does nothing else: what it brings is kept only if it is committed.</param>
    /// <exception cref="StorageBusyException">Other writers of this process have taken too long.</exception>
    /// <exception cref="DbException">
    /// This write has failed, or none of its group could be committed. Nothing of it is in the store.
    /// </exception>
    public async Task<T> RunAsync<T>(Urgency urgency, string account, Func<PreparedConnection, Task<T>> write)
    {
        WriteLane lane = connector.LaneOf(account);
        var own = new GroupedWrite<T>(write);
        if (await lane.JoinAsync(urgency, account, own) is { Count: > 0 } group)
        {
            try
            {
                await CommitAsync(lane, group);
            }
            finally
            {
                lane.Leave(group);
            }
        }
        return own.Result;
    }

    /// <summary>Writes down a use, in turn. Of many that would note the same at once, one does.</summary>
    /// <param name="what">What is noted, and of what.</param>
    /// <param name="account">The account.</param>
    /// <param name="note">The statement.</param>
    /// <returns>Whether it was written, and not by another.</returns>
    /// <exception cref="StorageBusyException">Other writers of this process have taken too long.</exception>
    /// <exception cref="DbException">The store cannot be written.</exception>
    public async Task<bool> NoteAsync(string what, string account, Func<PreparedConnection, Task<int>> note)
    {
        WriteLane lane = connector.LaneOf(account);
        if (!lane.TryBeginNote(what))
            return false;
        try
        {
            await RunAsync(Urgency.Usual, account, note);
            return true;
        }
        finally
        {
            lane.EndNote(what);
        }
    }

    public void Dispose()
    {
        foreach (WriteLane lane in connections.Keys)
            Close(lane);
    }

    private async Task CommitAsync(WriteLane lane, IReadOnlyList<WaitingWriter> group)
    {
        using Activity? span = Traces.Commit(group.Count, group.Skip(1).Select(writer => writer.Span));
        try
        {
            if (!connections.TryGetValue(lane, out PreparedConnection? connection))
                connections[lane] = connection = new PreparedConnection(await connector.OpenAsync());
            await connector.BeginAsync(connection, group.Select(writer => writer.Payer));
            foreach (WaitingWriter writer in group)
                await (group.Count == 1 ? writer.Write!.RunAsync(connection) : RunApartAsync(writer.Write!, connection));
            await connection.ExecuteAsync("COMMIT");
            meters?.CountCommit(group.Count);
            if (!connector.KeepsOpen)
                Close(lane);
        }
        catch (Exception fault)
        {
            span?.SetStatus(ActivityStatusCode.Error);
            foreach (WaitingWriter writer in group)
                writer.Write!.Fail(fault);
            Close(lane); // whatever was begun is rolled back
        }
    }

    private void Close(WriteLane lane)
    {
        if (connections.TryRemove(lane, out PreparedConnection? connection))
            connection.Dispose();
    }

    private static async Task RunApartAsync(GroupedWrite write, PreparedConnection connection)
    {
        await connection.ExecuteAsync(Begin);
        try
        {
            await write.RunAsync(connection);
        }
        catch (Exception fault)
        {
            try
            {
                await connection.ExecuteAsync(Undo);
            }
            catch (Exception)
            {
                ExceptionDispatchInfo.Throw(fault); // the engine has rolled everything back by itself
            }
            write.Fail(fault);
        }
        await connection.ExecuteAsync(Keep);
    }
}

/// <summary>A write that may share a commit with others.</summary>
internal abstract class GroupedWrite
{
    /// <summary>Carries it out. It is not committed yet.</summary>
    public abstract Task RunAsync(PreparedConnection connection);

    /// <summary>Whatever it has brought before, it has failed.</summary>
    public abstract void Fail(Exception fault);
}

/// <inheritdoc/>
internal sealed class GroupedWrite<T>(Func<PreparedConnection, Task<T>> write) : GroupedWrite
{
    private T? result;
    private Exception? fault;

    /// <summary>What it has brought, once its group is over.</summary>
    public T Result
    {
        get
        {
            if (fault is not null)
                ExceptionDispatchInfo.Throw(fault);
            return result!;
        }
    }

    public override async Task RunAsync(PreparedConnection connection) => result = await write(connection);

    public override void Fail(Exception fault) => this.fault = fault;
}
