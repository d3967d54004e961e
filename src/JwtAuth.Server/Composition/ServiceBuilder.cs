using System.Data.Common;
using System.Security.Cryptography;
using JwtAuth.Bearer;
using JwtAuth.Bearer.Denials;
using JwtAuth.Bearer.Keys;
using JwtAuth.Server.AccessTokens;
using JwtAuth.Server.Accounts;
using JwtAuth.Server.Authentication;
using JwtAuth.Server.Clients;
using JwtAuth.Server.Configuration;
using JwtAuth.Server.DenialFeed;
using JwtAuth.Server.Denials;
using JwtAuth.Server.Grants;
using JwtAuth.Server.Guessing;
using JwtAuth.Server.Lab;
using JwtAuth.Server.Lifetimes;
using JwtAuth.Server.Observability;
using JwtAuth.Server.Passwords;
using JwtAuth.Server.PersonalAccessTokens;
using JwtAuth.Server.RefreshTokens;
using JwtAuth.Server.Sealing;
using JwtAuth.Server.Sessions;
using JwtAuth.Server.SigningKeys;
using JwtAuth.Server.Storage;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.DataProtection.KeyManagement;
using Microsoft.AspNetCore.DataProtection.XmlEncryption;
using Microsoft.AspNetCore.Identity;
using Microsoft.Extensions.Configuration.Memory;
using Microsoft.Extensions.Logging.Console;

namespace JwtAuth.Server.Composition;

/// <summary>Puts the parts together: the services, and what is prepared in which order.</summary>
internal static class ServiceBuilder
{
    // The defaults for logging: what the service says, why tokens are refused, and the framework's warnings.
    private static Dictionary<string, string?> QuietLogging(IHostEnvironment environment) => new()
    {
        ["Logging:LogLevel:Default"] = "Information",
        ["Logging:LogLevel:Microsoft"] = "Warning",
        ["Logging:LogLevel:Microsoft.Hosting.Lifetime"] = "Information",
        // A fault at the start is reported in one line, without a stack trace.
        ["Logging:LogLevel:Microsoft.Extensions.Hosting.Internal.Host"] = "None",
        // JSON has one line for each event.
        ["Logging:Console:FormatterName"] = environment.IsDevelopment() ? ConsoleFormatterNames.Simple : ConsoleFormatterNames.Json,
        ["Logging:Console:FormatterOptions:TimestampFormat"] = "yyyy-MM-dd'T'HH:mm:ss.fff'Z'" + (environment.IsDevelopment() ? " " : ""),
        ["Logging:Console:FormatterOptions:UseUtcTimestamp"] = "true",
        ["Logging:LogLevel:Microsoft.AspNetCore.Authentication.JwtBearer"] = "Information",
    };

    /// <summary>The service, configured and checked, but not prepared and not listening yet.</summary>
    /// <exception cref="ConfigurationFaultException">It cannot start with this configuration.</exception>
    public static WebApplication Build(string[] args)
    {
        ServiceArguments.Check(args);
        WebApplicationBuilder builder = WebApplication.CreateBuilder([.. args, .. FrameworkSwitches.Fixed]);
        builder.Configuration.Sources.Insert(0, new MemoryConfigurationSource { InitialData = QuietLogging(builder.Environment) });
        builder.Configuration.AddKeyPerFile(SecretsDirectory(builder), optional: true);
        FrameworkSwitches.Check(builder.Configuration);
        var settings = Settings.Read(builder.Configuration, builder.Environment);
        ListenAddresses.Check(builder.Configuration, builder.Environment, settings.Listen);

        settings.AddTo(builder.Services);
        AddStorage(builder.Services, settings.Storage.NewEngine(settings.Sealing.DataDirectory));
        AddRules(builder.Services);
        AddDenials(builder.Services, settings.Denylist);
        AddChecking(builder.Services, settings);
        builder.AddHttpApi(settings);
        Telemetry.Add(builder.Services, settings.Telemetry);
        builder.Services.AddSingleton(settings).AddHostedService<Greeting>();
        builder.Services.AddSingleton<Draining>().AddSingleton<IHostLifetime, SignalLifetime>();
        SilentCategories.Silence(builder.Logging);
        FrameworkSwitches.Neutralize(builder.Services);
        RefusalLoggers.Add(builder.Services);
        return builder.Build();
    }

