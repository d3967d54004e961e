using System.Collections.Concurrent;
using System.Collections.Frozen;

namespace JwtAuth.Bearer.Denials;

/// <summary>
/// The denials in memory, asked on every check. Whoever reads the log writes here, in the log's order; readers take no lock. It says itself
/// when it was last known to be complete: without that, "not denied" would be a guess.
/// </summary>
/// <param name="time">Measures the silence.</param>
/// <param name="maximumSilence">How long the log may go unread before nothing is accepted any more.</param>
internal sealed class Denylist(TimeProvider time, TimeSpan maximumSilence)
{
    // Where the table says so, and for a generation that does not fit into it, a subject's denial stands among the exceptions.
    private const uint AmongExceptions = 0, EveryGeneration = uint.MaxValue;

    private readonly Lock writing = new();
    private readonly DenialTable table = new();
    private readonly ConcurrentDictionary<UInt128, SubjectDenial> exceptions = new();
    private volatile FrozenSet<string>? keys;

    private readonly long begunAt = time.GetTimestamp();
    private long completeAt = long.MinValue;

    /// <summary>Denials held now; two of one subject count once.</summary>
    public int Count => table.Count + (keys?.Count ?? 0);

    /// <summary>Whether the log was read recently enough for "not denied" to be known.</summary>
    public bool IsComplete =>
        Volatile.Read(ref completeAt) is var last && last != long.MinValue && time.GetElapsedTime(last) <= maximumSilence;

    /// <summary>Whether the log has not been read for longer than that; at first, since the beginning.</summary>
    public bool IsOverdue =>
        time.GetElapsedTime(Volatile.Read(ref completeAt) is var last && last != long.MinValue ? last : begunAt) > maximumSilence;

    /// <summary>How long ago the log was last known to be complete; <see langword="null"/> before that.</summary>
    public TimeSpan? Age => Volatile.Read(ref completeAt) is var last && last != long.MinValue ? time.GetElapsedTime(last) : null;

    /// <summary>The log has been read to its end.</summary>
    /// <param name="timestamp"><see cref="TimeProvider.GetTimestamp"/> from before the reading.</param>
    public void CompleteAsOf(long timestamp) => Volatile.Write(ref completeAt, timestamp);

    /// <summary>Whether a token is denied.</summary>
    public bool Denies(in TokenIdentifiers names) =>
        keys?.Contains(names.KeyId) == true
        || (table.MayContainAny(names.Session, names.Token, names.Subject)
            && (table.Contains(DenialKind.Session, names.Session)
            || table.Contains(DenialKind.Token, names.Token) || DeniesSubject(names)));

    /// <summary>Adds a denial, after those that came before it in the log.</summary>
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

        // What is among the exceptions stays there until it is forgotten: a reader may have seen the sign and be on its way.
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
    /// All denials of one subject in three numbers: alive is what has at least generation <paramref name="Below"/>, and of the session
    /// <paramref name="Except"/> what has at least <paramref name="BelowOfExcepted"/>.
    /// </summary>
    private sealed record SubjectDenial(long Below, UInt128? Except, long BelowOfExcepted)
    {
        public static SubjectDenial First(Denial denial) => denial.ExceptSessionId is { } except
            ? new(denial.BelowGeneration, DenialTable.IdOf(except), BelowOfExcepted: 0)
            : new(denial.BelowGeneration, Except: null, denial.BelowGeneration);

        public bool Denies(long generation, UInt128 session) => generation < Below && (generation < BelowOfExcepted || session != Except);

        public SubjectDenial Then(SubjectDenial latest)
        {
            // A feed that begins anew brings what is older, and what it says holds as well.
            if (latest.Below < Below)
                return this with { BelowOfExcepted = latest.Except == Except ? BelowOfExcepted : Math.Max(BelowOfExcepted, latest.Below) };
            // A session that is spared now was not spared by what came before, unless it was the same.
            return latest with
            {
                BelowOfExcepted =
                    latest.Except is null ? latest.Below : latest.Except == Except ? BelowOfExcepted : Math.Min(Below, latest.Below),
            };
        }
    }
}
