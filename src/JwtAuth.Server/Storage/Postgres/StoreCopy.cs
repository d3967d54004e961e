using System.Buffers.Binary;
using System.Data.Common;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using JwtAuth.Server.Configuration;
using JwtAuth.Server.Sealing;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata;
using Microsoft.EntityFrameworkCore.Storage;
using Npgsql;
using NpgsqlTypes;

namespace JwtAuth.Server.Storage.Postgres;

/// <summary>What was copied of a table, and compared.</summary>
internal sealed record CopiedTable(string Name, long Rows, string Digest);

/// <summary>
/// Copies every row of an installation on SQLite to an empty database on PostgreSQL, in one transaction, and compares the two before it is
/// committed: by count and digest of each table, and by the seals. Numbers that were given go on where they were.
/// </summary>
internal sealed class StoreCopy(Engine engine, Db from, PostgresDb to, RowSeals seals)
{
    private const int TellEvery = 1000;

    /// <summary>Copies and compares.</summary>
    /// <param name="progress">Is told the table, how many of its rows are copied, and how many there are.</param>
    /// <exception cref="ConfigurationFaultException">The target is not empty, or does not hold what was written to it.</exception>
    public async Task<IReadOnlyList<CopiedTable>> RunAsync(Action<string, long, long> progress)
    {
        List<Table> tables = Order([.. to.Model.GetEntityTypes().Select(type => new Table(type))]);
        await from.Database.OpenConnectionAsync();
        await using IDbContextTransaction reading = await from.Database.BeginTransactionAsync();
        await using IDbContextTransaction writing = await to.Database.BeginTransactionAsync();
        await to.Database.ExecuteSqlAsync($"SELECT pg_advisory_xact_lock({Advisory.Ours}, {Advisory.Everything})");
        foreach (Table table in tables)
        {
            if (await CountAsync(to, table) > 0)
                throw new ConfigurationFaultException(
                    $"The target is not empty: its table {table.Name} has rows; name an empty database.");
        }

        List<CopiedTable> copied = [];
        foreach (Table table in tables)
        {
            CopiedTable written = await CopyAsync(table, await CountAsync(from, table), progress);
            if (await DigestAsync(to, table) is var found && found != written)
                throw new ConfigurationFaultException($"The table {table.Name} is not the same in the target: {written.Rows} rows were "
                    + $"written and {found.Rows} found, or they differ; nothing was kept, try again.");
            copied.Add(written);
        }
        await ContinueNumbersAsync();
        await CheckSealsAsync();
        await writing.CommitAsync();
        return copied;
    }

    // Those that others refer to come first.
    private static List<Table> Order(List<Table> tables)
    {
        List<Table> ordered = [];
        while (tables.Count > 0)
        {
            Table next = tables.First(table => !tables.Exists(other => other != table && table.RefersTo.Contains(other.Name)));
            ordered.Add(next);
            tables.Remove(next);
        }
        return ordered;
    }

    private async Task<CopiedTable> CopyAsync(Table table, long total, Action<string, long, long> progress)
    {
        var connection = (NpgsqlConnection)to.Database.GetDbConnection();
        using var digest = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        long rows = 0;
        await using (NpgsqlBinaryImporter importer =
            await connection.BeginBinaryImportAsync($"COPY \"{table.Name}\" ({table.ColumnNames}) FROM STDIN (FORMAT BINARY)"))
        {
            await foreach (object?[] row in RowsAsync(from, table))
            {
                await importer.StartRowAsync();
                for (int index = 0; index < row.Length; index++)
                {
                    if (row[index] is { } value)
                        await importer.WriteAsync(value, TypeOf(value));
                    else
                        await importer.WriteNullAsync();
                }
                Append(digest, row);
                if (++rows % TellEvery == 0)
                    progress(table.Name, rows, total);
            }
            await importer.CompleteAsync();
        }
        progress(table.Name, rows, total);
        return new CopiedTable(table.Name, rows, Convert.ToHexStringLower(digest.GetHashAndReset()));
    }

    private static async Task<CopiedTable> DigestAsync(Db db, Table table)
    {
        using var digest = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        long rows = 0;
        await foreach (object?[] row in RowsAsync(db, table))
        {
            Append(digest, row);
            rows++;
        }
        return new CopiedTable(table.Name, rows, Convert.ToHexStringLower(digest.GetHashAndReset()));
    }

    // In the order of the key, which both engines compare by bytes.
    private static async IAsyncEnumerable<object?[]> RowsAsync(Db db, Table table)
    {
        await using DbCommand command = CommandOf(db, $"SELECT {table.ColumnNames} FROM \"{table.Name}\" ORDER BY {table.KeyNames}");
        await using DbDataReader reader = await command.ExecuteReaderAsync();
        while (await reader.ReadAsync())
        {
            object?[] row = new object?[table.Types.Count];
            for (int index = 0; index < row.Length; index++)
                row[index] = reader.IsDBNull(index) ? null : table.Convert(index, reader.GetValue(index));
            yield return row;
        }
    }

