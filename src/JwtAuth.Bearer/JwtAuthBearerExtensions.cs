using System.Diagnostics.Metrics;
using JwtAuth.Bearer;
using JwtAuth.Bearer.AccessTokens;
using JwtAuth.Bearer.Denials;
using JwtAuth.Bearer.Keys;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.JwtBearer;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.SignalR;
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
    /// remedy. In a SignalR hub, <c>UserIdentifier</c> is the token's <c>sub</c>.
    /// </remarks>
    public static AuthenticationBuilder AddJwtAuthBearer(this AuthenticationBuilder builder, Action<JwtAuthBearerOptions>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(builder);
        // SignalR adds its own only if there is none. One of the application stays.
        if (builder.Services.FirstOrDefault(service => service.ServiceType == typeof(IUserIdProvider)
            && !service.IsKeyedService && service.ImplementationType == typeof(DefaultUserIdProvider)) is { } stock)
        {
            builder.Services.Remove(stock);
        }
        builder.Services.TryAddSingleton<IUserIdProvider>(provider =>
            new SubjectUserIds(() => OptionsOf(provider, JwtBearerDefaults.AuthenticationScheme).Authority));
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
        services.AddOptions<JwtAuthBearerOptions>(scheme).Configure(configure);
        services.AddSingleton<IValidateOptions<JwtAuthBearerOptions>>(
            new Validation<JwtAuthBearerOptions>(scheme, options => faultOf(options)));
        // All schemes in one, and the first fault alone, so that it is told in one line.
        services.AddOptions<SchemesAtStart>().Validate<IServiceProvider>((_, provider) => AreUsable(provider, scheme)).ValidateOnStart();
        services.AddKeyedSingleton(scheme, (provider, _) =>
        {
            (IVerificationKeys keys, IDenialSource? denials) = sources(provider);
            JwtAuthBearerOptions options = OptionsOf(provider, scheme);
            return new RememberingValidator(
                new TokenValidator(options.Rules, keys, provider.GetRequiredService<TimeProvider>(), denials), options.CacheSize,
                BearerMeasures.Refusals(provider.GetService<IMeterFactory>(), scheme));
        });
        services.TryAddSingleton(provider => provider.GetRequiredKeyedService<RememberingValidator>(scheme).Validator);
        services.AddAuthorization();
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IAuthorizationHandler, RequiredScopeHandler>());

        services.TryAddEnumerable(ServiceDescriptor.Singleton<IStartupFilter, RefusalReasons>());

        services.AddOptions<JwtBearerOptions>(scheme)
            .Configure(options =>
            {
                options.MapInboundClaims = false;
                options.SaveToken = false;
            })
            .PostConfigure<IServiceProvider, IHostEnvironment>((options, provider, environment) =>
            {
                // Before JwtBearer makes something of them.
                if (HandlerSettings.FaultOf(scheme, options, provider.GetRequiredService<TimeProvider>()) is { } fault)
                    throw new UnusableOptionsException(scheme, typeof(JwtBearerOptions), fault);
                options.TokenHandlers.Clear();
                options.Events = new BearerEvents(
                    new Lazy<RememberingValidator>(() => provider.GetRequiredKeyedService<RememberingValidator>(scheme)), options.Events,
                    IdentityNames.Of(options.TokenValidationParameters), environment.IsDevelopment());
            });
        // What was set later still.
        services.AddSingleton<IValidateOptions<JwtBearerOptions>>(provider => new Validation<JwtBearerOptions>(scheme, options =>
            options.Events is BearerEvents
                ? HandlerSettings.FaultOf(scheme, options, provider.GetRequiredService<TimeProvider>())
                : $"The {nameof(JwtBearerOptions.Events)} of the scheme {scheme} were replaced after its checks were set, which are in "
                    + "them; set them with Configure, not PostConfigure."));
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

    // Reading them throws if they are not.
    private static bool AreUsable(IServiceProvider provider, string scheme)
    {
        _ = OptionsOf(provider, scheme);
        _ = provider.GetRequiredService<IOptionsMonitor<JwtBearerOptions>>().Get(scheme);
        return true;
    }

    private sealed class SchemesAtStart;

    private sealed class Validation<T>(string scheme, Func<T, string?> faultOf) : IValidateOptions<T> where T : class
    {
        public ValidateOptionsResult Validate(string? name, T options) =>
            name != scheme ? ValidateOptionsResult.Skip
            : faultOf(options) is { } fault ? throw new UnusableOptionsException(scheme, typeof(T), fault)
            : ValidateOptionsResult.Success;
    }
}
