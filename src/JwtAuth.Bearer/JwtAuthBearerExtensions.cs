using JwtAuth.Bearer;
using JwtAuth.Bearer.AccessTokens;
using JwtAuth.Bearer.Denials;
using JwtAuth.Bearer.Keys;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.JwtBearer;
using Microsoft.AspNetCore.Authorization;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Adds the checking of access tokens to an ASP.NET Core API.</summary>
public static class JwtAuthBearerExtensions
{
    /// <summary>
    /// Adds the scheme <c>Bearer</c> (RFC 6750): JwtBearer with <see cref="TokenValidator"/> behind its extension point. The keys come from the
    /// registered <see cref="IVerificationKeys"/>, the time from the registered <see cref="TimeProvider"/>, else the system's.
    /// </summary>
    /// <remarks>Options that lack something stop the start with an <see cref="OptionsValidationException"/> that says the remedy.</remarks>
    public static AuthenticationBuilder AddJwtAuthBearer(this AuthenticationBuilder builder, Action<JwtAuthBearerOptions> configure)
    {
        ArgumentNullException.ThrowIfNull(builder);
        IServiceCollection services = builder.Services;
        services.TryAddSingleton(TimeProvider.System);
        services.AddOptions<JwtAuthBearerOptions>()
            .Configure(configure)
            .Validate(options => options.Fault is null, $"{nameof(AddJwtAuthBearer)}: Authority and at least one audience are needed, and a ClockSkew of a minute at most.")
            .ValidateOnStart();
        services.TryAddSingleton(provider => new TokenValidator(
            provider.GetRequiredService<IOptions<JwtAuthBearerOptions>>().Value,
            provider.GetRequiredService<IVerificationKeys>(),
            provider.GetRequiredService<TimeProvider>(),
            provider.GetService<IDenialSource>()));
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IAuthorizationHandler, RequiredScopeHandler>());

        services.AddOptions<JwtBearerOptions>(JwtBearerDefaults.AuthenticationScheme)
            .Configure<TokenValidator, IHostEnvironment>((options, validator, environment) =>
            {
                options.MapInboundClaims = false;
                options.SaveToken = false;
                options.TokenHandlers.Clear();
                options.TokenHandlers.Add(new AccessTokenHandler(validator));
                options.Events = new BearerEvents(explains: environment.IsDevelopment());
            });
        return builder.AddJwtBearer();
    }
}
