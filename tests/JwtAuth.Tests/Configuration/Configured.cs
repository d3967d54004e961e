using JwtAuth.Server.Composition;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Hosting.Internal;

namespace JwtAuth.Tests.Configuration;

/// <summary>Settings read from keys and values, as the service reads them.</summary>
internal static class Configured
{
    public static IConfiguration From(IEnumerable<KeyValuePair<string, string?>> values) =>
        new ConfigurationBuilder().AddInMemoryCollection(values).Build();

    public static IHostEnvironment Environment(string name) =>
        new HostingEnvironment { EnvironmentName = name, ContentRootPath = Path.GetTempPath() };

    public static Settings Read(IEnumerable<KeyValuePair<string, string?>> values, string environment = "Production") =>
        Settings.Read(From(values), Environment(environment));
}
