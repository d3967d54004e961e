using JwtAuth.Server.AccessTokens;
using JwtAuth.Server.Audit;
using JwtAuth.Server.Authentication;
using JwtAuth.Server.Clients;
using JwtAuth.Server.Configuration;
using JwtAuth.Server.Denials;
using JwtAuth.Server.Guessing;
using JwtAuth.Server.Lab;
using JwtAuth.Server.Passwords;
using JwtAuth.Server.Pipeline;
using JwtAuth.Server.Sealing;
using JwtAuth.Server.Sessions;
using JwtAuth.Server.SigningKeys;
using JwtAuth.Server.Storage;

namespace JwtAuth.Server.Composition;

/// <summary>The whole configuration, checked before anything starts. Each feature reads its own part and gets no other.</summary>
internal sealed record Settings
{
    public required IssuerSettings Issuer { get; init; }

    public required AccessTokenSettings AccessTokens { get; init; }

    public required RefreshTokenSettings RefreshTokens { get; init; }

    public required SessionSettings Sessions { get; init; }

    public required SignedCookieSettings SignedCookies { get; init; }

    public required BasicSettings Basic { get; init; }

    public required DenylistSettings Denylist { get; init; }

    public required ClientSettings Clients { get; init; }

    public required SigningKeySettings SigningKeys { get; init; }

    public required PasswordSettings Passwords { get; init; }

    public required HashingSettings Hashing { get; init; }

    public required RegistrationSettings Registration { get; init; }

    public required SealingSettings Sealing { get; init; }

    public required StorageSettings Storage { get; init; }

    public required AuditSettings Audit { get; init; }

    public required CorsSettings Cors { get; init; }

    public required HostSettings Hosts { get; init; }

    public required ProxySettings Proxy { get; init; }

    public required PublicPageSettings PublicPages { get; init; }

    public required SwaggerSettings Swagger { get; init; }

    public required LabSettings Lab { get; init; }

    public required ListenSettings Listen { get; init; }

    public required TelemetrySettings Telemetry { get; init; }

    /// <summary>The settings, complete and valid.</summary>
    /// <exception cref="ConfigurationFaultException">Something is missing, weak, misspelt or out of range.</exception>
    public static Settings Read(IConfiguration configuration, IHostEnvironment environment)
    {
        var values = new SettingValues(configuration, environment);
        Settings settings = Read(values);
        return values.Faults is { Count: > 0 } faults ? throw new ConfigurationFaultException(faults) : settings;
    }

    /// <summary>The settings, with defaults for values that do not fit. The faults are in <paramref name="values"/>.</summary>
    public static Settings Read(SettingValues values)
    {
        IssuerSettings issuer = IssuerSettings.Read(values);
        SealingSettings @sealed = SealingSettings.Read(values);
        return new Settings
        {
            Issuer = issuer,
            AccessTokens = AccessTokenSettings.Read(values),
            RefreshTokens = RefreshTokenSettings.Read(values),
            Sessions = SessionSettings.Read(values),
            SignedCookies = SignedCookieSettings.Read(values),
            Basic = BasicSettings.Read(values),
            Denylist = DenylistSettings.Read(values),
            Clients = ClientSettings.Read(values, issuer.Url, issuer.Audiences),
            SigningKeys = SigningKeySettings.Read(values, @sealed.MasterKey),
            Passwords = PasswordSettings.Read(values),
            Hashing = HashingSettings.Read(values),
            Registration = RegistrationSettings.Read(values),
            Sealing = @sealed,
            Storage = StorageSettings.Read(values, @sealed.DataDirectory),
            Audit = AuditSettings.Read(values),
            Cors = CorsSettings.Read(values, issuer.Url),
            Hosts = HostSettings.Read(values, issuer.Url),
            Proxy = ProxySettings.Read(values),
            PublicPages = PublicPageSettings.Read(values),
            Swagger = SwaggerSettings.Read(values),
            Lab = LabSettings.Read(values, issuer.Url),
            Listen = ListenSettings.Read(values),
            Telemetry = TelemetrySettings.Read(values),
        };
    }

    /// <summary>Registers each part as a service.</summary>
    public void AddTo(IServiceCollection services) => services
        .AddSingleton(Issuer)
        .AddSingleton(AccessTokens).AddSingleton(RefreshTokens).AddSingleton(Sessions).AddSingleton(SignedCookies).AddSingleton(Basic)
        .AddSingleton(Denylist)
        .AddSingleton(Clients).AddSingleton(SigningKeys).AddSingleton(Passwords).AddSingleton(Hashing).AddSingleton(Registration)
        .AddSingleton(Sealing).AddSingleton(Audit).AddSingleton(Cors).AddSingleton(Hosts)
        .AddSingleton(Proxy).AddSingleton(PublicPages).AddSingleton(Swagger).AddSingleton(Lab);
}
