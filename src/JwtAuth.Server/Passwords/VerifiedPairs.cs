using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;

namespace JwtAuth.Server.Passwords;

/// <summary>The account that a name and password belong to, the hash they were checked against, and when.</summary>
internal sealed record VerifiedPair(string Subject, string PasswordHash, DateTimeOffset VerifiedAt)
{
    // Keeps the hash out of logs.
    public override string ToString() => Subject;
}

/// <summary>
/// Remembers for a minute that a name and password were right, so that a client that sends them with each request does not pay for a bcrypt
/// each time. It is in memory only. A pair is kept as a MAC, with a key that this process makes and never shows, so neither part is kept in
/// plain text. A pair says nothing of the present: whoever finds one asks the store whether the account is still enabled and still has that
/// hash. Beyond <see cref="Capacity"/> the oldest pair is dropped, which costs its owner one more bcrypt.
/// </summary>
internal sealed class VerifiedPairs(TimeProvider time)
{
    public const int Capacity = 10_000;

    /// <summary>Counted from the verification. Use does not prolong it.</summary>
    public static readonly TimeSpan Lifetime = TimeSpan.FromSeconds(60);

    private readonly byte[] key = RandomNumberGenerator.GetBytes(32);
    private readonly ConcurrentDictionary<string, Task<PasswordResult?>> verifications = new(StringComparer.Ordinal);
    private readonly Lock guard = new();
    private readonly Dictionary<string, LinkedListNode<Entry>> entries = new(StringComparer.Ordinal);
    private readonly LinkedList<Entry> oldestFirst = [];

    public int Count
    {
        get
        {
            lock (guard)
                return entries.Count;
        }
    }

    /// <summary>
    /// The MAC under which a pair is remembered. The name's length comes first, so that no two pairs give the same bytes.
    /// </summary>
    public string MacOf(string name, Password password)
    {
        byte[] nameBytes = Encoding.UTF8.GetBytes(name), secret = Encoding.UTF8.GetBytes(password.Reveal());
        byte[] pair = [.. BitConverter.GetBytes(nameBytes.Length), .. nameBytes, .. secret];
        string mac = Convert.ToBase64String(HMACSHA256.HashData(key, pair));
        CryptographicOperations.ZeroMemory(secret);
        CryptographicOperations.ZeroMemory(pair);
        return mac;
    }

    public VerifiedPair? Find(string mac)
    {
        lock (guard)
        {
            ForgetExpired();
            return entries.TryGetValue(mac, out LinkedListNode<Entry>? node) ? node.Value.Pair : null;
        }
    }

    public void Remember(string mac, VerifiedPair pair)
    {
        lock (guard)
        {
            ForgetExpired();
            if (entries.TryGetValue(mac, out LinkedListNode<Entry>? former))
                Forget(former);
            else if (entries.Count == Capacity)
                Forget(oldestFirst.First!);
            entries[mac] = oldestFirst.AddLast(new Entry(mac, pair, time.GetTimestamp()));
        }
    }

    /// <summary>Forgets a pair that is outdated, but not one that was remembered since.</summary>
    public void Forget(string mac, VerifiedPair outdated)
    {
        lock (guard)
        {
            if (entries.TryGetValue(mac, out LinkedListNode<Entry>? node) && ReferenceEquals(node.Value.Pair, outdated))
                Forget(node);
        }
    }

    /// <summary>
    /// Runs one verification for all requests that send the same pair at once. It belongs to none of them, so if one disconnects, the
    /// others still get the result.
    /// </summary>
    public Task<PasswordResult?> VerifyOnceAsync(string mac, Func<Task<PasswordResult?>> verify)
    {
        var mine = new TaskCompletionSource<PasswordResult?>(TaskCreationOptions.RunContinuationsAsynchronously);
        Task<PasswordResult?> shared = verifications.GetOrAdd(mac, mine.Task);
        if (shared == mine.Task)
            _ = LeadAsync(mac, mine, verify);
        return shared;
    }

    private async Task LeadAsync(string mac, TaskCompletionSource<PasswordResult?> all, Func<Task<PasswordResult?>> verify)
    {
        Task<PasswordResult?> verification = verify();
        await ((Task)verification).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        verifications.TryRemove(mac, out _);
        all.SetFromTask(verification);
    }

    private void ForgetExpired()
    {
        while (oldestFirst.First is { } oldest && time.GetElapsedTime(oldest.Value.VerifiedAt) >= Lifetime)
            Forget(oldest);
    }

    private void Forget(LinkedListNode<Entry> node)
    {
        entries.Remove(node.Value.Mac);
        oldestFirst.Remove(node);
    }

    private sealed record Entry(string Mac, VerifiedPair Pair, long VerifiedAt);
}
