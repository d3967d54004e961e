namespace JwtAuth.Server.Storage;

/// <summary>What a process has committed that others want to hear of at once.</summary>
[Flags]
internal enum News
{
    Denials = 1,
    Keys = 2,
    Attempts = 4,
    All = Denials | Keys | Attempts,
}

/// <summary>
/// Hears what other processes tell, for those in this process who want to know. Nobody may rely on it: who listens looks by itself as well.
/// </summary>
internal sealed class NewsListener(Engine engine) : BackgroundService
{
    private volatile IReadOnlyList<(News What, Func<Task> Heard)> readers = [];

    /// <summary>Calls <paramref name="heard"/> at each news of this kind, and whenever some may have been missed.</summary>
    /// <param name="what">The kinds.</param>
    /// <param name="heard">Reads what is new. It does not throw.</param>
    public void Add(News what, Func<Task> heard)
    {
        IReadOnlyList<(News, Func<Task>)> before;
        do
            before = readers;
        while (Interlocked.CompareExchange(ref readers, [.. before, (what, heard)], before) != before);
    }

    protected override Task ExecuteAsync(CancellationToken stoppingToken) => engine.ListenAsync(
        what => Task.WhenAll(readers.Where(reader => (reader.What & what) != 0).Select(reader => reader.Heard())), stoppingToken);
}
