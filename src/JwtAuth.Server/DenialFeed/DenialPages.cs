using System.Diagnostics;
using System.Globalization;
using JwtAuth.Bearer.Denials;
using JwtAuth.Server.Denials;
using JwtAuth.Server.Observability;
using JwtAuth.Server.SigningKeys;
using JwtAuth.Server.Storage;
using Microsoft.EntityFrameworkCore;

namespace JwtAuth.Server.DenialFeed;

/// <summary>
/// The feed of denials, in parts: the log after a cursor, and news as soon as there is any. A cursor names the log, the last denial and the
/// keys that its owner knows. So an API continues where it was, also at another process, and starts again at another database.
/// </summary>
internal sealed class DenialPages
{
    /// <summary>The longest time that one call waits for news.</summary>
    public static readonly TimeSpan LongestWait = TimeSpan.FromSeconds(30);

    private const int PageSize = 5000;

    private readonly SigningKeyRing ring;
    private readonly DatabaseStart database;
    private readonly Engine engine;
    private readonly DenialTail? tail;
    private readonly TimeProvider time;
    private readonly ILogger log;
    private bool isToldBehind;
    private int listeners;
    private TaskCompletionSource news = NewNews();

    public DenialPages(
        SigningKeyRing ring, DatabaseStart database, Engine engine, TimeProvider time, ILogger<DenialPages> log, DenialTail? tail = null)
    {
        (this.ring, this.database, this.engine, this.tail, this.time, this.log) = (ring, database, engine, tail, time, log);
        ring.Changed += Tell;
        if (tail is not null)
            tail.Changed += Tell;

        void Tell() => Interlocked.Exchange(ref news, NewNews()).TrySetResult();
    }

    /// <summary>How many calls wait for news.</summary>
    public int Listeners => Volatile.Read(ref listeners);

    /// <summary>What follows a cursor. If there is nothing, what comes within <paramref name="wait"/>.</summary>
    /// <param name="db">The log.</param>
    /// <param name="cursor">The cursor of the last part; none at first.</param>
    /// <param name="wait">How long to wait if there is nothing.</param>
    /// <param name="cancellation">Ends the waiting.</param>
    /// <returns><see langword="null"/> if it is not known at this moment what was denied.</returns>
    public async Task<DenialPage?> ReadAsync(Db db, string? cursor, TimeSpan wait, CancellationToken cancellation)
    {
        long begunAt = time.GetTimestamp();
        (long after, string? knownKeys) = await ParseAsync(cursor);
        while (true)
        {
            Task next = Volatile.Read(ref news).Task; // taken before looking, so that no news is missed
            if (tail is { Denylist.IsComplete: false })
                await tail.CatchUpAsync();
            TimeSpan waited = time.GetElapsedTime(begunAt) - (tail?.Denylist.Age ?? TimeSpan.Zero);
            if (tail is { Denylist.IsComplete: false })
                return null;

            (IReadOnlyList<DeniedTokens> denials, long last) = await AfterAsync(db, after);
            string keys = ring.Fingerprint;
            TimeSpan left = wait - time.GetElapsedTime(begunAt);
            if (denials.Count > 0 || keys != knownKeys || left <= TimeSpan.Zero || cancellation.IsCancellationRequested)
            {
                return new DenialPage
                {
                    Cursor = string.Create(CultureInfo.InvariantCulture, $"{database.Identity}.{last}.{keys}"),
                    Denylist = tail is not null,
                    More = denials.Count == PageSize,
                    WaitedMs = (long)waited.TotalMilliseconds,
                    Keys = keys,
                    SharedKeys = ring.SharedKeys,
                    Denials = denials,
                };
            }
            await ListenAsync(next, left, cancellation);
        }
    }

    private async Task ListenAsync(Task next, TimeSpan left, CancellationToken cancellation)
    {
        using Activity? span = Traces.FeedWait();
        Interlocked.Increment(ref listeners);
        await next.WaitAsync(left, time, cancellation).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        Interlocked.Decrement(ref listeners);
    }

    private async Task<(IReadOnlyList<DeniedTokens> Denials, long Last)> AfterAsync(Db db, long after)
    {
        if (tail is null)
            return ([], 0);
        if (tail.After(after) is { } recent)
            return (recent.Denials, recent.Last);
        long known = tail.LastNumber; // the next call would not know a cursor beyond it
        List<DenialRow> rows = await db.Denials.AsNoTracking()
            .Where(row => row.Number > after && row.Number <= known).OrderBy(row => row.Number).Take(PageSize).ToListAsync();
        return ([.. rows.Select(row => DeniedTokens.Of(row.ToDenial()))], rows.Count < PageSize ? known : rows[^1].Number);
    }

    // A cursor from another database, or from a later state of this one, is of no use here. The feed then starts from the beginning.
    private async Task<(long After, string? Keys)> ParseAsync(string? cursor)
    {
        if (cursor?.Split('.') is not [var identity, var number, var keys] || identity != database.Identity
            || !long.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out long after))
        {
            return (0, null);
        }
        // Another process on this database may have read further.
        if (tail is not null && after > tail.LastNumber)
            await tail.CatchUpAsync();
        if (after <= (tail?.LastNumber ?? 0))
            return (after, keys);
        await TellBehindAsync(after);
        return (0, null);
    }

    // The log gives no number twice. So who has heard of a higher one has heard it from a later state of this database.
    private async Task TellBehindAsync(long heard)
    {
        if (tail is not null && !Volatile.Read(ref isToldBehind) && await engine.HighestDenialAsync() is var given && heard > given
            && !Interlocked.Exchange(ref isToldBehind, true))
        {
            log.LogBehindCursor(heard, given);
        }
    }

    private static TaskCompletionSource NewNews() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
