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

    private readonly PairMac macs = new();
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

    /// <inheritdoc cref="PairMac.Of"/>
    public string MacOf(string name, Password password) => macs.Of(name, password);

    public VerifiedPair? Find(string mac)
    {
        lock (guard)
        {
            ForgetExpired();
            return entries.TryGetValue(mac, out LinkedListNode<Entry>? node) ? node.Value.Pair : null;
        }
    }

    /// <summary>Remembers a pair from now on.</summary>
    /// <returns>Whether it was not remembered with the same hash already. If it was, that is not prolonged.</returns>
    public bool Remember(string mac, VerifiedPair pair)
    {
        lock (guard)
        {
            ForgetExpired();
            if (entries.TryGetValue(mac, out LinkedListNode<Entry>? former))
            {
                if (former.Value.Pair == pair)
                    return false;
                Forget(former);
            }
            else if (entries.Count == Capacity)
                Forget(oldestFirst.First!);
            entries[mac] = oldestFirst.AddLast(new Entry(mac, pair, time.GetTimestamp()));
            return true;
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
