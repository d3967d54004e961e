using System.Data.Common;
using System.Reflection;
using JwtAuth.Server.Configuration;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Migrations;

namespace JwtAuth.Server.Storage;

/// <summary>What an exception says of the store.</summary>
internal enum StoreFault
{
    /// <summary>Nothing: its cause is elsewhere.</summary>
    None,

    /// <summary>Others kept a request from the store. It may come again.</summary>
    Contention,

    /// <summary>The store cannot be reached or written. Somebody has to mend it.</summary>
    Unwritable,

    /// <summary>What was read cannot be right.</summary>
    Damaged,
}

/// <summary>
/// What differs between SQLite and PostgreSQL, beside how they write, which is in each engine's <see cref="Db"/>: how the database is found
/// and entered, whether it is sound, what its errors mean, and whether processes can call one another. Nothing here needs EF Core's model,
/// which takes longer to make than everything else at the start.
/// </summary>
internal abstract class Engine
{
    /// <summary>How long a writer waits for others, of this process or another.</summary>
    public abstract TimeSpan Patience { get; }

    /// <summary>The database, as messages name it. There is no secret in it.</summary>
    public abstract string Place { get; }

    /// <summary>A file of this machine that says how far the log of denials had come.</summary>
    public abstract string HistoryPath { get; }

    /// <summary>The files and directories that others had access to, until now.</summary>
    public IReadOnlyList<string> Mended { get; protected set; } = [];

    /// <summary>Registers the engine's <see cref="Db"/>, and what its writers wait in.</summary>
    public abstract void AddDb(IServiceCollection services);

    /// <summary>Enters the database where only one process at a time can be: no other prepares it meanwhile.</summary>
    /// <exception cref="ConfigurationFaultException">It is not safe to go on.</exception>
    public abstract Task<IAsyncDisposable> EnterAloneAsync();

    /// <summary>
    /// Says which issuer the running processes are. Several processes of one issuer may share a database. Those of two would share
    /// accounts, keys and sessions, and each would refuse the other's tokens. It is said until the engine is disposed of, or the process
    /// dies. Call it where only one process at a time can be.
    /// </summary>
    /// <exception cref="ConfigurationFaultException">A process of another issuer is running.</exception>
    public abstract Task EnterAsync(string issuer);

    /// <summary>Opens a connection for statements that are written by hand. It never makes a database.</summary>
    /// <exception cref="DbException">The database cannot be opened.</exception>
    public abstract Task<DbConnection> OpenAsync();

    /// <summary>Whether the schema is this version's. If not, <see cref="MigrateAsync"/> brings it there.</summary>
    public async Task<bool> IsCurrentAsync()
    {
        using var connection = new PreparedConnection(await OpenAsync());
        if (await connection.AskAsync<long>(HasMigrations) == 0)
            return false;
        HashSet<string> missing = [.. MigrationsOf(Context)];
        await using DbDataReader applied = await connection.ReadAsync("""SELECT "MigrationId" FROM "__EFMigrationsHistory" """, default);
        while (await applied.ReadAsync())
            missing.Remove(applied.GetString(0));
        return missing.Count == 0;
    }

    /// <summary>Brings the schema to this version's.</summary>
    public virtual Task MigrateAsync(Db db) => db.Database.MigrateAsync();

    /// <summary>
    /// A number that changes whenever somebody else has committed; <see langword="null"/> if the engine has none. It is cheap, and asked
    /// again and again on the same connection.
    /// </summary>
    public abstract Task<long?> DataVersionAsync(PreparedConnection connection);

    /// <summary>The highest number that the log of denials has ever given, also to denials that were deleted since.</summary>
    public async Task<long> HighestDenialAsync()
    {
        using var connection = new PreparedConnection(await OpenAsync());
        return await connection.AskAsync<long>(HighestDenial);
    }

    /// <summary>
    /// Writes as much as a login does, takes it away again and commits, by a connection of its own. It waits a second for other writers.
    /// </summary>
    /// <exception cref="DbException">The store cannot be written, or others have been writing for too long.</exception>
    public abstract Task TryWritingAsync();

    /// <summary>Reads the whole store through, by a connection of its own. The time it takes grows with the store.</summary>
    /// <returns>What is damaged; <see langword="null"/> if nothing is.</returns>
    /// <exception cref="DbException">It cannot be read.</exception>
    public abstract Task<string?> FindDamageAsync();

    /// <summary>
    /// What a failed start is told, with key, fault and remedy; <see langword="null"/> if the engine knows nothing of it.
    /// </summary>
    public abstract ConfigurationFaultException? StartFaultOf(Exception fault);

    /// <summary>What an exception says of the store.</summary>
    public abstract StoreFault FaultOf(Exception fault);

    /// <summary>
    /// Calls <paramref name="heard"/> whenever a process has told what it has committed. Nobody may rely on it: who listens looks by itself
    /// as well.
    /// </summary>
    public virtual Task ListenAsync(Func<News, Task> heard, CancellationToken stopping) => Task.CompletedTask;

    /// <summary>Tells the processes that listen what was committed, soon and without waiting.</summary>
    public virtual void Tell(News what)
    {
    }

    /// <summary>The <see cref="Db"/> that the migrations belong to.</summary>
    protected abstract Type Context { get; }

    /// <summary>Begins a transaction that reads one state of the database however long it takes, and keeps nobody from writing.</summary>
    public abstract string BeginReading { get; }

    /// <summary>Asks whether there is a table of migrations: 1 or 0.</summary>
    protected abstract string HasMigrations { get; }

    /// <summary>Asks for the number that the log of denials gave last. No row if it has given none.</summary>
    protected abstract string HighestDenial { get; }

    private static IEnumerable<string> MigrationsOf(Type context) =>
        from type in context.Assembly.GetTypes()
        where type.IsSubclassOf(typeof(Migration)) && type.GetCustomAttribute<DbContextAttribute>()?.ContextType == context
        select type.GetCustomAttribute<MigrationAttribute>()!.Id;
}
