using System.Buffers.Text;
using System.Security.Cryptography;

namespace JwtAuth.Server.Lab;

/// <summary>The copies that the thief holds: in memory only, not many, and not for long. Pages name a copy by its handle.</summary>
internal sealed class StolenCredentials(TimeProvider time) : IDisposable
{
    public const int Capacity = 100;

    public static readonly TimeSpan Lifetime = TimeSpan.FromHours(1);

    private readonly Lock guard = new();
    private readonly Dictionary<string, (StolenCredential Credential, long KeptAt)> copies = [];
    private readonly Queue<string> order = new(); // the oldest first; all have the same lifetime

    /// <summary>Keeps a copy.</summary>
    /// <returns>The handle of the copy.</returns>
    public string Keep(StolenCredential credential)
    {
        string handle = Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(16));
        lock (guard)
        {
            while (order.TryPeek(out string? oldest) && (order.Count >= Capacity || IsOver(copies[oldest].KeptAt)))
                copies.Remove(order.Dequeue());
            copies[handle] = (credential, time.GetTimestamp());
            order.Enqueue(handle);
        }
        return handle;
    }

    public StolenCredential? Find(string handle)
    {
        lock (guard)
            return copies.TryGetValue(handle, out (StolenCredential Credential, long KeptAt) copy)
                && !IsOver(copy.KeptAt) ? copy.Credential : null;
    }

    /// <summary>Replaces a copy's value. The new one ends when the old one would have.</summary>
    public void Replace(string handle, StolenCredential credential)
    {
        lock (guard)
        {
            if (copies.TryGetValue(handle, out (StolenCredential Credential, long KeptAt) former))
                copies[handle] = (credential, former.KeptAt);
        }
    }

    public void Dispose()
    {
        lock (guard)
        {
            copies.Clear();
            order.Clear();
        }
    }

    private bool IsOver(long keptAt) => time.GetElapsedTime(keptAt) >= Lifetime;
}
