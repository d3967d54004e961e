using System.Data.Common;
using System.Runtime.CompilerServices;
using Microsoft.Data.Sqlite;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Design;
using Microsoft.EntityFrameworkCore.Diagnostics;

namespace JwtAuth.Server.Storage.Sqlite;

/// <summary>The embedded database, which is the default.</summary>
internal sealed class SqliteDb(DbContextOptions<SqliteDb> options, WriteLane lane) : Db(options)
{
    // SQLITE_CONSTRAINT_UNIQUE and SQLITE_CONSTRAINT_PRIMARYKEY.
    private const int UniqueViolated = 2067, PrimaryKeyViolated = 1555;

    // How long a writer waits for another. With the driver's own 30 s, each waiting writer would hold a thread that long.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    // The settings of a connection are those of its handle, which outlives a closing if the pool keeps it.
    private static readonly ConditionalWeakTable<object, object> SetUp = [];

    public static void Configure(DbContextOptionsBuilder options, string connectionString) =>
        options.UseSqlite(WithPatience(connectionString).ConnectionString).AddInterceptors(new OnceSetUp());

    /// <summary>The connection string, with the time that a writer waits for others.</summary>
    public static SqliteConnectionStringBuilder WithPatience(string connectionString) =>
        new(connectionString) { DefaultTimeout = (int)PatienceOf(connectionString).TotalSeconds };

    /// <summary>Opens a connection that is not of the driver's pool. It never makes a file: it says so where there is none.</summary>
    public static async Task<SqliteConnection> OpenAloneAsync(string connectionString)
    {
        var alone = new SqliteConnectionStringBuilder(connectionString) { Pooling = false, Mode = SqliteOpenMode.ReadWrite };
        var connection = new SqliteConnection(alone.ConnectionString);
        try
        {
            await connection.OpenAsync();
            SetUpOnce(connection);
            return connection;
        }
        catch
        {
            await connection.DisposeAsync();
            throw;
        }
    }

    /// <summary>
    /// Sets an open connection up, unless it was before. With <c>synchronous=FULL</c> and WAL, what was acknowledged survives a crash. With
    /// the timeout, writers wait for each other instead of failing.
    /// </summary>
    public static void SetUpOnce(SqliteConnection connection)
    {
        if (SetUp.TryGetValue(connection.Handle!, out _))
            return;
        using SqliteCommand command = connection.CreateCommand();
        command.CommandText = $"PRAGMA busy_timeout={connection.DefaultTimeout * 1000}; PRAGMA synchronous=FULL;";
        command.ExecuteNonQuery();
        SetUp.AddOrUpdate(connection.Handle!, connection.Handle!);
    }

    /// <summary>How long a writer waits for others, of this process or another.</summary>
    public static TimeSpan PatienceOf(string connectionString)
    {
        var connection = new SqliteConnectionStringBuilder(connectionString);
        return connection.ShouldSerialize("Default Timeout") ? TimeSpan.FromSeconds(connection.DefaultTimeout) : Patience;
    }

    // A transaction that writes shuts out every other one.
    public override Task LockAuditAsync() => Task.CompletedTask;

    public override bool IsDuplicate(DbUpdateException fault) =>
        fault.InnerException is SqliteException { SqliteExtendedErrorCode: UniqueViolated or PrimaryKeyViolated };

    protected override WriteLane LaneOf(string payer) => lane;

    // A transaction begins with BEGIN IMMEDIATE, and shuts out every other writer.
    protected override Task LockAsync(Extent extent) => Task.CompletedTask;

    private sealed class OnceSetUp : DbConnectionInterceptor
    {
        public override void ConnectionOpened(DbConnection connection, ConnectionEndEventData eventData) =>
            SetUpOnce((SqliteConnection)connection);

        public override Task ConnectionOpenedAsync(
            DbConnection connection, ConnectionEndEventData eventData, CancellationToken cancellationToken = default)
        {
            SetUpOnce((SqliteConnection)connection); // SQLite has nothing to wait for
            return Task.CompletedTask;
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
