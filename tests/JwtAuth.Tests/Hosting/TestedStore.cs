using System.Collections.Concurrent;
using System.Data.Common;
using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;
using JwtAuth.Server.Storage;
using JwtAuth.Server.Storage.Postgres;
using JwtAuth.Server.Storage.Sqlite;
using JwtAuth.Tests.Hosting;
using Microsoft.Data.Sqlite;
using Microsoft.EntityFrameworkCore;
using Npgsql;

[assembly: AssemblyFixture(typeof(TestedStore.End))]

namespace JwtAuth.Tests.Hosting;

/// <summary>
/// The engine that the tests run on: SQLite, or PostgreSQL where JWTAUTH_TEST_STORAGE says so. Whoever has a data directory has a database
/// of its own with it, and whoever shares the directory shares the database.
/// </summary>
internal static partial class TestedStore
{
    private static readonly ConcurrentDictionary<string, Lazy<string>> Made = new();
    private static readonly Lazy<byte[]> Migrated = new(Migrate);

    public static bool IsPostgres { get; } = Environment.GetEnvironmentVariable("JWTAUTH_TEST_STORAGE") == "Postgres";

    /// <summary>How the engine says that a table is not there.</summary>
    public static string NoSuchTable => IsPostgres ? "42P01" : "no such table";

    /// <summary>The settings of a service with this data directory. Its writers wait long for those of other processes.</summary>
    public static IEnumerable<(string Key, string Value)> SettingsOf(string directory)
    {
        if (IsPostgres)
            yield return ("JwtAuth:Storage:Provider", "Postgres");
        yield return ("JwtAuth:Storage:ConnectionString", ConnectionString(directory));
    }

    /// <summary>The connection string of a directory's database. On PostgreSQL the database is made with it.</summary>
    /// <param name="directory">The directory.</param>
    /// <param name="seconds">How long a writer waits for those of other processes; long, if left out.</param>
    public static string ConnectionString(string directory, int? seconds = null) => IsPostgres
        ? new NpgsqlConnectionStringBuilder(MadeFor(directory)) { CommandTimeout = seconds ?? (int)Patience.Limit.TotalSeconds }
            .ConnectionString
        : $"{SqliteFile(directory)};Default Timeout={seconds ?? (int)Patience.Limit.TotalSeconds}";

