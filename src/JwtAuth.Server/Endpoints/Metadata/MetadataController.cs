using JwtAuth.Server.AccessTokens;
using JwtAuth.Server.Authentication;
using JwtAuth.Server.Descriptions;
using JwtAuth.Server.SigningKeys;
using JwtAuth.Server.Storage;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Cors;
using Microsoft.AspNetCore.Mvc;
using Microsoft.Net.Http.Headers;

namespace JwtAuth.Server.Endpoints.Metadata;

/// <summary>Authorization server metadata (RFC 8414 §2). It lists only what exists.</summary>
internal sealed record MetadataReply
{
    /// <summary>The `iss` of every token.</summary>
    public required string Issuer { get; init; }

    /// <summary>The URL of the public keys.</summary>
    public required string JwksUri { get; init; }

    /// <summary>Where a client asks about a token (RFC 7662).</summary>
    public required string IntrospectionEndpoint { get; init; }

    /// <summary>How a client authenticates there.</summary>
    public required IReadOnlyList<string> IntrospectionEndpointAuthMethodsSupported { get; init; }

    /// <summary>Where a client ends a token (RFC 7009).</summary>
    public required string RevocationEndpoint { get; init; }

    /// <summary>How a client authenticates there.</summary>
    public required IReadOnlyList<string> RevocationEndpointAuthMethodsSupported { get; init; }

    /// <summary>The configured scopes.</summary>
    public required IReadOnlyList<string> ScopesSupported { get; init; }

    /// <summary>Empty: there is no authorization endpoint.</summary>
    public required IReadOnlyList<string> ResponseTypesSupported { get; init; }

    /// <summary>Empty: there is no OAuth token endpoint; a login is `POST /auth/login`.</summary>
    public required IReadOnlyList<string> GrantTypesSupported { get; init; }
}

/// <summary>A public key (RFC 7517 §4, RFC 7518 §6): `n` and `e` of RSA; `crv`, `x` and `y` of EC.</summary>
internal sealed record KeyReply
{
    /// <summary>Its name, which is its thumbprint (RFC 7638).</summary>
    public required string Kid { get; init; }

    /// <summary>What it is for: signatures.</summary>
    [Words("sig")]
    public required string Use { get; init; }

    /// <summary>The only algorithm that it is for.</summary>
    [Words("RS256", "ES256")]
    public required string Alg { get; init; }

    /// <summary>Its family.</summary>
    [Words("RSA", "EC")]
    public required string Kty { get; init; }

    public string? N { get; init; }

    public string? E { get; init; }

    public string? Crv { get; init; }

    public string? X { get; init; }

    public string? Y { get; init; }
}

/// <summary>The public keys (RFC 7517 §5).</summary>
/// <param name="Keys">Those that have signed, sign, or will sign.</param>
internal sealed record KeysReply(IReadOnlyList<KeyReply> Keys);

[ApiController]
[AllowAnonymous]
[EnableCors(CorsSettings.Everyone)]
[Tags("Metadata")]
internal sealed class MetadataController(IssuerSettings issuer, SigningKeySettings keys, SigningKeyRing ring) : ControllerBase
{
    private static readonly TimeSpan LongestCaching = TimeSpan.FromMinutes(5);

    /// <summary>The public keys (RFC 7517 §5). A new key is listed before it signs. An HS256 key is never listed.</summary>
    /// <response code="200">The keys. The entity tag names the set, as the feed of denials does.</response>
    /// <response code="503">`busy`: the keys could not be read for so long that one may be missing.</response>
    [HttpGet("/.well-known/jwks.json", Name = "readKeys")]
    [Produces("application/json")]
    [ProducesResponseType<KeysReply>(200)]
    public async Task<FileContentResult> JsonWebKeySet()
    {
        if (ring.Age > keys.LongestUnread)
            await ring.CatchUpAsync();
        if (ring.Age > keys.LongestUnread)
            throw new StorageBusyException();
        // When a new key begins to sign, nobody may still hold a copy from before it was published.
        Cache(keys.Caching);
        (ReadOnlyMemory<byte> set, string fingerprint) = ring.Published;
        return File(set.ToArray(), "application/json", lastModified: null, new EntityTagHeaderValue($"\"{fingerprint}\""));
    }

    /// <summary>The service's metadata (RFC 8414), at its own address and at the one where OpenID Connect libraries look for it.</summary>
    [HttpGet("/.well-known/oauth-authorization-server", Name = "readMetadata")]
    [HttpGet("/.well-known/openid-configuration", Name = "readOpenIdConfiguration")]
    [ProducesResponseType<MetadataReply>(200)]
    public MetadataReply Metadata()
    {
        Cache(LongestCaching);
        string[] methods = ["client_secret_basic", "client_secret_post"];
        return new MetadataReply
        {
            Issuer = issuer.Url,
            JwksUri = $"{issuer.Url}/.well-known/jwks.json",
            IntrospectionEndpoint = $"{issuer.Url}/oauth/introspect",
            IntrospectionEndpointAuthMethodsSupported = methods,
            RevocationEndpoint = $"{issuer.Url}/oauth/revoke",
            RevocationEndpointAuthMethodsSupported = methods,
            ScopesSupported = [.. issuer.Scopes.Keys],
            ResponseTypesSupported = [],
            GrantTypesSupported = [],
        };
    }

    private void Cache(TimeSpan lifetime) =>
        Response.Headers.CacheControl = lifetime > TimeSpan.Zero ? $"public, max-age={(long)lifetime.TotalSeconds}" : "no-cache";
}
