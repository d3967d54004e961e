using JwtAuth.Bearer.Keys;
using JwtAuth.Bearer.Observability;
using Microsoft.Extensions.Logging;

namespace JwtAuth.Bearer.Denials;

/// <summary>
/// The denials as an API hears them: first all that exist, then each one when it is committed. After an outage it continues where it was. A
/// denial that was heard counts whatever happens.
/// </summary>
/// <param name="read">Reads the part of the feed after a cursor, and waits up to the given time for one.</param>
/// <param name="keys">They are told when the issuer's keys have changed.</param>
/// <param name="maximumSilence">How long the feed may be silent. After that, "not denied" is a guess.</param>
/// <param name="time">The clock.</param>
/// <param name="log">Outages are logged here.</param>
internal sealed class DenialFeed(
    Func<string?, TimeSpan, CancellationToken, Task<DenialPage>> read, PublishedKeys keys, TimeSpan maximumSilence, TimeProvider time,
    ILogger log) : IDenialSource
{
    /// <summary>
    /// How long the issuer is asked to wait for news. The time is short, so that a connection that died silently is noticed well before the
    /// silence is too long.
    /// </summary>
    public static readonly TimeSpan Wait = TimeSpan.FromSeconds(5);

    private static readonly TimeSpan ShortestPause = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan ForgetEvery = TimeSpan.FromMinutes(1);

    private const int MostFaultsTold = 10;

    // The faults of one outage that were already logged. If the faults alternate, each is logged once.
    private readonly HashSet<string> faultsTold = [];
    private TaskCompletionSource attempt = NewAttempt();
    private string? cursor;
    private bool isCaughtUp;
    private volatile bool isUnreached;
    private DateTimeOffset forgotAt = time.GetUtcNow();

    public Denylist Denylist { get; } = new(time, maximumSilence);

    /// <summary>Whether the issuer keeps a denylist; <see langword="null"/> until it has said so.</summary>
    public bool? IsKept { get; private set; }

    /// <summary>Listens until it is stopped.</summary>
    public async Task RunAsync(CancellationToken stopping)
    {
        TimeSpan pause = TimeSpan.Zero;
        while (!stopping.IsCancellationRequested)
        {
            bool heard = await HearAsync(stopping);
            Interlocked.Exchange(ref attempt, NewAttempt()).TrySetResult();
            pause = heard ? TimeSpan.Zero : pause == TimeSpan.Zero ? ShortestPause : pause * 2 > LongestPause ? LongestPause : pause * 2;
            if (pause > TimeSpan.Zero)
                await Task.Delay(pause, time, stopping).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <summary>Waits a moment for the call that is under way, unless the issuer was just now out of reach.</summary>
    public async Task CatchUpAsync()
    {
        if (!isUnreached)
            await Volatile.Read(ref attempt).Task.WaitAsync(Patience, time).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    private async Task<bool> HearAsync(CancellationToken stopping)
    {
        try
        {
            long sentAt = time.GetTimestamp();
            DenialPage page = await read(cursor, isCaughtUp ? Wait : TimeSpan.Zero, stopping);
            foreach (DeniedTokens denied in page.Denials)
                Denylist.Add(denied.ToDenial());
            cursor = page.Cursor;
            keys.Announce(page.Keys, page.SharedKeys);
            Tell(page.Denylist);
            isCaughtUp = !page.More;
            if (isUnreached)
                log.FeedHeardAgain(); // before anything is accepted because of it
            isUnreached = false;
            faultsTold.Clear();
            // The list is complete up to the moment when the issuer stopped waiting. The answer's way here does not count, nor the time
            // that this process was asleep.
            if (isCaughtUp)
                Denylist.CompleteAsOf(
                    sentAt + (long)(Math.Min(page.WaitedMs / 1000d, time.GetElapsedTime(sentAt).TotalSeconds) * time.TimestampFrequency));
            Forget();
            return true;
        }
        catch (Exception now)
        {
            if (!stopping.IsCancellationRequested)
            {
                isUnreached = true;
                if (faultsTold.Count < MostFaultsTold && faultsTold.Add(now.Message))
                    log.FeedNotHeard(now.Message);
            }
            isCaughtUp = false;
            return false;
        }
    }

    private void Tell(bool isKept)
    {
        if (!isKept && IsKept != false)
            log.NoDenylistIsKept();
        IsKept = isKept;
    }

    private void Forget()
    {
        if ((time.GetUtcNow() - forgotAt).Duration() < ForgetEvery)
            return;
        forgotAt = time.GetUtcNow();
        Denylist.Forget(forgotAt);
    }

    private static TaskCompletionSource NewAttempt() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
