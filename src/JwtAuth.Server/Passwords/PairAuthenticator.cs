using System.Net;
using JwtAuth.Server.Accounts;
using JwtAuth.Server.Guessing;
using JwtAuth.Server.Logins;
using JwtAuth.Server.Observability;

namespace JwtAuth.Server.Passwords;

/// <summary>
/// Checks a name and a password that come with every request. It uses <see cref="PasswordAuthenticator"/>, unless the pair was found right
/// a moment ago. Then it only reads the account, which must be enabled and still have the same hash.
/// </summary>
internal sealed class PairAuthenticator(
    AccountSnapshots accounts, VerifiedPairs pairs, PasswordAuthenticator passwords, GuessingLimit limit, Meters meters,
    ILogger<PairAuthenticator> log)
{
    // A hash may change while it is verified. If another login has renewed it, it is only another hash of the same password.
    private const int Rounds = 3;

    /// <param name="username">The name as it was sent.</param>
    /// <param name="password">One to which <see cref="PasswordPolicy.Unusable"/> does not object.</param>
    /// <param name="address">Where the request comes from.</param>
    /// <param name="cancellation">The caller has disconnected. The verification goes on for others with the same pair.</param>
    public async Task<PasswordResult> CheckAsync(string username, Password password, IPAddress? address, CancellationToken cancellation)
    {
        PasswordResult result = await FindAsync(username, password, address, cancellation);
        if (result is not PasswordResult.Verified)
            meters.CountBasic(
                result switch { PasswordResult.TooManyAttempts => "too_many_attempts", PasswordResult.Busy => "busy", _ => "refused" });
        return result;
    }

    private async Task<PasswordResult> FindAsync(string username, Password password, IPAddress? address, CancellationToken cancellation)
    {
        // Checked before the remembered pairs. Otherwise a caller that has to wait would learn from the difference which guess was right.
        var guess = new Guess(PasswordAuthenticator.BucketOf(username), address);
        if (limit.WaitOf(guess) is { } wait)
        {
            log.LoginRefused(PasswordAuthenticator.Text(address), "too many attempts");
            return new PasswordResult.TooManyAttempts(wait);
        }

        string mac = pairs.MacOf(guess.Account, password);
        bool isVerifiedHere = false;
        for (int round = 0; round < Rounds; round++)
        {
            if (pairs.Find(mac) is { } pair)
            {
                if (await accounts.FindBySubjectAsync(pair.Subject, cancellation) is { IsEnabled: true } account
                    && account.PasswordHash == pair.PasswordHash)
                {
                    meters.CountBasic(isVerifiedHere ? "verified" : "remembered");
                    limit.Recognize(guess, account.Subject);
                    return new PasswordResult.Verified(new Login(account, Login.ByPassword, pair.VerifiedAt));
                }
                pairs.Forget(mac, pair);
            }

            PasswordResult result = await passwords.CheckAsync(username, password, address, cancellation);
            if (result is not PasswordResult.Verified verified)
                return result;
            var found = new VerifiedPair(verified.Account.Subject, verified.Account.PasswordHash, verified.Login.AuthenticatedAt);
            if (pairs.Remember(mac, found))
            {
                isVerifiedHere = true;
                log.VerifiedByBasic(found.Subject, PasswordAuthenticator.Text(address));
            }
        }
        return new PasswordResult.Busy(HashingGate.RetryAfter);
    }
}
