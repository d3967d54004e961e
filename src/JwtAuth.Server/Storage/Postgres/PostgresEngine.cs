using System.Data.Common;
using JwtAuth.Server.Configuration;
using Microsoft.EntityFrameworkCore;
using Npgsql;

namespace JwtAuth.Server.Storage.Postgres;

/// <summary>PostgreSQL: a server that several nodes share. They enter by advisory locks, and call one another by notifications.</summary>
internal sealed class PostgresEngine : Engine, IAsyncDisposable
{
    // As for SQLite.
    private static readonly TimeSpan UsualPatience = TimeSpan.FromSeconds(5);

    private static readonly TimeSpan StartPatience = TimeSpan.FromSeconds(60);

    // More than write at once: the others read.
    private const int UsualPoolSize = 3 * WriteLanes.Count;

    private readonly StorageSettings settings;
    private readonly string dataDirectory;
    private readonly Lazy<NpgsqlDataSource> source;
    private readonly PostgresListener listener;
    private readonly PostgresTeller teller;

    public PostgresEngine(StorageSettings settings, string dataDirectory)
    {
        (this.settings, this.dataDirectory) = (settings, dataDirectory);
        var given = new NpgsqlConnectionStringBuilder(settings.ConnectionString);
        Patience = given.ContainsKey("Command Timeout") ? TimeSpan.FromSeconds(given.CommandTimeout) : UsualPatience;
        Place = $"the PostgreSQL database {given.Database} at {given.Host}";
        source = new(() => NpgsqlDataSource.Create(Pooled(settings.ConnectionString)));
        listener = new PostgresListener(Direct());
        teller = new PostgresTeller(source);
    }

    public override TimeSpan Patience { get; }

    public override string Place { get; }

    public override string HistoryPath => Path.Combine(dataDirectory, "postgres.history");

    public override void AddDb(IServiceCollection services)
    {
        services.AddSingleton(_ => source.Value);
        services.AddSingleton(provider => new WriteLanes(Patience, provider.GetRequiredService<TimeProvider>()));
        services.AddSingleton<Connector, PostgresConnector>();
        services.AddDbContext<Db, PostgresDb>(options => PostgresDb.Configure(options, source.Value));
    }

    // A transaction of a connection of its own that does nothing but hold the lock. It passes through a pooler.
    public override async Task<IAsyncDisposable> EnterAloneAsync()
    {
        Mended = PrivateFiles.Mend(dataDirectory, Path.Combine(dataDirectory, "postgres"));
        var connection = new NpgsqlConnection(Direct().ConnectionString);
        try
        {
            await connection.OpenAsync();
            await using NpgsqlCommand command = connection.CreateCommand();
            command.CommandText = $"BEGIN; SET LOCAL lock_timeout = {(int)StartPatience.TotalMilliseconds}; "
                + $"SELECT {Advisory.Lock(Advisory.Start)}";
            command.CommandTimeout = 2 * (int)StartPatience.TotalSeconds;
            await command.ExecuteNonQueryAsync();
            return connection;
        }
        catch
        {
            await connection.DisposeAsync();
            throw;
        }
    }

    public override Task EnterAsync(string issuer) => listener.EnterAsync(issuer);

    public override Task MigrateAsync(Db db)
    {
        db.Database.SetCommandTimeout(TimeSpan.FromHours(1)); // an index of a large table takes its time
        return base.MigrateAsync(db);
    }

    public override async Task<DbConnection> OpenAsync() => await source.Value.OpenConnectionAsync();

    // Denials become visible in the order of their numbers, so a reader looks for what is after the last one. That is as cheap as asking.
    public override Task<long?> DataVersionAsync(PreparedConnection connection) => Task.FromResult<long?>(null);

    public override async Task TryWritingAsync()
    {
        await using NpgsqlConnection connection = await source.Value.OpenConnectionAsync();
        await using NpgsqlTransaction transaction = await connection.BeginTransactionAsync();
        await using NpgsqlCommand command = connection.CreateCommand();
        command.CommandText = """
            SET LOCAL lock_timeout = '1s';
            INSERT INTO "WriteProbes" ("Content") VALUES ('\x00');
            DELETE FROM "WriteProbes";
            """;
        await command.ExecuteNonQueryAsync();
        await transaction.CommitAsync();
    }

