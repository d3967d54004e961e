using System.Globalization;

namespace JwtAuth.Server.Configuration;

/// <summary>Single values of a section, read with their bounds. What does not fit becomes a fault, and the default goes on, so that all faults are told at once.</summary>
internal sealed class SettingValues(IConfigurationSection section)
{
    private readonly List<string> faults = [];

    public IReadOnlyList<string> Faults => faults;

    public IConfigurationSection Section => section;

    /// <summary>The text of a key, or <see langword="null"/>.</summary>
    public string? this[string key] => section[key];

    public byte[]? SecretBytes(string key, int minimum, int maximum)
    {
        if (section[key] is not { } text)
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
        if (section[key] is not { } text)
            return otherwise;
        if (TimeSpan.TryParse(text, CultureInfo.InvariantCulture, out TimeSpan value) && value >= minimum && value <= maximum)
            return value;
        Fault(key, $"is not a duration from {minimum:c} to {maximum:c}", $"write it as [days.]hours:minutes:seconds, such as {otherwise:c}; a number alone means days");
        return otherwise;
    }

    public int Number(string key, int otherwise, int minimum, int maximum)
    {
        if (section[key] is not { } text)
            return otherwise;
        if (int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int value) && value >= minimum && value <= maximum)
            return value;
        Fault(key, $"is not a whole number from {minimum} to {maximum}", $"leave it out for {otherwise}");
        return otherwise;
    }

    public bool Flag(string key, bool otherwise)
    {
        if (section[key] is not { } text)
            return otherwise;
        if (bool.TryParse(text, out bool value))
            return value;
        Fault(key, "is neither true nor false", "write true or false");
        return otherwise;
    }

    public T Choice<T>(string key, T otherwise) where T : struct, Enum
    {
        if (section[key] is not { } text)
            return otherwise;
        if (Enum.GetNames<T>().Contains(text, StringComparer.Ordinal))
            return Enum.Parse<T>(text);
        Fault(key, $"is none of {string.Join(", ", Enum.GetNames<T>())}", $"write one of them exactly so, or leave it out for {otherwise}");
        return otherwise;
    }

    public string[] List(string key)
    {
        IConfigurationSection list = section.GetSection(key);
        return [.. Words(list.Value), .. list.GetChildren().Select(child => child.Value ?? "").Where(value => value.Length > 0).Distinct()];
    }

    public static string[] Words(string? text) =>
        text?.Split([' ', ','], StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries) ?? [];

    /// <summary>Notes what is wrong with a key, and how to mend it, on one line; once, however many values have that fault.</summary>
    public void Fault(string key, string fault, string remedy)
    {
        string line = $"{section.Path}:{key} {fault}; {remedy}.";
        if (!faults.Contains(line))
            faults.Add(line);
    }
}
