using System.Net;

namespace JwtAuth.Server.Guessing;

/// <summary>
/// Slows a network down from which random secrets come that are not good: 30 are free, one is forgotten every six seconds, and a minute is
/// the longest wait. For credentials that nobody can guess; what people choose has <see cref="GuessingLimit"/>.
/// </summary>
internal class FailureLimit(TimeProvider time)
{
    private readonly Lock guard = new();
    private readonly AttemptBuckets failures =
        new(time, free: 30, forgetOneEvery: TimeSpan.FromSeconds(6), longestDelay: TimeSpan.FromMinutes(1), capacity: 10_000);

    /// <summary>
    /// Counts a failure, or tells how long nobody there is answered. Taken before an attempt is made, many at once cannot outrun it.
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

    /// <summary>Takes a failure back that was none.</summary>
    public void Withdraw(IPAddress? address)
    {
        lock (guard)
            failures.TakeBack(NetworkPrefix.Of(address));
    }
}
