using System.Diagnostics;
using Npgsql;

namespace JwtAuth.Tests.Hosting;

/// <summary>
/// A PostgreSQL server of this process, in a directory of its own, as durable as in earnest (fsync on). It ends when this process ends,
/// however that ends: a shell beside it waits for the end of its standard input.
/// </summary>
internal sealed class PostgresServer : IAsyncDisposable
{
    private const string User = "jwtauth";

    private static readonly TimeSpan StartLimit = TimeSpan.FromMinutes(2);

    // Ends the server when standard input ends.
    private const string Guard = """
        exec 3<&0
        "$@" </dev/null 3<&- >>"$0" 2>&1 & server=$!
        (read -r end <&3; kill -QUIT $server) 2>/dev/null & reader=$!
        wait $server
        kill $reader 2>/dev/null
        """;

    private readonly string directory = Directory.CreateTempSubdirectory("jwtauth-pg-").FullName;
    private readonly ReservedPort port = new();
    private Process? shell;

    private PostgresServer()
    {
    }

    /// <summary>Where the server's programs are; <see langword="null"/> if there are none.</summary>
    public static string? Programs { get; } = new[] { "/usr/lib/postgresql", "/usr/pgsql" }.Where(Directory.Exists)
        .SelectMany(Directory.GetDirectories).Select(version => Path.Combine(version, "bin"))
        .Where(bin => File.Exists(Path.Combine(bin, "initdb"))).OrderDescending().FirstOrDefault();

    public int Port => port.Number;

    public static async Task<PostgresServer> StartAsync()
    {
        var server = new PostgresServer();
        if (Environment.UserName == "root")
            await RunAsync("chown", "postgres", server.directory);
        // A shell keeps what it says to itself.
        await RunAsync(["sh", "-c", "\"$@\" >/dev/null", "sh", .. AsPostgres("initdb"), "-D", server.Data, "-U", User, "-A", "trust",
            "-E", "UTF8", "--locale=C.UTF-8", "--no-sync"]);
        await server.StartAgainAsync();
        return server;
    }

    /// <summary>A connection string for one of its databases.</summary>
    public string ConnectionString(string database) => $"Host=127.0.0.1;Port={Port};Database={database};Username={User}";

    /// <summary>The same as a URL, for programs that know no other form.</summary>
    public Uri Url(string database) => new($"postgres://{User}@127.0.0.1:{Port}/{database}");

    /// <summary>Executes a statement, by a connection of its own.</summary>
    public async Task<object?> ExecuteAsync(string database, string statement)
    {
        await using var connection = new NpgsqlConnection(ConnectionString(database) + ";Pooling=False;Command Timeout=120");
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(statement, connection);
        return await command.ExecuteScalarAsync();
    }

    /// <summary>SIGKILL to the server. What was not on disk is lost.</summary>
    public async Task KillAsync()
    {
        await RunAsync("kill", "-KILL", File.ReadLines(Path.Combine(Data, "postmaster.pid")).First());
        await shell!.WaitForExitAsync();
    }

    /// <summary>Starts the server on the data that it has, and waits until it answers.</summary>
    public async Task StartAgainAsync()
    {
        shell?.Dispose();
        shell = Start(["sh", "-c", Guard, Path.Combine(directory, "log"), .. AsPostgres("postgres"), "-D", Data, "-p", $"{Port}",
            "-c", "listen_addresses=127.0.0.1", "-c", $"unix_socket_directories={directory}", "-c", "max_connections=500",
            "-c", "fsync=on"]);
        for (long start = Stopwatch.GetTimestamp(); !await AnswersAsync($"{ConnectionString("postgres")};Pooling=False");)
        {
            if (Stopwatch.GetElapsedTime(start) > StartLimit)
                throw new InvalidOperationException("the PostgreSQL server does not answer");
        }
    }

    /// <summary>Whether a server, or a pooler before it, takes a connection. If not, it has waited a little before it says so.</summary>
    public static async Task<bool> AnswersAsync(string connectionString)
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

    private static async Task RunAsync(params string[] line)
    {
        using Process process = Start(line);
        string fault = await process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync();
        if (process.ExitCode != 0)
            throw new InvalidOperationException($"{string.Join(' ', line)} ended with {process.ExitCode}: {fault}");
    }

    private static Process Start(string[] line) => Process.Start(new ProcessStartInfo(line[0], line[1..])
    {
        WorkingDirectory = "/",
        RedirectStandardInput = true,
        RedirectStandardError = true,
    })!;
}
