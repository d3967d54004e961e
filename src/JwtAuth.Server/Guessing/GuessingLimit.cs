using System.Net;

namespace JwtAuth.Server.Guessing;

/// <summary>
/// Slows down guessing, with three bounded buckets in memory: by account and address, by address, and by account. Every way to log in with
/// a password asks it before bcrypt, for known and unknown names alike. The bucket of the account does not count addresses from which its
/// owner has logged in. So, unlike with a lockout, a stranger cannot shut the owner out.
/// </summary>
internal sealed class GuessingLimit(TimeProvider time)
{
    private const int Capacity = 100_000;

    private readonly Lock guard = new();
    private readonly AttemptBuckets pairs =
        new(time, free: 5, forgetOneEvery: TimeSpan.FromMinutes(1), longestDelay: TimeSpan.FromMinutes(5), Capacity);
    private readonly AttemptBuckets addresses =
        new(time, free: 100, forgetOneEvery: TimeSpan.FromSeconds(3), longestDelay: TimeSpan.FromMinutes(1), Capacity);
    private readonly AttemptBuckets accounts =
        new(time, free: 10, forgetOneEvery: TimeSpan.FromMinutes(1), longestDelay: TimeSpan.FromMinutes(1), Capacity);
    private readonly AttemptBuckets probes =
        new(time, free: 60, forgetOneEvery: TimeSpan.FromSeconds(6), longestDelay: TimeSpan.FromMinutes(1), Capacity);
    private readonly AttemptBuckets successes =
        new(time, free: 0, forgetOneEvery: TimeSpan.FromDays(30), longestDelay: TimeSpan.Zero, Capacity);

    /// <summary>
    /// Takes an attempt from each bucket, or says how long to wait. The attempt is taken before it is made, so that many at once cannot get
    /// past the limit.
    /// </summary>
    /// <param name="account">The name as it was sent, normalized; it need not exist.</param>
    /// <param name="address">Where the attempt comes from. IPv6 addresses count by /64.</param>
    public TimeSpan? Enter(string account, IPAddress? address)
    {
        string network = NetworkPrefix.Of(address), pair = $"{network} {account}";
        lock (guard)
        {
            if (WaitOf(account, network, pair) is { } wait)
                return wait;
            pairs.Add(pair);
            addresses.Add(network);
            if (!successes.Holds(pair))
                accounts.Add(account);
            return null;
        }
    }

    /// <summary>How long an attempt would have to wait. None is taken.</summary>
    public TimeSpan? WaitOf(string account, IPAddress? address)
    {
        string network = NetworkPrefix.Of(address);
        lock (guard)
            return WaitOf(account, network, $"{network} {account}");
    }

    /// <summary>Gives the attempt back. It was not made, because bcrypt was busy.</summary>
    public void Withdraw(string account, IPAddress? address)
    {
        string network = NetworkPrefix.Of(address), pair = $"{network} {account}";
        lock (guard)
        {
            pairs.TakeBack(pair);
            addresses.TakeBack(network);
            if (!successes.Holds(pair))
                accounts.TakeBack(account);
        }
    }

    /// <summary>The password was right. The pair starts from zero, and the address is remembered as the owner's.</summary>
    public void Succeed(string account, IPAddress? address)
    {
        string network = NetworkPrefix.Of(address), pair = $"{network} {account}";
        lock (guard)
        {
            pairs.Clear(pair);
            addresses.TakeBack(network);
            if (!successes.Holds(pair))
                accounts.TakeBack(account);
            successes.Clear(pair);
            successes.Add(pair);
        }
    }

    /// <summary>The password was known to be right without an attempt. The address is remembered as the owner's.</summary>
    public void Recognize(string account, IPAddress? address)
    {
        string pair = $"{NetworkPrefix.Of(address)} {account}";
        lock (guard)
        {
            if (!successes.Holds(pair))
                successes.Add(pair);
        }
    }

    /// <summary>How long an address must wait that has asked too often which names are taken.</summary>
    public TimeSpan? WaitOfProbes(IPAddress? address)
    {
        lock (guard)
            return probes.WaitOf(NetworkPrefix.Of(address)) is var wait && wait > TimeSpan.Zero ? wait : null;
    }

    /// <summary>Counts an answer from which a stranger learned that a name is taken.</summary>
    public void CountProbe(IPAddress? address)
    {
        lock (guard)
            probes.Add(NetworkPrefix.Of(address));
    }

    private TimeSpan? WaitOf(string account, string network, string pair)
    {
        TimeSpan wait =
            Longest(pairs.WaitOf(pair), addresses.WaitOf(network), successes.Holds(pair) ? TimeSpan.Zero : accounts.WaitOf(account));
        return wait > TimeSpan.Zero ? wait : null;
    }

    private static TimeSpan Longest(TimeSpan first, TimeSpan second, TimeSpan third) =>
        TimeSpan.FromTicks(Math.Max(first.Ticks, Math.Max(second.Ticks, third.Ticks)));
}
