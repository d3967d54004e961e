using System.Data.Common;
using Microsoft.Data.Sqlite;

namespace JwtAuth.Server.Storage.Sqlite;

/// <summary>
/// Opens connections to the embedded database. They are not of the driver's pool, which would take their prepared statements away.
/// </summary>
internal sealed class SqliteConnector(string connectionString, WriteLane lane) : Connector
{
    public override bool KeepsOpen => true;

    public override int Waiting => lane.Waiting;

    public override WriteLane LaneOf(string payer) => lane;

    // Immediate, so that no reading has to become a writing, which could fail where others write. The whole database is locked.
    public override Task BeginAsync(PreparedConnection connection, IEnumerable<string> accounts) =>
        connection.ExecuteAsync("BEGIN IMMEDIATE");

    public override Task BeginAttemptsAsync(PreparedConnection connection) => connection.ExecuteAsync("BEGIN IMMEDIATE");

    public override async Task<DbConnection> OpenAsync(TimeSpan? patience = null)
    {
        SqliteConnectionStringBuilder connection = SqliteDb.WithPatience(connectionString);
        if (patience is { } given)
            connection.DefaultTimeout = (int)given.TotalSeconds;
        return await SqliteDb.OpenAloneAsync(connection.ConnectionString);
    }
}
