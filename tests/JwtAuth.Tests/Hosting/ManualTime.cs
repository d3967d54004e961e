namespace JwtAuth.Tests.Hosting;

/// <summary>
/// A clock that stands still until it is moved. Timers due fire inside <see cref="Advance"/>; a step of the wall clock alone fires none.
/// </summary>
internal sealed class ManualTime(DateTimeOffset start) : TimeProvider
{
    private readonly Lock guard = new();
    private readonly List<Timer> timers = [];
    private DateTimeOffset now = start;
    private long elapsed;

    public ManualTime() : this(new DateTimeOffset(2026, 3, 1, 12, 0, 0, TimeSpan.Zero))
    {
    }

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public override DateTimeOffset GetUtcNow()
    {
        lock (guard)
            return now;
    }

    public override long GetTimestamp()
    {
        lock (guard)
            return elapsed;
    }

    /// <summary>Time passes.</summary>
    public void Advance(TimeSpan span)
    {
        List<Timer> due;
        lock (guard)
        {
            now += span;
            elapsed += span.Ticks;
            due = timers.FindAll(timer => timer.DueAt <= elapsed);
        }
        due.ForEach(timer => timer.Fire());
    }

    /// <summary>The wall clock is set, forward or back, and no time passes.</summary>
    public void SetClock(DateTimeOffset moment)
    {
        lock (guard)
            now = moment;
    }

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) =>
        new Timer(this, callback, state, dueTime, period);

    private sealed class Timer : ITimer
    {
        private readonly ManualTime time;
        private readonly TimerCallback callback;
        private readonly object? state;
        private TimeSpan period;

        public Timer(ManualTime time, TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        {
            (this.time, this.callback, this.state) = (time, callback, state);
            Change(dueTime, period);
        }

        public long DueAt { get; private set; }

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            lock (time.guard)
            {
                this.period = period;
                DueAt = dueTime == Timeout.InfiniteTimeSpan ? long.MaxValue : time.elapsed + dueTime.Ticks;
                time.timers.Remove(this);
                if (DueAt != long.MaxValue)
                    time.timers.Add(this);
            }
            return true;
        }

        public void Fire()
        {
            TimeSpan next = period <= TimeSpan.Zero ? Timeout.InfiniteTimeSpan : period;
            Change(next, period);
            callback(state);
        }

        public void Dispose() => Change(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);

        public ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }
    }
}
