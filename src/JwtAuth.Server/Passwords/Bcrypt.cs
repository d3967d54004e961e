using System.Buffers;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace JwtAuth.Server.Passwords;

/// <summary>bcrypt (Provos and Mazières 1999) in the <c>$2b$</c> form. The computation is a library's: libxcrypt on Linux, BCrypt.Net-Next elsewhere.</summary>
internal static partial class Bcrypt
{
    /// <summary>The highest work factor that a stored hash may have; each one more doubles the time, and 31 would take days.</summary>
    public const int MaximumWorkFactor = 16;

    private const int MinimumWorkFactor = 4;
    private const int HashLength = 60;
    private const int SaltEnd = 29;

    private static readonly SearchValues<char> Alphabet =
        SearchValues.Create("./ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789");

    /// <summary>A new hash with a salt of 16 random bytes.</summary>
    /// <param name="password">At most 72 bytes of UTF-8, without NUL.</param>
    /// <param name="workFactor">Binary logarithm of the rounds.</param>
    /// <exception cref="ArgumentException">The password is too long or holds NUL.</exception>
    public static string Hash(string password, int workFactor)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(password);
        byte[]? phrase = PhraseOf(bytes);
        try
        {
            return HashPhrase(phrase ?? throw new ArgumentException("bcrypt takes 72 bytes at most and no NUL", nameof(password)), workFactor);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(bytes);
            CryptographicOperations.ZeroMemory(phrase);
        }
    }

    /// <summary>Whether the password gives this hash. False, never an exception, for a hash of another form or too high a factor, and for a password that bcrypt would cut.</summary>
    public static bool Verify(string password, string hash)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(password);
        try
        {
            return Verify(bytes, hash);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(bytes);
        }
    }

    /// <summary>The same for a password in bytes, which need not be UTF-8: an older system may have hashed another encoding.</summary>
    public static bool Verify(ReadOnlySpan<byte> password, string hash)
    {
        if (WorkFactorOf(hash) is null || PhraseOf(password) is not { } phrase)
            return false;
        try
        {
            return VerifyPhrase(phrase, hash);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(phrase);
        }
    }

    /// <summary>The work factor of a well-formed <c>$2a$</c>, <c>$2b$</c> or <c>$2y$</c> hash that may be computed here, else <see langword="null"/>. <c>$2x$</c> names a faulty bcrypt (CVE-2011-2483) and is refused.</summary>
    public static int? WorkFactorOf(string hash) =>
        hash.Length == HashLength && hash[0] == '$' && hash[1] == '2' && hash[2] is 'a' or 'b' or 'y' && hash[3] == '$' && hash[6] == '$'
        && int.TryParse(hash.AsSpan(4, 2), NumberStyles.None, CultureInfo.InvariantCulture, out int factor)
        && factor is >= MinimumWorkFactor and <= MaximumWorkFactor
        && !hash.AsSpan(7).ContainsAnyExcept(Alphabet)
            ? factor
            : null;

    // The bytes with the NUL that ends them, or null where C's strings or bcrypt's 72 bytes would cut them short.
    private static byte[]? PhraseOf(ReadOnlySpan<byte> password) =>
        password.Length > Password.MaximumBytes || password.Contains((byte)0) ? null : [.. password, 0];
}
