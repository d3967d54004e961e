using System.Net;
using JwtAuth.Server.Guessing;
using JwtAuth.Server.Storage;
using Microsoft.AspNetCore.Identity;

namespace JwtAuth.Server.Passwords;

/// <summary>
/// Identity's password hasher with bcrypt. It also verifies the PBKDF2 hashes of an existing Identity database and asks for a re-hash then,
/// and when the work factor has changed. It computes at once on the calling thread: go through <see cref="HashingGate"/>.
/// </summary>
internal sealed class PasswordHasher(PasswordSettings settings, HashingGate gate) : IPasswordHasher<Account>
{
    private static readonly PasswordHasher<Account> Pbkdf2 = new();

    // Of a random password that nobody has: verified against where there is no account, so that the work is the same.
    private readonly string nobody = Bcrypt.Hash(Guid.NewGuid().ToString(), settings.WorkFactor);

    public string Hash(string password) => Bcrypt.Hash(password, settings.WorkFactor);

    /// <summary>Hashes a new password when its turn at the gate has come.</summary>
    /// <returns><see langword="null"/> where it was not admitted: <see cref="HashingGate.RetryAfter"/> says when to come back.</returns>
    public async Task<string?> HashAsync(Password password, IPAddress? address, CancellationToken cancellation)
    {
        using IDisposable? place = await gate.EnterAsync(cancellation, address);
        return place is null ? null : Hash(password.Reveal());
    }

    /// <param name="password">In clear.</param>
    /// <param name="hash">As stored; <see langword="null"/> where there is no account, which costs the same and always fails.</param>
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

    /// <summary>Whether a stored hash is of a form that is read here; with any other no password is right.</summary>
    public static bool IsWellFormed(string hash)
    {
        if (hash.StartsWith('$'))
            return Bcrypt.WorkFactorOf(hash) is not null;
        byte[] pbkdf2 = new byte[hash.Length];
        // The first byte tells Identity's versions 2 and 3.
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
