using Npgsql;

namespace JwtAuth.Server.Storage.Postgres;

/// <summary>What the errors of PostgreSQL and of its driver mean, by SQLSTATE.</summary>
internal static class PostgresFaults
{
    // Others have it for now: a deadlock that was broken, a lock or a statement that took too long, no connection free, a server that is
    // starting.
    private static readonly string[] Contended =
    [
        PostgresErrorCodes.SerializationFailure, PostgresErrorCodes.DeadlockDetected, PostgresErrorCodes.LockNotAvailable,
        PostgresErrorCodes.QueryCanceled, PostgresErrorCodes.TooManyConnections, PostgresErrorCodes.CannotConnectNow,
    ];

    private static readonly string[] Damaged = [PostgresErrorCodes.DataCorrupted, PostgresErrorCodes.IndexCorrupted];

    // A class of errors is the first two characters: no connection, who may not log in, no such database, resources (a full disk among
    // them), an operator's stop, a fault of the machine.
    private static readonly string[] UnwritableClasses = ["08", "28", "3D", "53", "57", "58"];

    private static readonly string[] Unwritable = [PostgresErrorCodes.ReadOnlySqlTransaction, PostgresErrorCodes.InsufficientPrivilege];

    public static StoreFault Of(Exception fault)
    {
        for (Exception? cause = fault; cause is not null; cause = cause.InnerException)
        {
            if (cause is PostgresException { SqlState: string state })
                return Of(state);
            // The driver's own: no connection of the pool came free, no answer came in time, or the connection broke.
            if (cause is NpgsqlException)
                return cause.InnerException is TimeoutException ? StoreFault.Contention : StoreFault.Unwritable;
            // Whoever uses a connection that has broken already is told only that it, or its transaction, is over.
            if (cause is InvalidOperationException { Source: "Npgsql" })
                return StoreFault.Unwritable;
        }
        return StoreFault.None;
    }

    private static StoreFault Of(string state) =>
        Contended.Contains(state) ? StoreFault.Contention
        : Damaged.Contains(state) ? StoreFault.Damaged
        : Unwritable.Contains(state) || UnwritableClasses.Contains(state[..2]) ? StoreFault.Unwritable
        : StoreFault.None;

    /// <summary>What to do about a server that cannot be used at the start.</summary>
    public static string RemedyOf(Exception fault) => (fault as PostgresException)?.SqlState switch
    {
        PostgresErrorCodes.InvalidCatalogName => "make the database (createdb), or name another one",
        PostgresErrorCodes.InvalidPassword or PostgresErrorCodes.InvalidAuthorizationSpecification =>
            "compare Username and Password with the server's",
        PostgresErrorCodes.InsufficientPrivilege => "let its user make tables there: GRANT CREATE ON SCHEMA public TO the user",
        PostgresErrorCodes.ReadOnlySqlTransaction => "name the server that takes writes, not its standby",
        PostgresErrorCodes.TooManyConnections => "raise max_connections of the server, or end other connections",
        _ => "start the server, or name the right one",
    };
}
