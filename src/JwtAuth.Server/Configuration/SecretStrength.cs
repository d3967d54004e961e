using System.Buffers.Text;
using System.Text.Unicode;

namespace JwtAuth.Server.Configuration;

/// <summary>Tells random bytes from what people write instead (RFC 8725 §3.5). It refuses fewer than one in 10^6 random secrets.</summary>
internal static class SecretStrength
{
    private static readonly string[] TellTales = ["secret", "password", "example", "changeme", "jwtauth", "default"];

    private static readonly HashSet<string> KnownExamples =
    [
        "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow", // RFC 7515 A.1
        "hJtXIZ2uSN5kbQfbtTNWbpdmhkV8FJG-Onbc6mxCcYg", // RFC 7520 §3.5
        "Fdh9u8rINxfivbrianbbVT1u232VQBZYKx1HGAGPt2I", // RFC 7517 A.3, padded forms
        "GawgguFyGrWKav7AX4VKUgGawgguFyGrWKav7AX4VKU",
    ];

    /// <summary>
    /// What is wrong with a secret in base64 or base64url; <see langword="null"/> if nothing. The text never contains the secret.
    /// </summary>
    public static string? FaultOf(string text, int minimum, int maximum, out byte[] bytes)
    {
        bytes = [];
        string canonical = text.Replace('+', '-').Replace('/', '_').TrimEnd('=');
        try
        {
            bytes = Base64Url.DecodeFromChars(canonical);
        }
        catch (FormatException)
        {
            return "is not base64";
        }

        if (KnownExamples.Contains(canonical))
            return "is a published example";
        if (bytes.Length < minimum || bytes.Length > maximum)
            return minimum == maximum ? $"is not {minimum} bytes long" : $"is not {minimum} to {maximum} bytes long";
        return WeaknessOf(bytes) ?? (LooksLikeText(canonical) ? "is text, not random bytes" : null);
    }

    /// <summary>What is wrong with raw bytes as a secret; <see langword="null"/> if nothing.</summary>
    public static string? WeaknessOf(ReadOnlySpan<byte> bytes)
    {
        if (IsText(bytes))
            return "is text, not random bytes";
        for (int period = 1; period <= bytes.Length / 2; period++)
        {
            if (bytes[period..].SequenceEqual(bytes[..^period]))
                return "repeats itself";
        }

        Span<int> counts = stackalloc int[256];
        HashSet<byte> values = [], steps = [];
        for (int index = 0; index < bytes.Length; index++)
        {
            values.Add(bytes[index]);
            counts[bytes[index]]++;
            if (index > 0)
                steps.Add((byte)(bytes[index] - bytes[index - 1]));
        }
        // One value fills more than a quarter of the places: this is padding, or text in UTF-16.
        return values.Count < 16 || steps.Count < 12 || counts.ContainsAnyExceptInRange(0, bytes.Length / 4) ? "repeats itself" : null;
    }

    private static bool IsText(ReadOnlySpan<byte> bytes) =>
        Utf8.IsValid(bytes) && !bytes.ContainsAnyInRange((byte)0x00, (byte)0x08) && !bytes.ContainsAnyInRange((byte)0x0E, (byte)0x1F);

    // Random bytes in base64 have letters of both cases, and none of these words.
    private static bool LooksLikeText(string canonical) =>
        !canonical.Any(char.IsAsciiLetterUpper) || !canonical.Any(char.IsAsciiLetterLower)
        || TellTales.Any(word => canonical.Contains(word, StringComparison.OrdinalIgnoreCase));
}
