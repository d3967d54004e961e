using System.Data.Common;
using System.Net;
using JwtAuth.Server.Accounts;
using JwtAuth.Server.Guessing;
using JwtAuth.Server.Logins;
using JwtAuth.Server.Observability;
using Microsoft.AspNetCore.Identity;

namespace JwtAuth.Server.Passwords;

/// <summary>The result of checking a password. Only the first of the four carries an account.</summary>
internal abstract record PasswordResult
{
    private PasswordResult()
    {
    }

    /// <summary>The password is right.</summary>
    public sealed record Verified(Login Login) : PasswordResult
    {
        /// <summary>The account as it was read before bcrypt began.</summary>
        public AccountSnapshot Account => Login.Account;
    }

    /// <summary>Unknown name, wrong password or disabled account. The caller is not told which.</summary>
    public sealed record Refused : PasswordResult;

    public sealed record TooManyAttempts(TimeSpan RetryAfter) : PasswordResult;

    public sealed record Busy(TimeSpan RetryAfter) : PasswordResult;
}

/// <summary>
/// The only place that checks a name and a password. The order is: limit on guessing, one reading of the account, admission to bcrypt,
/// bcrypt.
/// </summary>
internal sealed class PasswordAuthenticator(
    AccountStore accounts, PasswordHasher hasher, HashingGate gate, GuessingLimit limit, TimeProvider time,
    ILogger<PasswordAuthenticator> log)
{
    private static readonly PasswordResult Refused = new PasswordResult.Refused();

    /// <param name="username">The name as it was sent.</param>
    /// <param name="password">One to which <see cref="PasswordPolicy.Unusable"/> does not object.</param>
    /// <param name="address">Where the request comes from.</param>
    /// <param name="cancellation">The caller has disconnected. An attempt that was admitted stays counted.</param>
    public async Task<PasswordResult> CheckAsync(string username, Password password, IPAddress? address, CancellationToken cancellation)
    {
        string bucket = BucketOf(username);
        if (limit.Enter(bucket, address) is { } wait)
        {
            log.LoginRefused(Text(address), "too many attempts");
            return new PasswordResult.TooManyAttempts(wait);
        }

        AccountSnapshot? account = await accounts.FindByNameAsync(bucket, cancellation);
        PasswordVerificationResult verdict;
        string? renewed = null;
        using (IDisposable? place = await gate.EnterAsync(cancellation, address))
        {
            if (place is null)
            {
                limit.Withdraw(bucket, address);
                return new PasswordResult.Busy(HashingGate.RetryAfter);
            }

            verdict = hasher.Verify(password.Reveal(), account?.PasswordHash);
            if (verdict == PasswordVerificationResult.SuccessRehashNeeded && account is { IsEnabled: true })
                renewed = hasher.Hash(password.Reveal());
        }

        if (account is not { IsEnabled: true } || verdict == PasswordVerificationResult.Failed)
        {
            log.LoginRefused(Text(address), "invalid credentials");
            if (account is not null && !PasswordHasher.IsWellFormed(account.PasswordHash))
                log.PasswordHashMalformed(account.Subject);
            return Refused;
        }

        limit.Succeed(bucket, address);
        bool isRenewed = renewed is not null && await RenewAsync(account, renewed);
        return new PasswordResult.Verified(
            new Login(isRenewed ? account with { PasswordHash = renewed! } : account, Login.ByPassword, time.GetUtcNow()));
    }

    /// <summary>
    /// The key under which guesses at a name are counted. A name that cannot exist is treated like one that does not exist, and all such
    /// names share a bucket.
    /// </summary>
    public static string BucketOf(string username) => Names.IsUsername(username) ? username.ToUpperInvariant() : "?";

    /// <summary>An address as it appears in logs.</summary>
    public static string Text(IPAddress? address) => address?.ToString() ?? "unknown";

    // The password was right, even if the store cannot be written. In that case the next login renews the hash.
    private async Task<bool> RenewAsync(AccountSnapshot account, string hash)
    {
        try
        {
            if (!await accounts.ReplaceHashAsync(account.Subject, account.PasswordHash, hash))
                return false;
            log.PasswordRehashed(account.Subject);
            return true;
        }
        catch (DbException fault)
        {
            log.PasswordNotRehashed(fault, account.Subject);
            return false;
        }
    }
}
