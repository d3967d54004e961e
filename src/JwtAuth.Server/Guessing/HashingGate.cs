using System.Diagnostics;
using System.Net;
using JwtAuth.Server.Observability;

namespace JwtAuth.Server.Guessing;

/// <summary>
/// Limits bcrypt: how many hash at once, how many wait, and for how long. Hashing is slow on purpose. Without this limit, a few hundred
/// logins would stop everything else. The networks that wait take turns, so a network with a hundred waiting does not make another one
/// wait longer than a network with one. When the queue is full, the last one of the network with the most waiting has to go.
/// </summary>
internal sealed class HashingGate(HashingSettings settings, TimeProvider time, IHostApplicationLifetime? lifetime = null)
{
    // For so long, one network leaves a place free for the others that have come meanwhile.
    private static readonly TimeSpan OthersAreNear = TimeSpan.FromMinutes(1);

    /// <summary>When to try again after no place was free.</summary>
    public static readonly TimeSpan RetryAfter = TimeSpan.FromSeconds(2);

    private readonly Lock guard = new();
    private readonly List<Visitor> waiting = [];
    private readonly Dictionary<string, Crowd> narrow = [], middle = [], wide = [];
    private int inside;
    private long lastTurn, lastNumber;

    // The wide network that came last, and when. And when one came that is another than this.
    private string? lastWide;
    private long lastAt;
    private long? otherAt;

    /// <summary>How many wait.</summary>
    public int Waiting
    {
        get
        {
            lock (guard)
                return waiting.Count;
        }
    }

    /// <summary>
    /// A place at bcrypt, to be disposed of. <see langword="null"/> if the queue is full, the wait is too long, or the service is stopping.
    /// </summary>
    public async Task<IDisposable?> EnterAsync(CancellationToken cancellation, IPAddress? address = null)
    {
        using Activity? wait = Traces.HashWait();
        Visitor visitor = Come(Network.Of(address));
        if (visitor.Place.Task.IsCompleted)
            return await visitor.Place.Task;
        using var patience = new CancellationTokenSource(settings.MaxQueueWait, time);
        using var any = CancellationTokenSource.CreateLinkedTokenSource(
            patience.Token, cancellation, lifetime?.ApplicationStopping ?? CancellationToken.None);
        await using CancellationTokenRegistration leaving = any.Token.Register(() => TurnAway(visitor));
        IDisposable? place = await visitor.Place.Task;
        if (place is null)
            cancellation.ThrowIfCancellationRequested();
        return place;
    }

    private Visitor Come(Network network)
    {
        lock (guard)
        {
            NoteOthers(network.Wide);
            var visitor = new Visitor(
                ++lastNumber, CrowdOf(narrow, network.Narrow), CrowdOf(middle, network.Middle), CrowdOf(wide, network.Wide));
            waiting.Add(visitor);
            visitor.Count(present: 1, waits: 1);
            AdmitAll();
            if (waiting.Count > settings.QueueLimit)
                TurnAway(waiting.MaxBy(one => (one.Wide.Waiting, one.Middle.Waiting, one.Narrow.Waiting, one.Number))!);
            return visitor;
        }
    }

    // Whose turn it is: the widest network that was served longest ago, in it the network that was, and so on. In a /64 the first to come.
    private void AdmitAll()
    {
        while (inside < settings.MaxConcurrentHashes && waiting.Where(MayEnter)
            .MinBy(one => (one.Wide.Turn, one.Middle.Turn, one.Narrow.Turn, one.Number)) is { } next)
        {
            waiting.Remove(next);
            next.Count(present: 0, waits: -1);
            next.Wide.Inside++;
            next.Wide.Turn = next.Middle.Turn = next.Narrow.Turn = lastTurn += 2;
            inside++;
            next.Place.SetResult(new Held(this, next));
        }
    }

    // One network alone may have all places. Where others come as well, one place is theirs, so that they need not wait for a whole hash.
    private bool MayEnter(Visitor visitor) =>
        visitor.Wide.Inside < Math.Max(1, settings.MaxConcurrentHashes - 1)
        || (visitor.Wide.Name == lastWide ? otherAt : lastAt) is not { } at || time.GetElapsedTime(at) > OthersAreNear;

    private void NoteOthers(string network)
    {
        if (lastWide is not null && lastWide != network)
            otherAt = lastAt;
        (lastWide, lastAt) = (network, time.GetTimestamp());
    }

    private void TurnAway(Visitor visitor)
    {
        lock (guard)
        {
            if (!waiting.Remove(visitor))
                return;
            visitor.Count(present: -1, waits: -1);
            Forget(visitor);
            visitor.Place.SetResult(null);
        }
    }

    private void Leave(Visitor visitor)
    {
        lock (guard)
        {
            inside--;
            visitor.Wide.Inside--;
            visitor.Count(present: -1, waits: 0);
            Forget(visitor);
            AdmitAll();
        }
    }

    // A network that comes anew is next but for those who wait already: only the one that was served last is behind it.
    private Crowd CrowdOf(Dictionary<string, Crowd> crowds, string name) =>
        crowds.TryGetValue(name, out Crowd? crowd) ? crowd : crowds[name] = new Crowd(name) { Turn = lastTurn - 1 };

    private void Forget(Visitor visitor)
    {
        foreach ((Dictionary<string, Crowd> crowds, Crowd crowd)
            in (ReadOnlySpan<(Dictionary<string, Crowd>, Crowd)>)[(narrow, visitor.Narrow), (middle, visitor.Middle), (wide, visitor.Wide)])
        {
            if (crowd.Present == 0)
                crowds.Remove(crowd.Name);
        }
    }

    /// <summary>Those of one network who wait or hash.</summary>
    private sealed class Crowd(string name)
    {
        public string Name => name;

        public int Present { get; set; }

        public int Waiting { get; set; }

        public int Inside { get; set; }

        /// <summary>When it was served last. The lowest is next.</summary>
        public long Turn { get; set; }
    }

    private sealed class Visitor(long number, Crowd narrow, Crowd middle, Crowd wide)
    {
        public long Number => number;

        public Crowd Narrow => narrow;

        public Crowd Middle => middle;

        public Crowd Wide => wide;

        public TaskCompletionSource<IDisposable?> Place { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public void Count(int present, int waits)
        {
            foreach (Crowd crowd in (ReadOnlySpan<Crowd>)[Narrow, Middle, Wide])
            {
                crowd.Present += present;
                crowd.Waiting += waits;
            }
        }
    }

    private sealed class Held(HashingGate gate, Visitor visitor) : IDisposable
    {
        private int isGivenBack;

        public void Dispose()
        {
            if (Interlocked.Exchange(ref isGivenBack, 1) == 0)
                gate.Leave(visitor);
        }
    }
}
