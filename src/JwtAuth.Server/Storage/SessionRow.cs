namespace JwtAuth.Server.Storage;

/// <summary>
/// A login that continues: by refresh tokens, which are computed from the row and the master key, or by a cookie, of whose secret the row
/// holds the hash. Neither can be made from the row alone.
/// </summary>
internal sealed class SessionRow
{
    public required string SessionId { get; init; }

    public required string Subject { get; init; }

    /// <summary>The account's generation for which the session is good.</summary>
    public required long Generation { get; init; }

    public required string Audience { get; init; }

    /// <summary>SHA-256 of the secret in the browser's cookie; <see langword="null"/> for a session of refresh tokens.</summary>
    public byte[]? CookieHash { get; init; }

    /// <summary>What was granted at login, separated by spaces. A refresh may ask for less.</summary>
    public required string Scope { get; init; }

    /// <summary>The counter of the only refresh token that is good.</summary>
    public long Counter { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }

    public required DateTimeOffset RotatedAt { get; init; }

    /// <summary>The absolute end.</summary>
    public required DateTimeOffset ExpiresAt { get; init; }

    /// <summary>
    /// The latest <c>exp</c> of its access tokens. That need not be the last token, since the clock may have stepped back or the lifetime
    /// may have been shortened.
    /// </summary>
    public required DateTimeOffset TokensUntil { get; init; }

    /// <summary>The address from which it was used last.</summary>
    public required string Address { get; init; }

    /// <summary>The program that used it last.</summary>
    public required string Agent { get; init; }
}