    /// <summary>Prepares everything that must be there before the first request: schema, master key, signing keys and denials.</summary>
    /// <exception cref="ConfigurationFaultException">Something is missing or cannot be read. The message has the remedy.</exception>
    public static async Task PrepareAsync(this WebApplication app, bool serves = true)
    {
        await using AsyncServiceScope scope = app.Services.CreateAsyncScope();
        DatabaseStart start = app.Services.GetRequiredService<DatabaseStart>();
        string? issuer = serves ? app.Services.GetRequiredService<IssuerSettings>().Url : null;
        await start.PrepareAsync(
            scope.ServiceProvider.GetRequiredService<Db>, issuer,
            () => scope.ServiceProvider.GetRequiredService<OlderRows>().SealAsync());
        foreach (string path in app.Services.GetRequiredService<Engine>().Mended)
            app.Logger.MadePrivate(path);
        if (serves)
        {
            await app.Services.GetRequiredService<HistoryFile>().CheckAsync();
            await BeginRingAsync(app.Services.GetRequiredService<SigningKeyRing>());
            await BeginDenialsAsync(app.Services.GetService<DenialTail>());
            await app.Services.GetRequiredService<KnownNetworkStore>().LoadAsync();
            await app.Services.BeginAttemptsAsync();
            app.Services.GetRequiredService<Gauges>(); // so that it measures from the start
        }
        foreach (string setting in SettingValues.WithoutEffect(app.Configuration))
            app.Logger.SettingWithoutEffect(setting);
        foreach ((string name, string instead) in FrameworkSwitches.WithoutEffect(app.Configuration))
            app.Logger.SwitchWithoutEffect(name, instead);
    }

    // The directory where containers mount secrets, one file for each key. If the configuration names one, it must exist.
    private static string SecretsDirectory(WebApplicationBuilder builder)
    {
        const string Key = "KeyPerFileDirectory";
        if (builder.Configuration[Key] is not { Length: > 0 } named)
            return "/run/secrets";
        string directory = Path.GetFullPath(named, builder.Environment.ContentRootPath);
        return Directory.Exists(directory) ? directory : throw new ConfigurationFaultException(
            $"{Key} names no directory; make {directory}, or leave it out for /run/secrets.");
    }

    private static void AddStorage(IServiceCollection services, Engine engine)
    {
        engine.AddDb(services);
        services.AddSingleton<PreparedReads>();
        services.AddSingleton<GroupedWrites>();
        services.AddSingleton(_ => engine); // made by the container, so that it disposes of it
        services.AddSingleton<NewsListener>();
        services.AddHostedService(provider => provider.GetRequiredService<NewsListener>());
        services.AddSingleton<DatabaseStart>();
        services.AddSingleton(provider => provider.GetRequiredService<DatabaseStart>().MasterKey);
        services.AddSingleton<RowSeals>();
        services.AddScoped<OlderRows>();
        services.AddSingleton<HistoryFile>();
        services.AddHostedService<HistoryWriter>();
        services.AddHostedService<ModelWarmUp>();
        services.AddScoped<Restoration>();
        services.AddAudit();
        services.AddScoped<Revocations>();
        services.AddScoped<Standing>();
        services.AddSingleton<AccountSnapshots>();
        services.AddScoped<AccountStore>();
        services.AddSingleton<SessionPolicy>();
        services.AddSingleton<SessionUses>();
        services.AddScoped<SessionStore>();
        services.AddSingleton<RefreshTokenUses>();
        services.AddScoped<RefreshTokenStore>();
        services.AddSingleton<ProtectionKeys>();
        services.AddSingleton<PersonalAccessTokenUses>();
        services.AddScoped<PersonalAccessTokenStore>();
        services.AddHostedService<ExpiredRows>();
        services.AddSingleton<SigningKeyStore>();
        services.AddIdentityCore<Account>(options => options.User.AllowedUserNameCharacters = "") // Names decides
            .AddRoles<IdentityRole>().AddEntityFrameworkStores<Db>();
    }

