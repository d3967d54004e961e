using System.Data.Common;
using System.Net;
using JwtAuth.Server.Accounts;
using JwtAuth.Server.Guessing;
using JwtAuth.Server.Logins;
using JwtAuth.Server.Observability;
using JwtAuth.Server.Storage;

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
    IServiceScopeFactory scopes, PasswordHasher hasher, SharedGuesses guesses, SharedVerifications verifications, TimeProvider time,
    ILogger<PasswordAuthenticator> log)
{
    private static readonly PasswordResult Refused = new PasswordResult.Refused();

    /// <param name="username">The name as it was sent.</param>
    /// <param name="password">One to which <see cref="PasswordPolicy.Unusable"/> does not object.</param>
    /// <param name="address">Where the request comes from.</param>
    /// <param name="cancellation">The caller has disconnected. An attempt that was admitted stays counted.</param>
    /// <param name="device">The browser, if the account's owner has logged in there before.</param>
    public async Task<PasswordResult> CheckAsync(
        string username, Password password, IPAddress? address, CancellationToken cancellation, string? device = null)
    {
        var guess = new Guess(BucketOf(username), address, device);
        PasswordResult result = await verifications.VerifyAsync(
            guess, password, (attempt, abandoned) => VerifyAsync(attempt, password, abandoned), cancellation);
        if (result is PasswordResult.TooManyAttempts)
            log.LoginRefused(Text(address), "too many attempts");
        else if (result is PasswordResult.Refused)
            log.LoginRefused(Text(address), "invalid credentials");
        return result;
    }

    /// <summary>
    /// The key under which guesses at a name are counted. A name that cannot exist is treated like one that does not exist, and all such
    /// names share a bucket.
    /// </summary>
    public static string BucketOf(string username) => Names.IsUsername(username) ? username.ToUpperInvariant() : "?";

    /// <summary>An address as it appears in logs.</summary>
    public static string Text(IPAddress? address) => address?.ToString() ?? "unknown";

    // It has its own scope, because it may outlive the request that started it.
    private async Task<PasswordResult> VerifyAsync(Attempt attempt, Password password, CancellationToken abandoned)
    {
        await using AsyncServiceScope scope = scopes.CreateAsyncScope();
        AccountSnapshot? account;
        try
        {
            account = await scope.ServiceProvider.GetRequiredService<AccountSnapshots>().FindByNameAsync(attempt.Guess.Account, abandoned);
        }
        catch (Exception fault) when (fault is not OperationCanceledException)
        {
            guesses.Withdraw(attempt); // nobody has learned anything
            throw;
        }
        if (await hasher.VerifyAsync(password, account?.PasswordHash, account is { IsEnabled: true }, attempt.Guess.Address, abandoned)
            is not var (isRight, renewed))
        {
            guesses.Withdraw(attempt);
            return new PasswordResult.Busy(HashingGate.RetryAfter);
        }

        if (account is not { IsEnabled: true } || !isRight)
        {
            if (account is not null && hasher.IsFoundMalformed(account))
                log.PasswordHashMalformed(account.Subject);
            return Refused;
        }

        if (guesses.Succeed(attempt, account.Subject) is { } wait)
            return new PasswordResult.TooManyAttempts(wait);
        bool isRenewed = renewed is not null
            && await RenewAsync(scope.ServiceProvider.GetRequiredService<AccountStore>(), account, renewed);
        return new PasswordResult.Verified(
            new Login(isRenewed ? account with { PasswordHash = renewed! } : account, Login.ByPassword, time.GetUtcNow()));
    }

    // The password was right, even if the store cannot be written. In that case the next login renews the hash.
    private async Task<bool> RenewAsync(AccountStore accounts, AccountSnapshot account, string hash)
    {
        try
        {
            if (!await accounts.ReplaceHashAsync(account.Subject, account.PasswordHash, hash))
                return false;
            log.PasswordRehashed(account.Subject);
            return true;
        }
        catch (Exception fault) when (fault is DbException or StorageBusyException)
        {
            log.PasswordNotRehashed(fault, account.Subject);
            return false;
        }
    }
}
