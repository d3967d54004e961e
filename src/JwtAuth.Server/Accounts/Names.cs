using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Identity;

namespace JwtAuth.Server.Accounts;

/// <summary>
/// Which names are allowed. They are ASCII, so that no two different names look alike in another script; in two letter cases they are one.
/// </summary>
internal static partial class Names
{
    public const string AdminRole = "admin";

    private static readonly UpperInvariantLookupNormalizer Normalizer = new();

    /// <summary>The longest user name: an e-mail address (RFC 5321 §4.5.3.1.3, less the angle brackets).</summary>
    public const int MaximumLength = 254;

    /// <summary>How many roles one account may have: all of them have to fit into a token.</summary>
    public const int MaximumRoles = 32;

    public const string UsernameRule =
        "A user name has 1 to 64 letters, digits and . _ @ + - (ASCII), or is an e-mail address of 254 characters at most.";

    public const string RoleRule = "A role has 1 to 32 of a-z, 0-9 and . _ -";

    /// <summary>By what a name is found, in any letter case. It is that of ASP.NET Core Identity, which writes it.</summary>
    public static string Normalize(string name) => Normalizer.NormalizeName(name);

    public static bool IsUsername(string name) => name.Length <= MaximumLength && (ShortName().IsMatch(name) || Mailbox().IsMatch(name));

    /// <summary>Whether some user name could contain this.</summary>
    public static bool IsPartOfUsername(string text) => text.Length <= MaximumLength && Part().IsMatch(text);

    public static bool IsRole(string? name) => name is not null && Role().IsMatch(name);

    [GeneratedRegex(@"\A[A-Za-z0-9._@+-]{1,64}\z")]
    private static partial Regex ShortName();

    // Dot-string "@" Domain of RFC 5321 §4.1.2, with atext of RFC 5322 §3.2.3: no quoted string, no address literal. An international
    // domain comes in its xn-- form.
    [GeneratedRegex(@"\A(?=[^@]{1,64}@)[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*"
        + @"@(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)*[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\z")]
    private static partial Regex Mailbox();

    [GeneratedRegex(@"\A[A-Za-z0-9!#$%&'*+/=?^_`{|}~.@-]+\z")]
    private static partial Regex Part();

    [GeneratedRegex(@"\A[a-z0-9._-]{1,32}\z")]
    private static partial Regex Role();
}
