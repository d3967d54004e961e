using System.Buffers;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;
using BCrypt.Net;
using Library = BCrypt.Net.BCrypt;

namespace JwtAuth.Server.Passwords;

/// <summary>
/// bcrypt (Provos and Mazières 1999) in the <c>$2b$</c> form. BCrypt.Net-Next computes it. This class decides which input it gets.
/// </summary>
internal static class Bcrypt
{
    /// <summary>The highest work factor that a stored hash may have. Each step doubles the time, and 31 would take days.</summary>
    public const int MaximumWorkFactor = 16;

    private const int MinimumWorkFactor = 4;
    private const int HashLength = 60;
    private const int SaltEnd = 29;

    private static readonly SearchValues<char> Alphabet =
        SearchValues.Create("./ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789");

    /// <summary>A new hash with a salt of 16 random bytes.</summary>
    /// <param name="password">At most 72 bytes of UTF-8, without NUL.</param>
    /// <param name="workFactor">The binary logarithm of the number of rounds.</param>
    /// <exception cref="ArgumentException">The password is too long, contains NUL or is not valid Unicode.</exception>
    public static string Hash(string password, int workFactor) => IsWhole(password)
        ? Library.HashPassword(password, Library.GenerateSalt(workFactor, 'b'))
        : throw new ArgumentException("bcrypt takes 72 bytes at most and no NUL", nameof(password));

    /// <summary>
    /// Whether the password gives this hash. It never throws. It is false for a hash of another form or too high a factor, and for a
    /// password that bcrypt would cut off.
    /// </summary>
    public static bool Verify(string password, string hash)
    {
        if (WorkFactorOf(hash) is null || !IsWhole(password))
            return false;
        try
        {
            // The salt's last character has unused bits, which the library writes in its own way. So only what follows the salt is
            // compared.
            ReadOnlySpan<char> computed = Library.HashPassword(password, hash[..SaltEnd]).AsSpan(SaltEnd);
            return CryptographicOperations.FixedTimeEquals(MemoryMarshal.AsBytes(computed), MemoryMarshal.AsBytes(hash.AsSpan(SaltEnd)));
        }
        catch (Exception fault) when (fault is ArgumentException or IndexOutOfRangeException or FormatException or SaltParseException)
        {
            return false;
        }
    }

    /// <summary>
    /// The work factor of a well-formed <c>$2a$</c>, <c>$2b$</c> or <c>$2y$</c> hash; <see langword="null"/> if the hash may not be
    /// computed here. <c>$2x$</c> stands for a faulty bcrypt (CVE-2011-2483) and is refused.
    /// </summary>
    public static int? WorkFactorOf(string hash) =>
        hash.Length == HashLength && hash[0] == '$' && hash[1] == '2' && hash[2] is 'a' or 'b' or 'y' && hash[3] == '$' && hash[6] == '$'
        && int.TryParse(hash.AsSpan(4, 2), NumberStyles.None, CultureInfo.InvariantCulture, out int factor)
        && factor is >= MinimumWorkFactor and <= MaximumWorkFactor
        && !hash.AsSpan(7).ContainsAnyExcept(Alphabet)
            ? factor
            : null;

    // bcrypt reads 72 bytes, and some of its implementations stop at NUL.
    private static bool IsWhole(string password) =>
        Encoding.UTF8.GetByteCount(password) <= Password.MaximumBytes && !password.Contains('\0', StringComparison.Ordinal);
}
