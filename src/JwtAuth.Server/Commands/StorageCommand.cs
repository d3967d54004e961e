using System.CommandLine;
using JwtAuth.Server.Composition;
using JwtAuth.Server.Denials;
using JwtAuth.Server.Sealing;
using JwtAuth.Server.Storage;
using JwtAuth.Server.Storage.Postgres;
using JwtAuth.Server.Storage.Sqlite;
using Microsoft.Data.Sqlite;

namespace JwtAuth.Server.Commands;

/// <summary>
/// <c>storage restored</c>: what has to be done after a backup was put back. <c>storage copy</c>: from SQLite to PostgreSQL.
/// </summary>
internal static class StorageCommand
{
    public static Command Create()
    {
        var restored = new Command("restored", "Says that a backup was put in the database's place. Everything that was issued ends, "
            + "and what is issued from now on is good everywhere. Passwords, roles and accounts are those of the backup. "
            + "At a terminal it asks first.");
        restored.SetAction(_ => CommandLine.WithServiceAsync(RestoredAsync));
        var source = new Option<string>("--from")
        {
            Description = "The data directory of the installation on SQLite, or the connection string of its database",
            Required = true,
        };
        var target = new Option<string>("--to")
        {
            Description = "The connection string of an empty database on PostgreSQL",
            Required = true,
        };
        var copy = new Command("copy", "Copies an installation on SQLite to PostgreSQL, and compares. The service is stopped meanwhile; "
            + "the installation on SQLite stays as it is.") { source, target };
        copy.SetAction(parsed => CommandLine.WithServiceAsync(
            services => CopyAsync(services, parsed.GetRequiredValue(source), parsed.GetRequiredValue(target)), prepares: false));
        return new Command("storage", "The database") { restored, copy };
    }

    private static async Task<int> CopyAsync(IServiceProvider services, string source, string target)
    {
        SealingSettings @sealed = services.GetRequiredService<SealingSettings>();
        string file = source.Contains('=', StringComparison.Ordinal)
            ? new SqliteConnectionStringBuilder(source).DataSource : Path.Combine(source, "jwtauth.db");
        if (!File.Exists(file))
            return CommandLine.Fail($"--from: there is no database {Path.GetFullPath(file)}; name the data directory");
        string directory = Path.GetDirectoryName(Path.GetFullPath(file))!;
        if (!StorageSettings.NamesAServer(target))
            return CommandLine.Fail("--to does not name a PostgreSQL server and its database; "
                + "write it like \"Host=db.example.com;Database=jwtauth;Username=jwtauth;Password=…\"");

        // The master key is the configured one, or lies beside the database.
        var key = @sealed with { DataDirectory = directory };
        await using ServiceProvider from = Open(new SqliteEngine($"Data Source={file}", directory), key),
            to = Open(new PostgresEngine(new StorageSettings(StorageProvider.Postgres, target), @sealed.DataDirectory), key);
        using IDisposable stopped = ((SqliteEngine)from.GetRequiredService<Engine>()).EnterStopped();
        await using AsyncServiceScope reading = from.CreateAsyncScope(), writing = to.CreateAsyncScope();
        Db original = reading.ServiceProvider.GetRequiredService<Db>();
        await from.GetRequiredService<DatabaseStart>().PrepareAsync(() => original);

        var copy = (PostgresDb)writing.ServiceProvider.GetRequiredService<Db>();
        Engine engine = to.GetRequiredService<Engine>();
        try
        {
            await using IAsyncDisposable only = await engine.EnterAloneAsync();
            await engine.MigrateAsync(copy);
            var seals = new RowSeals(from.GetRequiredService<DatabaseStart>().MasterKey, services.GetRequiredService<ILogger<RowSeals>>());
            var copying = new StoreCopy(from.GetRequiredService<Engine>(), original, copy, seals);
            IReadOnlyList<CopiedTable> tables = await copying.RunAsync(CopyProgress.Show);
            foreach (CopiedTable table in tables)
                Console.WriteLine($"{table.Name}: {table.Rows} rows, the same in both ({table.Digest[..16]})");
        }
        catch (Exception fault) when (engine.StartFaultOf(fault) is { } told)
        {
            throw told;
        }
        Console.WriteLine("copied; now set JwtAuth:Storage:Provider to Postgres and JwtAuth:Storage:ConnectionString, keep the master key, "
            + "and start the service; do not start one on the old database again");
        return 0;
    }

    private static ServiceProvider Open(Engine engine, SealingSettings @sealed)
    {
        ServiceCollection services = new();
        services.AddSingleton(TimeProvider.System).AddSingleton(@sealed).AddSingleton(_ => engine).AddSingleton<DatabaseStart>();
        engine.AddDb(services);
        return services.BuildServiceProvider();
    }

    private static bool IsMeant(string place)
    {
        Console.Error.Write($"This ends every session, every token and every key of {place}. Was a backup put there? (yes/no) ");
        return Console.In.ReadLine() == "yes";
    }

    private static async Task<int> RestoredAsync(IServiceProvider services)
    {
        if (!Console.IsInputRedirected && !IsMeant(services.GetRequiredService<Engine>().Place))
            return CommandLine.Fail("nothing was changed");
        (IReadOnlyList<string> keys, EndedEverything ended) = await services.GetRequiredService<Restoration>().RunAsync();
        Console.WriteLine($"ended: {ended.Sessions} sessions, {ended.PersonalAccessTokens} personal access tokens, "
            + $"all access tokens of {ended.Accounts} accounts");
        foreach (string keyId in keys)
            Console.WriteLine($"{keyId} signs nothing any more, and nothing that it signed is taken");
        Console.WriteLine("passwords, roles and accounts are those of the backup: look into the log for what was changed since, "
            + "and change it again");
        return 0;
    }
}
