using JwtAuth.Server.Storage;

namespace JwtAuth.Server.Sessions;

/// <summary>A session as its owner sees it.</summary>
/// <param name="Row">The row in the store.</param>
/// <param name="EndsAt">When it ends if it is not used again.</param>
internal sealed record Session(SessionRow Row, DateTimeOffset EndsAt);

/// <summary>Where a login or a refresh comes from, in terms that a person may recognise.</summary>
/// <param name="Address">The network address.</param>
/// <param name="Agent">What the client says of itself, cut to length and without control characters.</param>
internal sealed record Device(string Address, string Agent)
{
    private const int LongestAgent = 256;

    public static Device Of(System.Net.IPAddress? address, string? agent) => new(
        address?.ToString() ?? "unknown",
        string.Concat((agent ?? "").Where(character => character is >= ' ' and <= '~').Take(LongestAgent)));
}

/// <summary>What a session begins with at login.</summary>
/// <param name="Audience">Whom its access tokens are for. For a cookie, the issuer itself.</param>
/// <param name="Scopes">What was granted.</param>
/// <param name="Device">Where the login comes from.</param>
/// <param name="Replaces">The session that the same browser had before. It is ended.</param>
/// <param name="CookieHash">The hash of the secret in the cookie; <see langword="null"/> for refresh tokens.</param>
internal sealed record SessionStart(
    string Audience, IReadOnlyList<string> Scopes, Device Device, string? Replaces, byte[]? CookieHash = null);

/// <summary>What a logout or a revocation ended.</summary>
/// <param name="RefreshTokens">How many refresh tokens are dead now.</param>
/// <param name="Sessions">How many sessions of cookies are over now.</param>
/// <param name="AccessTokens">Whether there may be access tokens that were ended.</param>
/// <param name="LiveUntil">Until when a verifier that does not hear of denials accepts such an access token.</param>
internal sealed record Ended(int RefreshTokens, int Sessions, bool AccessTokens, DateTimeOffset LiveUntil)
{
    public static Ended Nothing(DateTimeOffset now) => new(RefreshTokens: 0, Sessions: 0, AccessTokens: false, now);
}
