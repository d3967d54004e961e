using System.Globalization;
using JwtAuth.Bearer.Keys;
using JwtAuth.Server.DenialFeed;
using JwtAuth.Server.SigningKeys;
using JwtAuth.Server.Storage;
using Microsoft.EntityFrameworkCore;

namespace JwtAuth.Server.Commands;

/// <summary>
/// <c>keys drill</c>: rotates the keys of the running service some times in a row. Each next key signs only when every API on the feed has
/// said that it holds it. If one does not say so in time, the key is taken back and has signed nothing.
/// </summary>
internal sealed class KeyDrill(
    SigningKeyStore store, SigningKeyRing ring, KeySchedule schedule, SigningKeySettings settings, IServiceScopeFactory scopes,
    TimeProvider time)
{
    private static readonly TimeSpan LookEvery = TimeSpan.FromMilliseconds(50);

    public async Task<int> RunAsync(int rounds, TimeSpan within)
    {
        if (settings.Algorithm == SignatureAlgorithm.HS256)
            return CommandLine.Fail("HS256 keys are not published: no API holds one before it signs; nothing to drill");
        if ((await store.ListAsync()).Exists(row => row.RetiredAt is null && row.SignsFrom > time.GetUtcNow()))
            return CommandLine.Fail("a key is announced already, and would give way; drill when it signs, see: keys list");
        TimeSpan slowest = TimeSpan.Zero;
        int apis = 0;
        for (int round = 1; round <= rounds; round++)
        {
            SigningKey key = SigningKey.Generate(settings.Algorithm);
            // By itself it signs only long after the drill.
            DateTimeOffset signsFrom = time.GetUtcNow() + settings.PublishAhead + within + TimeSpan.FromMinutes(5);
            long announcedAt = time.GetTimestamp();
            await store.ChangeAsync(rows => schedule.TryAdd(rows, key, signsFrom));
            (IReadOnlyList<FeedListenerRow> live, IReadOnlyList<FeedListenerRow> missing) = await UntilHeldAsync(key.KeyId, within);
            TimeSpan taken = time.GetElapsedTime(announcedAt);
            if (live is [] || missing is not [])
            {
                await store.ChangeAsync(rows => schedule.Withdraw(rows, key.KeyId));
                foreach (FeedListenerRow row in missing)
                    Console.WriteLine($"round {round}: {NameOf(row)} does not hold {key.KeyId}"
                        + (row.Keys.Length == 0 ? "; it does not say what it holds: update its JwtAuth.Bearer" : ""));
                return CommandLine.Fail(live is []
                    ? "no API follows the feed, so nothing was proven; the key was taken back"
                    : $"{missing.Count} of {live.Count} do not hold the next key after {Seconds(within)}; it was taken back and has signed "
                        + "nothing");
            }
            await store.ChangeAsync(rows => schedule.SignNow(rows, key.KeyId));
            (slowest, apis) = (taken > slowest ? taken : slowest, live.Count);
            Console.WriteLine($"round {round}: {key.KeyId} held by {live.Count} of {live.Count} after {Seconds(taken)}, signs now");
        }
        Console.WriteLine($"{rounds} rotations: each of {apis} held each key before it signed; the slowest after {Seconds(slowest)}");
        return 0;
    }

    // The names of all sets that have had the key: others may change meanwhile.
    private async Task<(IReadOnlyList<FeedListenerRow> Live, IReadOnlyList<FeedListenerRow> Missing)> UntilHeldAsync(
        string keyId, TimeSpan within)
    {
        HashSet<string> sets = [];
        long begunAt = time.GetTimestamp();
        while (true)
        {
            await ring.LoadAsync();
            if ((await store.ListAsync()).Exists(row => row.KeyId == keyId))
                sets.Add(ring.Fingerprint);
            List<FeedListenerRow> live = await ListenersAsync(), missing = live.FindAll(row => !sets.Contains(row.Keys));
            if ((live is not [] && missing is []) || time.GetElapsedTime(begunAt) >= within)
                return (live, missing);
            await Task.Delay(LookEvery, time);
        }
    }

    private async Task<List<FeedListenerRow>> ListenersAsync()
    {
        await using AsyncServiceScope scope = scopes.CreateAsyncScope();
        DateTimeOffset since = time.GetUtcNow() - FeedListeners.Silence;
        return await scope.ServiceProvider.GetRequiredService<Db>().FeedListeners.AsNoTracking()
            .Where(row => row.SeenAt > since).OrderBy(row => row.ClientId).ThenBy(row => row.Instance).ToListAsync();
    }

    private static string NameOf(FeedListenerRow row) => row.Instance.Length == 0 ? row.ClientId : $"{row.ClientId} ({row.Instance})";

    private static string Seconds(TimeSpan span) => string.Create(CultureInfo.InvariantCulture, $"{span.TotalSeconds:0.000} s");
}
