using System.Buffers;
using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace JwtAuth.Server.AccessTokens;

/// <summary>
/// Where a thread writes one access token after another. Nothing of one gets into the next: who begins sets back whatever there is, also
/// after an exception, and until the token is signed nothing is awaited, so that no other token is begun on the thread.
/// </summary>
internal sealed class TokenText
{
    private const int RandomLength = 16;

    /// <summary>What is written is for JSON readers, not for HTML.</summary>
    public static readonly JavaScriptEncoder Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping;

    [ThreadStatic]
    private static TokenText? own;

    private readonly ArrayBufferWriter<byte> claims = new(1024), text = new(2048);
    private readonly byte[] random = new byte[32 * RandomLength];
    private int unused;

    // The order of the calls is always the same, and tested.
    private TokenText() => Claims = new Utf8JsonWriter(claims, new JsonWriterOptions { Encoder = Encoder, SkipValidation = true });

    /// <summary>What the claims set is written with.</summary>
    public Utf8JsonWriter Claims { get; }

    /// <summary>A token that is to have this header, encoded and with the dot behind it.</summary>
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
    /// 128 random bits that nobody had before: drawn for many tokens at once, as each call of the generator costs more than a MAC.
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

    /// <summary>What is to be signed (RFC 7515 §5.1), once the claims are written.</summary>
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
