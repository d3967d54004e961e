using System.Data.Common;
using JwtAuth.Bearer.Clocks;
using JwtAuth.Bearer.Denials;
using JwtAuth.Server.Observability;
using JwtAuth.Server.Storage;

namespace JwtAuth.Server.Denials;

/// <summary>
/// Keeps the denylist up to date. It reads the log of denials at the start, after each commit of this process that denies something, and
/// whenever another process (such as the command line) has written. To notice that, it looks four times a second, and at once when it is
/// told.
/// </summary>
internal sealed class DenialTail(Engine engine, NewsListener news, TimeProvider time, ILogger<DenialTail> log)
    : BackgroundService, IDenialSource
{
    private static readonly TimeSpan LookEvery = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan ForgetEvery = TimeSpan.FromMinutes(1);

    // How long a request waits for a reading that is under way.
    private static readonly TimeSpan LongestTurn = TimeSpan.FromSeconds(3);

    // It reads often, and must not wait for long on a connection that has died: it tries again on another.
    private static readonly TimeSpan LookPatience = TimeSpan.FromSeconds(2);

    private const int MostRecent = 4096;

    /// <summary>How long the log may go unread. After that, nothing is accepted.</summary>
    public static readonly TimeSpan MaximumSilence = TimeSpan.FromSeconds(5);

    private readonly SemaphoreSlim reading = new(1, 1);
    private readonly Lock guard = new();
    private readonly Queue<(long Number, DeniedTokens Denied)> recent = new();
    private PreparedConnection? connection;
    private long lastNumber;
    private long? lastVersion;
    private volatile bool hasBegun;
    private bool isSilent;
    private long newestReadAt;

    /// <summary>Denials were read that were not known before.</summary>
    public event Action? Changed;

    public Denylist Denylist { get; } = new(time, MaximumSilence);

    /// <summary>The number of the last denial that was read.</summary>
    public long LastNumber => Volatile.Read(ref lastNumber);

    /// <summary>
    /// Since when no denial was read that was new to this process; <see langword="null"/> if none ever was. The log has no times.
    /// </summary>
    public TimeSpan? NewestAge => LastNumber == 0 ? null : time.GetElapsedTime(Volatile.Read(ref newestReadAt));

    /// <summary>The denials after a number, if memory reaches back that far. So listeners cost no query.</summary>
    /// <returns><see langword="null"/> if it does not.</returns>
    public (IReadOnlyList<DeniedTokens> Denials, long Last)? After(long number)
    {
        lock (guard)
        {
            if (number == lastNumber)
                return ([], lastNumber);
            return recent.TryPeek(out (long Number, DeniedTokens) first) && first.Number <= number + 1
                ? ([.. recent.Where(entry => entry.Number > number).Select(entry => entry.Denied)], lastNumber)
                : null;
        }
    }

    /// <summary>Reads the whole log. Called before the service reports that it is ready.</summary>
    /// <exception cref="DbException">The log cannot be read.</exception>
    public Task BeginAsync()
    {
        hasBegun = true;
        return ReadAsync(always: true);
    }

    /// <summary>
    /// Reads what is new, in the log's order. A process that checks no tokens, such as a command, has not begun and reads nothing.
    /// </summary>
    /// <exception cref="DbException">The log cannot be read.</exception>
    public Task ReadAsync() => hasBegun ? ReadAsync(always: true) : Task.CompletedTask;

    /// <summary>A transaction of this process has committed denials: reads them, and tells other processes.</summary>
    /// <exception cref="DbException">The log cannot be read.</exception>
    public Task CommittedAsync()
    {
        engine.Tell(News.Denials);
        return ReadAsync();
    }

    public async Task CatchUpAsync()
    {
        try
        {
            // Who waits behind a reading that does not end would wait for the next one too.
            await ReadAsync(always: true, LongestTurn);
        }
        catch (Exception fault) when (fault is not OperationCanceledException)
        {
            TellOnce(fault);
        }
    }

    protected override Task ExecuteAsync(CancellationToken stoppingToken)
    {
        news.Add(News.Denials, CatchUpAsync);
        return LookAsync(stoppingToken);
    }

    private async Task LookAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(LookEvery, time);
        DateTimeOffset forgotAt = time.GetUtcNow();
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            try
            {
                await ReadAsync(always: false);
                if ((time.GetUtcNow() - forgotAt).Duration() >= ForgetEvery)
                {
                    forgotAt = time.GetUtcNow();
                    Denylist.Forget(forgotAt);
                }
            }
            catch (Exception fault) when (fault is not OperationCanceledException)
            {
                TellOnce(fault);
            }
        }
    }

    public override void Dispose()
    {
        base.Dispose();
        connection?.Dispose();
        reading.Dispose();
    }

    // Every look and every request meets the same fault. It is logged once, so that it does not fill the log. A start that failed takes the
    // service down under a look that is under way.
    private void TellOnce(Exception fault)
    {
        if (fault is not ObjectDisposedException && !Interlocked.Exchange(ref isSilent, true))
            log.DenialsNotRead(fault);
    }

    // One reading at a time, so that denials are merged in the order of the log.
    private async Task ReadAsync(bool always, TimeSpan? longestTurn = null)
    {
        if (!await reading.WaitAsync(longestTurn ?? Timeout.InfiniteTimeSpan))
            return;
        try
        {
            var begunAt = ClockReading.Of(time);
            connection ??= new PreparedConnection(await engine.OpenAsync(), LookPatience);
            long? version = await engine.DataVersionAsync(connection);
            if (always || version is null || version != lastVersion)
            {
                long before = lastNumber;
                await using DbDataReader reader = await connection.ReadAsync(DenialRow.After, default, ("@number", before));
                while (await reader.ReadAsync())
                    Add(DenialRow.Read(reader));
                lastVersion = version;
                if (lastNumber != before)
                {
                    Volatile.Write(ref newestReadAt, time.GetTimestamp());
                    Changed?.Invoke();
                }
            }
            Denylist.CompleteAsOf(begunAt);
            Volatile.Write(ref isSilent, false);
        }
        catch
        {
            connection?.Dispose();
            connection = null;
            throw;
        }
        finally
        {
            reading.Release();
        }
    }

    private void Add(DenialRow row)
    {
        Denial denial = row.ToDenial();
        Denylist.Add(denial);
        lock (guard)
        {
            recent.Enqueue((row.Number, DeniedTokens.Of(denial)));
            if (recent.Count > MostRecent)
                recent.Dequeue();
            lastNumber = row.Number;
        }
    }
}
