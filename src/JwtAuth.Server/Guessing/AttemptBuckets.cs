using System.Runtime.InteropServices;

namespace JwtAuth.Server.Guessing;

/// <summary>
/// Counts attempts by key and forgets one every so often. So many are free; beyond them each has to keep a distance from the one before
/// that doubles, from one second up. Bounded: when it is full, the emptiest buckets go. Not thread-safe.
/// </summary>
internal sealed class AttemptBuckets(TimeProvider time, int free, TimeSpan forgetOneEvery, TimeSpan longestDelay, int capacity)
{
    private readonly Dictionary<string, Bucket> buckets = new(StringComparer.Ordinal);

    public int Count => buckets.Count;

    /// <summary>How long until the next attempt with this key may be made; zero for now.</summary>
    public TimeSpan WaitOf(string key)
    {
        if (!buckets.TryGetValue(key, out Bucket bucket) || bucket.Level <= free - 1)
            return TimeSpan.Zero;

        // From the level at the last attempt: what is told must not change while it is waited for.
        double seconds = Math.Min(Math.Pow(2, Math.Max(0, Math.Round(bucket.Level - free))), longestDelay.TotalSeconds);
        TimeSpan distance = TimeSpan.FromSeconds(seconds), untilForgotten = forgetOneEvery * (bucket.Level - (free - 1));
        TimeSpan wait = (distance < untilForgotten ? distance : untilForgotten) - time.GetElapsedTime(bucket.LastAt);
        return wait > TimeSpan.Zero ? wait : TimeSpan.Zero;
    }

    public bool Holds(string key) => buckets.TryGetValue(key, out Bucket bucket) && LevelOf(bucket) > 0;

    public void Add(string key)
    {
        if (buckets.Count >= capacity && !buckets.ContainsKey(key))
            MakeRoom();
        ref Bucket bucket = ref CollectionsMarshal.GetValueRefOrAddDefault(buckets, key, out _);
        bucket = new Bucket(LevelOf(bucket) + 1, time.GetTimestamp());
    }

    public void TakeBack(string key)
    {
        if (buckets.TryGetValue(key, out Bucket bucket))
            buckets[key] = bucket with { Level = Math.Max(0, bucket.Level - 1) };
    }

    public void Clear(string key) => buckets.Remove(key);

    private double LevelOf(Bucket bucket) =>
        bucket.Level == 0 ? 0 : Math.Max(0, bucket.Level - time.GetElapsedTime(bucket.LastAt) / forgetOneEvery);

    // A tenth at a time, so that a flood of new keys does not pay for a sort each.
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
