using System.Diagnostics;
using Npgsql;

namespace JwtAuth.Tests.Hosting;

/// <summary>A pooler in front of a cluster, in transaction mode: each transaction may have another session of the server.</summary>
internal sealed class PgBouncer : IAsyncDisposable
{
    private const string Program = "/usr/sbin/pgbouncer";

    private readonly string directory = Directory.CreateTempSubdirectory("jwtauth-pgbouncer-").FullName;
    private readonly ReservedPort port = new();
    private Process process = null!;

    public static async Task<PgBouncer> StartAsync(PostgresCluster cluster)
    {
        Assert.SkipUnless(File.Exists(Program), "There is no pgbouncer on this machine; run tests/run, or apt-get install pgbouncer.");
        var made = new PgBouncer();
        string settings = Path.Combine(made.directory, "pgbouncer.ini");
        await File.WriteAllTextAsync(settings, $"""
            [databases]
            * = host=127.0.0.1 port={cluster.Port} user=jwtauth
            [pgbouncer]
            listen_addr = 127.0.0.1
            listen_port = {made.port.Number}
            unix_socket_dir =
            auth_type = any
            pool_mode = transaction
            default_pool_size = 4
            """, TestContext.Current.CancellationToken);
        bool isRoot = Environment.UserName == "root";
        if (isRoot && !OperatingSystem.IsWindows())
            File.SetUnixFileMode(made.directory, (UnixFileMode)0b111_101_101);
        made.process = Process.Start(new ProcessStartInfo(isRoot ? "setpriv" : Program,
            isRoot ? ["--reuid", "postgres", "--regid", "postgres", "--clear-groups", Program, "-q", settings] : ["-q", settings])
        { RedirectStandardError = true })!;
        made.process.ErrorDataReceived += (_, _) => { };
        made.process.BeginErrorReadLine();
        await PostgresCluster.UntilItAnswersAsync(
            $"Host=127.0.0.1;Port={made.port.Number};Database=postgres;Username=jwtauth;Pooling=False;No Reset On Close=true",
            "the pooler starts");
        return made;
    }

    /// <summary>A connection string of the cluster's, led through the pooler.</summary>
    public string Through(string connectionString) =>
        new NpgsqlConnectionStringBuilder(connectionString) { Port = port.Number }.ConnectionString;

    public async ValueTask DisposeAsync()
    {
        process.Kill();
        await process.WaitForExitAsync();
        process.Dispose();
        port.Dispose();
        Directory.Delete(directory, recursive: true);
    }
}
