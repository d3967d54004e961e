using System.Diagnostics;
using JwtAuth.Server.Observability;

namespace JwtAuth.Server.Storage;

/// <summary>
/// Writers of one urgency that wait. The payers take turns, so that one who has many waiting delays another by one. When it is full, the
/// payer with the most gives up its last place. So a payer's share is what the others leave, and at least as much as that of any other.
/// Not thread-safe.
/// </summary>
internal sealed class WriteQueue
{
    // A write takes a few milliseconds, and nobody waits for longer than a few seconds.
    public const int MaximumWaiting = 500;

    // In the order of their next turns.
    private readonly LinkedList<Payer> payers = new();
    private readonly Dictionary<string, Payer> byName = new(StringComparer.Ordinal);
    private int count;

    /// <summary>How many wait.</summary>
    public int Count => count;

    /// <summary>The writer whose turn it is; <see langword="null"/> if nobody waits.</summary>
    public WaitingWriter? First => payers.First?.Value.Waiting.First!.Value;

    /// <summary>Adds a writer. If the queue is full, it or another is refused at once.</summary>
    public void Add(WaitingWriter writer)
    {
        int own = byName.GetValueOrDefault(writer.Payer)?.Waiting.Count ?? 0;
        if (count == MaximumWaiting && !MakeRoom(own))
        {
            writer.Decide(isServed: false);
            return;
        }
        if (!byName.TryGetValue(writer.Payer, out Payer? present))
        {
            present = new Payer(writer.Payer);
            byName.Add(writer.Payer, present);
            payers.AddLast(present);
        }
        present.Waiting.AddLast(writer);
        count++;
    }

    /// <summary>Removes the writer whose turn it is. There is one.</summary>
    public WaitingWriter Next()
    {
        Payer payer = payers.First!.Value;
        WaitingWriter next = payer.Waiting.First!.Value;
        payers.RemoveFirst();
        payers.AddLast(payer);
        Remove(next);
        return next;
    }

    /// <summary>Removes a writer.</summary>
    /// <returns>Whether it was still waiting.</returns>
    public bool Remove(WaitingWriter writer)
    {
        if (!byName.TryGetValue(writer.Payer, out Payer? payer) || !payer.Waiting.Remove(writer))
            return false;
        count--;
        if (payer.Waiting.Count == 0)
        {
            byName.Remove(payer.Name);
            payers.Remove(payer);
        }
        return true;
    }

    // The last of whoever has the most gives way, but not to somebody who would then have as many.
    private bool MakeRoom(int own)
    {
        Payer greediest = payers.MaxBy(payer => payer.Waiting.Count)!;
        if (own + 1 >= greediest.Waiting.Count)
            return false;
        WaitingWriter last = greediest.Waiting.Last!.Value;
        Remove(last);
        last.Decide(isServed: false);
        return true;
    }

    private sealed class Payer(string name)
    {
        public string Name => name;

        public LinkedList<WaitingWriter> Waiting { get; } = new();
    }
}

/// <summary>A writer that waits.</summary>
/// <param name="payer">Whose turn it takes.</param>
/// <param name="write">What others may carry out for it; <see langword="null"/> if it needs a turn alone.</param>
internal sealed class WaitingWriter(string payer, GroupedWrite? write = null)
{
    // Whoever is let in goes on elsewhere, not in the hands of whoever has let it in.
    private readonly TaskCompletionSource<bool> served = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public string Payer => payer;

    public GroupedWrite? Write => write;

    /// <summary>Whether it was let in, or its write was carried out by another, once that is decided.</summary>
    public Task<bool> IsServed => served.Task;

    /// <summary>The span in which it waits.</summary>
    public ActivityContext Span { get; } = Traces.Here;

    /// <summary>Whose writes it carries out, its own first. Nobody's, if another has carried out its own.</summary>
    public IReadOnlyList<WaitingWriter> Group { get; private set; } = [];

    /// <summary>It is let in, for all of these.</summary>
    public void Lead(IReadOnlyList<WaitingWriter> group) => Group = group;

    public void Decide(bool isServed) => served.TrySetResult(isServed);
}