    private static async Task<long> CountAsync(Db db, Table table)
    {
        await using DbCommand command = CommandOf(db, $"SELECT count(*) FROM \"{table.Name}\"");
        return (long)(await command.ExecuteScalarAsync())!;
    }

    private static DbCommand CommandOf(Db db, string text)
    {
        DbCommand command = db.Database.GetDbConnection().CreateCommand();
        command.Transaction = db.Database.CurrentTransaction?.GetDbTransaction();
        (command.CommandText, command.CommandTimeout) = (text, 0);
        return command;
    }

    // Also the numbers of denials that were deleted since: a number is never given again.
    private async Task ContinueNumbersAsync()
    {
        long highest = await engine.HighestDenialAsync();
        if (highest > 0)
            await to.Database.ExecuteSqlAsync($"SELECT setval(pg_get_serial_sequence('\"Denials\"', 'Number'), {highest})");
        await to.Database.ExecuteSqlRawAsync("""
            SELECT setval(pg_get_serial_sequence('"AspNetUserClaims"', 'Id'), max("Id")) FROM "AspNetUserClaims" HAVING count(*) > 0;
            SELECT setval(pg_get_serial_sequence('"Attempts"', 'Number'), max("Number")) FROM "Attempts" HAVING count(*) > 0;
            SELECT setval(pg_get_serial_sequence('"AspNetRoleClaims"', 'Id'), max("Id")) FROM "AspNetRoleClaims" HAVING count(*) > 0;
            """);
    }

    private async Task CheckSealsAsync()
    {
        await CheckSealsAsync(to.SigningKeys, from.SigningKeys);
        await CheckSealsAsync(to.Sessions, from.Sessions);
        await CheckSealsAsync(to.PersonalAccessTokens, from.PersonalAccessTokens);
        await CheckSealsAsync(to.AuditCheckpoints, from.AuditCheckpoints);
    }

    private async Task CheckSealsAsync<T>(IQueryable<T> copies, IQueryable<T> originals) where T : class, ISealedRow
    {
        if (await FittingAsync(copies) is var kept && await FittingAsync(originals) is var before && kept != before)
            throw new ConfigurationFaultException(
                $"{before - kept} rows ({typeof(T).Name}) lost their seals on the way; nothing was kept.");
    }

    private async Task<long> FittingAsync<T>(IQueryable<T> rows) where T : class, ISealedRow
    {
        long fitting = 0;
        await foreach (T row in rows.AsNoTracking().AsAsyncEnumerable())
            fitting += seals.Fits(row) ? 1 : 0;
        return fitting;
    }

    private static NpgsqlDbType TypeOf(object value) => value switch
    {
        string => NpgsqlDbType.Text,
        long => NpgsqlDbType.Bigint,
        int => NpgsqlDbType.Integer,
        bool => NpgsqlDbType.Boolean,
        _ => NpgsqlDbType.Bytea,
    };

    private static void Append(IncrementalHash digest, object?[] row)
    {
        Span<byte> length = stackalloc byte[sizeof(long)];
        foreach (object? value in row)
        {
            byte[]? bytes = value switch
            {
                null => null,
                byte[] binary => binary,
                string text => Encoding.UTF8.GetBytes(text),
                _ => Encoding.ASCII.GetBytes(Convert.ToInt64(value, CultureInfo.InvariantCulture).ToString(CultureInfo.InvariantCulture)),
            };
            BinaryPrimitives.WriteInt64BigEndian(length, bytes?.Length ?? -1);
            digest.AppendData(length);
            digest.AppendData(bytes ?? []);
        }
    }

    // A table as the model has it: the same names on both engines.
    private sealed class Table(IEntityType type)
    {
        private readonly IProperty[] columns = [.. type.GetProperties()];

        public string Name { get; } = type.GetTableName()!;

        public string ColumnNames => string.Join(", ", columns.Select(Quoted));

        public string KeyNames => string.Join(", ", type.FindPrimaryKey()!.Properties.Select(Quoted));

        public IReadOnlyList<Type> Types { get; } = [.. type.GetProperties()
            .Select(property => property.GetTypeMapping().Converter?.ProviderClrType ?? property.ClrType)
            .Select(kind => Nullable.GetUnderlyingType(kind) ?? kind)];

        public IReadOnlyList<string> RefersTo { get; } =
            [.. type.GetForeignKeys().Select(key => key.PrincipalEntityType.GetTableName()!)];

        // SQLite takes any value in any column, and gives truth values as numbers.
        public object Convert(int column, object value)
        {
            try
            {
                return System.Convert.ChangeType(value, Types[column], CultureInfo.InvariantCulture);
            }
            catch (Exception fault) when (fault is FormatException or InvalidCastException or OverflowException)
            {
                throw new ConfigurationFaultException($"The table {Name} has a row whose {columns[column].GetColumnName()} is of another "
                    + "kind than this service writes; nothing was kept; mend that row.");
            }
        }

        private static string Quoted(IProperty property) => $"\"{property.GetColumnName()}\"";
    }
}
