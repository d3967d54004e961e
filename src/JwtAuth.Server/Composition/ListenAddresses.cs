using System.Net;
using JwtAuth.Server.Configuration;

namespace JwtAuth.Server.Composition;

/// <summary>
/// Development has open registration, explains refusals and keeps its master key in a file. So it listens on loopback only, unless the
/// configuration allows more.
/// </summary>
internal static class ListenAddresses
{
    /// <exception cref="ConfigurationFaultException">An address is malformed, or Development could be reached from elsewhere.</exception>
    public static void Check(IConfiguration configuration, IHostEnvironment environment, ListenSettings settings)
    {
        foreach ((string key, string url) in Configured(configuration))
        {
            if (Parse(url) is not { } address)
                throw new ConfigurationFaultException(
                    $"{key} is not an address to listen at; write it like http://localhost:5080, several with ; between them.");
            if (environment.IsDevelopment() && !settings.MayListenBeyondLoopback && !IsLoopback(address))
            {
                throw new ConfigurationFaultException(
                    $"{key} listens beyond loopback in the Development environment; use http://localhost:5080, "
                    + "or set the environment to Production, "
                    + "or JwtAuth:AllowRemoteInDevelopment=true where the network is only yours.");
            }
        }
    }

    private static IEnumerable<(string Key, string Url)> Configured(IConfiguration configuration)
    {
        string? urls = configuration["urls"];
        foreach (string url in Split(urls))
            yield return ("urls (ASPNETCORE_URLS)", url);
        // A port alone listens on every address. urls override ports.
        foreach (string key in (string[])["http_ports", "https_ports"])
        {
            foreach (string port in string.IsNullOrEmpty(urls) ? Split(configuration[key]) : [])
                yield return (key, $"http://*:{port}");
        }
        foreach (IConfigurationSection endpoint in configuration.GetSection("Kestrel:Endpoints").GetChildren())
            yield return ($"{endpoint.Path}:Url", endpoint["Url"] ?? "");
    }

    private static BindingAddress? Parse(string url)
    {
        try
        {
            var address = BindingAddress.Parse(url);
            bool isPort = address.IsUnixPipe || address.IsNamedPipe || address.Port is >= IPEndPoint.MinPort and <= IPEndPoint.MaxPort;
            // If the part after the last colon is not a number, it is read as part of the host.
            bool isRead = address.IsUnixPipe || address.IsNamedPipe || !address.Host.Contains(':') || address.Host.StartsWith('[');
            return isPort && isRead ? address : null;
        }
        catch (Exception fault) when (fault is FormatException or ArgumentException)
        {
            return null;
        }
    }

    private static bool IsLoopback(BindingAddress address) =>
        address.IsUnixPipe || address.Host == "localhost"
            || (IPAddress.TryParse(address.Host, out IPAddress? ip) && IPAddress.IsLoopback(ip));

    private static string[] Split(string? list) =>
        list?.Split(';', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries) ?? [];
}

/// <param name="MayListenBeyondLoopback">Whether Development may be reached from elsewhere.</param>
internal sealed record ListenSettings(bool MayListenBeyondLoopback)
{
    public static ListenSettings Read(SettingValues values) => new(values.Flag("AllowRemoteInDevelopment", false));
}
