using System.Collections.Concurrent;
using System.Data.Common;
using Microsoft.Data.Sqlite;
using Microsoft.EntityFrameworkCore.Diagnostics;

namespace JwtAuth.Tests.Composition;

/// <summary>Asks SQLite about each statement, before it is sent, how it would be carried out.</summary>
internal sealed class QueryPlans : DbCommandInterceptor
{
    private readonly ConcurrentQueue<(string Statement, string Step)> steps = new();

    /// <summary>Each step of each statement, since it was last cleared.</summary>
    public IReadOnlyList<(string Statement, string Step)> Steps => [.. steps];

    /// <summary>Those that read a whole table or index, or that sort what they have read.</summary>
    public IEnumerable<(string Statement, string Step)> Slow => Steps.Where(step =>
        (step.Step.StartsWith("SCAN", StringComparison.Ordinal) && step.Step != "SCAN CONSTANT ROW")
        || step.Step.Contains("TEMP B-TREE", StringComparison.Ordinal));

    public void Clear() => steps.Clear();

    public override ValueTask<InterceptionResult<DbDataReader>> ReaderExecutingAsync(
        DbCommand command, CommandEventData eventData, InterceptionResult<DbDataReader> result,
        CancellationToken cancellationToken = default)
    {
        Explain(command);
        return base.ReaderExecutingAsync(command, eventData, result, cancellationToken);
    }

    public override ValueTask<InterceptionResult<int>> NonQueryExecutingAsync(
        DbCommand command, CommandEventData eventData, InterceptionResult<int> result, CancellationToken cancellationToken = default)
    {
        Explain(command);
        return base.NonQueryExecutingAsync(command, eventData, result, cancellationToken);
    }

    private void Explain(DbCommand command)
    {
        // Not pragmas.
        foreach (string statement in command.CommandText.Split(";\n", StringSplitOptions.RemoveEmptyEntries)
            .Where(statement => statement.Contains('"', StringComparison.Ordinal)))
        {
            if (statement.StartsWith("CREATE", StringComparison.Ordinal) || statement.StartsWith("DROP", StringComparison.Ordinal))
                continue; // the schema, at the start
            using var explaining = (SqliteCommand)command.Connection!.CreateCommand();
            explaining.CommandText = $"EXPLAIN QUERY PLAN {statement}";
            explaining.Transaction = (SqliteTransaction?)command.Transaction;
            foreach (SqliteParameter parameter in command.Parameters)
                explaining.Parameters.AddWithValue(parameter.ParameterName, parameter.Value);
            using SqliteDataReader reader = explaining.ExecuteReader();
            while (reader.Read())
                steps.Enqueue((statement, reader.GetString(3)));
        }
    }
}
