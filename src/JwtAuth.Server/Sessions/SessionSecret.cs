using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;

namespace JwtAuth.Server.Sessions;

/// <summary>What a session's cookie holds: 256 random bits without a meaning. The store knows only their hash.</summary>
internal static class SessionSecret
{
    private const int Length = 32;

    public static string Make() => Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(Length));

    /// <summary>
    /// The hash by which the store finds the session; <see langword="null"/> for a text that cannot be one of our cookies.
    /// </summary>
    public static byte[]? HashOf(string? text) =>
        text?.Length == Base64Url.GetEncodedLength(Length) && Ascii.IsValid(text) ? SHA256.HashData(Encoding.ASCII.GetBytes(text)) : null;
}
