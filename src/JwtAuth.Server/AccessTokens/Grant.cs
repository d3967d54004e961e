using JwtAuth.Server.Accounts;

namespace JwtAuth.Server.AccessTokens;

/// <summary>
/// What is granted, however the caller proved who they are. An access token is issued from this and from nothing else. It does not tell how
/// somebody logged in.
/// </summary>
internal sealed record Grant
{
    /// <summary>The <c>client_id</c> of logins at the service itself.</summary>
    public static readonly string FirstParty = "jwtauth";

    /// <summary><c>sub</c>.</summary>
    public required string Subject { get; init; }

    /// <summary><c>gen</c>: the subject's generation when it was read. Ending all tokens of the subject raises it.</summary>
    public required long Generation { get; init; }

    /// <summary><c>client_id</c>: the client that it is given to.</summary>
    public string ClientId { get; init; } = FirstParty;

    /// <summary><c>aud</c>: one of the configured audiences, or the issuer for the account itself.</summary>
    public required string Audience { get; init; }

    public IReadOnlyList<string> Scopes { get; init; } = [];

    public IReadOnlyList<string> Roles { get; init; } = [];

    /// <summary>For people to read; <see langword="null"/> if the subject is not a person.</summary>
    public string? Username { get; init; }

    /// <summary><c>sid</c>: the login that it belongs to; <see langword="null"/> if there is none.</summary>
    public string? SessionId { get; init; }

    /// <summary>
    /// <c>cnf.jkt</c> (RFC 9449 §6.1): the thumbprint of the key that the sender must hold; <see langword="null"/> for a plain bearer
    /// token.
    /// </summary>
    public string? KeyThumbprint { get; init; }

    /// <summary><c>acr</c> (RFC 9068 §2.2.1); <see langword="null"/> if nobody asked for it.</summary>
    public string? AuthenticationContext { get; init; }

    /// <summary>A grant to a person, from the account as it was read.</summary>
    public static Grant To(AccountSnapshot account, string audience, IReadOnlyList<string> scopes, string sessionId) => new()
    {
        Subject = account.Subject,
        Generation = account.Generation,
        Audience = audience,
        Scopes = scopes,
        Roles = account.Roles,
        Username = account.Username,
        SessionId = sessionId,
    };
}
