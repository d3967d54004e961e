using JwtAuth.Server.Configuration;

namespace JwtAuth.Server.AccessTokens;

/// <summary>Scopes are granted, not claimed: what a user asks for and may have (RFC 6749 §3.3).</summary>
internal static class ScopeGrant
{
    /// <summary>Whether <paramref name="name"/> is one scope-token of RFC 6749 §3.3, of 64 characters at most.</summary>
    public static bool IsScopeToken(string name) =>
        name.Length is > 0 and <= 64 && name.All(character => character is > ' ' and <= '~' and not ('"' or '\\'));

    /// <summary>Whether every name that is asked for exists; one that does not is a typing error, to be told.</summary>
    public static bool AreKnown(string? requested, IssuerSettings settings) => Split(requested).All(settings.Scopes.ContainsKey);

    /// <summary>The scopes that a user with these roles gets of those asked for, in the order asked. Nothing asked, nothing granted; what the user may not have is left out.</summary>
    public static IReadOnlyList<string> Of(string? requested, IReadOnlyCollection<string> roles, IssuerSettings settings) =>
        [.. Split(requested).Distinct().Where(name => settings.Scopes[name] is var owners && (owners.Count == 0 || owners.Any(roles.Contains)))];

    private static string[] Split(string? scope) => scope?.Split(' ', StringSplitOptions.RemoveEmptyEntries) ?? [];
}
