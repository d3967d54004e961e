using System.Collections.Concurrent;
using System.Security.Cryptography;
using JwtAuth.Bearer.AccessTokens;
using JwtAuth.Bearer.Keys;
using JwtAuth.Server.Configuration;
using JwtAuth.Server.Sealing;
using JwtAuth.Server.Storage;

namespace JwtAuth.Server.SigningKeys;

/// <summary>The rules of the ring: which key signs, when a successor is published, and when a retired key is forgotten.</summary>
internal sealed class KeySchedule(SigningKeySettings settings, MasterKey masterKey, TimeProvider time)
{
    private const string Purpose = "signing keys";

    /// <summary>
    /// How long a retired key still verifies. After that, no token that it signed can be alive, whatever lifetime was configured.
    /// </summary>
    public static readonly TimeSpan Retention = TokenValidator.MaximumLifetime + TokenValidator.MaximumClockSkew + TimeSpan.FromMinutes(5);

    private readonly ConcurrentDictionary<string, bool> configured = new(StringComparer.Ordinal);

    private bool SharesSecret => settings is { Algorithm: SignatureAlgorithm.HS256, Hs256Secret: not null };

    /// <summary>
    /// Runs at the start of a service. It brings the ring up to date, and retires keys with which this configuration no longer signs: those
    /// of another algorithm, or another shared secret.
    /// </summary>
    /// <exception cref="ConfigurationFaultException">The configured secret was revoked.</exception>
    public void Begin(List<SigningKeyRow> ring)
    {
        if (ring.Exists(row => row.RevokedAt is not null && IsConfiguredSecret(row)))
            throw new ConfigurationFaultException(
                "JwtAuth:SigningKeys:Hs256Secret was revoked; make another with: openssl rand -base64 32, and give it to the APIs.");
        Advance(ring);
        foreach (SigningKeyRow left in ring.Where(
            row => row.RetiredAt is null && (row.ForApisOnly ? !IsShared(row) : row.Algorithm != settings.Algorithm)))
        {
            Retire(left, time.GetUtcNow());
        }
    }

    /// <summary>
    /// Brings the ring to the state that it must have now: one key signs, its successor is there in time, and dead keys are forgotten. It
    /// leaves keys alone that sign for a service with another configuration. During a change of the algorithm both services run for a
    /// while, and a command may have other settings.
    /// </summary>
    public void Advance(List<SigningKeyRow> ring)
    {
        DateTimeOffset now = time.GetUtcNow();
        // The secret may have been imported as an ordinary key of the ring, before or after it was shared. From now on it counts for APIs
        // only, and so do its old tokens.
        foreach (SigningKeyRow known in ring.Where(row => !row.ForApisOnly && IsConfiguredSecret(row)))
            known.ForApisOnly = true;
        if (SharesSecret && !ring.Exists(row => (row.RetiredAt is null || row.RevokedAt is not null) && IsShared(row)))
            ring.Add(Seal(SigningKey.FromPrivate(SignatureAlgorithm.HS256, settings.Hs256Secret), now, forApisOnly: true));

        // If two may sign from the same moment on, the one added later comes last.
        List<SigningKeyRow> candidates =
            [.. ring.Where(row => row is { ForApisOnly: false, RetiredAt: null } && row.Algorithm == settings.Algorithm)
                .OrderBy(row => row.SignsFrom)];
        if (candidates is [])
        {
            candidates.Add(Seal(SigningKey.Generate(settings.Algorithm), now));
            ring.Add(candidates[0]);
        }
        else if (candidates[0].SignsFrom > now)
        {
            candidates[0].SignsFrom = now;
        }

        SigningKeyRow signing = candidates.FindLast(row => row.SignsFrom <= now)!;
        SigningKeyRow? next = candidates.Find(row => row.SignsFrom > now);
        foreach (SigningKeyRow superseded in candidates.Where(row => row != signing && row != next))
            Retire(superseded, now);
        if (next is null && now >= signing.SignsFrom + settings.RotateEvery - settings.PublishAhead)
            ring.Add(Seal(SigningKey.Generate(settings.Algorithm), now + settings.PublishAhead));
        ring.RemoveAll(row => row.RevokedAt is null && row.RetiredAt + Retention <= now);
    }

    /// <summary>Adds a key that will sign from the given time on. False if it is already there.</summary>
    public bool TryAdd(List<SigningKeyRow> ring, SigningKey key, DateTimeOffset signsFrom)
    {
        if (ring.Exists(row => IsKnown(row, key)))
            return false;
        DateTimeOffset now = time.GetUtcNow();
        // After the clock has stepped back, the key that signs looks like one that was only announced.
        if (SignerOf(ring, forAccount: true) is { } signer && signer.SignsFrom > now)
            signer.SignsFrom = now;
        // A successor that was only announced is removed, so that there is only one.
        ring.RemoveAll(row => row is { ForApisOnly: false, RetiredAt: null } && row.Algorithm == key.Algorithm && row.SignsFrom > now);
        ring.Add(Seal(key, signsFrom));
        Advance(ring);
        return true;
    }

    /// <summary>Takes a key back that was only announced. False if there is none.</summary>
    public bool Withdraw(List<SigningKeyRow> ring, string keyId) =>
        ring.RemoveAll(row => row.KeyId == keyId && row.RetiredAt is null && row.SignsFrom > time.GetUtcNow()) > 0;

    /// <summary>Lets an announced key sign from now on. False if there is none.</summary>
    public bool SignNow(List<SigningKeyRow> ring, string keyId)
    {
        if (ring.Find(row => row.KeyId == keyId && row.RetiredAt is null) is not { } row)
            return false;
        row.SignsFrom = time.GetUtcNow();
        Advance(ring);
        return true;
    }

