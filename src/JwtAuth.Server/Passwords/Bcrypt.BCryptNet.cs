namespace JwtAuth.Server.Passwords;

// Where the target is not Linux: BCrypt.Net-Next, which writes and reads the same strings.
internal static partial class Bcrypt
{
    /// <summary>Computes a known hash once.</summary>
    /// <exception cref="PlatformNotSupportedException">The library answers wrongly.</exception>
    public static void Probe()
    {
        if (!Verify("U*U", "$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW"))
            throw new PlatformNotSupportedException("BCrypt.Net-Next does not verify a known hash.");
    }

    private static string HashPhrase(byte[] phrase, int workFactor) =>
        BCrypt.Net.BCrypt.HashPassword(TextOf(phrase), BCrypt.Net.BCrypt.GenerateSalt(workFactor, 'b'));

    private static bool VerifyPhrase(byte[] phrase, string hash) => BCrypt.Net.BCrypt.Verify(TextOf(phrase), hash);

    private static string TextOf(byte[] phrase) => System.Text.Encoding.UTF8.GetString(phrase.AsSpan(..^1));
}
