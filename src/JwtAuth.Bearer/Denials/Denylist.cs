using System.Collections.Concurrent;
using System.Collections.Frozen;
using JwtAuth.Bearer.Clocks;

namespace JwtAuth.Bearer.Denials;

/// <summary>
/// The denials in memory, consulted on every check. Whoever reads the log writes here, in the log's order. Readers take no lock. The list
/// knows when it was last complete: without that, "not denied" would be a guess.
/// </summary>
/// <param name="time">Measures the silence.</param>
/// <param name="maximumSilence">How long the log may go unread. After that, nothing is accepted.</param>
internal sealed class Denylist(TimeProvider time, TimeSpan maximumSilence)
{
    // A subject's denial is an exception if the table says so, or if its generation does not fit in the table.
    private const uint AmongExceptions = 0, EveryGeneration = uint.MaxValue;

    private readonly Lock writing = new();
    private readonly DenialTable table = new();
    private readonly ConcurrentDictionary<UInt128, SubjectDenial> exceptions = new();
    private volatile FrozenSet<string>? keys;

    private readonly ClockReading begunAt = ClockReading.Of(time);
    private volatile ClockReading? completeAt;

    /// <summary>How many denials are held now. Two of one subject count once.</summary>
    public int Count => table.Count + (keys?.Count ?? 0);

    /// <summary>Whether the log was read recently enough to be sure that a token is not denied.</summary>
    public bool IsComplete => completeAt is { } last && last.Age(time) <= maximumSilence;

    /// <summary>
    /// Whether the log could not be read for longer than that. Before the first reading, the time counts from the start. The time that this
    /// machine was asleep does not count: nobody asked.
    /// </summary>
    public bool IsOverdue => (completeAt ?? begunAt).Awake(time) > maximumSilence;

    /// <summary>How long ago the log was last known to be complete; <see langword="null"/> if it never was.</summary>
    public TimeSpan? Age => completeAt?.Age(time);

    /// <summary>The log has been read to its end.</summary>
    /// <param name="reading">Of the clocks, before the log was read.</param>
    public void CompleteAsOf(ClockReading reading) => completeAt = reading;

    /// <summary>Whether a token is denied.</summary>
    public bool Denies(in TokenIdentifiers names) =>
        keys?.Contains(names.KeyId) == true
        || (table.MayContainAny(names.Session, names.Token, names.Subject)
            && (table.Contains(DenialKind.Session, names.Session)
            || table.Contains(DenialKind.Token, names.Token) || DeniesSubject(names)));

    /// <summary>Adds a denial. Those that came before it in the log must have been added already.</summary>
    public void Add(Denial denial)
    {
        lock (writing)
        {
            switch (denial.Kind)
            {
                case DenialKind.Token:
                    UInt128 token = DenialTable.IdOf(DenialTable.IdOf(denial.TokenSubject!), DenialTable.IdOf(denial.Name));
                    table.Add(DenialKind.Token, token, denial.ExpiresAt!.Value, EveryGeneration);
                    break;
                case DenialKind.Session:
                    table.Add(DenialKind.Session, DenialTable.IdOf(denial.Name), denial.ExpiresAt!.Value, EveryGeneration);
                    break;
                case DenialKind.Subject:
                    AddSubject(denial);
                    break;
                default:
                    keys = (keys ?? []).Append(denial.Name).ToFrozenSet(StringComparer.Ordinal);
                    break;
            }
        }
    }

    /// <summary>Drops what no token can need any more.</summary>
    public void Forget(DateTimeOffset now)
    {
        lock (writing)
        {
            table.Forget(now);
            foreach (UInt128 subject in exceptions.Keys.Where(subject => !table.Contains(DenialKind.Subject, subject)))
                exceptions.TryRemove(subject, out _);
        }
    }

    private bool DeniesSubject(in TokenIdentifiers names) =>
        table.TryFind(DenialKind.Subject, names.Subject, out uint below)
        && (below != AmongExceptions ? names.Generation < below
            : exceptions.TryGetValue(names.Subject, out SubjectDenial? denial) && denial.Denies(names.Generation, names.Session));

    private void AddSubject(Denial denial)
    {
        UInt128 subject = DenialTable.IdOf(denial.Name);
        var latest = SubjectDenial.First(denial);
        bool isException = exceptions.TryGetValue(subject, out SubjectDenial? before);
        if (!isException && table.TryFind(DenialKind.Subject, subject, out uint below))
            before = new SubjectDenial(below, Except: null, below);
        SubjectDenial merged = before?.Then(latest) ?? latest;

        // An exception stays until it is forgotten: a reader may have seen its mark already and be about to look it up.
        if (isException || merged is not { Except: null, Below: > AmongExceptions and <= uint.MaxValue })
        {
            exceptions[subject] = merged; // before the sign to it
            table.Add(DenialKind.Subject, subject, denial.ExpiresAt!.Value, AmongExceptions);
        }
        else
        {
            table.Add(DenialKind.Subject, subject, denial.ExpiresAt!.Value, (uint)merged.Below);
        }
    }

    /// <summary>
    /// All denials of one subject in three numbers. A token is alive if its generation is at least <paramref name="Below"/>. In the session
    /// <paramref name="Except"/> it is alive from <paramref name="BelowOfExcepted"/> on.
    /// </summary>
    private sealed record SubjectDenial(long Below, UInt128? Except, long BelowOfExcepted)
    {
        public static SubjectDenial First(Denial denial) => denial.ExceptSessionId is { } except
            ? new(denial.BelowGeneration, DenialTable.IdOf(except), BelowOfExcepted: 0)
            : new(denial.BelowGeneration, Except: null, denial.BelowGeneration);

        public bool Denies(long generation, UInt128 session) => generation < Below && (generation < BelowOfExcepted || session != Except);

        public SubjectDenial Then(SubjectDenial latest)
        {
            // A feed that starts again brings older denials. They count as well.
            if (latest.Below < Below)
                return this with { BelowOfExcepted = latest.Except == Except ? BelowOfExcepted : Math.Max(BelowOfExcepted, latest.Below) };
            // A session that is spared now was not spared by earlier denials, unless they spared the same session.
            return latest with
            {
                BelowOfExcepted =
                    latest.Except is null ? latest.Below : latest.Except == Except ? BelowOfExcepted : Math.Min(Below, latest.Below),
            };
        }
    }
}
