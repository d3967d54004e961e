using JwtAuth.Bearer.Clocks;
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
    private volatile Call? underWay;
    private string? cursor;
    private bool isCaughtUp;
    private volatile string? fault;
    private DateTimeOffset forgotAt = time.GetUtcNow();

    public Denylist Denylist { get; } = new(time, maximumSilence);

    /// <summary>What was noticed of the issuer's audit trail.</summary>
    public TrailWitness Trail { get; } = new(log);

    /// <summary>Whether the issuer keeps a denylist; <see langword="null"/> until it has said so.</summary>
    public bool? IsKept { get; private set; }

    public string? Fault => fault;

    /// <summary>Listens until it is stopped.</summary>
    public async Task RunAsync(CancellationToken stopping)
    {
        TimeSpan pause = TimeSpan.Zero;
        while (!stopping.IsCancellationRequested)
        {
            if (await HearAsync(stopping) is not { } heard)
                continue;
            Interlocked.Exchange(ref attempt, NewAttempt()).TrySetResult();
            pause = heard ? TimeSpan.Zero : pause == TimeSpan.Zero ? ShortestPause : pause * 2 > LongestPause ? LongestPause : pause * 2;
            if (pause > TimeSpan.Zero)
                await Task.Delay(pause, time, stopping).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <summary>Waits a moment for the call that is under way, unless the issuer was just now out of reach.</summary>
    public async Task CatchUpAsync()
    {
        if (fault is not null)
            return;
        Task answer = Volatile.Read(ref attempt).Task;
        // No call lasts that long, so this machine was asleep. The other end has hung up, and may not have been able to say so.
        if (underWay is { } call && call.SentAt.Age(time) > maximumSilence)
            await call.GivenUp.CancelAsync();
        await answer.WaitAsync(Patience, time).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    // Null if the call was given up, so that the next one is made at once.
    private async Task<bool?> HearAsync(CancellationToken stopping)
    {
        var call = new Call(ClockReading.Of(time));
        using var either = CancellationTokenSource.CreateLinkedTokenSource(call.GivenUp.Token, stopping);
        try
        {
            underWay = call;
            DenialPage page = await read(cursor, isCaughtUp ? Wait : TimeSpan.Zero, either.Token);
            foreach (DeniedTokens denied in page.Denials)
                Denylist.Add(denied.ToDenial());
            cursor = page.Cursor;
            Trail.Hear(page.Audit);
            keys.Announce(page.Keys, page.SharedKeys);
            Tell(page.Denylist);
            isCaughtUp = !page.More;
            if (fault is not null)
                log.FeedHeardAgain(); // before anything is accepted because of it
            fault = null;
            faultsTold.Clear();
            // The list is complete up to the moment when the issuer stopped waiting. The answer's way here does not count, nor the time
            // that this process or this machine was asleep.
            if (isCaughtUp)
                Denylist.CompleteAsOf(call.SentAt.Later(TimeSpan.FromMilliseconds(page.WaitedMs), time));
            Forget();
            return true;
        }
        catch (Exception) when (call.GivenUp.IsCancellationRequested && !stopping.IsCancellationRequested)
        {
            isCaughtUp = false;
            return null;
        }
        catch (Exception now)
        {
            if (!stopping.IsCancellationRequested)
            {
                if (faultsTold.Count < MostFaultsTold && faultsTold.Add(now.Message))
                    log.FeedNotHeard(now.Message);
                fault = string.Join("; ", faultsTold);
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

    private sealed class Call(ClockReading sentAt)
    {
        public ClockReading SentAt => sentAt;

        public CancellationTokenSource GivenUp { get; } = new();
    }
}