    private static void AddRules(IServiceCollection services)
    {
        services.AddSingleton(TimeProvider.System);
        services.AddSingleton<PasswordHasher>();
        services.AddSingleton<IPasswordHasher<Account>>(provider => provider.GetRequiredService<PasswordHasher>());
        services.AddSingleton<PasswordPolicy>();
        services.AddSingleton<HashingGate>();
        services.AddSingleton(provider => new KnownNetworks(
            provider.GetRequiredService<MasterKey>().MacKey("known networks"), provider.GetRequiredService<TimeProvider>()));
        services.AddSingleton<KnownNetworkStore>();
        services.AddHostedService(provider => provider.GetRequiredService<KnownNetworkStore>());
        services.AddAttempts();
        services.AddSingleton<PasswordAuthenticator>();
        services.AddSingleton<VerifiedPairs>();
        services.AddScoped<PairAuthenticator>();
        services.AddSingleton<KeySchedule>();
        services.AddSingleton<SigningKeyRing>();
        services.AddSingleton<IVerificationKeys>(provider => provider.GetRequiredService<SigningKeyRing>());
        services.AddHostedService<KeyRotation>();
        services.AddSingleton<TokenIssuer>();
        services.AddScoped<LoginGrant>();
        services.AddScoped<CookieGrant>();
        services.AddScoped<RefreshGrant>();
        services.AddScoped<PersonalAccessTokenGrant>();
        services.AddSingleton<RefreshTokenCodec>();
        services.AddSingleton<ClientAuthenticator>();
        services.AddScoped<PersonalAccessTokenAuthenticator>();
        services.AddSingleton<Meters>();
        services.AddSingleton<Gauges>();
    }

    private static void AddDenials(IServiceCollection services, DenylistSettings settings)
    {
        services.AddSingleton<DenialPages>();
        services.AddSingleton<WitnessedPages>();
        services.AddSingleton<FeedListeners>();
        if (!settings.Enabled)
            return;
        services.AddSingleton<DenialTail>();
        services.AddSingleton<IDenialSource>(provider => provider.GetRequiredService<DenialTail>());
        services.AddHostedService(provider => provider.GetRequiredService<DenialTail>());
    }

    private static void AddChecking(IServiceCollection services, Settings settings)
    {
        // The repository seals what it stores, so nothing is left to encrypt.
        services.AddOptions<KeyManagementOptions>()
            .Configure<ProtectionKeys>((options, keys) => (options.XmlRepository, options.XmlEncryptor) = (keys, new NullXmlEncryptor()));
        AuthenticationBuilder credentials = services.AddCredentials().AddChecking(
            Credentials.Bearer, Configure, options => options.Fault,
            provider => (provider.GetRequiredService<IVerificationKeys>(), provider.GetService<IDenialSource>()));
        if (settings.Lab.Steals)
            credentials.AddChecking(
                ThiefController.Unhearing, Configure, options => options.Fault,
                provider => (provider.GetRequiredService<IVerificationKeys>(), null));

        void Configure(JwtAuthBearerOptions options)
        {
            options.Authority = settings.Issuer.Url;
            options.Audiences.Add(settings.Issuer.Url);
            foreach (string audience in settings.Issuer.Audiences)
                options.Audiences.Add(audience);
            options.ClockSkew = settings.AccessTokens.ClockSkew;
        }
    }

    private static async Task BeginRingAsync(SigningKeyRing ring)
    {
        try
        {
            await ring.BeginAsync();
        }
        catch (Exception fault) when (fault is CryptographicException or InvalidOperationException or InvalidCastException
            or ArgumentException or DbException)
        {
            throw new ConfigurationFaultException(
                $"The signing keys in the database cannot be opened ({fault.Message.ReplaceLineEndings(" ")}); "
                + "restore the database, or run the version that wrote it.");
        }
    }

    private static async Task BeginDenialsAsync(DenialTail? denials)
    {
        try
        {
            await (denials?.BeginAsync() ?? Task.CompletedTask);
        }
        catch (Exception fault) when (fault is InvalidOperationException or InvalidCastException or ArgumentException or DbException)
        {
            throw new ConfigurationFaultException($"The denials in the database cannot be read ({fault.Message.ReplaceLineEndings(" ")}); "
                + "restore the database, or run the version that wrote it.");
        }
    }
}
