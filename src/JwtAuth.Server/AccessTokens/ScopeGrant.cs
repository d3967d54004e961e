
namespace JwtAuth.Server.AccessTokens;

/// <summary>Scopes are granted, not claimed: what a user asks for and may have (RFC 6749 §3.3).</summary>
internal static class ScopeGrant
{
    /// <summary>Asks for a refresh token. Everyone may have it, unless the configuration names roles for it.</summary>
    public const string OfflineAccess = "offline_access";

    /// <summary>Whether <paramref name="name"/> is one scope-token of RFC 6749 §3.3, of 64 characters at most.</summary>
    public static bool IsScopeToken(string name) =>
        name.Length is > 0 and <= 64 && name.All(character => character is > ' ' and <= '~' and not ('"' or '\\'));

    /// <summary>Whether a refresh token is asked for.</summary>
    public static bool AsksForRefresh(string? requested) => Split(requested).Contains(OfflineAccess);

    /// <summary>Whether every name that is asked for exists; one that does not is a typing error, to be told.</summary>
    public static bool AreKnown(string? requested, IssuerSettings settings) => Split(requested).All(settings.Scopes.ContainsKey);

    /// <summary>
    /// The scopes that a user with these roles gets of those asked for, in the order asked. Nothing asked, nothing granted; what the user
    /// may not have is left out.
    /// </summary>
    public static IReadOnlyList<string> Of(string? requested, IReadOnlyCollection<string> roles, IssuerSettings settings) =>
        [.. Split(requested)
            .Distinct().Where(name => settings.Scopes[name] is var owners && (owners.Count == 0 || owners.Any(roles.Contains)))];

    /// <summary>
    /// All that a user with these roles may have, for a credential with which nothing can be asked for; a refresh token has to be asked
    /// for.
    /// </summary>
    public static IReadOnlyList<string> All(IReadOnlyCollection<string> roles, IssuerSettings settings) =>
        Of(string.Join(' ', settings.Scopes.Keys.Where(name => name != OfflineAccess)), roles, settings);

    /// <summary>Whether a refresh asks for more than its login was granted.</summary>
    public static bool IsMore(string requested, string granted) => Split(requested).Except(Split(granted)).Any();

    /// <summary>
    /// What a refresh grants (RFC 6749 §6): what it asks for, or all that was granted at login, as far as configuration and roles allow it
    /// now.
    /// </summary>
    public static IReadOnlyList<string> OfRefresh(
        string? requested, string granted, IReadOnlyCollection<string> roles, IssuerSettings settings) =>
        Of(string.Join(' ', Split(requested ?? granted).Where(name => Split(granted).Contains(name) && settings.Scopes.ContainsKey(name))),
            roles, settings);

    private static string[] Split(string? scope) => scope?.Split(' ', StringSplitOptions.RemoveEmptyEntries) ?? [];
}
