using System.Buffers;
using System.Buffers.Text;
using System.IdentityModel.Tokens.Jwt;
using System.Security.Cryptography;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using JwtAuth.Server.Accounts;
using JwtAuth.Server.Configuration;
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

    // Written for JSON readers, not for HTML: at+jwt stays at+jwt.
    private static readonly JsonWriterOptions Plain = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>A random identifier of 128 bits: a <c>jti</c> or a <c>sid</c>.</summary>
    public static string NewId() => Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(16));

    /// <summary>A token for the account as it was read.</summary>
    /// <param name="account">Its roles, name and generation go into the token.</param>
    /// <param name="audience">One of the configured audiences, or the issuer for the account itself.</param>
    /// <param name="scopes">What was granted.</param>
    /// <param name="sessionId">The login's <c>sid</c>.</param>
    /// <param name="at">The moment that the session's row knows of; left out, now.</param>
    public IssuedToken Issue(AccountSnapshot account, string audience, IReadOnlyList<string> scopes, string sessionId, DateTimeOffset? at = null)
    {
        SigningKey key = ring.Signer(forAccount: audience == issuer.Url);
        DateTimeOffset issued = at ?? time.GetUtcNow(), expires = settings.ExpiryOf(issued);

        var text = new ArrayBufferWriter<byte>(1024);
        AppendPart(text, Header(key));
        text.Write("."u8);
        AppendPart(text, Claims(account, audience, scopes, sessionId, issued.ToUnixTimeSeconds(), expires.ToUnixTimeSeconds()));

        Span<byte> signature = stackalloc byte[key.SignatureLength];
        key.Sign(text.WrittenSpan, signature);
        text.Write("."u8);
        AppendPart(text, signature);
        return new IssuedToken(Encoding.ASCII.GetString(text.WrittenSpan), expires, settings.Lifetime);
    }

    private static ReadOnlySpan<byte> Header(SigningKey key)
    {
        var json = new ArrayBufferWriter<byte>(128);
        using var writer = new Utf8JsonWriter(json, Plain);
        writer.WriteStartObject();
        writer.WriteString(JwtHeaderParameterNames.Alg, key.Algorithm.ToString());
        writer.WriteString(JwtHeaderParameterNames.Kid, key.KeyId);
        writer.WriteString(JwtHeaderParameterNames.Typ, "at+jwt");
        writer.WriteEndObject();
        writer.Flush();
        return json.WrittenSpan;
    }

    private ReadOnlySpan<byte> Claims(
        AccountSnapshot account, string audience, IReadOnlyList<string> scopes, string sessionId, long issuedAt, long expiresAt)
    {
        var json = new ArrayBufferWriter<byte>(512);
        using var writer = new Utf8JsonWriter(json, Plain);
        writer.WriteStartObject();
        writer.WriteString(JwtRegisteredClaimNames.Iss, issuer.Url);
        writer.WriteString(JwtRegisteredClaimNames.Sub, account.Subject);
        writer.WriteString(JwtRegisteredClaimNames.Aud, audience);
        writer.WriteNumber(JwtRegisteredClaimNames.Exp, expiresAt);
        writer.WriteNumber(JwtRegisteredClaimNames.Nbf, issuedAt);
        writer.WriteNumber(JwtRegisteredClaimNames.Iat, issuedAt);
        writer.WriteString(JwtRegisteredClaimNames.Jti, NewId());
        writer.WriteString("client_id", FirstParty);
        if (scopes.Count > 0)
            writer.WriteString("scope", string.Join(' ', scopes));
        writer.WriteStartArray("roles");
        foreach (string role in account.Roles)
            writer.WriteStringValue(role);
        writer.WriteEndArray();
        writer.WriteString("username", account.Username);
        writer.WriteString(JwtRegisteredClaimNames.Sid, sessionId);
        writer.WriteNumber("gen", account.Generation);
        writer.WriteEndObject();
        writer.Flush();
        return json.WrittenSpan;
    }

    private static void AppendPart(ArrayBufferWriter<byte> text, ReadOnlySpan<byte> part)
    {
        Span<byte> room = text.GetSpan(Base64Url.GetEncodedLength(part.Length));
        text.Advance(Base64Url.EncodeToUtf8(part, room));
    }
}
