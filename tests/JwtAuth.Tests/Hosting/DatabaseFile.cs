using System.Data.Common;
using System.Globalization;

namespace JwtAuth.Tests.Hosting;

/// <summary>The database, read and changed behind the service's back.</summary>
internal sealed class DatabaseFile(string directory) : IDisposable
{
    private readonly DbConnection connection = TestedStore.OpenConnection(directory);

    public long Number(string query, string? parameter = null) => Convert.ToInt64(Scalar(query, parameter), CultureInfo.InvariantCulture);

    public string Text(string query, string? parameter = null) => (string)Scalar(query, parameter)!;

    /// <summary>The counter of a session, or null where it has no row.</summary>
    public long? CounterOf(string sessionId) => (long?)Scalar("SELECT Counter FROM Sessions WHERE SessionId = $p", sessionId);

    public void Execute(string statement, string? parameter = null)
    {
        using DbCommand command = Command(statement, parameter);
        command.ExecuteNonQuery();
    }

    /// <summary>Makes a statement fail in its middle, such as <c>BEFORE INSERT ON Sessions</c>, until it is mended.</summary>
    public void Break(string moment) => Execute(TestedStore.IsPostgres
        ? $"CREATE TRIGGER fault {moment} FOR EACH ROW EXECUTE FUNCTION fault()"
        : $"CREATE TRIGGER fault {moment} BEGIN SELECT RAISE(ABORT, 'worn out'); END");

    public void Mend(string moment) =>
        Execute(TestedStore.IsPostgres ? $"DROP TRIGGER fault ON {moment.Split(' ')[^1]}" : "DROP TRIGGER fault");

    public void Dispose() => connection.Dispose();

    private object? Scalar(string query, string? parameter)
    {
        using DbCommand command = Command(query, parameter);
        return command.ExecuteScalar();
    }

    private DbCommand Command(string text, string? parameter)
    {
        DbCommand command = connection.CreateCommand();
        command.CommandText = TestedStore.Translate(text);
        if (parameter is null)
            return command;
        DbParameter value = command.CreateParameter();
        (value.ParameterName, value.Value) = (TestedStore.Translate("$p"), parameter);
        command.Parameters.Add(value);
        return command;
    }
}
