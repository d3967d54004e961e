using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;
using JwtAuth.Server.Authentication;
using JwtAuth.Server.Configuration;
using JwtAuth.Server.Endpoints.Account;
using JwtAuth.Server.Endpoints.OAuth;
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
            // Bytes that are not ASCII are opaque (RFC 9110 §5.5): one byte, one character. As UTF-8 they would be a 400 without a word,
            // also to a bearer token that deserves a 401, or to a neighbour's cookie that is none of our business.
            kestrel.RequestHeaderEncodingSelector = _ => Encoding.Latin1;
            kestrel.Limits.MaxRequestBodySize = MaximumBodyBytes;
            kestrel.Limits.RequestHeadersTimeout = TimeSpan.FromSeconds(15);
        });

        IServiceCollection services = builder.Services;
        services.AddControllers()
            .ConfigureApplicationPartManager(parts => parts.FeatureProviders.Add(new InternalControllers(settings.Lab)))
            .AddJsonOptions(options => JsonBodies.Configure(options.JsonSerializerOptions))
            .AddMvcOptions(JsonBodies.SpeakNothingElse)
            .AddMvcOptions(options => options.Conventions.Add(new Reading()))
            .AddMvcOptions(options => options.Filters.Add(new QueryParameters()))
            .ConfigureApiBehaviorOptions(options =>
            {
                options.InvalidModelStateResponseFactory = JsonBodies.Refuse;
                options.SuppressMapClientErrors = true;
            });
        services.AddExceptionHandler<ExceptionResponses>();
        services.AddSingleton<OwnCookies>();
        services.AddSingleton<RefreshCookie>();
        services.AddSingleton<DeviceCookie>();
        services.AddSingleton<PresentedPasswords>();
        services.AddScoped<RefreshCookieCallers>();
        services.AddSingleton<TokenReplies>();
        services.AddSingleton<LoginTermsReader>();
        services.AddScoped<PersonalAccessTokenLogin>();
        services.AddScoped<HeldCookies>();
        services.AddSingleton<PresentedTokens>();
        services.AddScoped<IntrospectionReplies>();
        services.AddSingleton<TakenCredentials>();
        services.AddScoped<CookieReplies>();
        services.AddStaticPages();
        services.AddLab(settings.Lab);
        services.AddHealth();
        services.AddSwaggerPages(settings.Swagger);

        // Only exact origins. With a function, every reply varies by Origin, even if only one origin is allowed.
        HashSet<string> origins = settings.Cors.Origins.ToHashSet(StringComparer.Ordinal);
        services.AddCors(options =>
        {
            options.AddDefaultPolicy(policy => policy
                .SetIsOriginAllowed(origins.Contains)
                .AllowCredentials()
                .WithMethods("GET", "HEAD", "POST", "PUT", "DELETE")
                .WithHeaders("authorization", "content-type")
                .WithExposedHeaders("www-authenticate", "retry-after")
                .SetPreflightMaxAge(TimeSpan.FromMinutes(10)));
            options.AddPolicy(CorsSettings.Everyone, policy => policy.AllowAnyOrigin().WithMethods("GET", "HEAD").AllowAnyHeader());
        });
    }

    /// <summary>The order in which a request passes through the pipeline.</summary>
    public static void UseHttpApi(this WebApplication app)
    {
        UseForwardedHeaders(app, app.Services.GetRequiredService<ProxySettings>());
        app.UseMiddleware<AuditedRequests>();
        app.UseMiddleware<HtmlErrors>();
        app.UseMiddleware<ResponseRules>();
        app.UseMiddleware<HostRules>();
        app.UseMiddleware<RequestRules>();
        app.UseExceptionHandler(_ => { });
        app.UseStatusCodePages(context => WriteBareStatusAsync(context.HttpContext));
        app.UseRouting();
        app.UseCors();
        app.UseStaticPages();
        if (app.Services.GetRequiredService<SwaggerSettings>().Enabled)
            app.UseSwaggerPages();
        app.UseMiddleware<ThiefRules>();
        app.UseAuthentication();
        app.UseMiddleware<CrossSiteRules>();
        app.UseAuthorization();
        app.MapControllers().RequireAuthorization();
        app.MapHealth();
        app.MapPublicPages();
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

    // With options of their own: any switch of the framework may change those of the container.
    private static void UseForwardedHeaders(WebApplication app, ProxySettings proxy)
    {
        if (proxy.TrustedNetworks.Count == 0)
            return;
        var options = new ForwardedHeadersOptions
        {
            ForwardedHeaders = ForwardedHeaders.XForwardedFor | ForwardedHeaders.XForwardedProto,
            ForwardLimit = null,
        };
        options.KnownProxies.Clear();
        options.KnownIPNetworks.Clear();
        foreach (System.Net.IPNetwork network in proxy.TrustedNetworks)
            options.KnownIPNetworks.Add(network);
        app.UseForwardedHeaders(options);
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
