using System.Buffers.Text;
using System.IdentityModel.Tokens.Jwt;
using System.Security.Cryptography;
using System.Text.Json;
using JwtAuth.Server.SigningKeys;

namespace JwtAuth.Server.AccessTokens;

/// <summary>An access token as it was issued.</summary>
internal sealed record IssuedToken(string Value, DateTimeOffset ExpiresAt, TimeSpan Lifetime)
{
    public override string ToString() => "[access token]";
}

/// <summary>Issues access tokens in the JWT profile of RFC 9068. No other code signs tokens.</summary>
internal sealed class TokenIssuer(IssuerSettings issuer, AccessTokenSettings settings, SigningKeyRing ring, TimeProvider time)
{
    // RFC 9068 §2.1
    private const string Type = "at+jwt";

    private readonly JsonEncodedText issuerUrl = JsonEncodedText.Encode(issuer.Url, TokenText.Encoder);

    /// <summary>A random identifier of 128 bits: a <c>jti</c> or a <c>sid</c>.</summary>
    public static string NewId() => Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(16));

    /// <summary>When a token expires that is issued at this time, if nothing ends it before.</summary>
    public DateTimeOffset ExpiryOf(DateTimeOffset issued) => settings.ExpiryOf(issued);

    /// <summary>
    /// Makes sure that the key that signs is still the right one. Call it first in each grant, before anything is used up.
    /// </summary>
    /// <exception cref="Storage.StorageBusyException">Nobody can tell: the keys could not be read for some seconds.</exception>
    public ValueTask BeginAsync() => ring.FreshenAsync();

    /// <summary>Issues the token of a grant.</summary>
    /// <param name="grant">What the token says.</param>
    /// <param name="at">The time of the session's row; now, if left out.</param>
    /// <param name="until">When the credential it is made from ends, in whole seconds. The token lives no longer than that.</param>
    public IssuedToken Issue(Grant grant, DateTimeOffset? at = null, DateTimeOffset? until = null)
    {
        SigningKey key = ring.Signer(forAccount: grant.Audience == issuer.Url);
        DateTimeOffset issued = at ?? time.GetUtcNow(), expires = settings.ExpiryOf(issued);
        TimeSpan lifetime = settings.Lifetime;
        if (until < expires)
            (expires, lifetime) = (until.Value, until.Value - DateTimeOffset.FromUnixTimeSeconds(issued.ToUnixTimeSeconds()));

        TokenText text = TokenText.Begin(key.HeaderOf(Type));
        WriteClaims(text, grant, issued.ToUnixTimeSeconds(), expires.ToUnixTimeSeconds());
        ReadOnlySpan<byte> signingInput = text.SigningInput();
        Span<byte> signature = stackalloc byte[key.SignatureLength];
        key.Sign(signingInput, signature);
        return new IssuedToken(text.Signed(signature), expires, lifetime);
    }

    private void WriteClaims(TokenText text, Grant grant, long issuedAt, long expiresAt)
    {
        Utf8JsonWriter writer = text.Claims;
        writer.WriteStartObject();
        writer.WriteString(Name.Issuer, issuerUrl);
        writer.WriteString(Name.Subject, grant.Subject);
        writer.WriteString(Name.Audience, grant.Audience);
        writer.WriteNumber(Name.Expires, expiresAt);
        writer.WriteNumber(Name.NotBefore, issuedAt);
        writer.WriteNumber(Name.IssuedAt, issuedAt);
        Span<byte> jwtId = stackalloc byte[22];
        Base64Url.EncodeToUtf8(text.NextRandom(), jwtId);
        writer.WriteString(Name.JwtId, jwtId);
        writer.WriteString(Name.ClientId, grant.ClientId);
        if (grant.Scopes.Count > 0)
            writer.WriteString(Name.Scope, string.Join(' ', grant.Scopes));
        writer.WriteStartArray(Name.Roles);
        for (int index = 0; index < grant.Roles.Count; index++)
            writer.WriteStringValue(grant.Roles[index]);
        writer.WriteEndArray();
        if (grant.Username is not null)
            writer.WriteString(Name.Username, grant.Username);
        if (grant.SessionId is not null)
            writer.WriteString(Name.SessionId, grant.SessionId);
        writer.WriteNumber(Name.Generation, grant.Generation);
        if (grant.AuthenticationContext is not null)
            writer.WriteString(Name.AuthenticationContext, grant.AuthenticationContext);
        if (grant.KeyThumbprint is not null)
        {
            writer.WriteStartObject(Name.Confirmation);
            writer.WriteString(Name.KeyThumbprint, grant.KeyThumbprint);
            writer.WriteEndObject();
        }
        writer.WriteEndObject();
    }

    // Encoded once, not for each token.
    private static class Name
    {
        public static readonly JsonEncodedText Issuer = JsonEncodedText.Encode(JwtRegisteredClaimNames.Iss);
        public static readonly JsonEncodedText Subject = JsonEncodedText.Encode(JwtRegisteredClaimNames.Sub);
        public static readonly JsonEncodedText Audience = JsonEncodedText.Encode(JwtRegisteredClaimNames.Aud);
        public static readonly JsonEncodedText Expires = JsonEncodedText.Encode(JwtRegisteredClaimNames.Exp);
        public static readonly JsonEncodedText NotBefore = JsonEncodedText.Encode(JwtRegisteredClaimNames.Nbf);
        public static readonly JsonEncodedText IssuedAt = JsonEncodedText.Encode(JwtRegisteredClaimNames.Iat);
        public static readonly JsonEncodedText JwtId = JsonEncodedText.Encode(JwtRegisteredClaimNames.Jti);
        public static readonly JsonEncodedText ClientId = JsonEncodedText.Encode("client_id");
        public static readonly JsonEncodedText Scope = JsonEncodedText.Encode("scope");
        public static readonly JsonEncodedText Roles = JsonEncodedText.Encode("roles");
        public static readonly JsonEncodedText Username = JsonEncodedText.Encode("username");
        public static readonly JsonEncodedText SessionId = JsonEncodedText.Encode(JwtRegisteredClaimNames.Sid);
        public static readonly JsonEncodedText Generation = JsonEncodedText.Encode("gen");
        public static readonly JsonEncodedText AuthenticationContext = JsonEncodedText.Encode(JwtRegisteredClaimNames.Acr);
        public static readonly JsonEncodedText Confirmation = JsonEncodedText.Encode("cnf");
        public static readonly JsonEncodedText KeyThumbprint = JsonEncodedText.Encode("jkt");
    }
}
