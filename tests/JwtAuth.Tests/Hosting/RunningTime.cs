namespace JwtAuth.Tests.Hosting;

/// <summary>The machine's clock, which a test can move ahead: what takes its time takes it, and nobody waits for the rest.</summary>
internal sealed class RunningTime : TimeProvider
{
    private readonly Lock guard = new();
    private readonly HashSet<Timer> timers = [];
    private long ahead;

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public override long GetTimestamp() => System.GetElapsedTime(0).Ticks + Interlocked.Read(ref ahead);

    public override DateTimeOffset GetUtcNow() => System.GetUtcNow().AddTicks(Interlocked.Read(ref ahead));

    /// <summary>Time has passed; timers due fire now.</summary>
    public void Advance(TimeSpan span)
    {
        lock (guard)
        {
            ahead += span.Ticks;
            foreach (Timer timer in timers)
                timer.Set();
        }
    }

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var timer = new Timer(this, callback, state);
        timer.Change(dueTime, period);
        return timer;
    }

    private sealed class Timer : ITimer
    {
        private readonly RunningTime time;
        private readonly ITimer inner;
        private TimeSpan period = Timeout.InfiniteTimeSpan;
        private long? dueAt;

        public Timer(RunningTime time, TimerCallback callback, object? state)
        {
            this.time = time;
            inner = System.CreateTimer(_ => Fire(callback, state), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        }

        public bool Change(TimeSpan dueTime, TimeSpan newPeriod)
        {
            lock (time.guard)
            {
                period = newPeriod <= TimeSpan.Zero ? Timeout.InfiniteTimeSpan : newPeriod;
                dueAt = dueTime == Timeout.InfiniteTimeSpan ? null : time.GetTimestamp() + dueTime.Ticks;
                time.timers.Add(this);
                Set();
            }
            return true;
        }

        /// <summary>Waits for what is left.</summary>
        public void Set() => inner.Change(
            dueAt is { } at ? TimeSpan.FromTicks(Math.Max(0, at - time.GetTimestamp())) : Timeout.InfiniteTimeSpan,
            Timeout.InfiniteTimeSpan);

        public void Dispose()
        {
            lock (time.guard)
            {
                time.timers.Remove(this);
                inner.Dispose();
            }
        }

        public ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }

        private void Fire(TimerCallback callback, object? state)
        {
            lock (time.guard)
            {
                if (dueAt is not { } at || !time.timers.Contains(this))
                    return;
                // A machine's timer may be a moment early.
                if (at > time.GetTimestamp() + TimeSpan.TicksPerMillisecond)
                {
                    Set();
                    return;
                }
                dueAt = period == Timeout.InfiniteTimeSpan ? null : time.GetTimestamp() + period.Ticks;
                Set();
            }
            callback(state);
        }
    }
}
