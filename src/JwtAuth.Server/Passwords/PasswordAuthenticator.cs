using System.Data.Common;
using System.Net;
using JwtAuth.Server.Accounts;
using JwtAuth.Server.Guessing;
using JwtAuth.Server.Logins;
using JwtAuth.Server.Observability;
using Microsoft.AspNetCore.Identity;

namespace JwtAuth.Server.Passwords;

/// <summary>How a password was received: one of four, and only the first carries an account.</summary>
internal abstract record PasswordResult
{
    private PasswordResult()
    {
    }

    /// <summary>Right.</summary>
    public sealed record Verified(Login Login) : PasswordResult
    {
        /// <summary>As it was read before bcrypt began.</summary>
        public AccountSnapshot Account => Login.Account;
    }

    /// <summary>Unknown name, wrong password or disabled account: nobody is told which.</summary>
    public sealed record Refused : PasswordResult;

    public sealed record TooManyAttempts(TimeSpan RetryAfter) : PasswordResult;

    public sealed record Busy(TimeSpan RetryAfter) : PasswordResult;
}

/// <summary>
/// The one way in for a name and a password: guessing limit, one reading of the account, admission to bcrypt, bcrypt, in this order.
/// </summary>
internal sealed class PasswordAuthenticator(
    AccountStore accounts, PasswordHasher hasher, HashingGate gate, GuessingLimit limit, TimeProvider time,
    ILogger<PasswordAuthenticator> log)
{
    private static readonly PasswordResult Refused = new PasswordResult.Refused();

    /// <param name="username">As it was sent.</param>
    /// <param name="password">One that <see cref="PasswordPolicy.Unusable"/> has nothing against.</param>
    /// <param name="address">Where it comes from.</param>
    /// <param name="cancellation">The caller has gone; an attempt that was admitted stays counted.</param>
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
    /// What guesses at a name are counted under. A name that cannot exist takes the same way as one that does not, and all of them share a
    /// bucket.
    /// </summary>
    public static string BucketOf(string username) => Names.IsUsername(username) ? username.ToUpperInvariant() : "?";

    /// <summary>An address as logs have it.</summary>
    public static string Text(IPAddress? address) => address?.ToString() ?? "unknown";

    // The password was right whether or not the store can be written: then the next login renews the hash.
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
