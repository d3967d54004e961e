using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace JwtAuth.Server.Passwords;

/// <summary>
/// A password in plain text on its way to bcrypt. It is never shown in a log, a debugger or an exception. It is normalized (NFC, RFC 8265
/// §4.2.2), because keyboards differ in the code points that they send for one letter.
/// </summary>
[JsonConverter(typeof(FromString))]
internal sealed class Password
{
    /// <summary>bcrypt reads only this many bytes (of UTF-8), so nothing longer is accepted.</summary>
    public const int MaximumBytes = 72;

    private readonly string text;

    public Password(string text)
    {
        this.text = Normalize(text);
        AsSent = this.text == text ? null : text;
    }

    public string Reveal() => text;

    /// <summary>
    /// The text as it was sent, if it was not normalized. A hash from before passwords were normalized may be a hash of it.
    /// </summary>
    public string? AsSent { get; }

    public int ByteCount => Encoding.UTF8.GetByteCount(text);

    /// <inheritdoc/>
    public override string ToString() => "[password]";

    private static string Normalize(string text)
    {
        try
        {
            return text.Normalize(NormalizationForm.FormC);
        }
        catch (ArgumentException)
        {
            return text; // half a surrogate pair, which no hash takes
        }
    }

    private sealed class FromString : JsonConverter<Password>
    {
        public override Password Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
            reader.TokenType == JsonTokenType.String ? new Password(reader.GetString()!) : throw new JsonException();

        public override void Write(Utf8JsonWriter writer, Password value, JsonSerializerOptions options) =>
            throw new NotSupportedException();
    }
}
