using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using JwtAuth.Server.Accounts;
using JwtAuth.Server.Guessing;
using JwtAuth.Server.Observability;
using JwtAuth.Server.Storage;
using Microsoft.AspNetCore.Identity;

namespace JwtAuth.Server.Passwords;

/// <summary>
/// The password hasher for Identity, with bcrypt. It also verifies the PBKDF2 hashes of an existing Identity database. It asks for a new
/// hash then, and after the work factor has changed. What is not awaited computes at once on the calling thread, and asks no gate.
/// </summary>
internal sealed class PasswordHasher(PasswordSettings settings, HashingGate gate, Meters? meters = null) : IPasswordHasher<Account>
{
    private const int HeaderOfVersion3 = 1 + 3 * sizeof(uint);

    private static readonly PasswordHasher<Account> Pbkdf2 = new();

    // The hash of a random password that nobody has. It is verified if there is no account, so that the work is the same.
    private readonly string nobody = Bcrypt.Hash(Guid.NewGuid().ToString(), settings.WorkFactor);

    // The accounts of which it was told that their hash cannot be read. Hashes come from the operator, so there are few.
    private readonly ConcurrentDictionary<string, string> told = new(StringComparer.Ordinal);

    public string Hash(string password) => Bcrypt.Hash(password, settings.WorkFactor);

    /// <summary>Hashes a new password when the gate admits it.</summary>
    /// <returns><see langword="null"/> if it was not admitted. <see cref="HashingGate.RetryAfter"/> says when to try again.</returns>
    public async Task<string?> HashAsync(Password password, IPAddress? address, CancellationToken cancellation)
    {
        using IDisposable? place = await gate.EnterAsync(cancellation, address);
        return place is null ? null : await MeasureAsync(() => Hash(password.Reveal()));
    }

    /// <summary>
    /// Verifies a password, and as it was sent too, if that is another text and the first is not right: then the hash is from before
    /// passwords were normalized, and a new one is asked for. The work depends on what was sent, not on whether there is an account.
    /// </summary>
    /// <param name="password">The password.</param>
    /// <param name="hash">The stored hash; <see langword="null"/> if there is no account.</param>
    public PasswordVerificationResult Verify(Password password, string? hash)
    {
        PasswordVerificationResult verdict = Verify(password.Reveal(), hash);
        if (verdict != PasswordVerificationResult.Failed || password.AsSent is not { } sent)
            return verdict;
        return Verify(sent, hash) == PasswordVerificationResult.Failed
            ? PasswordVerificationResult.Failed
            : PasswordVerificationResult.SuccessRehashNeeded;
    }

    /// <summary>Verifies a password when the gate admits it.</summary>
    /// <param name="password">The password.</param>
    /// <param name="hash">The stored hash; <see langword="null"/> if there is no account.</param>
    /// <param name="mayRenew">Whether a new hash is made where the stored one is outdated.</param>
    /// <param name="address">Where the request comes from.</param>
    /// <param name="cancellation">Nobody waits for it any more.</param>
    /// <returns>
    /// Whether it is right, and the new hash if one was made. <see langword="null"/> if it was not admitted:
    /// <see cref="HashingGate.RetryAfter"/> says when to try again.
    /// </returns>
    public async Task<(bool IsRight, string? Renewed)?> VerifyAsync(
        Password password, string? hash, bool mayRenew, IPAddress? address, CancellationToken cancellation)
    {
        using IDisposable? place = await gate.EnterAsync(cancellation, address);
        if (place is null)
            return null;
        return await MeasureAsync<(bool, string?)>(() =>
        {
            PasswordVerificationResult verdict = Verify(password, hash);
            return (verdict != PasswordVerificationResult.Failed,
                verdict == PasswordVerificationResult.SuccessRehashNeeded && mayRenew ? Hash(password.Reveal()) : null);
        });
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

    /// <summary>
    /// Whether an account's hash is found malformed for the first time. True once for each hash, so that the operator is told once and not
    /// at every attempt.
    /// </summary>
    public bool IsFoundMalformed(AccountSnapshot account)
    {
        if (IsWellFormed(account.PasswordHash) || told.GetValueOrDefault(account.Subject) == account.PasswordHash)
            return false;
        told[account.Subject] = account.PasswordHash;
        return true;
    }

    /// <summary>Whether a stored hash has a form that can be read here. With any other hash, no password is right.</summary>
    public static bool IsWellFormed(string hash)
    {
        if (hash.StartsWith('$'))
            return Bcrypt.WorkFactorOf(hash) is not null;
        byte[] pbkdf2 = new byte[hash.Length];
        if (!Convert.TryFromBase64String(hash, pbkdf2, out int length) || length == 0)
            return false;
        // Versions 2 and 3 of Identity: a salt of 16 bytes and a subkey of 32; or a header of 12, and salt and subkey of 16 or more.
        return pbkdf2[0] switch
        {
            0 => length == 1 + 16 + 32,
            1 => length >= HeaderOfVersion3 && BinaryPrimitives.ReadUInt32BigEndian(pbkdf2.AsSpan(9)) is >= 16 and var salt
                && length - HeaderOfVersion3 - 16 >= salt,
            _ => false,
        };
    }

    private async Task<T> MeasureAsync<T>(Func<T> compute)
    {
        using Activity? span = Traces.Hash();
        long? begunAt = meters?.BeginHash();
        T result = await HashingThread.RunAsync(compute);
        meters?.EndHash(begunAt);
        return result;
    }

    string IPasswordHasher<Account>.HashPassword(Account user, string password) => Hash(new Password(password).Reveal());

    PasswordVerificationResult IPasswordHasher<Account>.VerifyHashedPassword(
        Account user, string hashedPassword, string providedPassword) =>
        Verify(new Password(providedPassword), hashedPassword);

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
