using System.Net;
using System.Net.Http.Headers;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Mvc.Testing;
using Microsoft.AspNetCore.TestHost;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace JwtAuth.Tests.Hosting;

/// <summary>
/// The sample API in this process, which checks tokens with the package as anybody's would: Kestrel on a loopback port of its own, the
/// audience <c>orders</c>, denials from nowhere until a test sets <c>JwtAuth:Denials</c>. Not started before it is first used.
/// </summary>
internal sealed class ApiHost : WebApplicationFactory<SampleApi.OrdersController>
{
    private readonly Dictionary<string, string> settings;
    private readonly Lazy<Uri> address;
    private Action<IServiceCollection>? services;

    public ApiHost(string authority)
    {
        settings = new() { ["JwtAuth:Authority"] = authority, ["JwtAuth:Denials"] = "None" };
        address = new(() =>
        {
            UseKestrel(options => options.Listen(IPAddress.Loopback, 0)); // a port given as such is set too late now and then
            StartServer();
            return new Uri(Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single());
        });
    }

    public TimeProvider Time { get; init; } = TimeProvider.System;

    public string Environment { get; init; } = "Development";

    /// <summary>Every line that was logged.</summary>
    public LogLines Log { get; } = new();

    /// <summary>Where it listens; it is started for that.</summary>
    public Uri Address => address.Value;

    /// <summary>
    /// Why it does not start, from the host's own log: a host that fails at once may be gone before the factory has
    /// looked at it. Empty where it starts.
    /// </summary>
    public string StartFault()
    {
        try
        {
            _ = address.Value;
            return "";
        }
        catch (Exception)
        {
            return string.Join(
                '\n', Log.All.Where(line => line.StartsWith("Error Microsoft.Extensions.Hosting.", StringComparison.Ordinal)));
        }
    }

    public ApiHost With(string key, string value)
    {
        settings[key] = value;
        return this;
    }

    public ApiHost With(Action<IServiceCollection> configure)
    {
        services += configure;
        return this;
    }

    /// <summary>A client of the running API.</summary>
    public HttpClient Connect(string? bearer = null)
    {
        var client =
            new HttpClient(new SocketsHttpHandler { UseCookies = false, AllowAutoRedirect = false }) { BaseAddress = address.Value };
        if (bearer is not null)
            client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", bearer);
        return client;
    }

    public T Get<T>() where T : notnull => (address.Value, Services.GetRequiredService<T>()).Item2;

    protected override void ConfigureWebHost(IWebHostBuilder builder)
    {
        builder.UseSolutionRelativeContentRoot("tests/JwtAuth.SampleApi");
        builder.UseEnvironment(Environment);
        foreach ((string key, string value) in settings)
            builder.UseSetting(key, value);
        builder.ConfigureLogging(logging => logging.ClearProviders().SetMinimumLevel(LogLevel.Information).AddProvider(Log));
        builder.ConfigureTestServices(collection =>
        {
            collection.AddSingleton(Time);
            services?.Invoke(collection);
        });
    }
}
