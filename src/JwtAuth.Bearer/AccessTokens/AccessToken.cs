using System.Collections.Immutable;
using System.Security.Claims;
using JwtAuth.Bearer.Denials;
using JwtAuth.Bearer.Keys;

namespace JwtAuth.Bearer.AccessTokens;

/// <summary>
/// The claims of an access token that has passed every check (RFC 9068 §2.2). An unverified token never becomes one. Immutable: requests
/// share it.
/// </summary>
public sealed class AccessToken
{
    internal AccessToken(VerificationKey key, in TokenIdentifiers names) => (Key, Names) = (key, names);

    /// <summary><c>iss</c> (RFC 7519 §4.1.1).</summary>
    public required string Issuer { get; init; }

    /// <summary><c>sub</c> (RFC 7519 §4.1.2): random, never used for a second account.</summary>
    public required string Subject { get; init; }

    /// <summary><c>aud</c> (RFC 7519 §4.1.3).</summary>
    public required ImmutableArray<string> Audiences { get; init; }

    /// <summary><c>exp</c> (RFC 7519 §4.1.4).</summary>
    public required DateTimeOffset ExpiresAt { get; init; }

    /// <summary><c>nbf</c> (RFC 7519 §4.1.5); the issue time where the claim is absent.</summary>
    public required DateTimeOffset NotBefore { get; init; }

    /// <summary><c>iat</c> (RFC 7519 §4.1.6).</summary>
    public required DateTimeOffset IssuedAt { get; init; }

    /// <summary><c>jti</c> (RFC 7519 §4.1.7).</summary>
    public required string JwtId { get; init; }

    /// <summary><c>client_id</c> (RFC 8693 §4.3).</summary>
    public required string ClientId { get; init; }

    /// <summary>The values of <c>scope</c> that RFC 6749 §3.3 allows. A claim that is not a string grants nothing.</summary>
    public required ImmutableArray<string> Scopes { get; init; }

    /// <summary><c>roles</c> (RFC 9068 §2.2.3.1).</summary>
    public required ImmutableArray<string> Roles { get; init; }

    /// <summary><c>username</c> (RFC 7662 §2.2), for people to read; <see cref="Subject"/> is the identity.</summary>
    public required string? Username { get; init; }

    /// <summary><c>sid</c>: the login that the token belongs to; <see langword="null"/> if there is none.</summary>
    public required string? SessionId { get; init; }

    /// <summary><c>gen</c>: the subject's generation when the token was issued.</summary>
    public required long Generation { get; init; }

    /// <summary>The <c>kid</c> of the key that verified it.</summary>
    public string KeyId => Key.KeyId;

    /// <summary>The key that verified it.</summary>
    internal VerificationKey Key { get; }

    /// <summary>The names by which a denial can mean this token. Empty if no denials are heard.</summary>
    internal TokenIdentifiers Names { get; }

    /// <summary>
    /// The token that authenticated a request. <see langword="null"/> if the request had no token, or if the token was refused, or if a
    /// claims transformation replaced the token's identity.
    /// </summary>
    public static AccessToken? Of(ClaimsPrincipal principal)
    {
        ArgumentNullException.ThrowIfNull(principal);
        return principal.Identities.Select(identity => identity.BootstrapContext).OfType<AccessToken>().FirstOrDefault();
    }
}
