using System.Collections.Concurrent;
using System.Data.Common;
using JwtAuth.Server.Storage;
using JwtAuth.Server.Storage.Sqlite;
using JwtAuth.Tests.Hosting;
using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace JwtAuth.Tests.Storage;

/// <summary>The connector of the service, and each statement that SQLite has carried out for it, with the values in it.</summary>
internal sealed class TracedConnector(string connectionString, WriteLane? lane = null) : Connector
{
    private readonly SqliteConnector inner = new(connectionString, lane ?? new(Patience.Limit, TimeProvider.System));
    private readonly ConcurrentQueue<string> statements = new();
    private int opened;

    public IReadOnlyList<string> Statements => [.. statements];

    public int Opened => opened;

    public override bool KeepsOpen => inner.KeepsOpen;

    public override int Waiting => inner.Waiting;

    public override async Task<DbConnection> OpenAsync(TimeSpan? patience = null)
    {
        Interlocked.Increment(ref opened);
        var connection = (SqliteConnection)await inner.OpenAsync(patience);
        raw.sqlite3_trace(connection.Handle!, (_, statement) => statements.Enqueue(statement), null!);
        return connection;
    }

    public override WriteLane LaneOf(string payer) => inner.LaneOf(payer);

    public override Task BeginAsync(PreparedConnection connection, IEnumerable<string> accounts) => inner.BeginAsync(connection, accounts);

    public override Task BeginAttemptsAsync(PreparedConnection connection) => inner.BeginAttemptsAsync(connection);

    public void Clear() => statements.Clear();
}
