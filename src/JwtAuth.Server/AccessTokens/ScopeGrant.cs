
namespace JwtAuth.Server.AccessTokens;

/// <summary>Which scopes are granted: those that a user asks for and may have (RFC 6749 §3.3).</summary>
internal static class ScopeGrant
{
    /// <summary>Asks for a refresh token. Everyone may have it, unless the configuration names roles for it.</summary>
    public const string OfflineAccess = "offline_access";

    /// <summary>Whether <paramref name="name"/> is one scope-token of RFC 6749 §3.3, with at most 64 characters.</summary>
    public static bool IsScopeToken(string name) =>
        name.Length is > 0 and <= 64 && name.All(character => character is > ' ' and <= '~' and not ('"' or '\\'));

    /// <summary>Whether a refresh token is asked for.</summary>
    public static bool AsksForRefresh(string? requested) => Split(requested).Contains(OfflineAccess);

    /// <summary>Whether every name that is asked for exists. An unknown name is a typing error, and the client is told.</summary>
    public static bool AreKnown(string? requested, IssuerSettings settings) => Split(requested).All(settings.Scopes.ContainsKey);

    /// <summary>
    /// Of the scopes asked for, those that a user with these roles may have, in the order asked. The others are left out. If nothing is
    /// asked for, nothing is granted.
    /// </summary>
    public static IReadOnlyList<string> Of(string? requested, IReadOnlyCollection<string> roles, IssuerSettings settings) =>
        [.. Split(requested)
            .Distinct().Where(name => settings.Scopes[name] is var owners && (owners.Count == 0 || owners.Any(roles.Contains)))];

    /// <summary>
    /// All scopes that a user with these roles may have, for a credential with which nothing can be asked for. It leaves out the refresh
    /// token, which has to be asked for.
    /// </summary>
    public static IReadOnlyList<string> All(IReadOnlyCollection<string> roles, IssuerSettings settings) =>
        Of(string.Join(' ', settings.Scopes.Keys.Where(name => name != OfflineAccess)), roles, settings);

    /// <summary>Whether a refresh asks for more than its login was granted.</summary>
    public static bool IsMore(string requested, string granted) => Split(requested).Except(Split(granted)).Any();

    /// <summary>
    /// What a refresh grants (RFC 6749 §6): what it asks for, or else all that was granted at login. Of that, only what the configuration
    /// and the roles still allow.
    /// </summary>
    public static IReadOnlyList<string> OfRefresh(
        string? requested, string granted, IReadOnlyCollection<string> roles, IssuerSettings settings) =>
        Of(string.Join(' ', Split(requested ?? granted).Where(name => Split(granted).Contains(name) && settings.Scopes.ContainsKey(name))),
            roles, settings);

    private static string[] Split(string? scope) => scope?.Split(' ', StringSplitOptions.RemoveEmptyEntries) ?? [];
}
