using System.Data.Common;

namespace JwtAuth.Server.Storage;

/// <summary>Opens connections to an engine for statements that are written by hand, and begins what they write.</summary>
internal abstract class Connector
{
    /// <summary>
    /// Whether a connection stays open when it has answered. Otherwise it goes back to the driver's pool, which all share.
    /// </summary>
    public abstract bool KeepsOpen { get; }

    /// <summary>Opens a connection.</summary>
    /// <param name="patience">How long one of its writers waits for those of other processes, if not as long as all.</param>
    /// <exception cref="DbException">The database cannot be opened.</exception>
    public abstract Task<DbConnection> OpenAsync(TimeSpan? patience = null);

    /// <summary>The queue in which a payer's writers wait.</summary>
    public abstract WriteLane LaneOf(string payer);

    /// <summary>How many writers wait for their turn.</summary>
    public abstract int Waiting { get; }

    /// <summary>Begins a transaction that changes what belongs to these accounts. Nobody else does before it ends.</summary>
    public abstract Task BeginAsync(PreparedConnection connection, IEnumerable<string> accounts);

    /// <summary>Begins a transaction that adds to the log of attempts. No other process does before it ends.</summary>
    public abstract Task BeginAttemptsAsync(PreparedConnection connection);
}
