using System.Data.Common;
using JwtAuth.Server.Configuration;
using Microsoft.Data.Sqlite;
using Microsoft.EntityFrameworkCore;

namespace JwtAuth.Server.Storage.Sqlite;

/// <summary>SQLite: a file of this machine, which processes enter by locks on files beside it.</summary>
internal sealed class SqliteEngine(string connectionString, string dataDirectory) : Engine, IDisposable
{
    private static readonly TimeSpan LockPatience = TimeSpan.FromSeconds(60);

    // SQLITE_BUSY, LOCKED and PROTOCOL: others have been writing for too long.
    private static readonly int[] Contended = [5, 6, 15];

    // SQLITE_CORRUPT and NOTADB.
    private static readonly int[] Damaged = [11, 26];

    // SQLITE_READONLY, IOERR, FULL and CANTOPEN.
    private static readonly int[] Unwritable = [8, 10, 13, 14];

    private readonly string file = Path.GetFullPath(new SqliteConnectionStringBuilder(connectionString).DataSource);
    private FileStream? running;

    public override TimeSpan Patience => SqliteDb.PatienceOf(connectionString);

    public override string Place => file;

    public override string HistoryPath => file + ".history";

    public override void AddDb(IServiceCollection services)
    {
        // The options are the same for every request.
        services.AddDbContext<Db, SqliteDb>(
            options => SqliteDb.Configure(options, connectionString), optionsLifetime: ServiceLifetime.Singleton);
        services.AddSingleton(provider => new WriteLane(Patience, provider.GetRequiredService<TimeProvider>()));
        services.AddSingleton<Connector>(provider => new SqliteConnector(connectionString, provider.GetRequiredService<WriteLane>()));
    }

    public override async Task<IAsyncDisposable> EnterAloneAsync()
    {
        PrivateFiles.Open(file, FileShare.ReadWrite).Dispose();
        Mended = PrivateFiles.Mend(dataDirectory, file);
        string path = file + ".start.lock";
        TimeProvider time = TimeProvider.System; // other processes do not share our clock
        long start = time.GetTimestamp();
        while (true)
        {
            try
            {
                return PrivateFiles.Open(path, FileShare.None);
            }
            catch (IOException) when (time.GetElapsedTime(start) < LockPatience && File.Exists(path))
            {
                await Task.Delay(TimeSpan.FromMilliseconds(50), time);
            }
        }
    }

    public override Task EnterAsync(string issuer)
    {
        running = RunningIssuer.Enter(file + ".issuer", issuer);
        return Task.CompletedTask;
    }

    /// <summary>Enters a database that no service is using, and keeps services from starting on it.</summary>
    /// <exception cref="ConfigurationFaultException">A service is using it.</exception>
    public IDisposable EnterStopped()
    {
        try
        {
            return PrivateFiles.Open(file + ".issuer", FileShare.None);
        }
        catch (IOException)
        {
            throw new ConfigurationFaultException($"A service is using {file}; stop it, and every other process of it.");
        }
    }

    // Writing ahead is a property of the file, and a copy of it may have lost it.
    public override async Task<DbConnection> OpenAsync()
    {
        SqliteConnection connection = await SqliteDb.OpenAloneAsync(SqliteDb.WithPatience(connectionString).ConnectionString);
        await using SqliteCommand command = connection.CreateCommand();
        command.CommandText = "PRAGMA journal_mode=WAL";
        await command.ExecuteNonQueryAsync();
        return connection;
    }

    public override async Task MigrateAsync(Db db)
    {
        await db.Database.OpenConnectionAsync();
        // A process that was killed during a migration leaves this table behind. The lock on the file protects us; it ends with its
        // process.
        await db.Database.ExecuteSqlRawAsync("DROP TABLE IF EXISTS \"__EFMigrationsLock\"");
        await base.MigrateAsync(db);
    }

    public override async Task<long?> DataVersionAsync(PreparedConnection connection) =>
        await connection.AskAsync<long>("PRAGMA data_version");

    public override async Task TryWritingAsync()
    {
        await using SqliteConnection connection = await OpenBrieflyAsync();
        await using SqliteCommand command = connection.CreateCommand();
        // Sixteen pages: more than a login takes, so it fails before logins do. What is closed without COMMIT is rolled back.
        command.CommandText = """
            BEGIN IMMEDIATE;
            INSERT INTO "WriteProbes" ("Content") VALUES (zeroblob(65536));
            DELETE FROM "WriteProbes";
            COMMIT;
            """;
        await command.ExecuteNonQueryAsync();
    }

    public override async Task<string?> FindDamageAsync()
    {
        await using SqliteConnection connection = await OpenBrieflyAsync();
        await using SqliteCommand command = connection.CreateCommand();
        command.CommandText = "PRAGMA quick_check(1)";
        command.CommandTimeout = 0; // no limit
        return await command.ExecuteScalarAsync() is string answer && answer != "ok" ? answer : null;
    }

    public override string BeginReading => "BEGIN";

    protected override Type Context => typeof(SqliteDb);

    protected override string HasMigrations => "SELECT count(*) FROM sqlite_master WHERE name = '__EFMigrationsHistory'";

    protected override string HighestDenial => "SELECT seq FROM sqlite_sequence WHERE name = 'Denials'";

    public override ConfigurationFaultException? StartFaultOf(Exception fault)
    {
        string key = Path.GetDirectoryName(file) == dataDirectory ? "JwtAuth:DataDirectory" : "JwtAuth:Storage:ConnectionString";
        return fault switch
        {
            IOException or UnauthorizedAccessException => new ConfigurationFaultException(
                $"{key}: {file} cannot be opened ({fault.Message}); name a place that this user may write to."),
            SqliteException or ArgumentException => new ConfigurationFaultException(
                $"{key}: {file} is no database of this service ({fault.Message}); name another file, or restore this one."),
            _ => null,
        };
    }

    public override StoreFault FaultOf(Exception fault)
    {
        for (Exception? cause = fault; cause is not null; cause = cause.InnerException)
        {
            if (cause is SqliteException { SqliteErrorCode: int code })
                return Contended.Contains(code) ? StoreFault.Contention
                    : Damaged.Contains(code) ? StoreFault.Damaged
                    : Unwritable.Contains(code) ? StoreFault.Unwritable
                    : StoreFault.None;
        }
        return StoreFault.None;
    }

    public void Dispose() => running?.Dispose();

    // Not one that is open already: it holds pages in memory that may be other ones in the file.
    private Task<SqliteConnection> OpenBrieflyAsync() => SqliteDb.OpenAloneAsync(
        new SqliteConnectionStringBuilder(connectionString) { DefaultTimeout = 1 }.ConnectionString);
}
