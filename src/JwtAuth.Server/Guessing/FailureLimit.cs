using System.Net;

namespace JwtAuth.Server.Guessing;

/// <summary>
/// Slows down a network that sends wrong random secrets. 30 failures are free, one is forgotten every six seconds, and the longest wait is
/// a minute. For credentials that nobody can guess; for passwords that people choose, see <see cref="GuessingLimit"/>.
/// </summary>
internal class FailureLimit(TimeProvider time)
{
    private readonly Lock guard = new();
    private readonly AttemptBuckets failures =
        new(time, free: 30, forgetOneEvery: TimeSpan.FromSeconds(6), longestDelay: TimeSpan.FromMinutes(1), capacity: 10_000);

    /// <summary>
    /// Counts a failure, or tells how long that network must wait. Call it before an attempt is made, so that many at once cannot get past
    /// the limit.
    /// </summary>
    public TimeSpan? Enter(IPAddress? address)
    {
        string network = NetworkPrefix.Of(address);
        lock (guard)
        {
            if (failures.WaitOf(network) is var wait && wait > TimeSpan.Zero)
                return wait;
            failures.Add(network);
            return null;
        }
    }

    /// <summary>Takes back an attempt that turned out not to be a failure.</summary>
    public void Withdraw(IPAddress? address)
    {
        lock (guard)
            failures.TakeBack(NetworkPrefix.Of(address));
    }
}
