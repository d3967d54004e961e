using System.Globalization;
using System.Net;
using System.Text;
using JwtAuth.Bearer.AccessTokens;
using JwtAuth.Bearer.Keys;
using JwtAuth.Server.AccessTokens;
using JwtAuth.Server.Accounts;
using JwtAuth.Server.Clients;
using JwtAuth.Server.Configuration;
using Microsoft.Data.Sqlite;

namespace JwtAuth.Server.Composition;

/// <summary>Reads and checks every key under <c>JwtAuth</c>. All faults are told at once.</summary>
internal sealed class SettingsReader
{
    public const string Section = "JwtAuth";

    private readonly SettingValues values;
    private readonly IHostEnvironment environment;

    private SettingsReader(IConfiguration configuration, IHostEnvironment environment) =>
        (values, this.environment) = (new SettingValues(configuration.GetSection(Section)), environment);

    /// <summary>The settings, complete and sound.</summary>
    /// <exception cref="ConfigurationFaultException">Something is missing, weak, misspelt or out of range.</exception>
    public static Settings Read(IConfiguration configuration, IHostEnvironment environment)
    {
        var reader = new SettingsReader(configuration, environment);
        Settings settings = reader.Read();
        List<string> faults = [.. reader.values.Faults, .. SettingNames.Unknown(reader.values.Section)];
        return faults.Count == 0 ? settings : throw new ConfigurationFaultException(faults);
    }

    private Settings Read()
    {
        bool development = environment.IsDevelopment();
        string issuer = Issuer(development);
        TimeSpan rotateEvery = values.Duration("SigningKeys:RotateEvery", TimeSpan.FromDays(90), TimeSpan.FromMinutes(1), TimeSpan.FromDays(3650));
        TimeSpan publishAhead = values.Duration("SigningKeys:PublishAhead", TimeSpan.FromHours(1), TimeSpan.Zero, TimeSpan.FromDays(90));
        if (publishAhead >= rotateEvery)
            values.Fault("SigningKeys:PublishAhead", "is not shorter than JwtAuth:SigningKeys:RotateEvery", "shorten it, or rotate less often");
        byte[]? secret = values.SecretBytes("SigningKeys:Hs256Secret", minimum: 32, maximum: 1024);
        StorageSettings storage = Storage(development);
        if (secret is not null && storage.MasterKey is not null && secret.AsSpan().SequenceEqual(storage.MasterKey))
            values.Fault("SigningKeys:Hs256Secret", "is the master key, which no API may hold", "make one with: openssl rand -base64 32");
        string[] audiences = Audiences(issuer);
        return new Settings(
            new IssuerSettings(issuer, audiences, Scopes()),
            new AccessTokenSettings(
                values.Duration("AccessTokens:Lifetime", TimeSpan.FromMinutes(5), TimeSpan.FromSeconds(1), TokenValidator.MaximumLifetime),
                values.Duration("AccessTokens:ClockSkew", TimeSpan.FromSeconds(30), TimeSpan.Zero, TokenValidator.MaximumClockSkew)),
            RefreshTokens(),
            Sessions(),
            new SignedCookieSettings(
                values.Flag("SignedCookies:Enabled", development),
                values.Duration("SignedCookies:Lifetime", TimeSpan.FromMinutes(15), TimeSpan.FromSeconds(1), TimeSpan.FromHours(1))),
            new BasicSettings(values.Flag("Basic:Enabled", development)),
            new DenylistSettings(values.Flag("Denylist:Enabled", true)),
            ClientReader.Read(values, audiences: [issuer, .. audiences]),
            new SigningKeySettings(
                values.Choice("SigningKeys:Algorithm", SignatureAlgorithm.RS256), rotateEvery, publishAhead, secret),
            new PasswordSettings(
                values.Number("Passwords:WorkFactor", 12, 10, 14),
                values.Number("Passwords:MinimumLength", 12, 8, 64),
                values.Number("Passwords:MaxConcurrentHashes", Environment.ProcessorCount, 1, 1024),
                values.Number("Passwords:QueueLimit", 100, 0, 10_000),
                values.Duration("Passwords:MaxQueueWait", TimeSpan.FromSeconds(10), TimeSpan.Zero, TimeSpan.FromMinutes(1))),
            storage,
            new HttpSettings(
                Origins(), TrustedNetworks(),
                values.Flag("Registration:Open", development),
                values.Flag("Swagger:Enabled", development),
                values.Flag("Lab:Enabled", development),
                values.Flag("AllowRemoteInDevelopment", false)));
    }

