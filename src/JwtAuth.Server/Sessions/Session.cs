using JwtAuth.Server.Storage;

namespace JwtAuth.Server.Sessions;

/// <summary>A session as its owner sees it.</summary>
/// <param name="Row">What the store has of it.</param>
/// <param name="EndsAt">When it ends if it is not used again.</param>
internal sealed record Session(SessionRow Row, DateTimeOffset EndsAt);

/// <summary>Where a login or a refresh comes from, as far as a person would recognise it.</summary>
/// <param name="Address">The network address.</param>
/// <param name="Agent">What the client says of itself: cut, and without control characters.</param>
internal sealed record Device(string Address, string Agent)
{
    private const int LongestAgent = 256;

    public static Device Of(System.Net.IPAddress? address, string? agent) => new(
        address?.ToString() ?? "unknown",
        string.Concat((agent ?? "").Where(character => character is >= ' ' and <= '~').Take(LongestAgent)));
}

/// <summary>What a login begins a session with.</summary>
/// <param name="Audience">Whom its access tokens are for; the issuer itself, for a cookie.</param>
/// <param name="Scopes">What was granted.</param>
/// <param name="Device">Where the login comes from.</param>
/// <param name="Replaces">The session that the same browser held before, which is ended.</param>
/// <param name="CookieHash">Of the secret in the cookie; <see langword="null"/> for refresh tokens.</param>
internal sealed record SessionStart(
    string Audience, IReadOnlyList<string> Scopes, Device Device, string? Replaces, byte[]? CookieHash = null);

/// <summary>What a logout or a revocation ended.</summary>
/// <param name="RefreshTokens">Refresh tokens that are dead now.</param>
/// <param name="Sessions">Sessions of cookies that are over now.</param>
/// <param name="AccessTokens">Whether there can be access tokens that were ended.</param>
/// <param name="LiveUntil">Until when a verifier that hears no denials takes such an access token.</param>
internal sealed record Ended(int RefreshTokens, int Sessions, bool AccessTokens, DateTimeOffset LiveUntil);
