using System.Net;

namespace JwtAuth.Server.Guessing;

/// <summary>Somebody tries a password.</summary>
/// <param name="Account">The name as it was sent, normalized. It need not exist.</param>
/// <param name="Address">Where the attempt comes from.</param>
/// <param name="Device">
/// Identifies a browser in which the owner of this very account has logged in before; <see langword="null"/> for everybody else.
/// </param>
internal readonly record struct Guess(string Account, IPAddress? Address, string? Device = null);

/// <summary>An attempt that was taken. It stays counted, unless it is withdrawn or succeeds.</summary>
/// <param name="Guess">Who tries.</param>
/// <param name="IsByKnown">Whether the account's bucket did not count it.</param>
internal readonly record struct Attempt(Guess Guess, bool IsByKnown);

/// <summary>
/// Slows down guessing, with bounded buckets in memory: by account and address, by network, and by account. Every way to log in with a
/// password asks it before bcrypt, for known and unknown names alike. The bucket of the account does not count networks and devices from
/// which its owner has logged in. Of the attempts that it lets pass, the last are for networks that have not failed at this account, and
/// each failure puts a network further back. So, unlike with a lockout, a stranger who goes on guessing does not shut the owner out.
/// </summary>
internal sealed class GuessingLimit(KnownNetworks known, TimeProvider time)
{
    private const int Capacity = 100_000;

    // So many of the account's free attempts are kept for networks that have failed less often.
    private const int MostKeptForOthers = 3;

    private readonly Lock guard = new();
    private readonly NetworkLimit networks = new(time, free: 100, forgetOneEvery: TimeSpan.FromSeconds(3), Capacity);
    private readonly AttemptBuckets pairs =
        new(time, free: 5, forgetOneEvery: TimeSpan.FromMinutes(1), longestDelay: TimeSpan.FromMinutes(5), Capacity);
    private readonly AttemptBuckets accounts =
        new(time, free: 10, forgetOneEvery: TimeSpan.FromMinutes(1), longestDelay: TimeSpan.FromMinutes(1), Capacity);
    private readonly AttemptBuckets failures =
        new(time, free: 1, forgetOneEvery: TimeSpan.FromDays(1), longestDelay: TimeSpan.Zero, Capacity);

    /// <summary>
    /// Takes an attempt from each bucket, or says how long to wait. The attempt is taken before it is made, so that many at once cannot get
    /// past the limit.
    /// </summary>
    /// <param name="guess">Who tries.</param>
    /// <param name="wait">How long to wait where none is taken.</param>
    /// <returns>What was taken; <see langword="null"/> if the attempt may not be made now.</returns>
    public Attempt? Enter(in Guess guess, out TimeSpan wait)
    {
        Keys keys = KeysOf(guess);
        lock (guard)
        {
            wait = WaitOf(guess, keys);
            if (wait == TimeSpan.Zero && networks.Enter(guess.Address) is { } longer)
                wait = longer;
            if (wait > TimeSpan.Zero)
                return null;
            pairs.Add(keys.Pair);
            if (!keys.IsKnown)
            {
                accounts.Add(guess.Account);
                failures.Add(keys.Failures);
            }
            return new Attempt(guess, keys.IsKnown);
        }
    }

    /// <summary>How long an attempt would have to wait. None is taken.</summary>
    public TimeSpan? WaitOf(in Guess guess)
    {
        Keys keys = KeysOf(guess);
        lock (guard)
        {
            TimeSpan wait = WaitOf(guess, keys), ofNetwork = networks.WaitOf(guess.Address) ?? TimeSpan.Zero;
            return (wait > ofNetwork ? wait : ofNetwork) is var longer && longer > TimeSpan.Zero ? longer : null;
        }
    }

    /// <summary>Gives the attempt back. It was not made, because bcrypt was busy.</summary>
    public void Withdraw(in Attempt attempt)
    {
        Keys keys = KeysOf(attempt.Guess);
        lock (guard)
        {
            networks.Withdraw(attempt.Guess.Address);
            pairs.TakeBack(keys.Pair);
            if (attempt.IsByKnown)
                return;
            accounts.TakeBack(attempt.Guess.Account);
            failures.TakeBack(keys.Failures);
        }
    }

    /// <summary>
    /// The password was right. This attempt is given back, those of others in flight are not. The network is remembered as the owner's.
    /// </summary>
    /// <param name="attempt">The attempt.</param>
    /// <param name="subject">The account's identifier.</param>
    public void Succeed(in Attempt attempt, string subject)
    {
        Withdraw(attempt);
        Recognize(attempt.Guess, subject);
    }

    /// <summary>The password was known to be right without an attempt. The network is remembered as the owner's.</summary>
    /// <param name="guess">Who sent it.</param>
    /// <param name="subject">The account's identifier.</param>
    public void Recognize(in Guess guess, string subject) => known.Add(guess.Account, subject, Network.Of(guess.Address).Narrow);

    private TimeSpan WaitOf(in Guess guess, Keys keys)
    {
        TimeSpan wait = pairs.WaitOf(keys.Pair), ofAccount = keys.IsKnown ? TimeSpan.Zero
            : accounts.WaitOf(guess.Account, keptForOthers: Math.Min(failures.CountOf(keys.Failures), MostKeptForOthers));
        return wait > ofAccount ? wait : ofAccount;
    }

    // A /48 or /24 counts as one for its failures: somebody who has a thousand networks in it is still one who guesses.
    private Keys KeysOf(in Guess guess)
    {
        Network network = Network.Of(guess.Address);
        return new Keys(
            guess.Device is null ? $"{network.Narrow} {guess.Account}" : $"device {guess.Device} {guess.Account}",
            $"{network.Wide} {guess.Account}",
            guess.Device is not null || known.Holds(guess.Account, network.Narrow));
    }

    private readonly record struct Keys(string Pair, string Failures, bool IsKnown);
}
