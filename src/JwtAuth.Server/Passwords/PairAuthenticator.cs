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
    AccountStore accounts, VerifiedPairs pairs, GuessingLimit limit, Meters meters, IServiceScopeFactory scopes,
    ILogger<PairAuthenticator> log)
{
    // A hash may change while it is verified. If another login has renewed it, it is only another hash of the same password.
    private const int Rounds = 3;

    /// <param name="username">The name as it was sent.</param>
    /// <param name="password">One to which <see cref="PasswordPolicy.Unusable"/> does not object.</param>
    /// <param name="address">Where the request comes from.</param>
    /// <param name="cancellation">The caller has disconnected. The verification continues for others with the same pair.</param>
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
        string name = PasswordAuthenticator.BucketOf(username);
        if (limit.WaitOf(name, address) is { } wait)
        {
            log.LoginRefused(PasswordAuthenticator.Text(address), "too many attempts");
            return new PasswordResult.TooManyAttempts(wait);
        }

        string mac = pairs.MacOf(name, password);
        bool isVerifiedHere = false;
        for (int round = 0; round < Rounds; round++)
        {
            if (pairs.Find(mac) is { } pair)
            {
                if (await accounts.FindBySubjectAsync(pair.Subject, cancellation) is { IsEnabled: true } account
                    && account.PasswordHash == pair.PasswordHash)
                {
                    meters.CountBasic(isVerifiedHere ? "verified" : "remembered");
                    limit.Recognize(name, address);
                    return new PasswordResult.Verified(new Login(account, Login.ByPassword, pair.VerifiedAt));
                }
                pairs.Forget(mac, pair);
            }

            Task<PasswordResult?> verification = pairs.VerifyOnceAsync(mac, () =>
            {
                isVerifiedHere = true;
                return VerifyAsync(mac, username, password, address);
            });
            if (await verification.WaitAsync(cancellation) is { } refusal)
                return refusal;
        }
        return new PasswordResult.Busy(HashingGate.RetryAfter);
    }

    // It has its own scope, because it may outlive the request that started it. Null if the pair is remembered now.
    private async Task<PasswordResult?> VerifyAsync(string mac, string username, Password password, IPAddress? address)
    {
        // An earlier verification may have finished since this request looked.
        if (pairs.Find(mac) is not null)
            return null;

        await using AsyncServiceScope scope = scopes.CreateAsyncScope();
        PasswordResult result = await scope.ServiceProvider.GetRequiredService<PasswordAuthenticator>()
            .CheckAsync(username, password, address, CancellationToken.None);
        if (result is not PasswordResult.Verified { Account: AccountSnapshot account } verified)
            return result;
        log.VerifiedByBasic(account.Subject, PasswordAuthenticator.Text(address));
        pairs.Remember(mac, new VerifiedPair(account.Subject, account.PasswordHash, verified.Login.AuthenticatedAt));
        return null;
    }
}
