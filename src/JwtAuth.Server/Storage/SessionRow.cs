namespace JwtAuth.Server.Storage;

/// <summary>
/// A login that goes on: by refresh tokens, which are computed from it and the master key, or by a cookie, of whose secret it holds the
/// hash. Nothing here can be turned into either.
/// </summary>
internal sealed class SessionRow
{
    public required string SessionId { get; init; }

    public required string Subject { get; init; }

    /// <summary>The account's generation that the session stands with.</summary>
    public required long Generation { get; init; }

    public required string Audience { get; init; }

    /// <summary>SHA-256 of the secret in the browser's cookie; <see langword="null"/> for a session of refresh tokens.</summary>
    public byte[]? CookieHash { get; init; }

    /// <summary>What was granted at login, separated by spaces: a refresh may ask for less.</summary>
    public required string Scope { get; init; }

    /// <summary>The counter of the one refresh token that is good.</summary>
    public long Counter { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }

    public required DateTimeOffset RotatedAt { get; init; }

    /// <summary>The absolute end.</summary>
    public required DateTimeOffset ExpiresAt { get; init; }

    /// <summary>
    /// The latest <c>exp</c> of its access tokens: not always that of the last one, after a clock that stepped back or a lifetime that was
    /// shortened.
    /// </summary>
    public required DateTimeOffset TokensUntil { get; init; }

    /// <summary>Where it was last used from.</summary>
    public required string Address { get; init; }

    /// <summary>What it was last used with.</summary>
    public required string Agent { get; init; }
}
