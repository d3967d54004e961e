using System.Collections.Concurrent;
using System.Xml.Linq;
using JwtAuth.Bearer.Keys;
using JwtAuth.Server.AccessTokens;
using JwtAuth.Server.Accounts;
using JwtAuth.Server.Configuration;
using JwtAuth.Server.Errors;
using JwtAuth.Server.Http;
using JwtAuth.Server.Observability;
using JwtAuth.Server.Passwords;
using JwtAuth.Server.SigningKeys;
using JwtAuth.Server.Storage;
using Microsoft.AspNetCore.DataProtection.KeyManagement;
using Microsoft.AspNetCore.DataProtection.Repositories;
using Microsoft.AspNetCore.DataProtection.XmlEncryption;
using Microsoft.AspNetCore.HttpOverrides;
using Microsoft.AspNetCore.Identity;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.Controllers;
using Microsoft.Extensions.Configuration.Memory;
using Microsoft.Extensions.Logging.Console;

namespace JwtAuth.Server;

/// <summary>How the parts are put together: services, the order of preparation, the order of the pipeline.</summary>
internal static class Composition
{
    private const int MaximumBodyBytes = 64 * 1024;

    // Where nothing else is configured: what the service says, why tokens are refused, and the framework's warnings.
    private static readonly Dictionary<string, string?> QuietLogging = new()
    {
        ["Logging:LogLevel:Default"] = "Information",
        ["Logging:LogLevel:Microsoft"] = "Warning",
        ["Logging:LogLevel:Microsoft.Hosting.Lifetime"] = "Information",
        ["Logging:LogLevel:Microsoft.AspNetCore.Authentication.JwtBearer"] = "Information",
    };

    /// <summary>The service, configured and checked, but not yet prepared or listening.</summary>
    /// <exception cref="ConfigurationFaultException">It cannot start as it is configured.</exception>
    public static WebApplication Build(string[] args)
    {
        WebApplicationBuilder builder = WebApplication.CreateBuilder(args);
        builder.Configuration.Sources.Insert(0, new MemoryConfigurationSource { InitialData = QuietLogging });
        builder.Configuration.AddKeyPerFile(SecretsDirectory(builder), optional: true);
        Settings settings = SettingsReader.Read(builder.Configuration, builder.Environment);
        ListenAddresses.Check(builder.Configuration, builder.Environment, settings.Http);

        AddSettings(builder.Services, settings);
        AddStorage(builder.Services, settings.Storage);
        AddRules(builder.Services);
        AddChecking(builder.Services, settings);
        AddHttp(builder, settings.Http);
        SilenceWhatLogsRequests(builder.Logging);
        if (!builder.Environment.IsDevelopment())
            builder.Services.Configure<ConsoleLoggerOptions>(options => options.FormatterName ??= ConsoleFormatterNames.Json); // an event is a line
        return builder.Build();
    }

    /// <summary>Schema, master key, signing keys and bcrypt: everything that must be there before the first request.</summary>
    /// <exception cref="ConfigurationFaultException">Something is not, with the remedy.</exception>
    public static async Task PrepareAsync(this WebApplication app, bool bringKeys = true)
    {
        try
        {
            Bcrypt.Probe();
        }
        catch (Exception fault) when (fault is DllNotFoundException or PlatformNotSupportedException)
        {
            throw new ConfigurationFaultException(fault.Message);
        }

        await using AsyncServiceScope scope = app.Services.CreateAsyncScope();
        await app.Services.GetRequiredService<DatabaseStart>().PrepareAsync(scope.ServiceProvider.GetRequiredService<Db>());
        if (bringKeys)
            await app.Services.GetRequiredService<SigningKeyRing>().BringAsync();
        foreach (string setting in SettingNames.WithoutEffect(app.Configuration))
            app.Logger.SettingWithoutEffect(setting);
    }

    /// <summary>The pipeline.</summary>
    public static void UseContract(this WebApplication app)
    {
        HttpSettings http = app.Services.GetRequiredService<HttpSettings>();
        if (http.TrustedNetworks.Count > 0)
            app.UseForwardedHeaders();
        app.UseMiddleware<ResponseRules>();
        app.UseMiddleware<RequestRules>();
        app.UseExceptionHandler(_ => { });
        app.UseStatusCodePages(context => WriteBareStatusAsync(context.HttpContext));
        if (http.SwaggerEnabled)
            app.UseSwaggerPages();
        app.UseRouting();
        app.UseCors();
        app.UseAuthentication();
        app.UseAuthorization();
        app.MapControllers().RequireAuthorization();
        app.MapHealth();
    }

    // Where containers mount secrets, one file for each key; a directory that was named must be there.
    private static string SecretsDirectory(WebApplicationBuilder builder)
    {
        const string Key = "KeyPerFileDirectory";
        if (builder.Configuration[Key] is not { Length: > 0 } named)
            return "/run/secrets";
        string directory = Path.GetFullPath(named, builder.Environment.ContentRootPath);
        return Directory.Exists(directory) ? directory : throw new ConfigurationFaultException($"{Key} names no directory; make {directory}, or leave it out for /run/secrets.");
    }

    private static void AddSettings(IServiceCollection services, Settings settings) => services
        .AddSingleton(settings.Issuer)
        .AddSingleton(settings.AccessTokens)
        .AddSingleton(settings.SigningKeys)
        .AddSingleton(settings.Passwords)
        .AddSingleton(settings.Storage)
        .AddSingleton(settings.Http);

