using System.Data.Common;
using Microsoft.Data.Sqlite;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Design;
using Microsoft.EntityFrameworkCore.Diagnostics;

namespace JwtAuth.Server.Storage.Sqlite;

/// <summary>The embedded database, which is the default.</summary>
internal sealed class SqliteDb(DbContextOptions<SqliteDb> options, WriteLane lane) : Db(options, lane)
{
    // How long a writer waits for another. With the driver's own 30 s, each waiting writer would hold a thread that long.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    public static void Configure(DbContextOptionsBuilder options, string connectionString)
    {
        int seconds = (int)PatienceOf(connectionString).TotalSeconds;
        var connection = new SqliteConnectionStringBuilder(connectionString) { DefaultTimeout = seconds };
        options.UseSqlite(connection.ConnectionString).AddInterceptors(new Pragmas());
    }

    /// <summary>How long a writer waits for others, of this process or another.</summary>
    public static TimeSpan PatienceOf(string connectionString)
    {
        var connection = new SqliteConnectionStringBuilder(connectionString);
        return connection.ShouldSerialize("Default Timeout") ? TimeSpan.FromSeconds(connection.DefaultTimeout) : Patience;
    }

    public override async Task<long> DataVersionAsync()
    {
        await Database.OpenConnectionAsync();
        await using DbCommand command = Database.GetDbConnection().CreateCommand();
        command.CommandText = "PRAGMA data_version";
        return (long)(await command.ExecuteScalarAsync())!;
    }

    // With synchronous=FULL and WAL, what was acknowledged survives a crash. With the timeout, writers wait for each other instead of
    // failing.
    private sealed class Pragmas : DbConnectionInterceptor
    {
        private static string Statements(DbConnection connection) =>
            $"PRAGMA busy_timeout={((SqliteConnection)connection).DefaultTimeout * 1000}; PRAGMA synchronous=FULL;";

        public override void ConnectionOpened(DbConnection connection, ConnectionEndEventData eventData)
        {
            using DbCommand command = connection.CreateCommand();
            command.CommandText = Statements(connection);
            command.ExecuteNonQuery();
        }

        public override async Task ConnectionOpenedAsync(
            DbConnection connection, ConnectionEndEventData eventData, CancellationToken cancellationToken = default)
        {
            await using DbCommand command = connection.CreateCommand();
            command.CommandText = Statements(connection);
            await command.ExecuteNonQueryAsync(cancellationToken);
        }
    }
}

/// <summary>For <c>dotnet ef migrations add NAME --context SqliteDb -o Storage/Sqlite/Migrations</c>.</summary>
internal sealed class SqliteDbFactory : IDesignTimeDbContextFactory<SqliteDb>
{
    public SqliteDb CreateDbContext(string[] args)
    {
        var options = new DbContextOptionsBuilder<SqliteDb>();
        SqliteDb.Configure(options, "Data Source=:memory:");
        return new SqliteDb(options.Options, new WriteLane(SqliteDb.PatienceOf(""), TimeProvider.System));
    }
}
