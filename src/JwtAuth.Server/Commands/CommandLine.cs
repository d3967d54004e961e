using System.CommandLine;
using System.Data.Common;
using JwtAuth.Server.Audit;
using JwtAuth.Server.Composition;
using JwtAuth.Server.Storage;
using Microsoft.EntityFrameworkCore;

namespace JwtAuth.Server.Commands;

/// <summary>
/// The commands of this program. They read the same configuration and write to the same database as the running service, which notices
/// within a second.
/// </summary>
internal static class CommandLine
{
    public static Task<int> RunAsync(string[] args)
    {
        var root = new RootCommand("JwtAuth: a password goes in, a signed JWT comes out. Without a command it serves, "
            + "and takes --urls, --environment, --contentRoot and any key of its configuration, such as --JwtAuth:Issuer.")
        {
            UsersCommand.Create(),
            KeysCommand.Create(),
            ClientsCommand.Create(),
            StorageCommand.Create(),
            AuditCommand.Create(),
            CalibrateCommand.Create(),
        };
        return root.Parse(args).InvokeAsync();
    }

    /// <summary>Runs <paramref name="work"/> with the services of the program and a prepared database. Nothing listens.</summary>
    /// <param name="work">The command.</param>
    /// <param name="prepares">Whether the configured database is prepared.</param>
    public static async Task<int> WithServiceAsync(Func<IServiceProvider, Task<int>> work, bool prepares = true)
    {
        try
        {
            await using WebApplication app = ServiceBuilder.Build(["--Logging:LogLevel:Default=Warning"]);
            app.Services.GetRequiredService<AuditOrigins>().Current = new ProcessOrigin(AuditActor.CommandLine);
            if (prepares)
                await app.PrepareAsync(serves: false);
            await using AsyncServiceScope scope = app.Services.CreateAsyncScope();
            return await work(scope.ServiceProvider);
        }
        catch (Configuration.ConfigurationFaultException fault)
        {
            foreach (string line in fault.Faults)
                Fail(line);
            return 1;
        }
        catch (Exception fault) when (fault is StorageBusyException or DbException or DbUpdateException)
        {
            return Fail($"the database could not be written ({fault.GetBaseException().Message.ReplaceLineEndings(" ")}); try again");
        }
    }

    public static int Fail(string message)
    {
        Console.Error.WriteLine($"error: {message}");
        return 1;
    }
}
