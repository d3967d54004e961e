namespace JwtAuth.Server.Configuration;

/// <summary>The names under <c>JwtAuth</c>, so that a misspelt one is told instead of having no effect.</summary>
internal static class SettingNames
{
    public static readonly string[] Known =
    [
        "Issuer", "Audiences", "Scopes", "DataDirectory", "MasterKey",
        "AccessTokens:Lifetime", "AccessTokens:ClockSkew",
        "RefreshTokens:Lifetime", "RefreshTokens:IdleLifetime", "RefreshTokens:ReuseWindow", "Denylist:Enabled", "Clients",
        "Sessions:Lifetime", "Sessions:IdleLifetime", "SignedCookies:Enabled", "SignedCookies:Lifetime", "Basic:Enabled",
        "SigningKeys:Algorithm", "SigningKeys:RotateEvery", "SigningKeys:PublishAhead", "SigningKeys:Hs256Secret",
        "Passwords:WorkFactor", "Passwords:MinimumLength", "Passwords:MaxConcurrentHashes", "Passwords:QueueLimit", "Passwords:MaxQueueWait",
        "Registration:Open", "Storage:Provider", "Storage:ConnectionString",
        "Cors:Origins", "Proxy:TrustedNetworks", "Swagger:Enabled", "Lab:Enabled", "AllowRemoteInDevelopment",
    ];

    /// <summary>Names that are given away, to APIs that share a file with the service: told in the log, no fault.</summary>
    private static readonly string[] Reserved =
    [
        "Authority", "Audience", "Denials", "ClientId", "ClientSecret", "SharedSecrets",
    ];

    // Below these any name may follow.
    private static readonly string[] Open = ["Audiences", "Scopes", "Clients", "Cors:Origins", "Proxy:TrustedNetworks"];

    /// <summary>One fault for each name that nobody knows.</summary>
    public static IEnumerable<string> Unknown(IConfigurationSection section) =>
        Names(section)
            .Where(name => !IsOneOf(Known, name) && !Open.Any(family => IsBelow(family, name)) && !IsReserved(name))
            .Select(name => $"{section.Path}:{name} is not a setting; compare its spelling with docs/configuration.md, or remove it.");

    /// <summary>Names that have no effect in this version.</summary>
    public static IEnumerable<string> WithoutEffect(IConfiguration configuration) =>
        Names(configuration.GetSection(SettingsReader.Section)).Where(IsReserved).Select(name => $"{SettingsReader.Section}:{name}");

    private static bool IsReserved(string name) => IsOneOf(Reserved, name) || Reserved.Any(family => IsBelow(family, name));

    private static bool IsOneOf(string[] names, string name) => names.Contains(name, StringComparer.OrdinalIgnoreCase);

    private static bool IsBelow(string family, string name) => name.StartsWith(family + ":", StringComparison.OrdinalIgnoreCase);

    private static IEnumerable<string> Names(IConfigurationSection section) =>
        Leaves(section).Where(leaf => leaf.Value is not null).Select(leaf => leaf.Path[(section.Path.Length + 1)..]);

    /// <summary>The sections below that hold a value and no further sections.</summary>
    public static IEnumerable<IConfigurationSection> Leaves(IConfigurationSection section) =>
        section.GetChildren().SelectMany(child => child.GetChildren().Any() ? Leaves(child) : [child]);
}
