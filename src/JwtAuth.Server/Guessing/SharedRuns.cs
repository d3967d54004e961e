namespace JwtAuth.Server.Guessing;

/// <summary>
/// Runs something slow once for all who ask for it at the same time. It belongs to none of them: whoever disconnects leaves the others
/// the result, and only the last one takes the run along.
/// </summary>
internal sealed class SharedRuns<T> where T : class
{
    private readonly Lock guard = new();
    private readonly Dictionary<string, Run> running = new(StringComparer.Ordinal);

    /// <summary>The result of the run that goes on under this key, or of a new one.</summary>
    /// <param name="key">Says what is asked. It is kept while it runs, so it must hold no secret.</param>
    /// <param name="origin">Says who asks.</param>
    /// <param name="refusal">
    /// Asked whether somebody may begin a run (<see langword="true"/>), or join one that was begun by another origin. It is called under a
    /// lock. Whoever joins a run of the same origin is not asked about.
    /// </param>
    /// <param name="run">The run. It is given a signal that says that nobody waits for it any more.</param>
    /// <param name="cancellation">The caller has disconnected.</param>
    public async Task<T> RunAsync(
        string key, string origin, Func<bool, T?> refusal, Func<CancellationToken, Task<T>> run, CancellationToken cancellation)
    {
        Run? shared;
        bool begins;
        lock (guard)
        {
            begins = !running.TryGetValue(key, out shared);
            if ((shared is null || shared.Origin != origin) && refusal(begins) is { } refused)
                return refused;
            shared ??= running[key] = new Run(origin);
            shared.Waiting++;
        }

        if (begins)
            _ = LeadAsync(key, shared, run);
        try
        {
            return await shared.Result.Task.WaitAsync(cancellation);
        }
        finally
        {
            Leave(key, shared);
        }
    }

    private async Task LeadAsync(string key, Run shared, Func<CancellationToken, Task<T>> run)
    {
        Task<T> result = run(shared.Abandoned.Token);
        await ((Task)result).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        lock (guard)
            End(key, shared);
        shared.Result.SetFromTask(result);
    }

    private void Leave(string key, Run shared)
    {
        lock (guard)
        {
            if (--shared.Waiting > 0)
                return;
            End(key, shared);
        }
        shared.Abandoned.Cancel();
    }

    private void End(string key, Run shared)
    {
        if (running.TryGetValue(key, out Run? present) && present == shared)
            running.Remove(key);
    }

    private sealed class Run(string origin)
    {
        public string Origin => origin;

        public TaskCompletionSource<T> Result { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public CancellationTokenSource Abandoned { get; } = new();

        public int Waiting { get; set; }
    }
}
