namespace JwtAuth.Tests.Hosting;

/// <summary>
/// A clock that a test moves, and that tells when somebody has begun to wait for it: what is moved too early is waited for in vain.
/// </summary>
internal sealed class WatchedTime : TimeProvider
{
    private readonly Lock guard = new();
    private readonly Dictionary<TimeSpan, int> begun = [];
    private readonly List<(TimeSpan Due, int Times, TaskCompletionSource Reached)> waiting = [];

    public ManualTime Manual { get; } = new();

    public override long TimestampFrequency => Manual.TimestampFrequency;

    public override DateTimeOffset GetUtcNow() => Manual.GetUtcNow();

    public override long GetTimestamp() => Manual.GetTimestamp();

    /// <summary>Waits until so many timers of this length have been begun since the start.</summary>
    public Task BegunAsync(TimeSpan due, int times = 1)
    {
        lock (guard)
        {
            var reached = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            if (begun.GetValueOrDefault(due) >= times)
                reached.SetResult();
            else
                waiting.Add((due, times, reached));
            return reached.Task.WaitAsync(TestContext.Current.CancellationToken);
        }
    }

    public int Begun(TimeSpan due)
    {
        lock (guard)
            return begun.GetValueOrDefault(due);
    }

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        ITimer timer = Manual.CreateTimer(callback, state, dueTime, period);
        lock (guard)
        {
            int times = begun[dueTime] = begun.GetValueOrDefault(dueTime) + 1;
            waiting.FindAll(waiter => waiter.Due == dueTime && waiter.Times <= times).ForEach(waiter => waiter.Reached.TrySetResult());
        }
        return timer;
    }
}
