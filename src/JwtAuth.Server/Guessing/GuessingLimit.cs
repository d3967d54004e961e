using JwtAuth.Server.Storage;

namespace JwtAuth.Server.Guessing;

/// <summary>
/// Slows down guessing, with bounded buckets: by account and address, by network, and by account. Every way to log in with a
/// password asks it before bcrypt, for known and unknown names alike. The bucket of the account does not count networks and devices from
/// which its owner has logged in. Of the attempts that it lets pass, the last are for networks that have not failed at this account, and
/// each failure puts a network further back. So, unlike with a lockout, a stranger who goes on guessing does not shut the owner out.
/// </summary>
internal sealed class GuessingLimit(KnownNetworks known, AttemptNames names, TimeProvider time)
{
    private const int Capacity = 100_000;

    // So many of the account's free attempts are kept for networks that have failed less often.
    private const int MostKeptForOthers = 3;

    private readonly Lock guard = new();
    private readonly NetworkLimit networks = new(names, time, free: 100, forgetOneEvery: TimeSpan.FromSeconds(3), Capacity);
    private readonly AttemptBuckets pairs =
        new(time, free: 5, forgetOneEvery: TimeSpan.FromMinutes(1), longestDelay: TimeSpan.FromMinutes(5), Capacity);
    private readonly AttemptBuckets accounts =
        new(time, free: 10, forgetOneEvery: TimeSpan.FromMinutes(1), longestDelay: TimeSpan.FromMinutes(1), Capacity);
    private readonly AttemptBuckets failures =
        new(time, free: 1, forgetOneEvery: TimeSpan.FromDays(1), longestDelay: TimeSpan.Zero, Capacity);

    // Attempts that are being made and that no other process knows of yet.
    private readonly HashSet<Attempt> open = [];

    /// <summary>
    /// Takes an attempt from each bucket, or says how long to wait. The attempt is taken before it is made, so that many at once cannot get
    /// past the limit.
    /// </summary>
    /// <param name="guess">Who tries.</param>
    /// <param name="wait">How long to wait where none is taken.</param>
    /// <returns>What was taken; <see langword="null"/> if the attempt may not be made now.</returns>
    public Attempt? Enter(in Guess guess, out TimeSpan wait)
    {
        var attempt = new Attempt(guess, KeysOf(guess));
        lock (guard)
        {
            wait = LongestWaitOf(attempt);
            if (wait > TimeSpan.Zero)
                return null;
            Add(attempt);
            return attempt;
        }
    }

    /// <summary>
    /// The same, but where something is counted already for the account, or much for the network, the attempt is not taken yet: it may be
    /// made only if <see cref="Judge"/> finds so, when it is known what other processes have counted.
    /// </summary>
    public Attempt? Begin(in Guess guess, out TimeSpan wait)
    {
        var attempt = new Attempt(guess, KeysOf(guess));
        lock (guard)
        {
            wait = LongestWaitOf(attempt);
            if (wait > TimeSpan.Zero)
                return null;
            if (!IsPressed(attempt))
            {
                Add(attempt);
                open.Add(attempt);
            }
            return attempt;
        }
    }

    /// <summary>
    /// Decides, with all in view that others have counted. What is being made at the same account or from the same network, and nobody else
    /// knows of, was before it.
    /// </summary>
    /// <returns>The attempts that count, and that others have to be told of.</returns>
    public IReadOnlyList<Attempt> Judge(Attempt attempt)
    {
        lock (guard)
        {
            List<Attempt> judged = [.. open.Where(other => other != attempt && !other.IsWritten
                && (other.Guess.Account == attempt.Guess.Account || other.Keys.Network.Wide == attempt.Keys.Network.Wide))];
            if (!attempt.IsWritten)
                judged.Add(attempt);
            foreach (Attempt one in judged)
            {
                if (one.IsEntered)
                    TakeBack(one);
                TimeSpan wait = LongestWaitOf(one);
                one.Refusal = wait > TimeSpan.Zero ? wait : null;
                if (one.IsEntered || one.Refusal is null)
                    Add(one);
                one.IsWritten = one.IsEntered;
            }
            return judged.FindAll(one => one.IsWritten);
        }
    }

    /// <summary>Counts what another process has counted, so long ago.</summary>
    public void Count(AttemptRow row, TimeSpan age)
    {
        if (GuessKeys.Parse(row.Names) is not { } keys)
            return;
        lock (guard)
        {
            networks.Count(keys.Network, row.IsTakenBack, age);
            foreach ((AttemptBuckets buckets, string? name) in new[]
                { (pairs, keys.Pair), (accounts, keys.Account), (failures, keys.Account is null ? null : keys.Failures) })
            {
                if (name is null)
                    continue;
                if (row.IsTakenBack)
                    buckets.TakeBack(name);
                else
                    buckets.Add(name, age);
            }
        }
    }

