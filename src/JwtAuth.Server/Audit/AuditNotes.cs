using JwtAuth.Server.Observability;
using JwtAuth.Server.Storage;
using Microsoft.EntityFrameworkCore;

namespace JwtAuth.Server.Audit;

/// <summary>
/// Records in the background what changes nothing in the store: logins without a session, and what was refused. No request waits for it,
/// and no request writes for it. Once a second what was noted is appended in one transaction. A process that is killed loses that second;
/// nobody was told that anything had been stored.
/// </summary>
internal sealed class AuditNotes(AuditOrigins origins, IServiceScopeFactory scopes, TimeProvider time, ILogger<AuditNotes> log)
    : PeriodicWriter(TimeSpan.FromSeconds(1), alsoAtStart: false, time)
{
    /// <summary>How many wait at most, while the store cannot be written.</summary>
    public const int MostWaiting = 10_000;

    private const int Lot = 200;

    private static readonly TimeSpan Minute = TimeSpan.FromMinutes(1);

    private readonly Lock guard = new();
    // What is refused is counted apart, so that it cannot hide who has come in.
    private readonly NoteCounts done = new(), refused = new();
    private readonly SemaphoreSlim writing = new(1, 1);
    private List<Note> waiting = [];
    private DateTimeOffset turnedAt = time.GetUtcNow();
    private long lost;
    private bool isTold;

    /// <summary>Notes what happens now.</summary>
    /// <param name="entry">What happens.</param>
    /// <param name="name">The normalized name of the account that it is about, where it is not known whether there is one.</param>
    public void Add(AuditEntry entry, string? name = null)
    {
        AuditOrigin origin = origins.Current;
        var note = new Note(entry, name, entry.Actor ?? origin.Unnamed, origin.Address)
        {
            At = Time.GetUtcNow(),
            RequestId = origin.RequestId,
        };
        lock (guard)
        {
            if ((entry.Event.Outcome == AuditOutcome.Refused ? refused : done).Admit(note) is not { } admitted)
                return;
            if (waiting.Count < MostWaiting)
                waiting.Add(admitted);
            else
                lost++;
        }
    }

    public override async Task WriteAsync()
    {
        await writing.WaitAsync();
        try
        {
            Turn();
            while (Take() is { Count: > 0 } lot)
            {
                try
                {
                    await WriteAsync(lot);
                    isTold = false;
                }
                catch (Exception fault)
                {
                    GiveBack(lot);
                    if (!isTold)
                        log.AuditNotesNotWritten(fault);
                    isTold = true;
                    return;
                }
            }
        }
        finally
        {
            writing.Release();
        }
    }

    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        turnedAt = default; // what was only counted is told too
        await base.StopAsync(cancellationToken);
    }

    public override void Dispose()
    {
        base.Dispose();
        writing.Dispose();
    }

    private void Turn()
    {
        DateTimeOffset now = Time.GetUtcNow();
        if ((now - turnedAt).Duration() < Minute)
            return;
        turnedAt = now;
        lock (guard)
        {
            foreach ((Note note, int count) in done.Turn().Concat(refused.Turn()))
                waiting.Add(note with { At = now, Entry = note.Entry with { Count = count } });
        }
    }

    private List<Note> Take()
    {
        lock (guard)
        {
            List<Note> lot = [.. waiting.Take(Lot)];
            waiting.RemoveRange(0, lot.Count);
            if (lost > 0 && lot.Count > 0)
            {
                lot.Add(new Note(
                    new AuditEntry(AuditEvent.AuditLost) { Count = lost }, Name: null, AuditActor.Service, Address: null)
                { At = Time.GetUtcNow() });
                lost = 0;
            }
            return lot;
        }
    }

    private void GiveBack(List<Note> lot)
    {
        lock (guard)
            waiting = [.. lot, .. waiting];
    }

    private async Task WriteAsync(List<Note> lot)
    {
        await using AsyncServiceScope scope = scopes.CreateAsyncScope();
        Db db = scope.ServiceProvider.GetRequiredService<Db>();
        AuditTrail trail = scope.ServiceProvider.GetRequiredService<AuditTrail>();
        string[] names = [.. lot.Select(note => note.Name).OfType<string>().Distinct()];
        Dictionary<string, string> subjects = names.Length == 0 ? [] : await db.Users
            .Where(row => names.Contains(row.NormalizedUserName)).ToDictionaryAsync(row => row.NormalizedUserName!, row => row.Id);
        foreach (Note note in lot)
            trail.Add(note.Of(note.Name is null ? null : subjects.GetValueOrDefault(note.Name)));
        await using WriteTransaction transaction = await db.BeginWriteAsync(Urgency.Tidying, "audit trail", Extent.OneStatement);
        await trail.WriteAsync();
        await transaction.CommitAsync();
    }
}
