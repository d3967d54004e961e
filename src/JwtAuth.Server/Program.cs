using JwtAuth.Server;
using JwtAuth.Server.Commands;
using JwtAuth.Server.Configuration;
using JwtAuth.Server.Http;

try
{
    // A first word without dashes is a command; all else, but for a cry for help, is the service.
    if (args is [var verb, ..] && (!verb.StartsWith('-') || verb is "--help" or "-h" or "-?" or "--version"))
        return await CommandLine.RunAsync(args);

    WebApplication app = Composition.Build(args);
    await app.PrepareAsync();
    app.UseHttpApi();
    await app.RunAsync();
    return 0;
}
catch (ConfigurationFaultException fault)
{
    foreach (string line in fault.Faults)
        await Console.Error.WriteLineAsync($"error: {line}");
    return 1;
}
catch (IOException fault) when (fault.InnerException is Microsoft.AspNetCore.Connections.AddressInUseException)
{
    await Console.Error.WriteLineAsync($"error: {fault.Message} Stop what listens there, or set ASPNETCORE_URLS to another address.");
    return 1;
}
catch (System.Net.Sockets.SocketException fault)
{
    await Console.Error.WriteLineAsync($"error: {fault.Message}. Set ASPNETCORE_URLS to an address of this machine that this user may listen at.");
    return 1;
}

/// <summary>The service and its command line.</summary>
internal sealed partial class Program;
