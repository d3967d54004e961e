using JwtAuth.Bearer.Clocks;
using JwtAuth.Bearer.Observability;
using Microsoft.Extensions.Logging;
using Microsoft.IdentityModel.Tokens;

namespace JwtAuth.Bearer.Keys;

/// <summary>
/// The issuer's keys as an API knows them. They are fetched at the start, then regularly, when the issuer says that they changed, and for
/// an unknown <c>kid</c>. The last good set is kept through an outage. Keys that did not change stay the same objects.
/// </summary>
/// <param name="fetch">
/// Fetches the set from the issuer. If something is missing in the set that is known, no cache on the way may answer.
/// </param>
/// <param name="secrets">The secrets for HS256 that this API shares with the issuer.</param>
/// <param name="secretsAreAnnounced">
/// Whether the issuer says which <c>kid</c> a secret in use has (the feed does). If not, any <c>kid</c> is taken.
/// </param>
/// <param name="time">The clock.</param>
/// <param name="log">Outages are logged here.</param>
internal sealed class PublishedKeys(
    Func<bool, CancellationToken, Task<FetchedKeySet>> fetch, IReadOnlyList<byte[]> secrets, bool secretsAreAnnounced, TimeProvider time,
    ILogger log) : IVerificationKeys
{
    /// <summary>
    /// A flood of unknown <c>kid</c>s causes one fetch in this time. A fetch that brings something new does not count, so no rotation has
    /// to wait.
    /// </summary>
    public static readonly TimeSpan CoolDown = TimeSpan.FromSeconds(30);

    private static readonly TimeSpan RetryEvery = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LookEvery = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan LongestFreshness = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan ShortestFreshness = TimeSpan.FromSeconds(1);

    // A node that answers with an older set is a moment behind. If it goes on, something between changes the entity tags.
    private const int MostLooksForAnnounced = 10;

    private readonly VerificationKey? anyShared = secrets.Count > 0
        && !secretsAreAnnounced ? VerificationKey.HmacOfAny("shared", secrets) : null;
    private readonly bool awaitsAnnouncement = secrets.Count > 0 && secretsAreAnnounced;
    private readonly Lock guard = new();

    private volatile Ring ring = new([], [], new Dictionary<string, VerificationKey>(), FetchedAt: null, Version: 0);
    private volatile string? fault;
    private Task<bool>? fetching;
    private ClockReading? fruitlessAt;
    private volatile TaskCompletionSource failure = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private volatile string? announced;
    private TimeSpan freshFor = LongestFreshness;
    private CancellationToken stopping;
    private volatile string? held;
    private int looksForAnnounced;

    public bool IsComplete => ring.FetchedAt is not null && fault is null && (announced is not null || !awaitsAnnouncement);

    public long Version => ring.Version;

    public string? Fault => fault;

    /// <summary>How old the set is; <see langword="null"/> before the first fetch.</summary>
    public TimeSpan? Age => ring.FetchedAt?.Age(time);

    public VerificationKey? Find(ReadOnlySpan<byte> keyId, SignatureAlgorithm algorithm)
    {
        Ring current = ring;
        foreach (VerificationKey key in algorithm == SignatureAlgorithm.HS256 ? current.Shared : current.Published)
        {
            if (key.HasId(keyId))
                return key;
        }
        return algorithm == SignatureAlgorithm.HS256 ? anyShared : null;
    }

    /// <summary>The name of the set that is held; <see langword="null"/> if the issuer gave it none, or nothing was fetched.</summary>
    public string? Held => held;

    /// <summary>
    /// Whether the set is not the one that was announced: it is being fetched, or came from a node of the issuer that is behind another.
    /// </summary>
    public bool IsBehind => held is { } mine && announced is { } said && mine != said && looksForAnnounced < MostLooksForAnnounced;

    /// <summary>Fetches until it is stopped.</summary>
    public async Task RunAsync(CancellationToken stoppingToken)
    {
        stopping = stoppingToken;
        while (!stoppingToken.IsCancellationRequested)
        {
            failure = new(TaskCreationOptions.RunContinuationsAsynchronously);
            await Fetch();
            if (fault is not null || IsBehind)
                await Task.Delay(RetryEvery, time, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            else
                await UntilStaleAsync(stoppingToken);
        }
    }

    // A timer stands still while the machine is suspended. So the wall clock is looked at too, every few seconds.
    private async Task UntilStaleAsync(CancellationToken stoppingToken)
    {
        Task stale = Task.WhenAny(failure.Task, Task.Delay(freshFor, time, stoppingToken));
        while (!stale.IsCompleted && Age < freshFor)
            await Task.WhenAny(stale, Task.Delay(LookEvery, time, stoppingToken));
    }

    /// <summary>The issuer says which keys it has now. Those that are unknown here are fetched.</summary>
    /// <param name="fingerprint">A text that changes when the set changes.</param>
    /// <param name="shared">The secrets that are in use.</param>
    public void Announce(string fingerprint, IReadOnlyList<SharedKey> shared)
    {
        lock (guard)
        {
            if (fingerprint == announced)
                return;
            VerificationKey[] keys = [.. shared.Select(key => ring.Shared.FirstOrDefault(known => known.KeyId == key.KeyId)
                ?? SharedKeyOf(key)).OfType<VerificationKey>()];
            ring = ring with { Shared = keys, Version = ring.Version + 1 };
            (announced, looksForAnnounced) = (fingerprint, 0);
            foreach (SharedKey missing in shared.Where(key => !keys.Any(known => known.KeyId == key.KeyId)))
                log.SharedSecretMissing(missing.KeyId);
            fetching = FetchAfterAsync(fetching); // what is under way may have been asked for before the change
        }
    }

    /// <summary>Fetches for a token with an unknown <c>kid</c>. Callers that wait at the same time share one answer.</summary>
    public async ValueTask<bool> CatchUpAsync(long version)
    {
        Task<bool> answer;
        bool begins;
        lock (guard)
        {
            // A fetch now would bring nothing new, and would count as a fetch for a kid that does not exist.
            if (ring.Version != version)
                return true;
            begins = fetching is null or { IsCompleted: true };
            if (begins && fruitlessAt is { } at && at.Age(time) < CoolDown)
                return false;
            // A fetch that was already under way may be older than the key. It neither decides nor counts.
            answer = begins ? fetching = Task.Run(FetchForUnknownAsync, CancellationToken.None) : fetching!;
        }
        await answer;
        return true;
    }

    // Counts a fruitless fetch before it completes, so that no caller sees it complete and not yet counted.
    private async Task<bool> FetchForUnknownAsync()
    {
        bool isNew = await FetchOnceAsync(isMissed: true);
        if (!isNew && !IsBehind) // a node that is behind says nothing of a key that is ahead
        {
            lock (guard)
                fruitlessAt = ClockReading.Of(time);
        }
        return isNew;
    }

    private Task<bool> Fetch()
    {
        lock (guard)
            return fetching is null or { IsCompleted: true }
                ? fetching = Task.Run(() => FetchOnceAsync(isMissed: false), CancellationToken.None) : fetching;
    }

    private async Task<bool> FetchAfterAsync(Task<bool>? earlier)
    {
        if (earlier is not null)
            await earlier;
        return await Task.Run(() => FetchOnceAsync(isMissed: true), CancellationToken.None);
    }

    // Returns whether the fetch brought something new. Never throws.
    private async Task<bool> FetchOnceAsync(bool isMissed)
    {
        try
        {
            FetchedKeySet fetched = await fetch(isMissed, stopping);
            Dictionary<string, VerificationKey> keys = KeysOf(new JsonWebKeySet(fetched.Json), ring.ByMaterial);
            if (keys.Count == 0 && secrets.Count == 0)
                throw new InvalidDataException("the key set is empty; where the issuer signs with HS256, JwtAuth:SharedSecrets is needed");
            lock (guard)
            {
                bool isNew = !keys.Values.SequenceEqual(ring.Published);
                ring = ring with
                {
                    Published = [.. keys.Values],
                    ByMaterial = keys,
                    FetchedAt = ClockReading.Of(time),
                    Version = ring.Version + (isNew ? 1 : 0),
                };
                freshFor = Clamp(fetched.FreshFor ?? LongestFreshness);
                held = fetched.Fingerprint;
                if (IsBehind)
                {
                    looksForAnnounced++;
                    failure.TrySetResult(); // it is tried again soon
                }
                if (fault is not null)
                    log.KeysReadAgain();
                fault = null;
                return isNew;
            }
        }
        catch (Exception now)
        {
            if (fault is null && !stopping.IsCancellationRequested)
                log.KeysNotRead(now.Message);
            fault = now.Message;
            failure.TrySetResult(); // whoever has asked, it is tried again soon
            return false;
        }
    }

    // A secret does not belong in a public set, and of two keys with one name neither is used.
    private static Dictionary<string, VerificationKey> KeysOf(JsonWebKeySet set, IReadOnlyDictionary<string, VerificationKey> known)
    {
        Dictionary<string, VerificationKey> keys = [];
        foreach (JsonWebKey jwk in set.Keys.Where(jwk => jwk.Kty is "RSA" or "EC" && set.Keys.Count(other => other.Kid == jwk.Kid) == 1))
        {
            string material = string.Join(' ', jwk.Kid, jwk.Alg, jwk.Use, jwk.N, jwk.E, jwk.X, jwk.Y);
            try
            {
                keys[material] = known.GetValueOrDefault(material) ?? VerificationKey.FromJsonWebKey(jwk);
            }
            catch (ArgumentException)
            {
                // of another algorithm, or for another use
            }
        }
        return keys;
    }

    private VerificationKey? SharedKeyOf(SharedKey key) => secrets
        .Select(secret => VerificationKey.Hmac(key.KeyId, secret, forApisOnly: true))
        .FirstOrDefault(candidate => candidate.Verify(SharedKey.ProofOf(key.KeyId), Base64UrlEncoder.DecodeBytes(key.Proof)));

    private static TimeSpan Clamp(TimeSpan value) =>
        value < ShortestFreshness ? ShortestFreshness : value > LongestFreshness ? LongestFreshness : value;

    private sealed record Ring(
        VerificationKey[] Published, VerificationKey[] Shared, IReadOnlyDictionary<string, VerificationKey> ByMaterial,
        ClockReading? FetchedAt, long Version);
}
