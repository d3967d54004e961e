using System.Data.Common;
using Npgsql;

namespace JwtAuth.Server.Storage.Postgres;

/// <summary>
/// Takes connections from the driver's pool, for as long as a statement or a group of writes. What a group is about is locked first, in the
/// same order as by <see cref="PostgresDb"/>.
/// </summary>
internal sealed class PostgresConnector(NpgsqlDataSource source, WriteLanes lanes) : Connector
{
    public override bool KeepsOpen => false;

    public override int Waiting => lanes.Waiting;

    public override async Task<DbConnection> OpenAsync(TimeSpan? patience = null) => await source.OpenConnectionAsync();

    public override WriteLane LaneOf(string payer) => lanes.Of(payer);

    public override Task BeginAsync(PreparedConnection connection, IEnumerable<string> accounts) => connection.ExecuteAsync(
        $"BEGIN; {PostgresDb.PatienceFor(lanes.Patience)}; SELECT {Advisory.LockShared(Advisory.Everything)}; {PostgresDb.LockAccounts}",
        ("@accounts", accounts.Distinct().ToArray()));

    // The commit does not wait for the disk: what a power cut takes of the last moment is guesses that count once less.
    public override Task BeginAttemptsAsync(PreparedConnection connection) => connection.ExecuteAsync(
        $"BEGIN; {PostgresDb.PatienceFor(lanes.Patience)}; SET LOCAL synchronous_commit = off; "
        + $"SELECT {Advisory.LockShared(Advisory.Everything)}; SELECT {Advisory.Lock(Advisory.Attempts)}");
}
