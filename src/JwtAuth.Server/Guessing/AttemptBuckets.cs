using System.Runtime.InteropServices;

namespace JwtAuth.Server.Guessing;

/// <summary>
/// Counts attempts by key, and forgets one after each <c>forgetOneEvery</c>. The first attempts are free. After that, each must wait some
/// time after the one before; that time doubles, starting from one second. The number of keys is bounded: when it is full, the emptiest
/// buckets are dropped. Not thread-safe.
/// </summary>
internal sealed class AttemptBuckets(TimeProvider time, int free, TimeSpan forgetOneEvery, TimeSpan longestDelay, int capacity)
{
    private readonly Dictionary<string, Bucket> buckets = new(StringComparer.Ordinal);

    public int Count => buckets.Count;

    /// <summary>How long to wait before the next attempt with this key; zero if it may be made now.</summary>
    /// <param name="key">The key.</param>
    /// <param name="keptForOthers">
    /// So many of the free attempts are for others, and so is the pace beyond the free ones: the wait is until enough is forgotten.
    /// </param>
    public TimeSpan WaitOf(string key, int keptForOthers = 0)
    {
        if (!buckets.TryGetValue(key, out Bucket bucket) || bucket.Level <= free - 1 - keptForOthers)
            return TimeSpan.Zero;

        // Computed from the level at the last attempt, so that the announced time does not change during the wait.
        TimeSpan untilForgotten = forgetOneEvery * (bucket.Level - (free - 1 - keptForOthers)), distance = keptForOthers > 0
            ? untilForgotten
            : TimeSpan.FromSeconds(Math.Min(Math.Pow(2, Math.Max(0, Math.Round(bucket.Level - free))), longestDelay.TotalSeconds));
        TimeSpan wait = (distance < untilForgotten ? distance : untilForgotten) - time.GetElapsedTime(bucket.LastAt);
        return wait > TimeSpan.Zero ? wait : TimeSpan.Zero;
    }

    /// <summary>How many attempts with this key are not forgotten yet.</summary>
    public int CountOf(string key) => buckets.TryGetValue(key, out Bucket bucket) ? (int)Math.Ceiling(LevelOf(bucket)) : 0;

    public void Add(string key)
    {
        if (buckets.Count >= capacity && !buckets.ContainsKey(key))
            MakeRoom();
        ref Bucket bucket = ref CollectionsMarshal.GetValueRefOrAddDefault(buckets, key, out _);
        bucket = new Bucket(LevelOf(bucket) + 1, time.GetTimestamp());
    }

    /// <summary>Counts one that was made elsewhere, so long ago.</summary>
    public void Add(string key, TimeSpan age)
    {
        if (age == TimeSpan.Zero || !buckets.TryGetValue(key, out Bucket bucket) || time.GetElapsedTime(bucket.LastAt) > age)
        {
            Add(key); // what follows is as long ago
            long at = time.GetTimestamp() - (long)(age.TotalSeconds * time.TimestampFrequency);
            buckets[key] = buckets[key] with { LastAt = at };
            return;
        }
        double forgotten = (age - time.GetElapsedTime(bucket.LastAt)) / forgetOneEvery;
        buckets[key] = bucket with { Level = bucket.Level + Math.Max(0, 1 - forgotten) };
    }

    public void TakeBack(string key)
    {
        if (buckets.TryGetValue(key, out Bucket bucket))
            buckets[key] = bucket with { Level = Math.Max(0, bucket.Level - 1) };
    }

    private double LevelOf(Bucket bucket) =>
        bucket.Level == 0 ? 0 : Math.Max(0, bucket.Level - time.GetElapsedTime(bucket.LastAt) / forgetOneEvery);

    // A tenth at a time, so that a flood of new keys does not cause a sort for each.
    private void MakeRoom()
    {
        foreach (string key in buckets.OrderBy(pair => LevelOf(pair.Value))
            .Take(Math.Max(1, capacity / 10)).Select(pair => pair.Key).ToList())
        {
            buckets.Remove(key);
        }
    }

    private readonly record struct Bucket(double Level, long LastAt);
}
