using System.Text;
using JwtAuth.Bearer.Keys;
using JwtAuth.Server.Storage;

namespace JwtAuth.Server.Guessing;

/// <summary>
/// The networks from which the owners of accounts have logged in lately, in memory. <see cref="KnownNetworkStore"/> writes down what is
/// new. A network is kept as a MAC, so that neither memory nor the database says where somebody lives.
/// </summary>
/// <param name="key">The key of the MACs.</param>
/// <param name="time">The clock.</param>
internal sealed class KnownNetworks(MacKey key, TimeProvider time)
{
    /// <summary>How many networks of one account are known. Beyond it, the one used longest ago is forgotten.</summary>
    public const int PerAccount = 20;

    /// <summary>How many accounts have known networks in memory. Beyond it, those used longest ago are forgotten.</summary>
    public const int Capacity = 100_000;

    /// <summary>How long a network is known after the last login from it.</summary>
    public static readonly TimeSpan Lifetime = TimeSpan.FromDays(30);

    // A network is written down again only after so long, so that a login from a known network writes nothing.
    private static readonly TimeSpan Resolution = TimeSpan.FromDays(1);

    private readonly Lock guard = new();
    private readonly Dictionary<string, Dictionary<string, Use>> byAccount = new(StringComparer.Ordinal);
    private readonly Dictionary<(string Subject, string Network), DateTimeOffset> unwritten = [];

    /// <summary>How many accounts have known networks in memory.</summary>
    public int Count
    {
        get
        {
            lock (guard)
                return byAccount.Count;
        }
    }

    /// <summary>Whether the owner has logged in from there.</summary>
    /// <param name="account">The name, normalized.</param>
    /// <param name="network">The narrowest network.</param>
    public bool Holds(string account, string network)
    {
        string mac = MacOf(account, network);
        lock (guard)
        {
            return byAccount.TryGetValue(account, out Dictionary<string, Use>? uses) && uses.TryGetValue(mac, out Use use)
                && time.GetUtcNow() - use.At < Lifetime;
        }
    }

    /// <summary>The owner has logged in from there now.</summary>
    public void Add(string account, string subject, string network)
    {
        string mac = MacOf(account, network);
        DateTimeOffset now = time.GetUtcNow();
        lock (guard)
        {
            Use former = UsesOf(account).GetValueOrDefault(mac);
            bool isWritten = (now - former.WrittenAt).Duration() < Resolution;
            Put(account, mac, new Use(now, isWritten ? former.WrittenAt : now));
            if (!isWritten && unwritten.Count < Capacity)
                unwritten[(subject, mac)] = now;
        }
    }

    /// <summary>Takes over what was written down, by this process, another, or the one before.</summary>
    public void Load(string account, string mac, DateTimeOffset at)
    {
        lock (guard)
        {
            if (UsesOf(account).GetValueOrDefault(mac).At < at)
                Put(account, mac, new Use(at, at));
        }
    }

    /// <summary>Takes what is to be written down, up to so many.</summary>
    public IReadOnlyList<KnownNetworkRow> TakeUnwritten(int atMost)
    {
        lock (guard)
        {
            KnownNetworkRow[] rows = [.. unwritten.Take(atMost).Select(
                one => new KnownNetworkRow { Subject = one.Key.Subject, Network = one.Key.Network, LastAt = one.Value })];
            foreach (KnownNetworkRow row in rows)
                unwritten.Remove((row.Subject, row.Network));
            return rows;
        }
    }

    /// <summary>They could not be written down. The next time they are tried again.</summary>
    public void GiveBack(IReadOnlyList<KnownNetworkRow> rows)
    {
        lock (guard)
        {
            foreach (KnownNetworkRow row in rows)
                unwritten.TryAdd((row.Subject, row.Network), row.LastAt);
        }
    }

    private string MacOf(string account, string network)
    {
        Span<byte> mac = stackalloc byte[32];
        key.Compute(Encoding.UTF8.GetBytes($"{network} {account}"), mac);
        return Convert.ToHexStringLower(mac[..16]);
    }

    private Dictionary<string, Use> UsesOf(string account)
    {
        if (byAccount.TryGetValue(account, out Dictionary<string, Use>? uses))
            return uses;
        if (byAccount.Count >= Capacity)
            MakeRoom();
        return byAccount[account] = new(StringComparer.Ordinal);
    }

    private void Put(string account, string mac, Use use)
    {
        Dictionary<string, Use> uses = UsesOf(account);
        uses[mac] = use;
        if (uses.Count > PerAccount)
            uses.Remove(uses.MinBy(one => one.Value.At).Key);
    }

    // A tenth at a time, so that many new accounts do not cause a sort for each.
    private void MakeRoom()
    {
        foreach (string account in byAccount.OrderBy(one => one.Value.Count == 0 ? default : one.Value.Max(use => use.Value.At))
            .Take(Capacity / 10).Select(one => one.Key).ToList())
        {
            byAccount.Remove(account);
        }
    }

    private readonly record struct Use(DateTimeOffset At, DateTimeOffset WrittenAt);
}