    private static string MadeFor(string directory)
    {
        return Made.GetOrAdd(directory, _ => new Lazy<string>(() => Task.Run(async () =>
        {
            PostgresCluster cluster = await PostgresCluster.SharedAsync();
            string name = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(directory)).AsSpan(0, 12));
            await cluster.MakeDatabaseAsync(name);
            return cluster.ConnectionString(name);
        }).GetAwaiter().GetResult())).Value;
    }

    /// <summary>
    /// Makes the database of a new directory by a copy: most tests are not about migrations, and those would be a fifth of their time.
    /// </summary>
    public static void Make(string directory)
    {
        if (IsPostgres)
            return;
        string file = Path.Combine(directory, "jwtauth.db");
        File.WriteAllBytes(file, Migrated.Value);
        if (!OperatingSystem.IsWindows())
            File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.UserWrite);
    }

    private static byte[] Migrate()
    {
        string directory = Directory.CreateTempSubdirectory("jwtauth-").FullName;
        try
        {
            using (Db db = OpenAsAnother(directory))
                db.Database.Migrate();
            SqliteConnection.ClearAllPools();
            return File.ReadAllBytes(Path.Combine(directory, "jwtauth.db"));
        }
        finally
        {
            Directory.Delete(directory, recursive: true);
        }
    }

    /// <summary>The file in a directory, for tests that are about SQLite.</summary>
    public static string SqliteFile(string directory) => $"Data Source={Path.Combine(directory, "jwtauth.db")}";

    /// <summary>A directory's database as another process sees it: with a context and a lane of its own.</summary>
    public static Db OpenAsAnother(string directory)
    {
        string connection = ConnectionString(directory);
        if (!IsPostgres)
        {
            var sqlite = new DbContextOptionsBuilder<SqliteDb>();
            SqliteDb.Configure(sqlite, connection);
            return new SqliteDb(sqlite.Options, new WriteLane(Patience.Limit, TimeProvider.System));
        }
        NpgsqlDataSource source = NpgsqlDataSource.Create(connection + ";Pooling=False");
        var postgres = new DbContextOptionsBuilder<PostgresDb>();
        PostgresDb.Configure(postgres, source);
        return new PostgresDb(postgres.Options, new WriteLanes(Patience.Limit, TimeProvider.System));
    }

    /// <summary>A connection to a directory's database, for what is done behind the service's back.</summary>
    public static DbConnection OpenConnection(string directory)
    {
        DbConnection connection = IsPostgres
            ? new NpgsqlConnection(ConnectionString(directory) + ";Pooling=False")
            : new SqliteConnection(SqliteFile(directory) + ";Pooling=False");
        connection.Open();
        return connection;
    }

    /// <summary>
    /// Every value of every row, for a search: the files of SQLite with what lies beside them, or the values of all tables.
    /// </summary>
    public static byte[] BytesOf(string directory)
    {
        using var bytes = new MemoryStream();
        if (!IsPostgres)
        {
            foreach (string file in Directory.GetFiles(directory, "jwtauth.db*")
                .Where(file => !file.EndsWith(".lock", StringComparison.Ordinal)))
            {
                // The service has it open.
                using var stream = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
                stream.CopyTo(bytes);
            }
            return bytes.ToArray();
        }
        foreach (object[] row in RowsOf(directory).Select(row => row.Values))
        {
            foreach (object value in row)
                bytes.Write(value as byte[] ?? Encoding.UTF8.GetBytes($"{value}"));
        }
        return bytes.ToArray();
    }

    /// <summary>Every row of every table.</summary>
    public static IEnumerable<(string Table, object[] Values)> RowsOf(string directory)
    {
        using DbConnection connection = OpenConnection(directory);
        string tables = IsPostgres ? "SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1"
            : "SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name";
        foreach (string table in Read(connection, tables).Select(row => (string)row[0]).ToList())
        {
            foreach (object[] row in Read(connection, $"SELECT * FROM \"{table}\""))
                yield return (table, row);
        }
    }

    private static IEnumerable<object[]> Read(DbConnection connection, string query)
    {
        using DbCommand command = connection.CreateCommand();
        command.CommandText = query;
        using DbDataReader reader = command.ExecuteReader();
        while (reader.Read())
        {
            object[] row = new object[reader.FieldCount];
            reader.GetValues(row);
            yield return row;
        }
    }

    /// <summary>
    /// A statement as the tests write it, for the engine: names in Pascal case, <c>$p</c>, <c>x'00'</c>, and <c>BEGIN IMMEDIATE</c>, which
    /// keeps every writer waiting.
    /// </summary>
    public static string Translate(string statement) => !IsPostgres ? statement : Word().Replace(statement, word =>
        word.Groups["lock"].Success ? $"BEGIN; SELECT {Advisory.Lock(Advisory.Everything)}"
        : word.Groups["name"].Success ? $"\"{word.Value}\""
        : word.Groups["blob"].Success ? $"'\\x{word.Groups["blob"].Value}'::bytea"
        : word.Groups["parameter"].Success ? $"@{word.Groups["parameter"].Value}"
        : word.Value);

    /// <summary>Lets go of a directory that will be deleted: no pooled connection holds a file, and no database stays.</summary>
    public static async Task LetGoAsync(string directory)
    {
        SqliteConnection.ClearAllPools();
        if (Made.TryRemove(directory, out Lazy<string>? connection))
            await (await PostgresCluster.SharedAsync())
                .DropDatabaseAsync(new NpgsqlConnectionStringBuilder(connection.Value).Database!);
    }

    [GeneratedRegex("""
        (?<lock>BEGIN\ IMMEDIATE) | \bx'(?<blob>[0-9A-Fa-f]*)' | '[^']*' | "[^"]*" | \$(?<parameter>\w+) | (?<name>\b[A-Z][a-z]\w*\b)
        """, RegexOptions.IgnorePatternWhitespace)]
    private static partial Regex Word();

    /// <summary>Ends the server when the last test has run.</summary>
    public sealed class End : IAsyncDisposable
    {
        public async ValueTask DisposeAsync() => await PostgresCluster.EndSharedAsync();
    }
}