    /// <summary>
    /// Stops a key from signing. Its tokens live until they expire. False if there is no such key or it was retired before.
    /// </summary>
    public bool Retire(List<SigningKeyRow> ring, string keyId)
    {
        if (ring.Find(row => row.KeyId == keyId && row.RetiredAt is null) is not { } row)
            return false;
        Retire(row, time.GetUtcNow());
        Advance(ring);
        return true;
    }

    /// <summary>
    /// Ends a key and everything that it signed, because somebody else may have it. False if there is no such key or it was revoked before.
    /// </summary>
    public bool Revoke(List<SigningKeyRow> ring, string keyId)
    {
        if (ring.Find(row => row.KeyId == keyId && row.RevokedAt is null) is not { } row)
            return false;
        row.RevokedAt = time.GetUtcNow();
        Retire(row, row.RetiredAt ?? row.RevokedAt.Value);
        Advance(ring);
        return true;
    }

    /// <summary>
    /// Puts other keys in the place of all that there are, after a backup was put back: one that was revoked since would sign again. They
    /// count as revoked. The configured secret that APIs share stays, under another <c>kid</c>.
    /// </summary>
    public void Replace(List<SigningKeyRow> ring)
    {
        ring.RemoveAll(row => row.RevokedAt is null && IsConfiguredSecret(row));
        foreach (SigningKeyRow row in ring.Where(row => row.RevokedAt is null))
        {
            row.RevokedAt = time.GetUtcNow();
            Retire(row, row.RetiredAt ?? row.RevokedAt.Value);
        }
        Advance(ring);
    }

    /// <summary>The key that signs now, for APIs or for the account.</summary>
    public SigningKeyRow? SignerOf(IReadOnlyList<SigningKeyRow> ring, bool forAccount)
    {
        SigningKeyRow? signer = SharesSecret && !forAccount
            ? LatestOf(ring, IsShared) : LatestOf(ring, row => !row.ForApisOnly && row.Algorithm == settings.Algorithm);
        // Another service with another configuration may just have retired our key. Until the next look, signing with its key is better
        // than with none.
        return signer ?? LatestOf(ring, row => !row.ForApisOnly);
    }

    // Called for each token that is issued, so it makes no lists.
    private SigningKeyRow? LatestOf(IReadOnlyList<SigningKeyRow> ring, Func<SigningKeyRow, bool> isEligible)
    {
        DateTimeOffset now = time.GetUtcNow();
        SigningKeyRow? latest = null, earliest = null;
        for (int index = 0; index < ring.Count; index++)
        {
            SigningKeyRow row = ring[index];
            if (row.RetiredAt is not null || !isEligible(row))
                continue;
            if (row.SignsFrom <= now && !(row.SignsFrom < latest?.SignsFrom))
                latest = row;
            if (earliest is null || row.SignsFrom < earliest.SignsFrom)
                earliest = row;
        }
        // If the clock has stepped back, the earliest key is better than none.
        return latest ?? earliest;
    }

    /// <exception cref="CryptographicException">The row was sealed with another master key.</exception>
    public SigningKey Open(SigningKeyRow row) =>
        SigningKey.FromPrivate(row.Algorithm, masterKey.Open(Purpose, row.KeyId, row.SealedPrivateKey), row.KeyId);

    /// <summary>Whether a row holds a private key of this master key's, and the public half that belongs to it.</summary>
    public bool IsProven(SigningKeyRow row)
    {
        try
        {
            return row.SealedPrivateKey is not null && Open(row) is var key && key.KeyId == row.KeyId
                && key.ExportPublic().AsSpan().SequenceEqual(row.PublicKey);
        }
        catch (Exception fault) when (fault is CryptographicException or ArgumentException)
        {
            return false;
        }
    }

    private bool IsShared(SigningKeyRow row) => row.ForApisOnly && IsConfiguredSecret(row);

    // Whether this is the configured secret; another service may have a different one. Each row is opened only once.
    private bool IsConfiguredSecret(SigningKeyRow row) =>
        SharesSecret && row.Algorithm == SignatureAlgorithm.HS256 && configured.GetOrAdd(row.KeyId, _ =>
        CryptographicOperations.FixedTimeEquals(masterKey.Open(Purpose, row.KeyId, row.SealedPrivateKey), settings.Hs256Secret));

    // The kid of a key pair is its thumbprint. The kid of a secret is random, so the secrets themselves are compared.
    private bool IsKnown(SigningKeyRow row, SigningKey key) => row.KeyId == key.KeyId
        || (row.Algorithm == SignatureAlgorithm.HS256 && key.Algorithm == SignatureAlgorithm.HS256
            && CryptographicOperations.FixedTimeEquals(masterKey.Open(Purpose, row.KeyId, row.SealedPrivateKey), key.ExportPrivate()));

    private SigningKeyRow Seal(SigningKey key, DateTimeOffset signsFrom, bool forApisOnly = false) => new()
    {
        KeyId = key.KeyId,
        Algorithm = key.Algorithm,
        ForApisOnly = forApisOnly,
        SealedPrivateKey = masterKey.Seal(Purpose, key.KeyId, key.ExportPrivate()),
        PublicKey = key.ExportPublic(),
        CreatedAt = time.GetUtcNow(),
        SignsFrom = signsFrom,
    };

    private static void Retire(SigningKeyRow row, DateTimeOffset now)
    {
        row.RetiredAt = now;
        if (row.PublicKey is not null)
            row.SealedPrivateKey = null; // the public half is enough to verify; nobody can sign with it again
    }
}
