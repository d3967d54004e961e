namespace JwtAuth.Server.Sessions;

/// <summary>What a session begins with at login.</summary>
/// <param name="Audience">Whom its access tokens are for. For a cookie, the issuer itself.</param>
/// <param name="Scopes">What was granted.</param>
/// <param name="Device">Where the login comes from.</param>
/// <param name="Replaces">The session that the same browser had before. It is ended.</param>
/// <param name="CookieHash">The hash of the secret in the cookie; <see langword="null"/> for refresh tokens.</param>
internal sealed record SessionStart(
    string Audience, IReadOnlyList<string> Scopes, Device Device, string? Replaces, byte[]? CookieHash = null);
