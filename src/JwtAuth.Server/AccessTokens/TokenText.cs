using System.Buffers;
using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace JwtAuth.Server.AccessTokens;

/// <summary>
/// The buffers in which a thread writes one access token after another. Nothing of one token gets into the next: <see cref="Begin"/> resets
/// everything, also after an exception. Nothing is awaited until the token is signed, so no other token can begin on the same thread
/// meanwhile.
/// </summary>
internal sealed class TokenText
{
    private const int RandomLength = 16;

    /// <summary>The output is for JSON readers, not for HTML.</summary>
    public static readonly JavaScriptEncoder Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping;

    [ThreadStatic]
    private static TokenText? own;

    private readonly ArrayBufferWriter<byte> claims = new(1024), text = new(2048);
    private readonly byte[] random = new byte[32 * RandomLength];
    private int unused;

    // Validation is skipped because the order of the calls is always the same, and tested.
    private TokenText() => Claims = new Utf8JsonWriter(claims, new JsonWriterOptions { Encoder = Encoder, SkipValidation = true });

    /// <summary>Writes the claims set.</summary>
    public Utf8JsonWriter Claims { get; }

    /// <summary>Begins a token. The header is already encoded, with the dot after it.</summary>
    public static TokenText Begin(ReadOnlySpan<byte> header)
    {
        TokenText begun = own ??= new();
        begun.claims.ResetWrittenCount();
        begun.Claims.Reset();
        begun.text.ResetWrittenCount();
        begun.text.Write(header);
        return begun;
    }

    /// <summary>
    /// 128 random bits that were not handed out before. They are drawn for many tokens at once, because each call of the generator costs
    /// more than a MAC.
    /// </summary>
    public ReadOnlySpan<byte> NextRandom()
    {
        if (unused == 0)
        {
            RandomNumberGenerator.Fill(random);
            unused = random.Length;
        }
        unused -= RandomLength;
        return random.AsSpan(unused, RandomLength);
    }

    /// <summary>What is to be signed (RFC 7515 §5.1). Call it after the claims are written.</summary>
    public ReadOnlySpan<byte> SigningInput()
    {
        Claims.Flush();
        Append(claims.WrittenSpan);
        return text.WrittenSpan;
    }

    /// <summary>The compact serialization with this signature.</summary>
    public string Signed(ReadOnlySpan<byte> signature)
    {
        text.Write("."u8);
        Append(signature);
        return Encoding.ASCII.GetString(text.WrittenSpan);
    }

    private void Append(ReadOnlySpan<byte> part) =>
        text.Advance(Base64Url.EncodeToUtf8(part, text.GetSpan(Base64Url.GetEncodedLength(part.Length))));
}
