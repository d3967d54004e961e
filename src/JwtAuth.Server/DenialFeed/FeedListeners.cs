using System.Data.Common;
using JwtAuth.Server.Storage;

namespace JwtAuth.Server.DenialFeed;

/// <summary>
/// Notes which processes of APIs follow the feed, and which key set each of them holds, so that <c>keys drill</c> can ask. A process is
/// written down when it holds another set, and otherwise twice a minute. Nobody waits for that.
/// </summary>
internal sealed class FeedListeners(GroupedWrites writes, TimeProvider time)
{
    /// <summary>Whoever was not heard of for so long does not follow the feed any more.</summary>
    public static readonly TimeSpan Silence = TimeSpan.FromSeconds(75);

    private const int MostOfOneClient = 256, LongestName = 64;

    private const string Note =
        """
        INSERT INTO "FeedListeners" ("ClientId", "Instance", "Keys", "SeenAt") VALUES (@client, @instance, @keys, @at)
        ON CONFLICT ("ClientId", "Instance") DO UPDATE SET "Keys" = excluded."Keys", "SeenAt" = excluded."SeenAt"
        """;

    private static readonly TimeSpan NoteEvery = TimeSpan.FromSeconds(30);

    private readonly Lock guard = new();
    private readonly Dictionary<(string Client, string Instance), (string Keys, DateTimeOffset At)> noted = [];

    /// <summary>A client has called.</summary>
    /// <param name="client">The client.</param>
    /// <param name="instance">What its process calls itself; none from an older version.</param>
    /// <param name="keys">The key set that it holds.</param>
    public void Hear(string client, string? instance, string? keys)
    {
        (string named, string held) = (Plain(instance), Plain(keys));
        DateTimeOffset now = time.GetUtcNow();
        lock (guard)
        {
            bool isKnown = noted.TryGetValue((client, named), out (string Keys, DateTimeOffset At) former);
            if (isKnown && former.Keys == held && (now - former.At).Duration() < NoteEvery)
                return;
            if (!isKnown && noted.Keys.Count(one => one.Client == client) >= MostOfOneClient && !TryForget(client, now))
                return;
            noted[(client, named)] = (held, now);
        }
        _ = WriteAsync(client, named, held, now);
    }

    private bool TryForget(string client, DateTimeOffset now)
    {
        foreach ((string, string) gone in noted.Where(one => one.Key.Client == client && now - one.Value.At > Silence)
            .Select(one => one.Key).ToList())
        {
            noted.Remove(gone);
        }
        return noted.Keys.Count(one => one.Client == client) < MostOfOneClient;
    }

    private async Task WriteAsync(string client, string instance, string keys, DateTimeOffset now)
    {
        try
        {
            await writes.RunAsync(Urgency.Tidying, client, connection => connection.ExecuteAsync(
                Note, ("@client", client), ("@instance", instance), ("@keys", keys), ("@at", now.ToStored())));
        }
        catch (Exception fault) when (fault is DbException or StorageBusyException or InvalidOperationException)
        {
            lock (guard)
                noted.Remove((client, instance)); // the next call is noted again
        }
    }

    // Names that our package makes have nothing else.
    private static string Plain(string? text) =>
        text is { Length: <= LongestName } && text.All(sign => char.IsAsciiLetterOrDigit(sign) || sign is '-' or '_') ? text : "";
}
