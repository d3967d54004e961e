using System.Text.RegularExpressions;

namespace JwtAuth.Server.Accounts;

/// <summary>Which names are allowed. They are ASCII, so that no two different names look alike.</summary>
internal static partial class Names
{
    public const string AdminRole = "admin";

    /// <summary>How many roles one account may have: all of them have to fit into a token.</summary>
    public const int MaximumRoles = 32;

    public static bool IsUsername(string name) => Username().IsMatch(name);

    public static bool IsRole(string name) => Role().IsMatch(name);

    [GeneratedRegex(@"\A[A-Za-z0-9._@+-]{1,64}\z")]
    private static partial Regex Username();

    [GeneratedRegex(@"\A[a-z0-9._-]{1,32}\z")]
    private static partial Regex Role();
}
