using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;

namespace JwtAuth.Server.Passwords;

/// <summary>Whose a name and password were found to be, by which hash, and when.</summary>
internal sealed record VerifiedPair(string Subject, string PasswordHash, DateTimeOffset VerifiedAt)
{
    // The hash stays out of logs.
    public override string ToString() => Subject;
}

/// <summary>
/// Remembers for a minute that a name and password were right, so that who sends them with each request does not pay for a bcrypt each
/// time. In memory alone, under a MAC of the pair whose key this process makes and never shows: neither is kept in clear. It says nothing
/// of the present: whoever finds a pair here asks the store whether the account still stands and still has that hash. Beyond
/// <see cref="Capacity"/> the oldest goes, and costs its owner one more bcrypt.
/// </summary>
internal sealed class VerifiedPairs(TimeProvider time)
{
    public const int Capacity = 10_000;

    /// <summary>From the verification on; use does not prolong it.</summary>
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

    /// <summary>What a pair is remembered under. The name's length comes first, so that no other pair reads the same.</summary>
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

    /// <summary>Forgets what did not hold any more, and nothing that was remembered since.</summary>
    public void Forget(string mac, VerifiedPair outdated)
    {
        lock (guard)
        {
            if (entries.TryGetValue(mac, out LinkedListNode<Entry>? node) && ReferenceEquals(node.Value.Pair, outdated))
                Forget(node);
        }
    }

    /// <summary>
    /// One verification for all that ask with the same pair at once. It belongs to none of them: who goes away leaves the others theirs.
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
