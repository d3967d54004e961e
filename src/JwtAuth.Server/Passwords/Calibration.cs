using JwtAuth.Server.Guessing;

namespace JwtAuth.Server.Passwords;

/// <summary>What one work factor costs on this machine.</summary>
/// <param name="WorkFactor">The work factor of bcrypt.</param>
/// <param name="Alone">How long a hash takes while no other is computed.</param>
/// <param name="LoginsPerSecond">How many are computed in a second if as many at once are as may be.</param>
internal sealed record HashingCost(int WorkFactor, TimeSpan Alone, double LoginsPerSecond);

/// <summary>Measures what bcrypt costs on this machine, and says which limits fit that.</summary>
internal static class Calibration
{
    /// <summary>The work factors that may be configured.</summary>
    public static readonly IReadOnlyList<int> WorkFactors = [.. Enumerable.Range(
        PasswordSettings.LowestWorkFactor, PasswordSettings.HighestWorkFactor - PasswordSettings.LowestWorkFactor + 1)];

    // A person who waits for longer notices.
    private static readonly TimeSpan LongestHash = TimeSpan.FromMilliseconds(300);

    /// <summary>Measures one work factor, twice for at least so long.</summary>
    public static async Task<HashingCost> MeasureAsync(int workFactor, int atOnce, TimeSpan duration, TimeProvider time)
    {
        (int Hashes, TimeSpan Taken) alone = await HashAsync(workFactor, 1, duration, time),
            together = await HashAsync(workFactor, atOnce, duration, time);
        return new HashingCost(workFactor, alone.Taken / alone.Hashes, together.Hashes / together.Taken.TotalSeconds);
    }

    /// <summary>What should be configured otherwise, each with the key, the value and the reason; nothing if all fits.</summary>
    /// <param name="costs">What was measured, from the lowest work factor to the highest.</param>
    /// <param name="workFactor">The work factor that is configured.</param>
    /// <param name="limits">The limits that are configured.</param>
    public static IEnumerable<string> Advise(IReadOnlyList<HashingCost> costs, int workFactor, HashingSettings limits)
    {
        HashingCost configured = costs.Single(cost => cost.WorkFactor == workFactor);
        HashingCost fitting = costs.LastOrDefault(cost => cost.Alone <= LongestHash) ?? costs[0];
        if (fitting.WorkFactor > workFactor)
            yield return
                $"JwtAuth:Passwords:WorkFactor {fitting.WorkFactor}: a hash then takes {Text(fitting.Alone)}, which nobody notices";
        else if (configured.Alone > LongestHash && fitting.WorkFactor < workFactor)
            yield return $"JwtAuth:Passwords:WorkFactor {fitting.WorkFactor}: with {workFactor} a hash takes {Text(configured.Alone)}";
        int served = (int)(configured.LoginsPerSecond * limits.MaxQueueWait.TotalSeconds);
        if (limits.QueueLimit > served)
            yield return $"JwtAuth:Passwords:QueueLimit {served}: more are not served within MaxQueueWait, and would wait in vain";
    }

    public static string Text(TimeSpan time) => $"{time.TotalMilliseconds:0} ms";

    private static async Task<(int Hashes, TimeSpan Taken)> HashAsync(
        int workFactor, int atOnce, TimeSpan duration, TimeProvider time)
    {
        long begunAt = time.GetTimestamp();
        int[] hashes = await Task.WhenAll(Enumerable.Range(0, atOnce).Select(_ => HashingThread.RunAsync(() =>
        {
            int count = 0;
            do
            {
                Bcrypt.Hash("a quiet harbour at dawn", workFactor);
                count++;
            }
            while (time.GetElapsedTime(begunAt) < duration);
            return count;
        })));
        return (hashes.Sum(), time.GetElapsedTime(begunAt));
    }
}
