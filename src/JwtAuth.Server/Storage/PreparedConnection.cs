using System.Data.Common;

namespace JwtAuth.Server.Storage;

/// <summary>
/// A connection that stays open and keeps each statement prepared that it was ever given. A statement is standard SQL with parameters such
/// as <c>@name</c>; it always comes with the same parameters in the same order. For one caller at a time.
/// </summary>
/// <param name="connection">An open connection, which is handed over.</param>
/// <param name="patience">How long an answer may take; the connection's own patience if it is not given.</param>
internal sealed class PreparedConnection(DbConnection connection, TimeSpan? patience = null) : IDisposable
{
    private readonly Dictionary<string, DbCommand> commands = new(StringComparer.Ordinal);

    /// <summary>Carries a statement out.</summary>
    /// <returns>How many rows it has changed.</returns>
    public Task<int> ExecuteAsync(string statement, params ReadOnlySpan<(string Name, object Value)> parameters) =>
        Command(statement, parameters).ExecuteNonQueryAsync();

    /// <summary>Asks a question. Dispose of the reader before the next one.</summary>
    public Task<DbDataReader> ReadAsync(
        string statement, CancellationToken cancellation, params ReadOnlySpan<(string Name, object Value)> parameters) =>
        Command(statement, parameters).ExecuteReaderAsync(cancellation);

    /// <summary>Asks for one value.</summary>
    /// <returns>The default, if there is no row, or nothing in it.</returns>
    public async Task<T?> AskAsync<T>(string statement) =>
        await Command(statement, []).ExecuteScalarAsync() is T value ? value : default;

    public void Dispose()
    {
        foreach (DbCommand command in commands.Values)
            command.Dispose();
        connection.Dispose();
    }

    private DbCommand Command(string statement, ReadOnlySpan<(string Name, object Value)> parameters)
    {
        if (!commands.TryGetValue(statement, out DbCommand? command))
            commands.Add(statement, command = NewCommand(statement, parameters));
        for (int index = 0; index < parameters.Length; index++)
            command.Parameters[index].Value = parameters[index].Value;
        return command;
    }

    private DbCommand NewCommand(string statement, ReadOnlySpan<(string Name, object Value)> parameters)
    {
        DbCommand command = connection.CreateCommand();
        command.CommandText = statement;
        if (patience is { } given)
            command.CommandTimeout = (int)given.TotalSeconds;
        foreach ((string name, _) in parameters)
        {
            DbParameter parameter = command.CreateParameter();
            parameter.ParameterName = name;
            command.Parameters.Add(parameter);
        }
        return command;
    }
}