    // The server checks the pages that it reads, where it was made with checksums.
    public override async Task<string?> FindDamageAsync()
    {
        await using NpgsqlConnection connection = await source.Value.OpenConnectionAsync();
        await using NpgsqlCommand names = connection.CreateCommand();
        names.CommandText = "SELECT quote_ident(tablename) FROM pg_tables WHERE schemaname = current_schema()";
        List<string> tables = [];
        await using (NpgsqlDataReader reader = await names.ExecuteReaderAsync())
        {
            while (await reader.ReadAsync())
                tables.Add(reader.GetString(0));
        }
        foreach (string table in tables)
        {
            await using NpgsqlCommand command = connection.CreateCommand();
            command.CommandText = $"SELECT count(*) FROM {table}";
            command.CommandTimeout = 0; // no limit
            await command.ExecuteScalarAsync();
        }
        return null;
    }

    public override string BeginReading => "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";

    protected override Type Context => typeof(PostgresDb);

    protected override string HasMigrations => "SELECT count(*) FROM pg_class WHERE oid = to_regclass('\"__EFMigrationsHistory\"')";

    protected override string HighestDenial => "SELECT last_value FROM \"Denials_Number_seq\" WHERE is_called";

    public override ConfigurationFaultException? StartFaultOf(Exception fault) => fault switch
    {
        IOException or UnauthorizedAccessException => new ConfigurationFaultException(
            $"JwtAuth:DataDirectory: {dataDirectory} cannot be used ({fault.Message}); name a place that this user may write to."),
        NpgsqlException => new ConfigurationFaultException($"JwtAuth:Storage:ConnectionString: {Place} cannot be used "
            + $"({fault.Message.ReplaceLineEndings(" ")}); {PostgresFaults.RemedyOf(fault)}."),
        _ => null,
    };

    public override StoreFault FaultOf(Exception fault) => PostgresFaults.Of(fault);

    public override Task ListenAsync(Func<News, Task> heard, CancellationToken stopping) => listener.ListenAsync(heard, stopping);

    public override void Tell(News what) => teller.Tell(what);

    // A command ends at once, and what it has committed is told before.
    public async ValueTask DisposeAsync()
    {
        await teller.EndAsync();
        await listener.DisposeAsync();
        if (source.IsValueCreated)
            await source.Value.DisposeAsync();
    }

    private string Pooled(string connectionString)
    {
        NpgsqlConnectionStringBuilder builder = Bounded(connectionString);
        if (!builder.ContainsKey("Maximum Pool Size"))
            builder.MaxPoolSize = Math.Max(UsualPoolSize, builder.MinPoolSize);
        return builder.ConnectionString;
    }

    // Never a pooler's: notifications need a connection to the server itself. One that is half open is noticed by the questions that it is
    // asked while it waits.
    private NpgsqlConnectionStringBuilder Direct()
    {
        NpgsqlConnectionStringBuilder builder = Bounded(settings.ListenerConnectionString ?? settings.ConnectionString);
        builder.Pooling = false;
        builder.KeepAlive = builder.KeepAlive == 0 ? 2 : builder.KeepAlive;
        (builder.TcpKeepAlive, builder.TcpKeepAliveTime, builder.TcpKeepAliveInterval) = (true, 5, 1);
        return builder;
    }

    private NpgsqlConnectionStringBuilder Bounded(string connectionString)
    {
        var builder = new NpgsqlConnectionStringBuilder(connectionString)
        {
            // The server gives up waiting for a lock first, and says so.
            CommandTimeout = (int)Patience.TotalSeconds + 1,
            // Nothing is set that outlives a transaction, and a pooler gives the next one another session.
            NoResetOnClose = true,
        };
        if (!builder.ContainsKey("Timeout"))
            builder.Timeout = (int)UsualPatience.TotalSeconds;
        if (!builder.ContainsKey("Application Name"))
            builder.ApplicationName = "jwtauth";
        if (builder.Host!.Contains(',', StringComparison.Ordinal) && !builder.ContainsKey("Target Session Attributes"))
            builder.TargetSessionAttributes = "primary";
        return builder;
    }
}
