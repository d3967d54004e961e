using System.Data.Common;
using JwtAuth.Server.Storage;

namespace JwtAuth.Server.Audit;

/// <summary>Which records are asked for.</summary>
internal sealed record AuditFilter
{
    /// <summary>Those after this number.</summary>
    public long After { get; init; }

    public string? Event { get; init; }

    /// <summary>The account that they are about.</summary>
    public string? Subject { get; init; }

    /// <summary>The account or client that did it.</summary>
    public string? Actor { get; init; }

    /// <summary>The earliest moment.</summary>
    public DateTimeOffset? From { get; init; }

    /// <summary>The moment before which they are.</summary>
    public DateTimeOffset? To { get; init; }

    /// <summary>The condition, and what it names.</summary>
    public (string Condition, (string Name, object Value)[] Parameters) ToCondition()
    {
        List<string> conditions = ["\"Number\" > @after"];
        List<(string, object)> parameters = [("@after", After)];
        Add("\"Event\" = @event", Event);
        Add("\"Subject\" = @subject", Subject);
        Add("\"Actor\" = @actor", Actor);
        Add("\"At\" >= @from", From?.ToStored());
        Add("\"At\" < @to", To?.ToStored());
        return (string.Join(" AND ", conditions), [.. parameters]);

        void Add(string condition, object? value)
        {
            if (value is null)
                return;
            conditions.Add(condition);
            parameters.Add((condition[condition.IndexOf('@', StringComparison.Ordinal)..], value));
        }
    }
}

/// <summary>Reads the trail, in the order of the numbers.</summary>
internal sealed class AuditReader(PreparedReads reads, Engine engine)
{
    private const int PageSize = 1000;

    /// <summary>One page.</summary>
    /// <exception cref="DbException">The store cannot be read.</exception>
    public Task<List<AuditRow>> ListAsync(AuditFilter filter, int limit, CancellationToken cancellation)
    {
        (string condition, (string, object)[] parameters) = filter.ToCondition();
        return reads.AskAsync(Page(condition), ReadAsync, cancellation, [.. parameters, ("@limit", (long)limit)]);
    }

    /// <summary>All of them as they are at this moment, however many there are, by a connection of its own.</summary>
    /// <param name="filter">Which.</param>
    /// <param name="use">Is handed one page after the other.</param>
    /// <param name="first">Is asked before, in the same state of the database.</param>
    public async Task ReadAsync(AuditFilter filter, Action<List<AuditRow>> use, Func<PreparedConnection, Task>? first = null)
    {
        using var connection = new PreparedConnection(await engine.OpenAsync());
        await connection.ExecuteAsync(engine.BeginReading);
        if (first is not null)
            await first(connection);
        List<AuditRow> page;
        do
        {
            (string condition, (string, object)[] parameters) = filter.ToCondition();
            await using DbDataReader reader =
                await connection.ReadAsync(Page(condition), default, [.. parameters, ("@limit", (long)PageSize)]);
            page = await ReadAsync(reader);
            if (page.Count == 0)
                break;
            use(page);
            filter = filter with { After = page[^1].Number };
        }
        while (page.Count == PageSize);
        await connection.ExecuteAsync("COMMIT");
    }

    private static string Page(string condition) =>
        $"""SELECT {AuditRow.Columns} FROM "AuditRecords" WHERE {condition} ORDER BY "Number" LIMIT @limit""";

    private static async Task<List<AuditRow>> ReadAsync(DbDataReader reader)
    {
        List<AuditRow> rows = [];
        while (await reader.ReadAsync())
            rows.Add(AuditRow.Read(reader));
        return rows;
    }
}
