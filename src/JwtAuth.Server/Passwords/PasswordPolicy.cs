using System.Globalization;
using System.Reflection;

namespace JwtAuth.Server.Passwords;

/// <summary>
/// The rules for a new password (NIST SP 800-63B §5.1.1.2): long enough, and not one that anybody would try first. There is no rule about
/// kinds of characters.
/// </summary>
internal sealed class PasswordPolicy(PasswordSettings settings)
{
    private static readonly HashSet<string> Commonest = Load();

    /// <summary>Why this cannot be the account's password; <see langword="null"/> if it can.</summary>
    public string? FaultOf(Password password, string username)
    {
        string text = password.Reveal();
        return Unusable(password)
            ?? (new StringInfo(text).LengthInTextElements < settings.MinimumLength
            ? $"A password has at least {settings.MinimumLength} characters."
            : text.Equals(username, StringComparison.OrdinalIgnoreCase) ? "The password must not be the user name."
            : Commonest.Contains(text.ToLowerInvariant()) ? "This is one of the commonest passwords."
            : null);
    }

    /// <summary>
    /// Why bcrypt cannot tell this password from others; <see langword="null"/> if it can. Every password is checked, before any account is
    /// looked up.
    /// </summary>
    public static string? Unusable(Password password) =>
        password.ByteCount > Password.MaximumBytes ? $"A password has at most {Password.MaximumBytes} bytes in UTF-8."
        : password.Reveal().Contains('\0', StringComparison.Ordinal) ? "A password holds no NUL character."
        : null;

    private static HashSet<string> Load()
    {
        using Stream resource = Assembly.GetExecutingAssembly().GetManifestResourceStream("commonest-passwords.txt")!;
        using var lines = new StreamReader(resource);
        return lines.ReadToEnd().Split('\n', StringSplitOptions.RemoveEmptyEntries).ToHashSet(StringComparer.Ordinal);
    }
}
