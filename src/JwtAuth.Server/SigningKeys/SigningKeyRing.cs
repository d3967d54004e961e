using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using JwtAuth.Bearer.Clocks;
using JwtAuth.Bearer.Keys;
using JwtAuth.Server.Observability;
using JwtAuth.Server.Storage;

namespace JwtAuth.Server.SigningKeys;

/// <summary>
/// The ring in memory: one key signs, and the retired ones still verify. Changes by another process show at the next
/// <see cref="LoadAsync"/>. Nobody signs with a ring that was not read lately: its key may have been retired or revoked since.
/// </summary>
internal sealed class SigningKeyRing(SigningKeyStore store, KeySchedule schedule, TimeProvider time, ILogger<SigningKeyRing> log)
    : IVerificationKeys, IDisposable
{
    /// <summary>
    /// How long the ring may go unread. After that nothing is signed. It is half of the time for which verifiers believe a key that was
    /// retired elsewhere.
    /// </summary>
    public static readonly TimeSpan MaximumSilence = TimeSpan.FromSeconds(5);

    // How long a request waits for a reading, and how far two readings are apart that unknown keys cause. Other processes, and a store that
    // is slow, do not share the service's clock.
    private static readonly TimeSpan LongestWait = TimeSpan.FromSeconds(3), Pause = TimeSpan.FromMilliseconds(20);

    private readonly SemaphoreSlim reading = new(1, 1);
    private readonly Lock guard = new();
    private Task? nextLook;
    private long lookedAt;
    private volatile ClockReading? readAt;
    private volatile Content content = new([], new Dictionary<string, SigningKey>(), [], JsonWebKeys.WriteSet([]), [], Version: 0);

    /// <summary>The ring was loaded with changes.</summary>
    public event Action? Changed;

    /// <summary>The published JWK Set: the public halves of the keys that sign, will sign or still verify.</summary>
    public ReadOnlyMemory<byte> JsonWebKeySet => content.JsonWebKeySet;

    /// <summary>The same, and the text that names it.</summary>
    public (ReadOnlyMemory<byte> Set, string Fingerprint) Published => content is var now ? (now.JsonWebKeySet, now.Fingerprint) : default;

    /// <summary>The secrets shared with APIs that sign or still verify.</summary>
    public IReadOnlyList<SharedKey> SharedKeys => content.SharedKeys;

    /// <summary>A text that changes when the published or shared keys change.</summary>
    public string Fingerprint => content.Fingerprint;

    /// <inheritdoc/>
    public long Version => content.Version;

    /// <summary>
    /// Whether a <c>kid</c> that is not in the ring is none of the service's: not if the ring could not be read lately.
    /// </summary>
    public bool IsComplete => Age <= MaximumSilence;

    /// <summary>How old the reading is that the ring comes from.</summary>
    public TimeSpan Age => readAt?.Age(time) ?? TimeSpan.MaxValue;

    /// <inheritdoc/>
    public VerificationKey? Find(ReadOnlySpan<byte> keyId, SignatureAlgorithm algorithm)
    {
        foreach (VerificationKey key in content.VerificationKeys)
        {
            if (key.HasId(keyId))
                return key;
        }
        return null;
    }

    /// <summary>The key that signs now.</summary>
    /// <param name="forAccount">Whether the token is for the issuer's own audience. A secret shared with APIs never signs for that.</param>
    /// <exception cref="InvalidOperationException">Nothing has been loaded yet.</exception>
    public SigningKey Signer(bool forAccount)
    {
        Content current = content;
        SigningKeyRow row = schedule.SignerOf(current.Rows, forAccount)
            ?? throw new InvalidOperationException("The ring holds no key that signs.");
        return current.SigningKeys[row.KeyId];
    }

    /// <summary>Whether there is a key to sign with.</summary>
    public bool IsReady => schedule.SignerOf(content.Rows, forAccount: true) is not null;

    /// <summary>Called at the start of the service. Brings the ring in the database in line with the configuration, and loads it.</summary>
    public Task BeginAsync(CancellationToken cancellation = default) => ChangeAsync(schedule.Begin, cancellation);

    /// <summary>Called from time to time. Brings the ring to the state that the schedule requires, and loads it.</summary>
    public Task AdvanceAsync(CancellationToken cancellation = default) => ChangeAsync(schedule.Advance, cancellation);

    /// <summary>Loads the ring if it has changed.</summary>
    /// <exception cref="CryptographicException">A key was sealed with another master key.</exception>
    public async Task LoadAsync(CancellationToken cancellation = default)
    {
        // One reading at a time, so that an older one does not replace a newer one.
        await reading.WaitAsync(cancellation);
        try
        {
            var begunAt = ClockReading.Of(time);
            Take(await store.ListAsync(cancellation));
            readAt = begunAt;
        }
        finally
        {
            reading.Release();
        }
    }

    /// <summary>Another process says that it has changed the ring, or somebody needs to know: reads it. Does not throw.</summary>
    public async Task CatchUpAsync()
    {
        Task look;
        lock (guard)
            look = nextLook ??= Task.Run(LookAsync);
        // A reading that was under way may be older than the change. This one begins later, for all who wait.
        await look.WaitAsync(LongestWait, TimeProvider.System).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    /// <summary>
    /// Reads the ring again for a token whose key is not in it: another process may have made that key a moment ago.
    /// </summary>
    public async ValueTask<bool> CatchUpAsync(long version)
    {
        bool wasComplete = IsComplete;
        if (Version == version)
            await CatchUpAsync();
        return Version != version || (!wasComplete && IsComplete);
    }

    /// <summary>Call it before something is signed. A ring that was not read lately is read.</summary>
    /// <exception cref="StorageBusyException">It cannot be read.</exception>
    public async ValueTask FreshenAsync()
    {
        if (IsComplete)
            return;
        await CatchUpAsync();
        if (!IsComplete)
            throw new StorageBusyException();
    }

    public void Dispose() => reading.Dispose();

    private async Task LookAsync()
    {
        await UntilItMayAsync(TimeProvider.System);
        await LoadAsync();
    }

    private async Task UntilItMayAsync(TimeProvider time)
    {
        TimeSpan since = time.GetElapsedTime(lookedAt);
        if (since < Pause)
            await Task.Delay(Pause - since, time);
        lock (guard)
            (nextLook, lookedAt) = (null, time.GetTimestamp());
    }

    private void Take(List<SigningKeyRow> rows)
    {
        Content current = content;
        if (rows.Select(VersionOf).SequenceEqual(current.Rows.Select(VersionOf)))
            return;

        Report(current.Rows, rows);
        Dictionary<string, SigningKey> signing = rows
            .Where(row => row is { RetiredAt: null, SealedPrivateKey: not null })
            .ToDictionary(row => row.KeyId, row => current.SigningKeys.GetValueOrDefault(row.KeyId) ?? schedule.Open(row));
        content = new Content(
            rows, signing, [.. rows.Where(row => row.RevokedAt is null).Select(VerificationKeyOf)],
            JsonWebKeys.WriteSet(rows.Where(row => row is { PublicKey: not null, RevokedAt: null })
                .Select(row => (row.KeyId, row.Algorithm, row.PublicKey!))),
            [.. rows.Where(row => row is { ForApisOnly: true, RevokedAt: null })
                .Select(row => new SharedKey(row.KeyId, schedule.Open(row).ProofOfSecret()))],
            current.Version + 1);
        Changed?.Invoke();

        static (string, bool, DateTimeOffset, DateTimeOffset?, DateTimeOffset?) VersionOf(SigningKeyRow row) =>
            (row.KeyId, row.ForApisOnly, row.SignsFrom, row.RetiredAt, row.RevokedAt);
    }

    private async Task ChangeAsync(Action<List<SigningKeyRow>> change, CancellationToken cancellation)
    {
        if (await store.WouldChangeAsync(change, cancellation))
            await store.ChangeAsync(ring => { change(ring); return true; }, cancellation);
        await LoadAsync(cancellation);
    }

    // Logs every change, whichever process made it, the command line included.
    private void Report(IReadOnlyList<SigningKeyRow> before, IReadOnlyList<SigningKeyRow> after)
    {
        foreach (SigningKeyRow row in after)
        {
            SigningKeyRow? known = before.FirstOrDefault(other => other.KeyId == row.KeyId);
            if (row.RevokedAt is not null)
            {
                if (known is { RevokedAt: null })
                    log.KeyRevoked(row.KeyId, $"{row.Algorithm}");
            }
            else if (row.RetiredAt is { } retiredAt && (known is null || known.RetiredAt is null))
                log.KeyRetired(row.KeyId, $"{row.Algorithm}", $"{retiredAt:u}");
            else if (row.RetiredAt is null && row.SignsFrom != known?.SignsFrom)
                log.KeySigns(row.KeyId, $"{row.Algorithm}", $"{row.SignsFrom:u}");
        }
    }

    private VerificationKey VerificationKeyOf(SigningKeyRow row) => row.PublicKey is { } publicKey
        ? SigningKey.VerificationKeyOf(row.KeyId, row.Algorithm, publicKey, row.RetiredAt)
        : VerificationKey.Hmac(row.KeyId, schedule.Open(row).ExportPrivate(), row.ForApisOnly, row.RetiredAt);

    private sealed record Content(
        IReadOnlyList<SigningKeyRow> Rows,
        IReadOnlyDictionary<string, SigningKey> SigningKeys,
        VerificationKey[] VerificationKeys,
        byte[] JsonWebKeySet,
        IReadOnlyList<SharedKey> SharedKeys,
        long Version)
    {
        public string Fingerprint { get; } = Base64Url.EncodeToString(
            SHA256.HashData([.. JsonWebKeySet, .. SharedKeys.SelectMany(key => Encoding.UTF8.GetBytes($" {key.KeyId}"))]).AsSpan(0, 16));
    }
}
