using System.Buffers;
using System.Text;
using System.Text.Unicode;
using JwtAuth.Server.Accounts;
using JwtAuth.Server.Passwords;
using Microsoft.Extensions.Primitives;

namespace JwtAuth.Server.Authentication;

/// <summary>The user-id and password of an <c>Authorization</c> header of the scheme Basic (RFC 7617 §2).</summary>
internal static class BasicCredentials
{
    private const string Scheme = "Basic";

    // A name, a colon and a password, in base64. A password that is not normalized yet is up to three times as long as it will be.
    private const int MaximumLength = (Names.MaximumLength + 1 + (3 * Password.MaximumBytes) + 2) / 3 * 4;

    // CTL of RFC 5234. Neither half may contain them.
    private static readonly SearchValues<byte> ControlCharacters =
        SearchValues.Create([.. Enumerable.Range(0, 0x20).Select(code => (byte)code), 0x7f]);

    /// <summary>Whether a request has one <c>Authorization</c> header and it is Basic, in any letter case.</summary>
    public static bool AreIn(StringValues authorization) =>
        authorization is [{ } header] && header.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase)
            && (header.Length == Scheme.Length || header[Scheme.Length] == ' ');

    /// <summary>The pair, which may still be wrong; <see langword="null"/> if it cannot be right.</summary>
    public static (string Username, Password Password)? Read(string header)
    {
        string encoded = header[Scheme.Length..].Trim(' ');
        if (encoded.Length > MaximumLength)
            return null;
        byte[] bytes = new byte[MaximumLength];
        if (!Convert.TryFromBase64String(encoded, bytes, out int length))
            return null;

        // Only one form of base64 is accepted. White space, missing padding and left-over bits would be other forms.
        ReadOnlySpan<byte> pair = bytes.AsSpan(0, length);
        int colon = pair.IndexOf((byte)':');
        if (Convert.ToBase64String(pair) != encoded || colon < 0 || pair.ContainsAny(ControlCharacters) || !Utf8.IsValid(pair))
            return null;
        var password = new Password(Encoding.UTF8.GetString(pair[(colon + 1)..]));
        return PasswordPolicy.Unusable(password) is null ? (Encoding.UTF8.GetString(pair[..colon]), password) : null;
    }
}
