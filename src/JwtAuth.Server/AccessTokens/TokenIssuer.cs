using System.Buffers.Text;
using System.IdentityModel.Tokens.Jwt;
using System.Security.Cryptography;
using System.Text.Json;
using JwtAuth.Server.Accounts;
using JwtAuth.Server.SigningKeys;

namespace JwtAuth.Server.AccessTokens;

/// <summary>An access token as it was issued.</summary>
internal sealed record IssuedToken(string Value, DateTimeOffset ExpiresAt, TimeSpan Lifetime)
{
    public override string ToString() => "[access token]";
}

/// <summary>Issues access tokens in the JWT profile of RFC 9068. The only place that signs.</summary>
internal sealed class TokenIssuer(IssuerSettings issuer, AccessTokenSettings settings, SigningKeyRing ring, TimeProvider time)
{
    /// <summary>The <c>client_id</c> of logins at the service itself.</summary>
    public const string FirstParty = "jwtauth";

    private static readonly JsonEncodedText ClientId = JsonEncodedText.Encode(FirstParty);

    private readonly JsonEncodedText issuerUrl = JsonEncodedText.Encode(issuer.Url, TokenText.Encoder);

    /// <summary>A random identifier of 128 bits: a <c>jti</c> or a <c>sid</c>.</summary>
    public static string NewId() => Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(16));

    /// <summary>A token for the account as it was read.</summary>
    /// <param name="account">Its roles, name and generation go into the token.</param>
    /// <param name="audience">One of the configured audiences, or the issuer for the account itself.</param>
    /// <param name="scopes">What was granted.</param>
    /// <param name="sessionId">The login's <c>sid</c>.</param>
    /// <param name="at">The moment that the session's row knows of; left out, now.</param>
    /// <param name="until">When what it is made from ends, a whole second: it lives no longer.</param>
    public IssuedToken Issue(AccountSnapshot account, string audience, IReadOnlyList<string> scopes, string sessionId, DateTimeOffset? at = null, DateTimeOffset? until = null)
    {
        SigningKey key = ring.Signer(forAccount: audience == issuer.Url);
        DateTimeOffset issued = at ?? time.GetUtcNow(), expires = settings.ExpiryOf(issued);
        TimeSpan lifetime = settings.Lifetime;
        if (until < expires)
            (expires, lifetime) = (until.Value, until.Value - DateTimeOffset.FromUnixTimeSeconds(issued.ToUnixTimeSeconds()));

        TokenText text = TokenText.Begin(key.Header);
        WriteClaims(text, account, audience, scopes, sessionId, issued.ToUnixTimeSeconds(), expires.ToUnixTimeSeconds());
        ReadOnlySpan<byte> signingInput = text.SigningInput();
        Span<byte> signature = stackalloc byte[key.SignatureLength];
        key.Sign(signingInput, signature);
        return new IssuedToken(text.Signed(signature), expires, lifetime);
    }

    private void WriteClaims(
        TokenText text, AccountSnapshot account, string audience, IReadOnlyList<string> scopes, string sessionId, long issuedAt, long expiresAt)
    {
        Utf8JsonWriter writer = text.Claims;
        writer.WriteStartObject();
        writer.WriteString(Name.Issuer, issuerUrl);
        writer.WriteString(Name.Subject, account.Subject);
        writer.WriteString(Name.Audience, audience);
        writer.WriteNumber(Name.Expires, expiresAt);
        writer.WriteNumber(Name.NotBefore, issuedAt);
        writer.WriteNumber(Name.IssuedAt, issuedAt);
        Span<byte> jwtId = stackalloc byte[22];
        Base64Url.EncodeToUtf8(text.NextRandom(), jwtId);
        writer.WriteString(Name.JwtId, jwtId);
        writer.WriteString(Name.ClientId, ClientId);
        if (scopes.Count > 0)
            writer.WriteString(Name.Scope, string.Join(' ', scopes));
        writer.WriteStartArray(Name.Roles);
        for (int index = 0; index < account.Roles.Count; index++)
            writer.WriteStringValue(account.Roles[index]);
        writer.WriteEndArray();
        writer.WriteString(Name.Username, account.Username);
        writer.WriteString(Name.SessionId, sessionId);
        writer.WriteNumber(Name.Generation, account.Generation);
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
    }
}