    private static void AddStorage(IServiceCollection services, StorageSettings settings)
    {
        services.AddDbContext<Db, SqliteDb>(options => SqliteDb.Configure(options, settings.ConnectionString));
        services.AddSingleton<DatabaseStart>();
        services.AddSingleton(provider => provider.GetRequiredService<DatabaseStart>().MasterKey);
        services.AddScoped<AccountStore>();
        services.AddSingleton<SigningKeyStore>();
        services.AddIdentityCore<Account>().AddRoles<IdentityRole>().AddEntityFrameworkStores<Db>();
    }

    private static void AddRules(IServiceCollection services)
    {
        services.AddSingleton(TimeProvider.System);
        services.AddSingleton<PasswordHasher>();
        services.AddSingleton<IPasswordHasher<Account>>(provider => provider.GetRequiredService<PasswordHasher>());
        services.AddSingleton<PasswordPolicy>();
        services.AddSingleton<HashingGate>();
        services.AddSingleton<GuessingLimit>();
        services.AddScoped<PasswordDoor>();
        services.AddSingleton<KeySchedule>();
        services.AddSingleton<SigningKeyRing>();
        services.AddSingleton<IVerificationKeys>(provider => provider.GetRequiredService<SigningKeyRing>());
        services.AddHostedService<KeyRotation>();
        services.AddSingleton<TokenIssuer>();
    }

    private static void AddChecking(IServiceCollection services, Settings settings)
    {
        // AddAuthentication brings Data Protection along, which would leave a key in the home directory; nothing is protected with it.
        services.Configure<KeyManagementOptions>(options => (options.XmlRepository, options.XmlEncryptor) = (new NoFiles(), new NullXmlEncryptor()));
        services.AddAuthentication().AddJwtAuthBearer(options =>
        {
            options.Authority = settings.Issuer.Url;
            options.Audiences.Add(settings.Issuer.Url);
            foreach (string audience in settings.Issuer.Audiences)
                options.Audiences.Add(audience);
            options.ClockSkew = settings.AccessTokens.ClockSkew;
        });
        services.AddAuthorization();
    }

    private static void AddHttp(WebApplicationBuilder builder, HttpSettings settings)
    {
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxRequestBodySize = MaximumBodyBytes;
            kestrel.Limits.RequestHeadersTimeout = TimeSpan.FromSeconds(15);
        });

        IServiceCollection services = builder.Services;
        services.AddControllers()
            .ConfigureApplicationPartManager(parts => parts.FeatureProviders.Add(new InternalControllers()))
            .AddJsonOptions(options => JsonBodies.Configure(options.JsonSerializerOptions))
            .AddMvcOptions(JsonBodies.SpeakNothingElse)
            .ConfigureApiBehaviorOptions(options =>
            {
                options.InvalidModelStateResponseFactory = JsonBodies.Refuse;
                options.SuppressMapClientErrors = true;
            });
        services.AddExceptionHandler<ExceptionResponses>();
        services.AddHealth();
        services.AddSwaggerPages();

        // Only exact origins; the function form makes every reply vary by Origin, also where one origin is allowed.
        HashSet<string> origins = settings.CorsOrigins.ToHashSet(StringComparer.Ordinal);
        services.AddCors(options => options.AddDefaultPolicy(policy => policy
            .SetIsOriginAllowed(origins.Contains)
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
            foreach (System.Net.IPNetwork network in settings.TrustedNetworks)
                options.KnownIPNetworks.Add(network);
        });
    }

    // At some level each of these writes what a request brought: its path, its query, a header, an action's arguments.
    private static void SilenceWhatLogsRequests(ILoggingBuilder logging) => logging
        .AddFilter("Microsoft.AspNetCore.Hosting.Diagnostics", LogLevel.Warning)
        .AddFilter("Microsoft.AspNetCore.Server.Kestrel", LogLevel.Warning)
        .AddFilter("Microsoft.AspNetCore.Server.Kestrel.BadRequests", LogLevel.Warning)
        .AddFilter("Microsoft.AspNetCore.Server.Kestrel.Connections", LogLevel.Warning)
        .AddFilter("Microsoft.AspNetCore.Server.Kestrel.Http2", LogLevel.Warning)
        .AddFilter("Microsoft.AspNetCore.HttpOverrides", LogLevel.Warning)
        .AddFilter("Microsoft.AspNetCore.Routing", LogLevel.Warning)
        .AddFilter("Microsoft.AspNetCore.StaticFiles", LogLevel.Warning)
        .AddFilter("Microsoft.AspNetCore.Cors", LogLevel.Warning)
        .AddFilter("Microsoft.AspNetCore.Mvc", LogLevel.Warning);

    // A challenge speaks by its header alone (RFC 6750 §3).
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

    private sealed class NoFiles : IXmlRepository
    {
        private readonly ConcurrentBag<XElement> elements = [];

        public IReadOnlyCollection<XElement> GetAllElements() => elements;

        public void StoreElement(XElement element, string friendlyName) => elements.Add(element);
    }

    private sealed class InternalControllers : ControllerFeatureProvider
    {
        protected override bool IsController(System.Reflection.TypeInfo typeInfo) =>
            typeInfo is { IsClass: true, IsAbstract: false } && typeof(ControllerBase).IsAssignableFrom(typeInfo);
    }
}
