using System.Buffers;
using System.Buffers.Text;
using System.Text;
using System.Text.Json;
using JwtAuth.Bearer.Keys;

namespace JwtAuth.Bearer.AccessTokens;

/// <summary>
/// Reads the JWS compact serialization (RFC 7515 §7.1): three parts, base64url without padding, spare bits zero, and a header that is a
/// strict JSON object. The claims set stays undecoded bytes until the caller has verified the signature.
/// </summary>
internal ref struct StrictJwt
{
    /// <summary>The characters of base64url (RFC 4648 §5), without padding.</summary>
    public static readonly SearchValues<char> Base64UrlAlphabet =
        SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_");

    private Span<byte> tables, rest;

    /// <summary>The first two parts and the dot between them, as they were sent. This is what is signed (RFC 7515 §5.2).</summary>
    public ReadOnlySpan<byte> SigningInput { get; private set; }

    /// <summary>The decoded third part.</summary>
    public ReadOnlySpan<byte> Signature { get; private set; }

    /// <summary><c>alg</c>; <see langword="null"/> if it is not one of ours.</summary>
    public SignatureAlgorithm? Algorithm { get; private set; }

    /// <summary><c>kid</c> as UTF-8; empty if there is none.</summary>
    public ReadOnlySpan<byte> KeyId { get; private set; }

    /// <summary>
    /// Whether <c>typ</c> is <c>at+jwt</c> (RFC 9068 §2.1). It is a media type: letter case and the prefix <c>application/</c> do not
    /// matter.
    /// </summary>
    public bool IsAccessToken { get; private set; }

    /// <summary>How many bytes of buffer <see cref="Open"/> and the reading of the claims need for a token of this length.</summary>
    public static int BufferSizeFor(int tokenLength) => StrictJson.TablesSize + (4 * tokenLength);

    /// <summary>Takes the token apart. Nothing in it is trusted yet.</summary>
    /// <param name="token">The compact serialization.</param>
    /// <param name="buffer">Space of <see cref="BufferSizeFor"/> bytes.</param>
    /// <param name="jwt">The parts.</param>
    /// <param name="known">What an earlier header said. If the text is the same, the header is not read again.</param>
    public static TokenRejection? Open(ReadOnlySpan<char> token, Span<byte> buffer, out StrictJwt jwt, KnownHeader? known = null)
    {
        jwt = default;
        if (token.Length > TokenValidator.MaximumLength)
            return TokenRejection.TooLong;

        int firstDot = token.IndexOf('.');
        int lastDot = token.LastIndexOf('.');
        if (firstDot < 0 || firstDot == lastDot)
            return TokenRejection.OfText(token);
        ReadOnlySpan<char> header = token[..firstDot], claims = token[(firstDot + 1)..lastDot], signature = token[(lastDot + 1)..];
        bool isKnown = known is not null && header.SequenceEqual(known.Text);
        // An empty payload is a valid JWS (RFC 7515 §3). Reading it later shows that it is not a claims set.
        if (header.IsEmpty || signature.IsEmpty || !(isKnown || IsBase64Url(header)) || !IsBase64Url(claims) || !IsBase64Url(signature))
            return TokenRejection.NotCompact;

        jwt.tables = buffer[..StrictJson.TablesSize];
        buffer = buffer[StrictJson.TablesSize..];
        Encoding.ASCII.GetBytes(token[..lastDot], buffer);
        jwt.SigningInput = buffer[..lastDot];
        buffer = buffer[lastDot..];

        int length = Base64Url.DecodeFromChars(signature, buffer);
        jwt.Signature = buffer[..length];
        buffer = buffer[length..];

        TokenRejection? rejection = null;
        if (isKnown)
        {
            jwt.Algorithm = known!.Algorithm;
            jwt.KeyId = known.KeyId;
            jwt.IsAccessToken = true;
        }
        else
        {
            // The claims set is placed after the header's space, so that both have room behind them for names with escapes.
            length = Base64Url.DecodeFromChars(header, buffer);
            rejection = jwt.ReadHeader(buffer[..(2 * length)], length);
            buffer = buffer[(2 * length)..];
        }
        length = Base64Url.DecodeFromChars(claims, buffer);
        jwt.rest = buffer[..(2 * length)];
        return rejection;
    }

    /// <summary>
    /// The claims set, ready to be walked. Before the signature has been verified it is good for refusing a token, and for nothing else.
    /// </summary>
    /// <exception cref="JsonException">It is not a strict JSON object.</exception>
    public readonly StrictJson Claims() => new(rest, rest.Length / 2, tables);

    private TokenRejection? ReadHeader(Span<byte> text, int length)
    {
        bool hasAlgorithm = false;
        try
        {
            var json = new StrictJson(text, length, tables);
            while (json.NextMember())
            {
                ReadOnlySpan<byte> name = json.Name;
                if (name.SequenceEqual("crit"u8) || name.SequenceEqual("b64"u8))
                    return TokenRejection.CriticalExtension;
                if (name.SequenceEqual("jwk"u8)
                    || name.SequenceEqual("jku"u8) || name.SequenceEqual("x5u"u8) || name.SequenceEqual("x5c"u8))
                {
                    return TokenRejection.KeyInHeader;
                }

                bool isText = json.ValueKind == JsonTokenType.String;
                if (name.SequenceEqual("alg"u8))
                {
                    if (!isText)
                        return TokenRejection.MalformedHeader;
                    hasAlgorithm = true;
                    Algorithm = AlgorithmOf(json.GetBytes());
                }
                else if (name.SequenceEqual("kid"u8))
                {
                    if (!isText)
                        return TokenRejection.MalformedHeader;
                    KeyId = json.KeepBytes();
                }
                else if (name.SequenceEqual("typ"u8))
                {
                    if (!isText)
                        return TokenRejection.MalformedHeader;
                    IsAccessToken = IsAccessTokenType(json.GetBytes());
                }
            }
        }
        catch (Exception fault) when (fault is JsonException or InvalidOperationException)
        {
            return TokenRejection.MalformedHeader;
        }

        return hasAlgorithm ? null : TokenRejection.MalformedHeader;
    }

    private static SignatureAlgorithm? AlgorithmOf(ReadOnlySpan<byte> name) =>
        name.SequenceEqual("RS256"u8) ? SignatureAlgorithm.RS256
        : name.SequenceEqual("ES256"u8) ? SignatureAlgorithm.ES256
        : name.SequenceEqual("HS256"u8) ? SignatureAlgorithm.HS256
        : null;

    private static bool IsAccessTokenType(ReadOnlySpan<byte> type)
    {
        ReadOnlySpan<byte> prefix = "application/"u8;
        if (type.Length > prefix.Length && Ascii.EqualsIgnoreCase(type[..prefix.Length], prefix))
            type = type[prefix.Length..];
        return Ascii.EqualsIgnoreCase(type, "at+jwt"u8);
    }

    private static bool IsBase64Url(ReadOnlySpan<char> part)
    {
        if (part.ContainsAnyExcept(Base64UrlAlphabet))
            return false;
        // RFC 4648 §3.5: the spare bits of the last character must be zero. Otherwise one token could be spelled in several ways.
        return (part.Length % 4) switch
        {
            0 => true,
            2 => "AQgw".Contains(part[^1], StringComparison.Ordinal),
            3 => "AEIMQUYcgkosw048".Contains(part[^1], StringComparison.Ordinal),
            _ => false,
        };
    }
}

/// <summary>The header of a token that has passed every check. All tokens of one key have the same header.</summary>
/// <param name="Text">As it was sent, in base64url.</param>
/// <param name="Algorithm">Its <c>alg</c>.</param>
/// <param name="KeyId">Its <c>kid</c> as UTF-8.</param>
internal sealed record KnownHeader(string Text, SignatureAlgorithm Algorithm, byte[] KeyId);
