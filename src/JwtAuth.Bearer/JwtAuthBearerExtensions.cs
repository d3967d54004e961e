using System.Diagnostics.Metrics;
using JwtAuth.Bearer;
using JwtAuth.Bearer.AccessTokens;
using JwtAuth.Bearer.Denials;
using JwtAuth.Bearer.Keys;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.JwtBearer;
using Microsoft.AspNetCore.Authorization;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Adds the checking of access tokens to an ASP.NET Core API.</summary>
public static class JwtAuthBearerExtensions
{
    /// <summary>
    /// Adds the scheme <c>Bearer</c> (RFC 6750). Tokens are checked here, with the keys that the issuer publishes and the denials from its
    /// feed. The settings are read from the section <c>JwtAuth</c> of the configuration (<c>Authority</c>, <c>Audience</c>, <c>Denials</c>,
    /// <c>ClientId</c>, <c>ClientSecret</c>, <c>SharedSecrets</c>). After that, <paramref name="configure"/> may change them.
    /// </summary>
    /// <remarks>
    /// If an option is missing or wrong, the start fails with an <see cref="OptionsValidationException"/> that says which one, and the
    /// remedy.
    /// </remarks>
    public static AuthenticationBuilder AddJwtAuthBearer(this AuthenticationBuilder builder, Action<JwtAuthBearerOptions>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(builder);
        builder.Services.AddOptions<JwtAuthBearerOptions>(JwtBearerDefaults.AuthenticationScheme)
            .Configure<IConfiguration>((options, configuration) => Bind(configuration.GetSection("JwtAuth"), options));
        return builder.AddJwtAuthBearer(JwtBearerDefaults.AuthenticationScheme, configure ?? (_ => { }));
    }

    /// <summary>
    /// Adds a scheme with another name, for an API that accepts tokens of more than one issuer. Nothing is read from the configuration.
    /// </summary>
    /// <remarks>
    /// If an option is missing or wrong, the start fails with an <see cref="OptionsValidationException"/> that says which one, and the
    /// remedy.
    /// </remarks>
    public static AuthenticationBuilder AddJwtAuthBearer(
        this AuthenticationBuilder builder, string scheme, Action<JwtAuthBearerOptions> configure)
    {
        ArgumentNullException.ThrowIfNull(builder);
        IServiceCollection services = builder.Services;
        services.TryAddSingleton(TimeProvider.System);
        services.AddKeyedSingleton(scheme, (provider, _) => new RemoteIssuer(
            OptionsOf(provider, scheme), provider.GetRequiredService<TimeProvider>(),
            provider.GetRequiredService<ILogger<RemoteIssuer>>()));
        services.AddSingleton<IHostedService>(provider =>
        {
            RemoteIssuer issuer = provider.GetRequiredKeyedService<RemoteIssuer>(scheme);
            BearerMeasures.Add(provider.GetRequiredService<IMeterFactory>(), scheme, issuer,
                provider.GetRequiredKeyedService<RememberingValidator>(scheme));
            return issuer;
        });
        return builder.AddChecking(scheme, configure, options => options.RemoteFault, provider =>
        {
            RemoteIssuer issuer = provider.GetRequiredKeyedService<RemoteIssuer>(scheme);
            return (issuer.Keys, issuer.Feed);
        });
    }

    /// <summary>
    /// Adds a health check. It is unhealthy until keys and denials have been read, and when the feed has been silent for too long. Its data
    /// tell how old they are.
    /// </summary>
    public static IHealthChecksBuilder AddJwtAuthBearer(
        this IHealthChecksBuilder builder, string name = "jwtauth", string scheme = JwtBearerDefaults.AuthenticationScheme)
    {
        ArgumentNullException.ThrowIfNull(builder);
        return builder.Add(new HealthCheckRegistration(
            name, provider => new BearerHealth(provider.GetRequiredKeyedService<RemoteIssuer>(scheme), OptionsOf(provider, scheme)),
            failureStatus: null, tags: null));
    }

