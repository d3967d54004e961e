using System.Net;
using JwtAuth.Server.Storage;

namespace JwtAuth.Server.Guessing;

/// <summary>
/// Slows down a network that does something too often. So many times are free, one is forgotten every so often, and the longest wait is a
/// minute. A wider network may do it more often, the /56 twice and the /48 (or the IPv4 /24) four times, so that whoever has many
/// networks gains little. Safe for concurrent use.
/// </summary>
/// <param name="names">The names under which networks are counted.</param>
/// <param name="time">The clock.</param>
/// <param name="free">How often a network of the narrowest kind may do it at once.</param>
/// <param name="forgetOneEvery">How long until one time is forgotten there.</param>
/// <param name="capacity">How many networks of each kind are counted. Beyond it, those with the fewest are forgotten.</param>
internal class NetworkLimit(AttemptNames names, TimeProvider time, int free, TimeSpan forgetOneEvery, int capacity = 10_000)
{
    private static readonly TimeSpan LongestDelay = TimeSpan.FromMinutes(1);

    private readonly Lock guard = new();
    private readonly AttemptBuckets narrow = new(time, free, forgetOneEvery, LongestDelay, capacity);
    private readonly AttemptBuckets middle = new(time, free * 2, forgetOneEvery / 2, LongestDelay, capacity);
    private readonly AttemptBuckets wide = new(time, free * 4, forgetOneEvery / 4, LongestDelay, capacity);

    /// <summary>
    /// Counts one, or tells how long that network must wait. Call it before it is done, so that many at once cannot get past the limit.
    /// </summary>
    public TimeSpan? Enter(IPAddress? address)
    {
        Network network = names.Of(address);
        lock (guard)
        {
            if (LongestWaitOf(network) is var wait && wait > TimeSpan.Zero)
                return wait;
            narrow.Add(network.Narrow);
            middle.Add(network.Middle);
            wide.Add(network.Wide);
            return null;
        }
    }

    /// <summary>How long that network must wait. Nothing is counted.</summary>
    public TimeSpan? WaitOf(IPAddress? address)
    {
        Network network = names.Of(address);
        lock (guard)
            return LongestWaitOf(network) is var wait && wait > TimeSpan.Zero ? wait : null;
    }

    /// <summary>Whether a quarter of what is free was used. From then on it matters what other processes have counted.</summary>
    public bool IsPressed(IPAddress? address)
    {
        Network network = names.Of(address);
        lock (guard)
        {
            return narrow.CountOf(network.Narrow) * 4 >= free || middle.CountOf(network.Middle) * 2 >= free
                || wide.CountOf(network.Wide) >= free;
        }
    }

    /// <summary>The names under which an address is counted, as other processes know them.</summary>
    public string NamesOf(IPAddress? address) => names.Of(address) is var (narrow, middle, wide) ? $"{narrow} {middle} {wide}" : "";

    /// <summary>Counts what another process has counted, so long ago.</summary>
    public void Count(AttemptRow row, TimeSpan age)
    {
        if (row.Names.Split(' ') is [var narrow, var middle, var wide])
            Count(new Network(narrow, middle, wide), row.IsTakenBack, age);
    }

    /// <inheritdoc cref="Count(AttemptRow, TimeSpan)"/>
    public void Count(Network network, bool isTakenBack, TimeSpan age)
    {
        lock (guard)
        {
            foreach ((AttemptBuckets buckets, string name) in
                new[] { (narrow, network.Narrow), (middle, network.Middle), (wide, network.Wide) })
            {
                if (isTakenBack)
                    buckets.TakeBack(name);
                else
                    buckets.Add(name, age);
            }
        }
    }

    /// <summary>Takes back one that turned out not to count.</summary>
    public void Withdraw(IPAddress? address)
    {
        Network network = names.Of(address);
        lock (guard)
        {
            narrow.TakeBack(network.Narrow);
            middle.TakeBack(network.Middle);
            wide.TakeBack(network.Wide);
        }
    }

    private TimeSpan LongestWaitOf(Network network) =>
        TimeSpan.FromTicks(Math.Max(
            narrow.WaitOf(network.Narrow).Ticks, Math.Max(middle.WaitOf(network.Middle).Ticks, wide.WaitOf(network.Wide).Ticks)));
}

/// <summary>
/// Slows down a network that sends wrong random secrets, which nobody can guess. For passwords that people choose, see
/// <see cref="GuessingLimit"/>.
/// </summary>
internal class FailureLimit(AttemptNames names, TimeProvider time)
    : NetworkLimit(names, time, free: 30, forgetOneEvery: TimeSpan.FromSeconds(6));