    /// <summary>How long an attempt would have to wait. None is taken.</summary>
    public TimeSpan? WaitOf(in Guess guess)
    {
        var attempt = new Attempt(guess, KeysOf(guess));
        lock (guard)
            return LongestWaitOf(attempt) is var wait && wait > TimeSpan.Zero ? wait : null;
    }

    /// <summary>Gives the attempt back. It was not made, because bcrypt was busy.</summary>
    public void Withdraw(Attempt attempt)
    {
        lock (guard)
            TakeBack(attempt);
    }

    /// <summary>
    /// The password was right. This attempt is given back, those of others in flight are not. The network is remembered as the owner's. If
    /// others were made elsewhere meanwhile, so that it should have waited, it tells nothing: then it is as if it was wrong.
    /// </summary>
    /// <param name="attempt">The attempt.</param>
    /// <param name="subject">The account's identifier.</param>
    /// <param name="wait">How long it should have waited.</param>
    public bool TrySucceed(Attempt attempt, string subject, out TimeSpan wait)
    {
        lock (guard)
        {
            wait = attempt.Refusal ?? TimeSpan.Zero;
            if (wait == TimeSpan.Zero)
                TakeBack(attempt);
            if (wait == TimeSpan.Zero && !attempt.IsWritten)
                wait = LongestWaitOf(attempt);
            if (wait > TimeSpan.Zero)
            {
                if (attempt.Refusal is null)
                    Add(attempt);
                return false;
            }
        }
        Recognize(attempt.Guess, subject);
        return true;
    }

    /// <summary>It is not being made any more.</summary>
    public void End(Attempt attempt)
    {
        lock (guard)
            open.Remove(attempt);
    }

    /// <summary>The password was known to be right without an attempt. The network is remembered as the owner's.</summary>
    /// <param name="guess">Who sent it.</param>
    /// <param name="subject">The account's identifier.</param>
    public void Recognize(in Guess guess, string subject) => known.Add(guess.Account, subject, Network.Of(guess.Address).Narrow);

    private void Add(Attempt attempt)
    {
        attempt.IsEntered = true;
        networks.Count(attempt.Keys.Network, isTakenBack: false, TimeSpan.Zero);
        pairs.Add(attempt.Keys.Pair);
        if (attempt.Keys.Account is not { } account)
            return;
        accounts.Add(account);
        failures.Add(attempt.Keys.Failures);
    }

    private void TakeBack(Attempt attempt)
    {
        networks.Count(attempt.Keys.Network, isTakenBack: true, TimeSpan.Zero);
        pairs.TakeBack(attempt.Keys.Pair);
        if (attempt.Keys.Account is not { } account)
            return;
        accounts.TakeBack(account);
        failures.TakeBack(attempt.Keys.Failures);
    }

    private bool IsPressed(Attempt attempt) => pairs.CountOf(attempt.Keys.Pair) > 0
        || (attempt.Keys.Account is { } account && accounts.CountOf(account) > 0) || networks.IsPressed(attempt.Guess.Address);

    private TimeSpan LongestWaitOf(Attempt attempt)
    {
        GuessKeys keys = attempt.Keys;
        TimeSpan wait = pairs.WaitOf(keys.Pair), ofNetwork = networks.WaitOf(attempt.Guess.Address) ?? TimeSpan.Zero,
            ofAccount = keys.Account is null ? TimeSpan.Zero : accounts.WaitOf(
                keys.Account, keptForOthers: Math.Min(failures.CountOf(keys.Failures), MostKeptForOthers));
        return TimeSpan.FromTicks(Math.Max(wait.Ticks, Math.Max(ofAccount.Ticks, ofNetwork.Ticks)));
    }

    // A /48 or /24 counts as one for its failures: somebody who has a thousand networks in it is still one who guesses.
    private GuessKeys KeysOf(in Guess guess)
    {
        Network network = Network.Of(guess.Address);
        bool isByKnown = guess.Device is not null || known.Holds(guess.Account, network.Narrow);
        return new GuessKeys(
            isByKnown ? null : names.Of($"account {guess.Account}"),
            names.Of(guess.Device is null ? $"pair {network.Narrow} {guess.Account}" : $"device {guess.Device} {guess.Account}"),
            names.Of($"failures {network.Wide} {guess.Account}"), names.Of(guess.Address));
    }
}
