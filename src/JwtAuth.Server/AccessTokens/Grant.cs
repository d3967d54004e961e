using JwtAuth.Server.Accounts;

namespace JwtAuth.Server.AccessTokens;

/// <summary>
/// What is granted, whoever proved what: an access token is issued from this and from nothing else. How somebody came in is not to be seen
/// here.
/// </summary>
internal sealed record Grant
{
    /// <summary>The <c>client_id</c> of logins at the service itself.</summary>
    public const string FirstParty = "jwtauth";

    /// <summary><c>sub</c>.</summary>
    public required string Subject { get; init; }

    /// <summary><c>gen</c>: the subject's generation when it was read. What ends all of the subject's tokens raises it.</summary>
    public required long Generation { get; init; }

    /// <summary><c>client_id</c>: whom it is given to.</summary>
    public string ClientId { get; init; } = FirstParty;

    /// <summary><c>aud</c>: one of the configured audiences, or the issuer for the account itself.</summary>
    public required string Audience { get; init; }

    public IReadOnlyList<string> Scopes { get; init; } = [];

    public IReadOnlyList<string> Roles { get; init; } = [];

    /// <summary>For people to read; <see langword="null"/> where the subject is no person.</summary>
    public string? Username { get; init; }

    /// <summary><c>sid</c>: the login that it hangs on; <see langword="null"/> where there is none.</summary>
    public string? SessionId { get; init; }

    /// <summary>
    /// <c>cnf.jkt</c> (RFC 9449 §6.1): the thumbprint of the key that its sender has to hold; <see langword="null"/> for a plain bearer
    /// token.
    /// </summary>
    public string? KeyThumbprint { get; init; }

    /// <summary><c>acr</c> (RFC 9068 §2.2.1); <see langword="null"/> where nobody asked.</summary>
    public string? AuthenticationContext { get; init; }

    /// <summary>A grant to a person, as the account was read.</summary>
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
