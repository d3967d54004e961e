using System.Net;

namespace JwtAuth.Server.Configuration;

/// <summary>Development has open registration, explained refusals and a master key in a file: it listens on loopback, unless told otherwise.</summary>
internal static class ListenAddresses
{
    /// <exception cref="ConfigurationFaultException">Development would be reached from elsewhere.</exception>
    public static void Check(IConfiguration configuration, IHostEnvironment environment, HttpSettings settings)
    {
        if (!environment.IsDevelopment() || settings.MayListenBeyondLoopback)
            return;
        if (Configured(configuration).FirstOrDefault(address => !IsLoopback(address.Url)) is { Key: not null } open)
        {
            throw new ConfigurationFaultException(
                $"{open.Key} listens beyond loopback in the Development environment; use http://localhost:5080, or set the environment to Production, "
                + "or JwtAuth:AllowRemoteInDevelopment=true where the network is only yours.");
        }
    }

    private static IEnumerable<(string? Key, string Url)> Configured(IConfiguration configuration)
    {
        string? urls = configuration["urls"];
        foreach (string url in Split(urls))
            yield return ("urls", url);
        // Ports alone listen on every address; urls override them.
        foreach (string key in (string[])["http_ports", "https_ports"])
        {
            if (string.IsNullOrEmpty(urls) && Split(configuration[key]).Length > 0)
                yield return (key, "http://*");
        }
        foreach (IConfigurationSection endpoint in configuration.GetSection("Kestrel:Endpoints").GetChildren())
            yield return ($"{endpoint.Path}:Url", endpoint["Url"] ?? "");
    }

    private static bool IsLoopback(string url)
    {
        BindingAddress address = BindingAddress.Parse(url);
        return address.IsUnixPipe || address.Host == "localhost" || (IPAddress.TryParse(address.Host, out IPAddress? ip) && IPAddress.IsLoopback(ip));
    }

    private static string[] Split(string? list) => list?.Split(';', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries) ?? [];
}
