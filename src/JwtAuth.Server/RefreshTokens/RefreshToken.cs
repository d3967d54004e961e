using System.Buffers;
using System.Buffers.Binary;
using System.Buffers.Text;
using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using JwtAuth.Bearer.Keys;
using JwtAuth.Server.Sealing;

namespace JwtAuth.Server.RefreshTokens;

/// <summary>What a refresh token says: its session, and its number within that session.</summary>
internal readonly record struct RefreshToken(string SessionId, long Counter)
{
    public override string ToString() => $"[refresh token of {SessionId}]";
}

/// <summary>
/// Writes and reads refresh tokens. After <c>jrt_</c> follow, in base64url: the version of the MAC key (1 byte), the session (16), the
/// counter (8), and an HMAC-SHA256 of all that (32). Without the master key nobody can make or change one. None is stored: if a successor
/// has to be given again, it is computed again.
/// </summary>
internal sealed class RefreshTokenCodec(MasterKey masterKey)
{
    private const string Prefix = "jrt_";
    private const byte Version = 1;
    private const int SessionLength = 16;
    private const int SignedLength = 1 + SessionLength + sizeof(long);
    private const int Length = SignedLength + HMACSHA256.HashSizeInBytes;

    private readonly MacKey key = masterKey.MacKey($"refresh tokens {Version}");

    /// <summary>Whether the text claims to be a refresh token, as opposed to a JWT.</summary>
    public static bool IsMeantBy(ReadOnlySpan<char> text) => text.StartsWith(Prefix, StringComparison.Ordinal);

    public string Write(RefreshToken token)
    {
        Span<byte> bytes = stackalloc byte[Length];
        bytes[0] = Version;
        Base64Url.DecodeFromChars(token.SessionId, bytes.Slice(1, SessionLength));
        BinaryPrimitives.WriteInt64BigEndian(bytes[(1 + SessionLength)..], token.Counter);
        key.Compute(bytes[..SignedLength], bytes[SignedLength..]);
        return Prefix + Base64Url.EncodeToString(bytes);
    }

    /// <summary>Whether the text is exactly a refresh token that we wrote. Its session may have ended all the same.</summary>
    public bool TryRead([NotNullWhen(true)] string? text, out RefreshToken token)
    {
        token = default;
        Span<byte> bytes = stackalloc byte[Length];
        // 57 bytes are 76 characters without a spare bit, so there is only one spelling.
        if (text is null
            || text.Length != Prefix.Length + Base64Url.GetEncodedLength(Length) || !text.StartsWith(Prefix, StringComparison.Ordinal)
            || Base64Url.DecodeFromChars(text.AsSpan(Prefix.Length), bytes, out _, out int length) != OperationStatus.Done
            || length != Length || bytes[0] != Version)
        {
            return false;
        }

        Span<byte> expected = stackalloc byte[HMACSHA256.HashSizeInBytes];
        key.Compute(bytes[..SignedLength], expected);
        if (!CryptographicOperations.FixedTimeEquals(expected, bytes[SignedLength..]))
            return false;
        token = new RefreshToken(
            Base64Url.EncodeToString(bytes.Slice(1, SessionLength)),
            BinaryPrimitives.ReadInt64BigEndian(bytes[(1 + SessionLength)..SignedLength]));
        return true;
    }
}
