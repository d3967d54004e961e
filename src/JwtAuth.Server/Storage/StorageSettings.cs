using JwtAuth.Server.Configuration;
using Microsoft.Data.Sqlite;

namespace JwtAuth.Server.Storage;

/// <param name="ConnectionString">The connection string of the SQLite database.</param>
internal sealed record StorageSettings(string ConnectionString)
{
    public static StorageSettings Read(SettingValues values, string dataDirectory)
    {
        const string ProviderKey = "Storage:Provider", ConnectionKey = "Storage:ConnectionString";
        string provider = values[ProviderKey] ?? "Sqlite";
        if (provider.Equals("Postgres", StringComparison.OrdinalIgnoreCase))
            values.Fault(ProviderKey, "is Postgres, which this version does not have yet", "use Sqlite");
        else if (!provider.Equals("Sqlite", StringComparison.OrdinalIgnoreCase))
            values.Fault(ProviderKey, "is not known", "use Sqlite");

        string connection = values[ConnectionKey] ?? $"Data Source={Path.Combine(dataDirectory, "jwtauth.db")}";
        if (!NamesAFile(connection))
        {
            values.Fault(
                ConnectionKey, "does not name a database file, or has a password, which SQLite does not take",
                "write it like Data Source=/var/lib/jwtauth/jwtauth.db");
        }
        return new StorageSettings(connection);
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
