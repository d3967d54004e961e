using System.CommandLine;
using JwtAuth.Server.Composition;

namespace JwtAuth.Server.Commands;

/// <summary>
/// The commands of this program. They read the same configuration and write to the same database as the running service, which notices
/// within a second.
/// </summary>
internal static class CommandLine
{
    public static Task<int> RunAsync(string[] args)
    {
        var root = new RootCommand("JwtAuth: a password goes in, a signed JWT comes out. Without a command it serves.")
        {
            UsersCommand.Create(),
            KeysCommand.Create(),
            ClientsCommand.Create(),
        };
        return root.Parse(args).InvokeAsync();
    }

    /// <summary>Runs <paramref name="work"/> with the services of the program and a prepared database. Nothing listens.</summary>
    public static async Task<int> WithServiceAsync(Func<IServiceProvider, Task<int>> work)
    {
        try
        {
            await using WebApplication app = ServiceBuilder.Build(["--Logging:LogLevel:Default=Warning"]);
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
    }

    public static int Fail(string message)
    {
        Console.Error.WriteLine($"error: {message}");
        return 1;
    }
}
