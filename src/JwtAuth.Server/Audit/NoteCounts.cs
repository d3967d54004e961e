namespace JwtAuth.Server.Audit;

/// <summary>
/// Bounds what is noted, in a minute, of things that anybody can cause. Of the same thing the first are told one by one, and the rest are
/// counted. Only so many things are told apart; all others of one event are one more. For one caller at a time.
/// </summary>
internal sealed class NoteCounts
{
    /// <summary>How many of the same are told one by one in a minute.</summary>
    public const int First = 5;

    /// <summary>How many things are told apart in a minute.</summary>
    public const int Apart = 1000;

    private Dictionary<Note, int> counts = [];

    /// <summary>Counts a note.</summary>
    /// <returns>What is to be told of it now; <see langword="null"/> if it is only counted.</returns>
    public Note? Admit(Note note)
    {
        Note key = note.Key;
        if (counts.Count >= Apart && !counts.ContainsKey(key))
            (key, note) = (key.OfOthers, note.OfOthers);
        int count = counts.GetValueOrDefault(key) + 1;
        counts[key] = count;
        return count <= First ? note : null;
    }

    /// <summary>The minute is over.</summary>
    /// <returns>What was only counted, each with its number.</returns>
    public IEnumerable<(Note Note, int Count)> Turn()
    {
        Dictionary<Note, int> over = counts;
        counts = [];
        return over.Where(pair => pair.Value > First).Select(pair => (pair.Key, pair.Value - First));
    }
}

/// <summary>Something that is recorded in the background.</summary>
/// <param name="Entry">What happened.</param>
/// <param name="Name">The name of an account as it was sent. It is looked up, and never stored.</param>
/// <param name="Actor">Who did it.</param>
/// <param name="Address">From where.</param>
internal sealed record Note(AuditEntry Entry, string? Name, AuditActor Actor, string? Address)
{
    public DateTimeOffset At { get; init; }

    public string? RequestId { get; init; }

    /// <summary>What it has in common with others of the same.</summary>
    public Note Key => this with { At = default, RequestId = null };

    /// <summary>What is left of it where too many are to be told apart.</summary>
    public Note OfOthers => this with
    {
        Entry = new AuditEntry(Entry.Event) { Detail = Entry.Detail },
        Name = null,
        Actor = AuditActor.Anonymous,
        Address = null,
    };

    public WaitingEntry Of(string? subject) =>
        new(subject is null ? Entry : Entry with { Subject = subject }, At, Actor, Address, RequestId);
}
