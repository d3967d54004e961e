using System.Buffers;
using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace JwtAuth.Server.PersonalAccessTokens;

/// <summary>
/// A text that was made or sent as a personal access token: <c>jpat_</c>, 30 random letters and digits (178 bits), and a checksum of 6
/// characters. With the checksum, scanners can find a leaked token. It also tells a typing error from a token that is no longer good,
/// without a look-up. The token is never shown in a log.
/// </summary>
[JsonConverter(typeof(FromString))]
internal sealed class PersonalAccessToken(string text)
{
    private const string Prefix = "jpat_";
    private const string Digits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    private const int SignificantLength = 5 + 30;
    private const int Length = SignificantLength + ChecksumLength;

    // 62^6 is more than 2^32.
    private const int ChecksumLength = 6;

    private static readonly SearchValues<char> AnyDigit = SearchValues.Create(Digits);

    /// <summary>Whether it has the form and the checksum of such a token. It need not have been issued.</summary>
    public bool IsWellFormed { get; } = text.Length == Length && IsMeantBy(text) && !text.AsSpan(Prefix.Length).ContainsAnyExcept(AnyDigit)
        && text.AsSpan(SignificantLength).SequenceEqual(ChecksumOf(text.AsSpan(0, SignificantLength)));

    /// <summary>Whether the text claims to be a personal access token, as opposed to a JWT.</summary>
    public static bool IsMeantBy(ReadOnlySpan<char> text) => text.StartsWith(Prefix, StringComparison.Ordinal);

    public static PersonalAccessToken Make()
    {
        string significant = Prefix + RandomNumberGenerator.GetString(Digits, SignificantLength - Prefix.Length);
        return new PersonalAccessToken(significant + ChecksumOf(significant));
    }

    /// <summary>The hash in the store. SHA-256 is enough, because nobody can guess a token.</summary>
    public byte[] Hash() => SHA256.HashData(Encoding.UTF8.GetBytes(text));

    public string Reveal() => text;

    /// <inheritdoc/>
    public override string ToString() => "[personal access token]";

    // The first 32 bits of SHA-256, as a number in base 62.
    private static string ChecksumOf(ReadOnlySpan<char> significant)
    {
        Span<byte> bytes = stackalloc byte[SignificantLength], hash = stackalloc byte[SHA256.HashSizeInBytes];
        Encoding.ASCII.GetBytes(significant, bytes);
        SHA256.HashData(bytes, hash);
        uint rest = BinaryPrimitives.ReadUInt32BigEndian(hash);
        Span<char> checksum = stackalloc char[ChecksumLength];
        for (int index = ChecksumLength - 1; index >= 0; index--)
            (checksum[index], rest) = (Digits[(int)(rest % Digits.Length)], rest / (uint)Digits.Length);
        return new string(checksum);
    }

    private sealed class FromString : JsonConverter<PersonalAccessToken>
    {
        public override PersonalAccessToken Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
            reader.TokenType == JsonTokenType.String ? new PersonalAccessToken(reader.GetString()!) : throw new JsonException();

        public override void Write(Utf8JsonWriter writer, PersonalAccessToken value, JsonSerializerOptions options) =>
            throw new NotSupportedException();
    }
}