    private RefreshTokenSettings RefreshTokens()
    {
        (TimeSpan lifetime, TimeSpan idle) = Lifetimes("RefreshTokens", TimeSpan.FromDays(30), TimeSpan.FromDays(7));
        return new RefreshTokenSettings(
            lifetime, idle, values.Duration("RefreshTokens:ReuseWindow", TimeSpan.FromSeconds(10), TimeSpan.Zero, TimeSpan.FromMinutes(1)));
    }

    private SessionSettings Sessions()
    {
        (TimeSpan lifetime, TimeSpan idle) = Lifetimes("Sessions", TimeSpan.FromHours(12), TimeSpan.FromHours(1));
        return new SessionSettings(lifetime, idle);
    }

    private (TimeSpan Lifetime, TimeSpan Idle) Lifetimes(string section, TimeSpan lifetimeOtherwise, TimeSpan idleOtherwise)
    {
        TimeSpan lifetime = values.Duration($"{section}:Lifetime", lifetimeOtherwise, TimeSpan.FromMinutes(1), TimeSpan.FromDays(3650));
        TimeSpan idle = values.Duration($"{section}:IdleLifetime", idleOtherwise, TimeSpan.FromMinutes(1), TimeSpan.FromDays(3650));
        if (idle > lifetime && values[$"{section}:IdleLifetime"] is not null)
            values.Fault($"{section}:IdleLifetime", $"is longer than JwtAuth:{section}:Lifetime", "shorten it: no session is idle for longer than it lives");
        return (lifetime, idle);
    }

    private string Issuer(bool development)
    {
        const string Key = "Issuer";
        if (values[Key] is not { Length: > 0 } text)
        {
            values.Fault(Key, "is missing", "set it to the URL that clients know this service by, such as https://auth.example.com");
            return "";
        }

        if (!Uri.TryCreate(text, UriKind.Absolute, out Uri? url) || url.Scheme is not ("https" or "http"))
            values.Fault(Key, "is not an absolute https URL", "write it like https://auth.example.com");
        else if (text.Length > 255 || !Ascii.IsValid(text))
            values.Fault(Key, "has more than 255 characters, or others than ASCII", "use a shorter host name, an international one in its xn-- form");
        else if (url.Scheme == "http" && !(development && url.IsLoopback))
            values.Fault(Key, "is a plain http URL", "use https; http is for loopback in the Development environment only");
        else if (text != url.GetLeftPart(UriPartial.Authority) || url.UserInfo.Length > 0)
            values.Fault(Key, "has more than scheme, host and port, or is not in its plain form", $"write it as {url.Scheme}://{url.Authority}, lower case, without path, query or a last slash");
        return text;
    }

    private string[] Audiences(string issuer)
    {
        const string Key = "Audiences";
        string[] audiences = values.List(Key);
        if (audiences.Length == 0)
            values.Fault(Key, "is empty", "name at least one API, such as JwtAuth__Audiences__0=orders");
        foreach (string audience in audiences)
        {
            if (audience.Length > 255 || audience.Any(character => character is <= ' ' or > '~' or '"' or '\\'))
                values.Fault(Key, "holds a name of more than 255 characters, or with others than printable ASCII without spaces, quotation marks and backslashes", "use a short name or a URL");
            if (audience == issuer)
                values.Fault(Key, "names the issuer, which is always one of the audiences", "name the APIs only");
        }
        return audiences;
    }

