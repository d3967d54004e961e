using JwtAuth.Server.Storage.Postgres;
using Microsoft.EntityFrameworkCore;
using Npgsql;

namespace JwtAuth.Tests.Hosting;

/// <summary>A PostgreSQL server of the tests' own, with databases that have the service's tables.</summary>
internal sealed class PostgresCluster : IAsyncDisposable
{
    private const string Template = "jwtauth_template";

    private const string Missing = "There is no PostgreSQL server on this machine; run tests/run, or apt-get install postgresql.";

    // So that a test has one statement for both engines.
    private const string FunctionsOfSqlite = """
        CREATE FUNCTION zeroblob(integer) RETURNS bytea LANGUAGE sql AS $$ SELECT decode(repeat('00', $1), 'hex') $$;
        CREATE FUNCTION randomblob(integer) RETURNS bytea LANGUAGE sql VOLATILE AS
            $$ SELECT decode(string_agg(lpad(to_hex(floor(random() * 256)::integer), 2, '0'), ''), 'hex') FROM generate_series(1, $1) $$;
        CREATE FUNCTION hex(bytea) RETURNS text LANGUAGE sql AS $$ SELECT upper(encode($1, 'hex')) $$;
        CREATE FUNCTION iif(integer, bytea, bytea) RETURNS bytea LANGUAGE sql AS $$ SELECT CASE WHEN $1 <> 0 THEN $2 ELSE $3 END $$;
        CREATE FUNCTION fault() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'worn out'; END $$;
        """;

    private static readonly Lazy<Task<PostgresCluster>> One = new(StartAsync);

    private readonly PostgresServer server;
    private readonly Lazy<Task> template;

    private PostgresCluster(PostgresServer server) => (this.server, template) = (server, new(MakeTemplateAsync));

    /// <summary>The one that all tests share that do it no harm. It is started when first asked for.</summary>
    public static Task<PostgresCluster> SharedAsync()
    {
        Assert.SkipUnless(PostgresServer.Programs is not null, Missing);
        return One.Value;
    }

    /// <summary>Ends the shared one, if it was started.</summary>
    public static async Task EndSharedAsync()
    {
        if (One is { IsValueCreated: true, Value.IsCompletedSuccessfully: true })
            await (await One.Value).DisposeAsync();
    }

    public int Port => server.Port;

    /// <summary>A server for one test, which may do to it what it likes.</summary>
    public static async Task<PostgresCluster> StartAsync()
    {
        Assert.SkipUnless(PostgresServer.Programs is not null, Missing);
        return new PostgresCluster(await PostgresServer.StartAsync());
    }

    /// <summary>A connection string for one of its databases.</summary>
    public string ConnectionString(string database) =>
        $"{server.ConnectionString(database)};Command Timeout={(int)Patience.Limit.TotalSeconds}";

    /// <summary>Makes a database: with the service's tables, unless it is to be empty.</summary>
    public async Task MakeDatabaseAsync(string name, bool isEmpty = false)
    {
        if (!isEmpty)
            await template.Value;
        await ExecuteAsync("postgres", $"CREATE DATABASE \"{name}\"{(isEmpty ? "" : $" TEMPLATE {Template}")}");
    }

    public Task DropDatabaseAsync(string name) => ExecuteAsync("postgres", $"DROP DATABASE IF EXISTS \"{name}\" WITH (FORCE)");

    /// <summary>Executes a statement, by a connection of its own.</summary>
    public Task<object?> ExecuteAsync(string database, string statement) => server.ExecuteAsync(database, statement);

    /// <summary>Asks until a server, or a pooler before it, takes a connection.</summary>
    public static Task UntilItAnswersAsync(string connectionString, string because) =>
        Patience.UntilAsync(() => PostgresServer.AnswersAsync(connectionString), because);

    /// <summary>SIGKILL to the server. What was not on disk is lost.</summary>
    public Task KillAsync() => server.KillAsync();

    /// <summary>Starts the server again on its data, and waits until it answers.</summary>
    public Task StartServerAsync() => server.StartAgainAsync();

    public ValueTask DisposeAsync() => server.DisposeAsync();

    private async Task MakeTemplateAsync()
    {
        await ExecuteAsync("postgres", $"CREATE DATABASE {Template}");
        await using NpgsqlDataSource source = NpgsqlDataSource.Create(ConnectionString(Template));
        var options = new DbContextOptionsBuilder<PostgresDb>();
        PostgresDb.Configure(options, source);
        await using var db = new PostgresDb(options.Options, new WriteLanes(Patience.Limit, TimeProvider.System));
        await db.Database.MigrateAsync();
        await ExecuteAsync(Template, FunctionsOfSqlite);
    }
}
