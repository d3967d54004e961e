using System.Net.Sockets;
using System.Security.Cryptography;
using JwtAuth.Server.Authentication;
using JwtAuth.Server.Configuration;
using JwtAuth.Server.Endpoints.Account;
using JwtAuth.Server.Errors;
using JwtAuth.Server.Lab;
using JwtAuth.Server.Pipeline;
using Microsoft.AspNetCore.HttpOverrides;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.Controllers;

namespace JwtAuth.Server.Composition;

/// <summary>The HTTP side: limits, controllers, CORS, proxies, and the order in which a request passes through them.</summary>
internal static class HttpApi
{
    private const int MaximumBodyBytes = 64 * 1024;

    public static void AddHttpApi(this WebApplicationBuilder builder, Settings settings)
    {
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxRequestBodySize = MaximumBodyBytes;
            kestrel.Limits.RequestHeadersTimeout = TimeSpan.FromSeconds(15);
        });

        IServiceCollection services = builder.Services;
        services.AddControllers()
            .ConfigureApplicationPartManager(parts => parts.FeatureProviders.Add(new InternalControllers(settings.Lab)))
            .AddJsonOptions(options => JsonBodies.Configure(options.JsonSerializerOptions))
            .AddMvcOptions(JsonBodies.SpeakNothingElse)
            .ConfigureApiBehaviorOptions(options =>
            {
                options.InvalidModelStateResponseFactory = JsonBodies.Refuse;
                options.SuppressMapClientErrors = true;
            });
        services.AddExceptionHandler<ExceptionResponses>();
        services.AddSingleton<OwnCookies>();
        services.AddSingleton<RefreshCookie>();
        services.AddScoped<RefreshCookieCallers>();
        services.AddSingleton<TokenReplies>();
        services.AddSingleton<LoginTermsReader>();
        services.AddScoped<PersonalAccessTokenLogin>();
        services.AddScoped<HeldCookies>();
        services.AddSingleton<PresentedTokens>();
        services.AddSingleton<TakenCredentials>();
        services.AddScoped<CookieReplies>();
        services.AddStaticPages();
        services.AddLab(settings.Lab);
        services.AddHealth();
        services.AddSwaggerPages();

        // Only exact origins. With a function, every reply varies by Origin, even if only one origin is allowed.
        HashSet<string> origins = settings.Cors.Origins.ToHashSet(StringComparer.Ordinal);
        services.AddCors(options => options.AddDefaultPolicy(policy => policy
            .SetIsOriginAllowed(origins.Contains)
            .AllowCredentials()
            .WithMethods("GET", "POST", "PUT", "DELETE")
            .WithHeaders("authorization", "content-type")
            .WithExposedHeaders("www-authenticate", "retry-after")
            .SetPreflightMaxAge(TimeSpan.FromMinutes(10))));
        services.Configure<ForwardedHeadersOptions>(options =>
        {
            options.ForwardedHeaders = ForwardedHeaders.XForwardedFor | ForwardedHeaders.XForwardedProto;
            options.ForwardLimit = null;
            options.KnownProxies.Clear();
            options.KnownIPNetworks.Clear();
            foreach (System.Net.IPNetwork network in settings.Proxy.TrustedNetworks)
                options.KnownIPNetworks.Add(network);
        });
    }

    /// <summary>The order in which a request passes through the pipeline.</summary>
    public static void UseHttpApi(this WebApplication app)
    {
        if (app.Services.GetRequiredService<ProxySettings>().TrustedNetworks.Count > 0)
            app.UseForwardedHeaders();
        app.UseMiddleware<ResponseRules>();
        app.UseMiddleware<RequestRules>();
        app.UseExceptionHandler(_ => { });
        app.UseStatusCodePages(context => WriteBareStatusAsync(context.HttpContext));
        if (app.Services.GetRequiredService<SwaggerSettings>().Enabled)
            app.UseSwaggerPages();
        app.UseRouting();
        app.UseCors();
        app.UseStaticPages();
        app.UseMiddleware<ThiefRules>();
        app.UseAuthentication();
        app.UseMiddleware<CrossSiteRules>();
        app.UseAuthorization();
        app.MapControllers().RequireAuthorization();
        app.MapHealth();
    }

    /// <summary>Starts to listen, and returns once it does.</summary>
    /// <exception cref="ConfigurationFaultException">
    /// An address is taken, is not this machine's or is not allowed, or https has no certificate.
    /// </exception>
    public static async Task ListenAsync(this WebApplication app)
    {
        try
        {
            await app.StartAsync();
        }
        catch (Exception fault) when (fault is IOException or SocketException or InvalidOperationException or CryptographicException)
        {
            throw new ConfigurationFaultException(
                $"The service cannot listen: {fault.Message.ReplaceLineEndings(" ")} Stop what listens there, "
                + "or set --urls (with dotnet run, after --), "
                + "ASPNETCORE_URLS or Kestrel:Endpoints to an address of this machine that this user may listen at; "
                + "https needs Kestrel:Certificates:Default:Path and :KeyPath.");
        }
    }

    // A challenge has only its header (RFC 6750 §3).
    private static Task WriteBareStatusAsync(HttpContext context)
    {
        bool isChallenge = context.Response.Headers.WWWAuthenticate.Count > 0;
        return (context.Response.StatusCode, isChallenge) switch
        {
            (StatusCodes.Status403Forbidden, true) => Problems.WriteAsync(context, ErrorCode.InsufficientScope),
            (_, true) => Task.CompletedTask,
            (int status, false) => Problems.WriteAsync(context, ErrorCode.OfStatus(status)),
        };
    }

    private sealed class InternalControllers(LabSettings lab) : ControllerFeatureProvider
    {
        protected override bool IsController(System.Reflection.TypeInfo typeInfo) =>
            typeInfo is { IsClass: true, IsAbstract: false } && typeof(ControllerBase).IsAssignableFrom(typeInfo)
            && (lab.Enabled || typeInfo != typeof(LabController)) && (lab.Steals || typeInfo != typeof(ThiefController));
    }
}
