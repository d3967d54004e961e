using System.Diagnostics;
using JwtAuth.Server.Storage.Postgres;
using Microsoft.EntityFrameworkCore;
using Npgsql;

namespace JwtAuth.Tests.Hosting;

/// <summary>
/// A PostgreSQL server of the tests' own, in a directory of its own, as durable as in earnest (fsync on). It ends when the process of the
/// tests ends, however that ends: a shell beside it waits for the end of its standard input.
/// </summary>
internal sealed class PostgresCluster : IAsyncDisposable
{
    private const string Template = "jwtauth_template", User = "jwtauth";

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

    // Ends the server when standard input ends.
    private const string Guard = """
        exec 3<&0
        "$@" </dev/null 3<&- >>"$0" 2>&1 & server=$!
        (read -r end <&3; kill -QUIT $server) 2>/dev/null & reader=$!
        wait $server
        kill $reader 2>/dev/null
        """;

    private static readonly Lazy<Task<PostgresCluster>> One = new(StartAsync);

    private readonly string directory = Directory.CreateTempSubdirectory("jwtauth-pg-").FullName;
    private readonly ReservedPort port = new();
    private readonly Lazy<Task> template;
    private Process? shell;

    private PostgresCluster() => template = new(MakeTemplateAsync);

    /// <summary>Where the server's programs are; <see langword="null"/> if there are none.</summary>
    public static string? Programs { get; } = new[] { "/usr/lib/postgresql", "/usr/pgsql" }.Where(Directory.Exists)
        .SelectMany(Directory.GetDirectories).Select(version => Path.Combine(version, "bin"))
        .Where(bin => File.Exists(Path.Combine(bin, "initdb"))).OrderDescending().FirstOrDefault();

    /// <summary>The one that all tests share that do it no harm. It is started when first asked for.</summary>
    public static Task<PostgresCluster> SharedAsync()
    {
        Assert.SkipUnless(Programs is not null, Missing);
        return One.Value;
    }

    /// <summary>Ends the shared one, if it was started.</summary>
    public static async Task EndSharedAsync()
    {
        if (One is { IsValueCreated: true, Value.IsCompletedSuccessfully: true })
            await (await One.Value).DisposeAsync();
    }

    public int Port => port.Number;

    /// <summary>A server for one test, which may do to it what it likes.</summary>
    public static async Task<PostgresCluster> StartAsync()
    {
        Assert.SkipUnless(Programs is not null, Missing);
        var cluster = new PostgresCluster();
        if (Environment.UserName == "root")
            await RunAsync("chown", "postgres", cluster.directory);
        // A shell keeps what it says to itself.
        await RunAsync(["sh", "-c", "\"$@\" >/dev/null", "sh", .. AsPostgres("initdb"), "-D", cluster.Data, "-U", User, "-A", "trust",
            "-E", "UTF8", "--locale=C.UTF-8", "--no-sync"]);
        await cluster.StartServerAsync();
        return cluster;
    }

    /// <summary>A connection string for one of its databases.</summary>
    public string ConnectionString(string database) =>
        $"Host=127.0.0.1;Port={Port};Database={database};Username={User};Command Timeout={(int)Patience.Limit.TotalSeconds}";

    /// <summary>Makes a database: with the service's tables, unless it is to be empty.</summary>
    public async Task MakeDatabaseAsync(string name, bool isEmpty = false)
    {
        if (!isEmpty)
            await template.Value;
        await ExecuteAsync("postgres", $"CREATE DATABASE \"{name}\"{(isEmpty ? "" : $" TEMPLATE {Template}")}");
    }

    public Task DropDatabaseAsync(string name) => ExecuteAsync("postgres", $"DROP DATABASE IF EXISTS \"{name}\" WITH (FORCE)");

    /// <summary>Executes a statement, by a connection of its own.</summary>
    public async Task<object?> ExecuteAsync(string database, string statement)
    {
        await using var connection = new NpgsqlConnection(ConnectionString(database) + ";Pooling=False");
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(statement, connection);
        return await command.ExecuteScalarAsync();
    }

    /// <summary>Asks until a server, or a pooler before it, takes a connection.</summary>
    public static Task UntilItAnswersAsync(string connectionString, string because) => Patience.UntilAsync(async () =>
    {
        try
        {
            await using var connection = new NpgsqlConnection(connectionString);
            await connection.OpenAsync();
            return true;
        }
        catch (NpgsqlException)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(20), TimeProvider.System); // another process does not share our clock
            return false;
        }
    }, because);

    /// <summary>SIGKILL to the server. What was not on disk is lost.</summary>
    public async Task KillAsync()
    {
        await RunAsync("kill", "-KILL", File.ReadLines(Path.Combine(Data, "postmaster.pid")).First());
        await shell!.WaitForExitAsync();
    }

    /// <summary>Starts the server again on its data, and waits until it answers.</summary>
    public async Task StartServerAsync()
    {
        shell?.Dispose();
        shell = Start(["sh", "-c", Guard, Path.Combine(directory, "log"), .. AsPostgres("postgres"), "-D", Data, "-p", $"{Port}",
            "-c", "listen_addresses=127.0.0.1", "-c", $"unix_socket_directories={directory}", "-c", "max_connections=500",
            "-c", "fsync=on"]);
        await UntilItAnswersAsync($"{ConnectionString("postgres")};Pooling=False", "the server starts");
    }

    public async ValueTask DisposeAsync()
    {
        shell!.StandardInput.Close();
        await shell.WaitForExitAsync();
        shell.Dispose();
        port.Dispose();
        Directory.Delete(directory, recursive: true);
    }

    private string Data => Path.Combine(directory, "data");

    // The server refuses to run as root.
    private static string[] AsPostgres(string program)
    {
        string path = Path.Combine(Programs!, program);
        return Environment.UserName != "root" ? [path]
            : ["setpriv", "--reuid", "postgres", "--regid", "postgres", "--clear-groups", "env", "HOME=/nonexistent", path];
    }

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

    private static async Task RunAsync(params string[] line)
    {
        using Process process = Start(line);
        string fault = await process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync();
        process.ExitCode.Should().Be(0, fault);
    }

    private static Process Start(string[] line) => Process.Start(new ProcessStartInfo(line[0], line[1..])
    {
        WorkingDirectory = "/",
        RedirectStandardInput = true,
        RedirectStandardError = true,
    })!;
}
