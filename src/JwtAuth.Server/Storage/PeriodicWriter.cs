namespace JwtAuth.Server.Storage;

/// <summary>
/// Writes down again and again what is in memory, and once more at the end. A host may be stopped from two sides at once: both wait for
/// the same last writing.
/// </summary>
internal abstract class PeriodicWriter : BackgroundService
{
    private readonly TimeSpan every;
    private readonly bool alsoAtStart;
    private readonly Lazy<Task> last;

    /// <param name="every">How often.</param>
    /// <param name="alsoAtStart">Whether the first writing is at the start.</param>
    /// <param name="time">The clock.</param>
    protected PeriodicWriter(TimeSpan every, bool alsoAtStart, TimeProvider time)
    {
        (this.every, this.alsoAtStart, Time) = (every, alsoAtStart, time);
        last = new(WriteAsync);
    }

    protected TimeProvider Time { get; }

    /// <summary>Writes down now what is new. A fault is told, and not thrown.</summary>
    public abstract Task WriteAsync();

    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        await base.StopAsync(cancellationToken);
        await last.Value;
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(every, Time);
        if (alsoAtStart)
            await WriteAsync();
        while (await timer.WaitForNextTickAsync(stoppingToken))
            await WriteAsync();
    }
}