    /// <summary>The scheme, with keys and denials from any source. The issuer itself has its own sources.</summary>
    internal static AuthenticationBuilder AddChecking(
        this AuthenticationBuilder builder, string scheme, Action<JwtAuthBearerOptions> configure,
        Func<JwtAuthBearerOptions, string?> faultOf,
        Func<IServiceProvider, (IVerificationKeys Keys, IDenialSource? Denials)> sources)
    {
        IServiceCollection services = builder.Services;
        services.TryAddSingleton(TimeProvider.System);
        services.AddOptions<JwtAuthBearerOptions>(scheme).Configure(configure).ValidateOnStart();
        services.AddSingleton<IValidateOptions<JwtAuthBearerOptions>>(new Validation(scheme, faultOf));
        services.AddKeyedSingleton(scheme, (provider, _) =>
        {
            (IVerificationKeys keys, IDenialSource? denials) = sources(provider);
            JwtAuthBearerOptions options = OptionsOf(provider, scheme);
            return new RememberingValidator(
                new TokenValidator(options.Rules, keys, provider.GetRequiredService<TimeProvider>(), denials), options.CacheSize);
        });
        services.TryAddSingleton(provider => provider.GetRequiredKeyedService<RememberingValidator>(scheme).Validator);
        services.AddAuthorization();
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IAuthorizationHandler, RequiredScopeHandler>());

        services.AddOptions<JwtBearerOptions>(scheme)
            .ValidateOnStart()
            .Configure(options =>
            {
                options.MapInboundClaims = false;
                options.SaveToken = false;
            })
            .PostConfigure<IServiceProvider, IHostEnvironment>((options, provider, environment) =>
            {
                if (options.EventsType is not null)
                    throw new InvalidOperationException($"{nameof(JwtBearerOptions.EventsType)} "
                        + $"of the scheme {scheme} would take the place of its checks; set {nameof(JwtBearerOptions.Events)} instead.");
                options.TokenHandlers.Clear();
                options.Events = new BearerEvents(
                    provider.GetRequiredKeyedService<RememberingValidator>(scheme), options.Events, environment.IsDevelopment());
            })
            .Validate(options => options.Events is BearerEvents, $"The {nameof(JwtBearerOptions.Events)} of the scheme "
                + $"{scheme} were replaced after its checks were set, which are in them; set them with Configure, not PostConfigure.");
        return builder.AddJwtBearer(scheme, _ => { });
    }

    private static JwtAuthBearerOptions OptionsOf(IServiceProvider provider, string scheme) =>
        provider.GetRequiredService<IOptionsMonitor<JwtAuthBearerOptions>>().Get(scheme);

    private static void Bind(IConfigurationSection section, JwtAuthBearerOptions options)
    {
        options.Authority = section["Authority"] ?? options.Authority;
        if (section["Audience"] is { Length: > 0 } && section.GetSection("Audience").GetChildren().Any())
            options.ConfigurationFault = "JwtAuth:Audience is one name in one place and a list in another; take one of them out.";
        foreach (string audience in ListOf(section.GetSection("Audience")))
            options.Audiences.Add(audience);
        // Only the names are accepted. A number, or a combination, is not documented.
        if (section["Denials"] is { Length: > 0 } from)
            options.Denials = Enum.GetValues<DenialsFrom>()
                .Cast<DenialsFrom?>().FirstOrDefault(known => string.Equals($"{known}", from, StringComparison.OrdinalIgnoreCase));
        options.ClientId = section["ClientId"] ?? options.ClientId;
        options.ClientSecret = section["ClientSecret"] ?? options.ClientSecret;
        foreach (string secret in ListOf(section.GetSection("SharedSecrets")))
            options.SharedSecrets.Add(secret);
    }

    // One value, or a list of them.
    private static IEnumerable<string> ListOf(IConfigurationSection section) =>
        section.Value is { Length: > 0 } only ? [only] : section.GetChildren().Select(child => child.Value ?? "");

    private sealed class Validation(string scheme, Func<JwtAuthBearerOptions, string?> faultOf) : IValidateOptions<JwtAuthBearerOptions>
    {
        public ValidateOptionsResult Validate(string? name, JwtAuthBearerOptions options) =>
            name != scheme ? ValidateOptionsResult.Skip : faultOf(options) is { } fault ? ValidateOptionsResult.Fail(
                fault) : ValidateOptionsResult.Success;
    }
}
