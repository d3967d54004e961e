using System.Collections.Concurrent;

namespace JwtAuth.Bearer.Denials;

/// <summary>
/// The denials in memory, asked on every check. Whoever reads the log writes here, in the log's order; readers take no lock. It says itself when
/// it was last known to be complete: without that, "not denied" would be a guess.
/// </summary>
/// <param name="time">Measures the silence.</param>
/// <param name="maximumSilence">How long the log may go unread before nothing is accepted any more.</param>
internal sealed class Denylist(TimeProvider time, TimeSpan maximumSilence)
{
    private readonly DenialTable tokens = new();
    private readonly DenialTable sessions = new();
    private readonly ConcurrentDictionary<string, SubjectDenial> subjects = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, bool> keys = new(StringComparer.Ordinal);

    private long completeAt = long.MinValue;

    /// <summary>Denials held now; two of one subject count once.</summary>
    public int Count => tokens.Count + sessions.Count + subjects.Count + keys.Count;

    /// <summary>Whether the log was read recently enough for "not denied" to be known.</summary>
    public bool IsComplete => Volatile.Read(ref completeAt) is var last && last != long.MinValue && time.GetElapsedTime(last) <= maximumSilence;

    /// <summary>How long ago the log was last known to be complete; <see langword="null"/> before that.</summary>
    public TimeSpan? Age => Volatile.Read(ref completeAt) is var last && last != long.MinValue ? time.GetElapsedTime(last) : null;

    /// <summary>The log has been read to its end.</summary>
    /// <param name="timestamp"><see cref="TimeProvider.GetTimestamp"/> from before the reading.</param>
    public void CompleteAsOf(long timestamp) => Volatile.Write(ref completeAt, timestamp);

    /// <summary>Whether a token is denied.</summary>
    public bool Denies(string subject, string jwtId, string sessionId, long generation, string keyId) =>
        keys.ContainsKey(keyId) // IsEmpty would take every lock of the dictionary
        || (subjects.TryGetValue(subject, out SubjectDenial? denial) && denial.Denies(generation, sessionId))
        || (!sessions.IsEmpty && sessions.Contains(DenialTable.IdOf(sessionId)))
        || (!tokens.IsEmpty && tokens.Contains(DenialTable.IdOf(subject, jwtId)));

    /// <summary>Adds a denial, after those that came before it in the log.</summary>
    public void Add(Denial denial)
    {
        switch (denial.Kind)
        {
            case DenialKind.Token:
                tokens.Add(DenialTable.IdOf(denial.TokenSubject!, denial.Name), denial.ExpiresAt!.Value);
                break;
            case DenialKind.Session:
                sessions.Add(DenialTable.IdOf(denial.Name), denial.ExpiresAt!.Value);
                break;
            case DenialKind.Subject:
                subjects.AddOrUpdate(denial.Name, _ => SubjectDenial.First(denial), (_, before) => before.Then(denial));
                break;
            default:
                keys[denial.Name] = true;
                break;
        }
    }

    /// <summary>Drops what no token can need any more.</summary>
    public void Forget(DateTimeOffset now)
    {
        tokens.Forget(now);
        sessions.Forget(now);
        foreach (KeyValuePair<string, SubjectDenial> subject in subjects)
        {
            if (subject.Value.ForgetAt <= now)
                subjects.TryRemove(subject); // unless it was replaced meanwhile
        }
    }

    /// <summary>
    /// All denials of one subject in three numbers: alive is what has at least generation <paramref name="Below"/>, and of the session
    /// <paramref name="Except"/> what has at least <paramref name="BelowOfExcepted"/>.
    /// </summary>
    private sealed record SubjectDenial(long Below, string? Except, long BelowOfExcepted, DateTimeOffset ForgetAt)
    {
        public static SubjectDenial First(Denial denial) =>
            new(denial.BelowGeneration, denial.ExceptSessionId, denial.ExceptSessionId is null ? denial.BelowGeneration : 0, denial.ExpiresAt!.Value);

        public bool Denies(long generation, string sessionId) =>
            generation < Below && (generation < BelowOfExcepted || !string.Equals(sessionId, Except, StringComparison.Ordinal));

        // A session that is spared now was not spared by what came before, unless it was the same.
        public SubjectDenial Then(Denial denial)
        {
            SubjectDenial latest = First(denial);
            // A feed that begins anew brings again what was heard before.
            if (latest.Below < Below)
                return this with { ForgetAt = ForgetAt > latest.ForgetAt ? ForgetAt : latest.ForgetAt };
            long belowOfExcepted = latest.Except is null ? latest.Below : latest.Except == Except ? BelowOfExcepted : Math.Min(Below, latest.Below);
            return latest with
            {
                BelowOfExcepted = belowOfExcepted,
                ForgetAt = ForgetAt > latest.ForgetAt ? ForgetAt : latest.ForgetAt,
            };
        }
    }
}
