using System.Net;
using JwtAuth.Server.Guessing;
using JwtAuth.Server.Storage;
using Microsoft.AspNetCore.Identity;

namespace JwtAuth.Server.Passwords;

/// <summary>
/// The password hasher for Identity, with bcrypt. It also verifies the PBKDF2 hashes of an existing Identity database. It asks for a new
/// hash then, and after the work factor has changed. It computes at once on the calling thread, so use <see cref="HashingGate"/>.
/// </summary>
internal sealed class PasswordHasher(PasswordSettings settings, HashingGate gate) : IPasswordHasher<Account>
{
    private static readonly PasswordHasher<Account> Pbkdf2 = new();

    // The hash of a random password that nobody has. It is verified if there is no account, so that the work is the same.
    private readonly string nobody = Bcrypt.Hash(Guid.NewGuid().ToString(), settings.WorkFactor);

    public string Hash(string password) => Bcrypt.Hash(password, settings.WorkFactor);

    /// <summary>Hashes a new password when the gate admits it.</summary>
    /// <returns><see langword="null"/> if it was not admitted. <see cref="HashingGate.RetryAfter"/> says when to try again.</returns>
    public async Task<string?> HashAsync(Password password, IPAddress? address, CancellationToken cancellation)
    {
        using IDisposable? place = await gate.EnterAsync(cancellation, address);
        return place is null ? null : Hash(password.Reveal());
    }

    /// <param name="password">The password in plain text.</param>
    /// <param name="hash">The stored hash; <see langword="null"/> if there is no account. That costs the same and always fails.</param>
    public PasswordVerificationResult Verify(string password, string? hash)
    {
        if (hash is null)
        {
            Bcrypt.Verify(password, nobody);
            return PasswordVerificationResult.Failed;
        }

        if (!hash.StartsWith('$'))
            return VerifyPbkdf2(password, hash);
        if (!Bcrypt.Verify(password, hash))
            return PasswordVerificationResult.Failed;
        return Bcrypt.WorkFactorOf(hash) == settings.WorkFactor && hash.StartsWith("$2b$", StringComparison.Ordinal)
            ? PasswordVerificationResult.Success
            : PasswordVerificationResult.SuccessRehashNeeded;
    }

    /// <summary>Whether a stored hash has a form that can be read here. With any other hash, no password is right.</summary>
    public static bool IsWellFormed(string hash)
    {
        if (hash.StartsWith('$'))
            return Bcrypt.WorkFactorOf(hash) is not null;
        byte[] pbkdf2 = new byte[hash.Length];
        // The first byte is 0 or 1 in versions 2 and 3 of Identity.
        return Convert.TryFromBase64String(hash, pbkdf2, out int length) && length > 0 && pbkdf2[0] is 0 or 1;
    }

    string IPasswordHasher<Account>.HashPassword(Account user, string password) => Hash(password);

    PasswordVerificationResult IPasswordHasher<Account>.VerifyHashedPassword(
        Account user, string hashedPassword, string providedPassword) =>
        Verify(providedPassword, hashedPassword);

    private static PasswordVerificationResult VerifyPbkdf2(string password, string hash)
    {
        try
        {
            return Pbkdf2.VerifyHashedPassword(null!, hash, password) == PasswordVerificationResult.Failed
                ? PasswordVerificationResult.Failed
                : PasswordVerificationResult.SuccessRehashNeeded;
        }
        catch (FormatException)
        {
            return PasswordVerificationResult.Failed;
        }
    }
}
