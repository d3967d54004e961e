using System.Diagnostics.CodeAnalysis;
using JwtAuth.Server.Configuration;

namespace JwtAuth.Server.AccessTokens;

/// <summary>Scopes are granted, not claimed: what a user asks for and may have (RFC 6749 §3.3).</summary>
internal static class ScopeGrant
{
    /// <summary>Whether <paramref name="name"/> is one scope-token of RFC 6749 §3.3, of 64 characters at most.</summary>
    public static bool IsScopeToken(string name) =>
        name.Length is > 0 and <= 64 && name.All(character => character is > ' ' and <= '~' and not ('"' or '\\'));

    /// <summary>
    /// The scopes that a user with these roles gets of those asked for, in the order asked; nothing asked, nothing granted. False where a
    /// name is not known, so that a typing error is told; what the user may not have is left out.
    /// </summary>
    public static bool TryGrant(
        string? requested, IReadOnlyCollection<string> roles, IssuerSettings settings, [NotNullWhen(true)] out IReadOnlyList<string>? granted)
    {
        string[] names = requested?.Split(' ', StringSplitOptions.RemoveEmptyEntries) ?? [];
        granted = null;
        if (!names.All(settings.Scopes.ContainsKey))
            return false;
        granted = [.. names.Distinct().Where(name => settings.Scopes[name] is var owners && (owners.Count == 0 || owners.Any(roles.Contains)))];
        return true;
    }
}
