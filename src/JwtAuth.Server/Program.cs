using System.Globalization;
using JwtAuth.Server.Commands;
using JwtAuth.Server.Composition;
using JwtAuth.Server.Configuration;

// Logs and replies are for programs too: they do not follow the machine's language and calendar.
CultureInfo.DefaultThreadCurrentCulture = CultureInfo.DefaultThreadCurrentUICulture =
    CultureInfo.CurrentCulture = CultureInfo.CurrentUICulture = CultureInfo.InvariantCulture;

try
{
    // If the first word has no dash, or asks for help or the version, it is a command. Anything else starts the service.
    if (args is [var verb, ..] && (!verb.StartsWith('-') || verb is "--help" or "-h" or "-?" or "--version"))
        return await CommandLine.RunAsync(args);

    await using WebApplication app = ServiceBuilder.Build(args);
    await app.PrepareAsync();
    app.UseHttpApi();
    await app.ListenAsync();
    await app.WaitForShutdownAsync();
    return 0;
}
catch (ConfigurationFaultException fault)
{
    foreach (string line in fault.Faults)
        await Console.Error.WriteLineAsync($"error: {line}");
    return 1;
}

/// <summary>The service and its command line.</summary>
internal sealed partial class Program;
