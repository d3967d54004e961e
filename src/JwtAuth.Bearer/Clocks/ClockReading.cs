namespace JwtAuth.Bearer.Clocks;

/// <summary>
/// What both clocks said at one moment. The monotonic clock stands still while the machine is suspended, and the wall clock may be set, so
/// neither alone tells how much time has passed.
/// </summary>
/// <param name="Timestamp">Of the monotonic clock, in its own units.</param>
/// <param name="Moment">Of the wall clock.</param>
internal sealed record ClockReading(long Timestamp, DateTimeOffset Moment)
{
    /// <summary>What the clocks say now.</summary>
    public static ClockReading Of(TimeProvider time) => new(time.GetTimestamp(), time.GetUtcNow());

    /// <summary>The time since, by the clock that saw more of it. A suspended machine's sleep counts.</summary>
    public TimeSpan Age(TimeProvider time)
    {
        TimeSpan awake = Awake(time), all = time.GetUtcNow() - Moment;
        return all > awake ? all : awake;
    }

    /// <summary>The time since in which this machine was awake, and could have asked and heard.</summary>
    public TimeSpan Awake(TimeProvider time) => time.GetElapsedTime(Timestamp);

    /// <summary>The moment that came so much later, or now if that is earlier. Each clock decides for itself.</summary>
    public ClockReading Later(TimeSpan span, TimeProvider time)
    {
        TimeSpan awake = Awake(time), all = time.GetUtcNow() - Moment;
        return new(
            Timestamp + (long)((span < awake ? span : awake).TotalSeconds * time.TimestampFrequency), Moment + (span < all ? span : all));
    }
}