    private Dictionary<string, IReadOnlyList<string>> Scopes()
    {
        const string Key = "Scopes";
        // A scope's name may hold the colon that separates configuration keys, so the name is whatever lies below the section.
        Dictionary<string, IReadOnlyList<string>> scopes = new(StringComparer.Ordinal);
        foreach (IConfigurationSection leaf in SettingNames.Leaves(values.Section.GetSection(Key)))
        {
            string name = leaf.Path[(values.Section.GetSection(Key).Path.Length + 1)..];
            int lastColon = name.LastIndexOf(':');
            if (int.TryParse(name.AsSpan(lastColon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out _) && lastColon > 0)
                name = name[..lastColon];
            if (!ScopeGrant.IsScopeToken(name))
                values.Fault(Key, "holds a name that is not a scope-token of RFC 6749 §3.3", "use printable ASCII without spaces, quotation marks and backslashes, 64 characters at most");
            scopes[name] = [.. scopes.GetValueOrDefault(name, []), .. SettingValues.Words(leaf.Value)];
        }

        if (!scopes.Values.All(roles => roles.All(Names.IsRole)))
            values.Fault(Key, "names a role that no account can have", "a role has 1 to 32 of a-z, 0-9 and . _ -");
        if (scopes.Keys.Sum(name => name.Length + 1) > 2048)
            values.Fault(Key, "holds more than 2048 characters of names", "use fewer or shorter scopes, so that a token fits into a header");
        scopes.TryAdd(ScopeGrant.OfflineAccess, []);
        return scopes;
    }

    private StorageSettings Storage(bool development)
    {
        string directory = Path.GetFullPath(values["DataDirectory"] is { Length: > 0 } path ? path : "data", environment.ContentRootPath);
        string provider = values["Storage:Provider"] ?? "Sqlite";
        if (provider.Equals("Postgres", StringComparison.OrdinalIgnoreCase))
            values.Fault("Storage:Provider", "is Postgres, which this version does not have yet", "use Sqlite");
        else if (!provider.Equals("Sqlite", StringComparison.OrdinalIgnoreCase))
            values.Fault("Storage:Provider", "is not known", "use Sqlite");

        string connection = values["Storage:ConnectionString"] ?? $"Data Source={Path.Combine(directory, "jwtauth.db")}";
        if (!NamesAFile(connection))
            values.Fault("Storage:ConnectionString", "does not name a database file, or has a password, which SQLite does not take", "write it like Data Source=/var/lib/jwtauth/jwtauth.db");

        byte[]? masterKey = values.SecretBytes("MasterKey", minimum: 32, maximum: 32);
        if (values["MasterKey"] is null && !development)
            values.Fault("MasterKey", "is missing", "make one with: openssl rand -base64 32, and keep it where the database's backups are not");
        return new StorageSettings(directory, connection, masterKey);
    }

    private static bool NamesAFile(string connection)
    {
        try
        {
            var builder = new SqliteConnectionStringBuilder(connection);
            return builder.DataSource.Length > 0 && !builder.DataSource.StartsWith(':') && !builder.DataSource.StartsWith("file:", StringComparison.OrdinalIgnoreCase)
                && builder.Mode != SqliteOpenMode.Memory && builder.Password.Length == 0;
        }
        catch (ArgumentException)
        {
            return false;
        }
    }

    private string[] Origins()
    {
        const string Key = "Cors:Origins";
        string[] origins = values.List(Key);
        foreach (string origin in origins)
        {
            if (!Uri.TryCreate(origin, UriKind.Absolute, out Uri? url) || url.Scheme is not ("https" or "http")
                || origin != url.GetLeftPart(UriPartial.Authority))
                values.Fault(Key, "holds what is not an exact origin", "write scheme, host and port as a browser sends them, such as https://app.example.com; no *, no path, no last slash");
        }
        return origins;
    }

    private List<IPNetwork> TrustedNetworks()
    {
        const string Key = "Proxy:TrustedNetworks";
        List<IPNetwork> networks = [];
        foreach (string text in values.List(Key))
        {
            if (IPNetwork.TryParse(text, out IPNetwork network))
            {
                networks.Add(network);
                if (network.PrefixLength == 0)
                    values.Fault(Key, "holds every address there is, so that everybody could write the forwarded headers", "name the proxies' own network");
            }
            else if (IPAddress.TryParse(text, out IPAddress? address))
                networks.Add(new IPNetwork(address, address.GetAddressBytes().Length * 8));
            else
                values.Fault(Key, "holds what is neither an address nor a network", "write it like 10.0.0.0/8 or 192.0.2.7");
        }
        return networks;
    }
}
