using JwtAuth.Server.AccessTokens;
using JwtAuth.Server.SigningKeys;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Mvc;

namespace JwtAuth.Server.Endpoints.Metadata;

/// <summary>Authorization server metadata (RFC 8414 §2): what is there, and nothing that is not.</summary>
/// <param name="Issuer">The `iss` of every token.</param>
/// <param name="JwksUri">Where the public keys are.</param>
/// <param name="IntrospectionEndpoint">Where a client asks about a token (RFC 7662).</param>
/// <param name="IntrospectionEndpointAuthMethodsSupported">How it authenticates there.</param>
/// <param name="RevocationEndpoint">Where a client ends a token (RFC 7009).</param>
/// <param name="RevocationEndpointAuthMethodsSupported">How it authenticates there.</param>
/// <param name="ScopesSupported">The configured scopes.</param>
/// <param name="ResponseTypesSupported">None: there is no authorization endpoint.</param>
/// <param name="GrantTypesSupported">None: there is no OAuth token endpoint; a login is `POST /auth/login`.</param>
internal sealed record MetadataReply(
    string Issuer,
    string JwksUri,
    string IntrospectionEndpoint,
    IReadOnlyList<string> IntrospectionEndpointAuthMethodsSupported,
    string RevocationEndpoint,
    IReadOnlyList<string> RevocationEndpointAuthMethodsSupported,
    IReadOnlyList<string> ScopesSupported,
    IReadOnlyList<string> ResponseTypesSupported,
    IReadOnlyList<string> GrantTypesSupported);

[ApiController]
[AllowAnonymous]
[Tags("Metadata")]
internal sealed class MetadataController(IssuerSettings issuer, SigningKeySettings keys, SigningKeyRing ring) : ControllerBase
{
    private static readonly TimeSpan LongestCaching = TimeSpan.FromMinutes(5);

    /// <summary>The public keys (RFC 7517 §5). A successor stands here before it signs; an HS256 key never does.</summary>
    [HttpGet("/.well-known/jwks.json")]
    [Produces("application/json")]
    public FileContentResult JsonWebKeySet()
    {
        // Nobody may still hold a copy from before a key was published when that key begins to sign.
        Cache(keys.PublishAhead / 2 < LongestCaching ? keys.PublishAhead / 2 : LongestCaching);
        return File(ring.JsonWebKeySet.ToArray(), "application/json");
    }

    /// <summary>The service's metadata (RFC 8414), at its own place and where OpenID Connect libraries look for it.</summary>
    [HttpGet("/.well-known/oauth-authorization-server")]
    [HttpGet("/.well-known/openid-configuration")]
    [ProducesResponseType<MetadataReply>(200)]
    public MetadataReply Metadata()
    {
        Cache(LongestCaching);
        string[] methods = ["client_secret_basic", "client_secret_post"];
        return new MetadataReply(
            issuer.Url, $"{issuer.Url}/.well-known/jwks.json", $"{issuer.Url}/oauth/introspect", methods, $"{issuer.Url}/oauth/revoke", methods,
            [.. issuer.Scopes.Keys], [], []);
    }

    private void Cache(TimeSpan lifetime) =>
        Response.Headers.CacheControl = lifetime > TimeSpan.Zero ? $"public, max-age={(long)lifetime.TotalSeconds}" : "no-cache";
}
