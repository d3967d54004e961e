using System.Diagnostics;
using JwtAuth.Server.Observability;

namespace JwtAuth.Server.Storage;

/// <summary>Which writers come before which.</summary>
internal enum Urgency
{
    /// <summary>What ends a credential, and what administrators do.</summary>
    Ending,

    /// <summary>Everything that people wait for.</summary>
    Usual,

    /// <summary>What nobody waits for.</summary>
    Tidying,
}

/// <summary>
/// The queue of this process's writers. They wait without holding a thread, and one is let in at a time: endings before the rest, and
/// within one urgency the payers one after the other. Those next in order that can share a commit are let in together. SQLite's own waiting
/// sleeps on the thread and has no order; it is only for other processes.
/// </summary>
/// <param name="patience">How long a writer waits: as long as SQLite itself waits for another process.</param>
/// <param name="time">The clock.</param>
internal sealed class WriteLane(TimeSpan patience, TimeProvider time)
{
    /// <summary>How often in a row those who wait may see others let in who are more urgent.</summary>
    public const int PassedOverAtMost = 8;

    /// <summary>How many are let in together at most.</summary>
    public const int TogetherAtMost = 64;

    private readonly Lock guard = new();
    private readonly WriteQueue[] queues = [new(), new(), new()];
    private readonly int[] passedOver = new int[3];
    private readonly HashSet<string> notes = new(StringComparer.Ordinal);
    private bool isTaken;

    /// <summary>How many wait for their turn.</summary>
    public int Waiting
    {
        get
        {
            lock (guard)
                return queues.Sum(queue => queue.Count);
        }
    }

    /// <summary>Waits for a turn alone. Whoever has had one calls <see cref="Leave"/>.</summary>
    /// <param name="urgency">Who comes before whom.</param>
    /// <param name="payer">Whose turn it is: an account, or a network or a client where there is none.</param>
    /// <exception cref="StorageBusyException">
    /// The turn did not come in time, or too many are waiting and none has more waiting than this payer.
    /// </exception>
    public async Task EnterAsync(Urgency urgency, string payer)
    {
        using Activity? wait = Traces.WriteWait();
        await WaitAsync(urgency, new WaitingWriter(payer));
    }

    /// <summary>Waits for a turn that may be shared.</summary>
    /// <param name="urgency">Who comes before whom.</param>
    /// <param name="payer">Whose turn it is: an account, or a network or a client where there is none.</param>
    /// <param name="write">What is to be written.</param>
    /// <returns>
    /// Whose writes the caller has to carry out, its own first, and then hand to <see cref="Leave"/>. Nobody's, if somebody else has
    /// carried out the caller's.
    /// </returns>
    /// <exception cref="StorageBusyException">As with <see cref="EnterAsync"/>.</exception>
    public async Task<IReadOnlyList<WaitingWriter>> JoinAsync(Urgency urgency, string payer, GroupedWrite write)
    {
        using Activity? wait = Traces.WriteWait();
        var writer = new WaitingWriter(payer, write);
        await WaitAsync(urgency, writer);
        return writer.Group;
    }

    /// <summary>Ends a turn. The next begins.</summary>
    /// <param name="done">Those whose writes were carried out in it, well or not.</param>
    public void Leave(IReadOnlyList<WaitingWriter>? done = null)
    {
        lock (guard)
        {
            if (Next() is { } next)
                next.Decide(isServed: true);
            else
                isTaken = false;
        }
        foreach (WaitingWriter writer in done ?? [])
            writer.Decide(isServed: true);
    }

    /// <summary>Whether nobody else is about to note the same. If so, call <see cref="EndNote"/> afterwards.</summary>
    public bool TryBeginNote(string what)
    {
        lock (guard)
            return notes.Add(what);
    }

    public void EndNote(string what)
    {
        lock (guard)
            notes.Remove(what);
    }

    private async Task WaitAsync(Urgency urgency, WaitingWriter writer)
    {
        lock (guard)
        {
            if (!isTaken)
            {
                isTaken = true; // nobody waits: a turn that ends is handed on
                writer.Lead([writer]);
                return;
            }
            queues[(int)urgency].Add(writer);
        }
        using var tired = new CancellationTokenSource(patience, time);
        using CancellationTokenRegistration registration = tired.Token.Register(() => GiveUp(urgency, writer));
        if (!await writer.IsServed)
            throw new StorageBusyException();
    }

    private void GiveUp(Urgency urgency, WaitingWriter writer)
    {
        lock (guard)
        {
            if (queues[(int)urgency].Remove(writer))
                writer.Decide(isServed: false);
        }
    }

    // The next in order, and those after it for as long as they can all share a commit.
    private WaitingWriter? Next()
    {
        if (Choose() is not { } chosen)
            return null;
        WaitingWriter first = Take(chosen);
        if (first.Write is null)
            return first;
        List<WaitingWriter> group = [first];
        while (group.Count < TogetherAtMost && Choose() is { } next && queues[next].First!.Write is not null)
            group.Add(Take(next));
        first.Lead(group);
        return first;
    }

    // The most urgent, unless somebody less urgent was passed over too often.
    private int? Choose()
    {
        int? chosen = null;
        for (int urgency = 0; urgency < queues.Length; urgency++)
        {
            if (queues[urgency].First is not null && (chosen is null || passedOver[urgency] >= PassedOverAtMost))
                chosen = urgency;
        }
        return chosen;
    }

    private WaitingWriter Take(int chosen)
    {
        passedOver[chosen] = 0;
        for (int urgency = chosen + 1; urgency < queues.Length; urgency++)
            passedOver[urgency] += queues[urgency].First is null ? 0 : 1;
        return queues[chosen].Next();
    }
}
