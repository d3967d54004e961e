using System.Globalization;

namespace JwtAuth.Server.Configuration;

/// <summary>
/// The values under <c>JwtAuth</c>, each read with its bounds. A value that does not fit becomes a fault and is replaced by the default, so
/// that all faults are reported at once. A name is known once a feature has asked for it; there is no other list of names.
/// </summary>
internal sealed class SettingValues(IConfiguration configuration, IHostEnvironment environment)
{
    private const string SectionName = "JwtAuth";

    // Settings of APIs, which may share a file with the service. They are logged and are no fault.
    private static readonly string[] OfApis = ["Authority", "Audience", "Denials", "ClientId", "ClientSecret", "SharedSecrets"];

    private readonly IConfigurationSection section = configuration.GetSection(SectionName);
    private readonly List<string> faults = [];
    private readonly SortedSet<string> names = new(StringComparer.OrdinalIgnoreCase), families = new(StringComparer.OrdinalIgnoreCase);

    public bool IsDevelopment => environment.IsDevelopment();

    /// <summary>Every name that was asked for. Below some of them any name may follow.</summary>
    public IReadOnlyCollection<string> Names => names;

    /// <summary>
    /// What was found wrong, and one fault for each name that nobody asked for. Read it after every feature has read its settings.
    /// </summary>
    public IReadOnlyList<string> Faults =>
    [
        .. faults,
        .. NamesOf(section)
            .Where(name => !names.Contains(name) && !families.Any(family => IsBelow(family, name)) && !IsOfApis(name))
            .Select(name => $"{section.Path}:{name} is not a setting; compare its spelling with docs/configuration.md, or remove it."),
    ];

    /// <summary>The text of a key; <see langword="null"/> if it is not set.</summary>
    public string? this[string key]
    {
        get
        {
            names.Add(key);
            return section[key];
        }
    }

    /// <summary>The section below a key. Any names may follow in it.</summary>
    public IConfigurationSection Family(string key)
    {
        names.Add(key);
        families.Add(key);
        return section.GetSection(key);
    }

    /// <summary>Settings that have no effect on the service, because they belong to an API.</summary>
    public static IEnumerable<string> WithoutEffect(IConfiguration configuration) =>
        NamesOf(configuration.GetSection(SectionName)).Where(IsOfApis).Select(name => $"{SectionName}:{name}");

    /// <summary>The sections below it that hold a value and no further sections.</summary>
    public static IEnumerable<IConfigurationSection> Leaves(IConfigurationSection section) =>
        section.GetChildren().SelectMany(child => child.GetChildren().Any() ? Leaves(child) : [child]);

    /// <summary>The absolute path of a directory. A relative path starts at the content root.</summary>
    public string Directory(string key, string otherwise) =>
        Path.GetFullPath(this[key] is { Length: > 0 } path ? path : otherwise, environment.ContentRootPath);

    public byte[]? SecretBytes(string key, int minimum, int maximum)
    {
        if (this[key] is not { } text)
            return null;
        byte[] bytes = [];
        string? fault = text.Length == 0 ? "is empty" : SecretStrength.FaultOf(text, minimum, maximum, out bytes);
        if (fault is null)
            return bytes;
        Fault(key, fault, "make one with: openssl rand -base64 32");
        return null;
    }

    public TimeSpan Duration(string key, TimeSpan otherwise, TimeSpan minimum, TimeSpan maximum)
    {
        if (this[key] is not { } text)
            return otherwise;
        if (TimeSpan.TryParse(text, CultureInfo.InvariantCulture, out TimeSpan value) && value >= minimum && value <= maximum)
            return value;
        Fault(key, $"is not a duration from {minimum:c} to {maximum:c}", $"write it as [days.]hours:minutes:seconds, "
            + $"such as {otherwise:c}; a number alone means days");
        return otherwise;
    }

    public int Number(string key, int otherwise, int minimum, int maximum)
    {
        if (this[key] is not { } text)
            return otherwise;
        if (int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int value) && value >= minimum && value <= maximum)
            return value;
        Fault(key, $"is not a whole number from {minimum} to {maximum}", $"leave it out for {otherwise}");
        return otherwise;
    }

    public bool Flag(string key, bool otherwise)
    {
        if (this[key] is not { } text)
            return otherwise;
        if (bool.TryParse(text, out bool value))
            return value;
        Fault(key, "is neither true nor false", "write true or false");
        return otherwise;
    }

    public T Choice<T>(string key, T otherwise) where T : struct, Enum
    {
        if (this[key] is not { } text)
            return otherwise;
        if (Enum.GetNames<T>().Contains(text, StringComparer.Ordinal))
            return Enum.Parse<T>(text);
        Fault(key, $"is none of {string.Join(", ", Enum.GetNames<T>())}", $"write one of them exactly so, or leave it out for {otherwise}");
        return otherwise;
    }

    public string[] List(string key)
    {
        IConfigurationSection list = Family(key);
        return [.. Words(list.Value), .. list.GetChildren().Select(child => child.Value ?? "").Where(value => value.Length > 0).Distinct()];
    }

    public static string[] Words(string? text) =>
        text?.Split([' ', ','], StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries) ?? [];

    /// <summary>
    /// Notes on one line what is wrong with a key, and how to fix it. If several values have the same fault, it is noted once.
    /// </summary>
    public void Fault(string key, string fault, string remedy)
    {
        string line = $"{section.Path}:{key} {fault}; {remedy}.";
        if (!faults.Contains(line))
            faults.Add(line);
    }

    private static bool IsOfApis(string name) =>
        OfApis.Any(known => name.Equals(known, StringComparison.OrdinalIgnoreCase) || IsBelow(known, name));

    private static bool IsBelow(string family, string name) => name.StartsWith(family + ":", StringComparison.OrdinalIgnoreCase);

    private static IEnumerable<string> NamesOf(IConfigurationSection section) =>
        Leaves(section).Where(leaf => leaf.Value is not null).Select(leaf => leaf.Path[(section.Path.Length + 1)..]);
}
