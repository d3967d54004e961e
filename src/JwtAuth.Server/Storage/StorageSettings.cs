using JwtAuth.Server.Configuration;
using JwtAuth.Server.Storage.Postgres;
using JwtAuth.Server.Storage.Sqlite;
using Microsoft.Data.Sqlite;
using Npgsql;

namespace JwtAuth.Server.Storage;

/// <summary>The engines that there are.</summary>
internal enum StorageProvider
{
    Sqlite,
    Postgres,
}

/// <param name="Provider">The engine.</param>
/// <param name="ConnectionString">Where its database is.</param>
/// <param name="ListenerConnectionString">
/// The PostgreSQL server itself, where <paramref name="ConnectionString"/> leads to a pooler; <see langword="null"/> if it does not.
/// </param>
internal sealed record StorageSettings(StorageProvider Provider, string ConnectionString, string? ListenerConnectionString = null)
{
    private const string ConnectionKey = "Storage:ConnectionString", ListenerKey = "Storage:ListenerConnectionString";
    private const string Example = "write it like Host=db.example.com;Database=jwtauth;Username=jwtauth;Password=…";

    public static StorageSettings Read(SettingValues values, string dataDirectory)
    {
        const string ProviderKey = "Storage:Provider";
        string? connection = values[ConnectionKey], listener = values[ListenerKey];
        StorageProvider provider = StorageProvider.Sqlite;
        string named = values[ProviderKey] ?? $"{provider}";
        if (Enum.GetNames<StorageProvider>().Contains(named, StringComparer.OrdinalIgnoreCase))
            provider = Enum.Parse<StorageProvider>(named, ignoreCase: true);
        else
            values.Fault(ProviderKey, "is not known", "use Sqlite or Postgres");
        if (provider == StorageProvider.Postgres)
            return new StorageSettings(provider, ReadPostgres(values, connection), ReadListener(values, listener));

        if (listener is not null)
            values.Fault(ListenerKey, "has no meaning for SQLite", "remove it, or set Storage:Provider to Postgres");
        connection ??= $"Data Source={Path.Combine(dataDirectory, "jwtauth.db")}";
        if (!NamesAFile(connection))
        {
            values.Fault(
                ConnectionKey, "does not name a database file, or has a password, which SQLite does not take",
                "write it like Data Source=/var/lib/jwtauth/jwtauth.db");
        }
        return new StorageSettings(provider, connection);
    }

    /// <summary>The engine of these settings.</summary>
    public Engine NewEngine(string dataDirectory) => Provider == StorageProvider.Postgres
        ? new PostgresEngine(this, dataDirectory) : new SqliteEngine(ConnectionString, dataDirectory);

    // Keeps passwords out of logs.
    public override string ToString() => $"{Provider}";

    private static string ReadPostgres(SettingValues values, string? connection)
    {
        if (connection is null)
            values.Fault(ConnectionKey, "is missing", Example);
        else if (!NamesAServer(connection))
            values.Fault(ConnectionKey, "does not name a PostgreSQL server and its database", Example);
        return connection ?? "";
    }

    private static string? ReadListener(SettingValues values, string? connection)
    {
        if (connection is not null && !NamesAServer(connection))
            values.Fault(ListenerKey, "does not name a PostgreSQL server and its database", Example);
        return connection;
    }

    /// <summary>Whether a connection string names a PostgreSQL server and its database.</summary>
    public static bool NamesAServer(string connection)
    {
        try
        {
            return new NpgsqlConnectionStringBuilder(connection) is { Host.Length: > 0, Database.Length: > 0 };
        }
        catch (Exception fault) when (fault is ArgumentException or FormatException or InvalidCastException or OverflowException)
        {
            return false;
        }
    }

    private static bool NamesAFile(string connection)
    {
        try
        {
            var builder = new SqliteConnectionStringBuilder(connection);
            return builder.DataSource.Length > 0 && !builder.DataSource.StartsWith(':')
                && !builder.DataSource.StartsWith("file:", StringComparison.OrdinalIgnoreCase)
                && builder.Mode != SqliteOpenMode.Memory && builder.Password.Length == 0;
        }
        catch (ArgumentException)
        {
            return false;
        }
    }
}
