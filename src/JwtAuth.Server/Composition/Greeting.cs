using System.Net;
using JwtAuth.Server.Observability;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;

namespace JwtAuth.Server.Composition;

/// <summary>
/// The greeting at the start: in Development the pages to open and where the data is, and everywhere a warning if the issuer does not fit
/// the addresses.
/// </summary>
internal sealed class Greeting(IServer server, Settings settings, IHostEnvironment environment, ILoggerFactory logs)
    : IHostedLifecycleService
{
    private readonly string issuer = settings.Issuer.Url;

    /// <summary>Runs after the service has begun to listen, and before the host reports that it has started.</summary>
    public Task StartedAsync(CancellationToken cancellationToken)
    {
        ILogger log = logs.CreateLogger("JwtAuth.Server");
        BindingAddress[] addresses = [.. server.Features.Get<IServerAddressesFeature>()?.Addresses.Select(BindingAddress.Parse) ?? []];
        if (!environment.IsDevelopment())
        {
            if (settings.Issuer.IsHttps && settings.Proxy.TrustedNetworks.Count == 0 && addresses.All(address => address.Scheme == "http"))
                log.OnlyHttpIsListenedAt(issuer);
            return Task.CompletedTask;
        }
        string origin = issuer;
        if (addresses.Length > 0 && IsReachedDirectly() && !addresses.Any(IsTheIssuers))
        {
            origin = UrlOf(addresses[0]);
            log.IssuerNotListenedAt(issuer, string.Join(", ", addresses.Select(address => address.ToString())));
        }
        log.Greeted(string.Concat(
            settings.Swagger.Enabled ? $"{Environment.NewLine}  Swagger UI  {origin}/swagger" : "",
            settings.Lab.Enabled ? $"{Environment.NewLine}  the lab     {origin}/lab/" : "",
            $"{Environment.NewLine}  the data    {settings.Sealing.DataDirectory}"));
        return Task.CompletedTask;
    }

    public Task StartingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    // The name of another machine, or a trusted proxy, may lead here from any address.
    private bool IsReachedDirectly() => new Uri(issuer).IsLoopback && settings.Proxy.TrustedNetworks.Count == 0;

    private bool IsTheIssuers(BindingAddress address) =>
        new Uri(issuer) is var url && address.Scheme == url.Scheme && address.Port == url.Port
        && (IsEveryAddress(address) || new Uri(UrlOf(address)).IsLoopback);

    private static string UrlOf(BindingAddress address) =>
        address.IsUnixPipe || address.IsNamedPipe ? address.ToString()
        : $"{address.Scheme}://{(IsEveryAddress(address) ? "localhost" : address.Host)}:{address.Port}";

    private static bool IsEveryAddress(BindingAddress address) =>
        address.Host is "*" or "+"
        || (IPAddress.TryParse(address.Host, out IPAddress? ip) && (ip.Equals(IPAddress.Any) || ip.Equals(IPAddress.IPv6Any)));
}
