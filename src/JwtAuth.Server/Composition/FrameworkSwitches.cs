using JwtAuth.Server.Configuration;
using Microsoft.AspNetCore.HostFiltering;

namespace JwtAuth.Server.Composition;

/// <summary>
/// Switches of the framework, of its environment variables and of its configuration, that would go around our own settings. They stop the
/// start, or have no effect and are told. <c>docs/configuration.md</c> has them all, also those that are harmless.
/// </summary>
internal static class FrameworkSwitches
{
    private const string ForwardedHeaders = "ForwardedHeaders_Enabled", AllowedHosts = "AllowedHosts";

    /// <summary>For the start of the host: the configuration is read once, so that what was checked is what holds.</summary>
    public static readonly string[] Fixed = ["--hostBuilder:reloadConfigOnChange=false"];

    /// <exception cref="ConfigurationFaultException">A switch is set that cannot be taken back.</exception>
    public static void Check(IConfiguration configuration)
    {
        List<string> faults = [];
        if (IsOn(configuration["captureStartupErrors"]))
            faults.Add("captureStartupErrors (ASPNETCORE_CAPTURESTARTUPERRORS) lets a service answer that could not start; remove it.");
        if (configuration.GetSection("Authentication").GetChildren().Any())
            faults.Add("Authentication:Schemes sets up checks of the framework's own, beside those of this service; "
                + "remove it, and use JwtAuth:Audiences and JwtAuth:AccessTokens.");
        if (IsOn(Environment.GetEnvironmentVariable("DOTNET_SYSTEM_IO_DISABLEFILELOCKING")))
            faults.Add("DOTNET_SYSTEM_IO_DISABLEFILELOCKING takes away the lock under which one process at a time prepares the database; "
                + "remove it.");
        // Without the data of ICU the framework takes every text for normalized.
        if ("e\u0301".Normalize() != "\u00e9")
            faults.Add("DOTNET_SYSTEM_GLOBALIZATION_INVARIANT takes away what passwords are normalized with (Unicode's NFC); "
                + "set it to 0, and install ICU where it is missing.");
        string? environment = Environment.GetEnvironmentVariable("ASPNETCORE_ENVIRONMENT"),
            other = Environment.GetEnvironmentVariable("DOTNET_ENVIRONMENT");
        if (!string.IsNullOrEmpty(environment) && !string.IsNullOrEmpty(other)
            && !environment.Equals(other, StringComparison.OrdinalIgnoreCase))
        {
            faults.Add("DOTNET_ENVIRONMENT and ASPNETCORE_ENVIRONMENT name different environments, and only one of them counts; "
                + "remove DOTNET_ENVIRONMENT.");
        }
        if (faults.Count > 0)
            throw new ConfigurationFaultException(faults);
    }

    /// <summary>
    /// Takes their effect from switches that add to the pipeline by themselves. The framework's middleware is there whatever we do, and
    /// reads these options; ours has its own.
    /// </summary>
    public static void Neutralize(IServiceCollection services)
    {
        services.PostConfigure<ForwardedHeadersOptions>(options =>
            options.ForwardedHeaders = Microsoft.AspNetCore.HttpOverrides.ForwardedHeaders.None);
        services.PostConfigure<HostFilteringOptions>(options => options.AllowedHosts = ["*"]);
    }

    /// <summary>The switches that are set and have no effect, and what to use instead.</summary>
    public static IEnumerable<(string Switch, string Instead)> WithoutEffect(IConfiguration configuration)
    {
        if (IsOn(configuration[ForwardedHeaders]))
            yield return ("ASPNETCORE_FORWARDEDHEADERS_ENABLED", "JwtAuth:Proxy:TrustedNetworks");
        if (configuration[AllowedHosts] is { Length: > 0 } hosts && hosts != "*")
            yield return (AllowedHosts, "JwtAuth:Hosts");
    }

    private static bool IsOn(string? value) => value is "1" || value?.Equals("true", StringComparison.OrdinalIgnoreCase) == true;
}
