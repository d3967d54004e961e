using JwtAuth.Server.Audit;
using JwtAuth.Server.Denials;
using JwtAuth.Server.Sealing;
using JwtAuth.Server.Storage;
using Microsoft.EntityFrameworkCore;

namespace JwtAuth.Server.SigningKeys;

/// <summary>
/// The ring in the database. A row counts only if it is as this service wrote it. So who can write to the database, but has no master key,
/// adds no key and changes none.
/// </summary>
internal sealed class SigningKeyStore(
    IServiceScopeFactory scopes, Engine engine, PreparedReads reads, RowSeals seals, TimeProvider time)
{
    private const string All = $"""SELECT {SigningKeyRow.Columns} FROM "SigningKeys" k ORDER BY k."SignsFrom", k."KeyId" """;

    /// <summary>All keys, in the order in which they may sign.</summary>
    public async Task<List<SigningKeyRow>> ListAsync(CancellationToken cancellation = default) =>
        (await ListRowsAsync(cancellation)).FindAll(IsBelieved);

    /// <summary>The rows that are there and do not count.</summary>
    public async Task<List<SigningKeyRow>> ListNotBelievedAsync() => (await ListRowsAsync(default)).FindAll(row => !IsBelieved(row));

    /// <summary>Deletes the rows that do not count.</summary>
    /// <returns>How many there were.</returns>
    public async Task<int> DiscardNotBelievedAsync()
    {
        await using AsyncServiceScope scope = scopes.CreateAsyncScope();
        Db db = scope.ServiceProvider.GetRequiredService<Db>();
        await using WriteTransaction transaction = await db.BeginWriteAsync(Urgency.Ending, "signing keys", Extent.Everything);
        List<SigningKeyRow> discarded = (await db.SigningKeys.ToListAsync()).FindAll(row => !IsBelieved(row));
        db.SigningKeys.RemoveRange(discarded);
        Revocations revocations = scope.ServiceProvider.GetRequiredService<Revocations>();
        if (discarded.Count > 0)
            revocations.Record(new(AuditEvent.KeyDiscarded) { Count = discarded.Count });
        await revocations.CommitAsync(transaction);
        return discarded.Count;
    }

    /// <summary>Whether there is anything to change now, so that others need not be kept from writing where there is not.</summary>
    public async Task<bool> WouldChangeAsync(Action<List<SigningKeyRow>> change, CancellationToken cancellation = default)
    {
        List<SigningKeyRow> before = await ListAsync(cancellation), after = [.. before];
        if (before is [])
            return true;
        change(after);
        return !after.SequenceEqual(before) || !after.TrueForAll(seals.Fits);
    }

    /// <summary>
    /// Reads the ring, lets <paramref name="change"/> decide, and writes what it did. No other process can write meanwhile, so two that
    /// start at once on one database end up with one key. The tokens of a revoked key are denied in the same transaction.
    /// </summary>
    /// <param name="change">Adds to the list, and sets members of its rows. Others may be waiting, so it must not do slow work.</param>
    /// <param name="cancellation">Stops the waiting.</param>
    public Task<T> ChangeAsync<T>(Func<List<SigningKeyRow>, T> change, CancellationToken cancellation = default) =>
        ChangeAsync(change, (_, _) => Task.CompletedTask, cancellation);

    /// <summary>The same, with something else in the same transaction.</summary>
    public async Task<T> ChangeAsync<T>(
        Func<List<SigningKeyRow>, T> change, Func<Db, Revocations, Task> also, CancellationToken cancellation = default)
    {
        await using AsyncServiceScope scope = scopes.CreateAsyncScope();
        Db db = scope.ServiceProvider.GetRequiredService<Db>();
        await using WriteTransaction transaction = await db.BeginWriteAsync(Urgency.Ending, "signing keys", Extent.Everything);
        Revocations revocations = scope.ServiceProvider.GetRequiredService<Revocations>();
        // What does not count is left as it is: it shows what was tried.
        List<SigningKeyRow> before = (await db.SigningKeys.ToListAsync(cancellation)).FindAll(IsBelieved);
        HashSet<string> revokedBefore = [.. before.Where(row => row.RevokedAt is not null).Select(row => row.KeyId)];
        HashSet<string> retiredBefore = [.. before.Where(row => row.RetiredAt is not null).Select(row => row.KeyId)];
        List<SigningKeyRow> after = [.. before];
        T result = change(after);
        foreach (SigningKeyRow row in after.Where(row => !seals.Fits(row)))
            seals.Seal(row);
        db.SigningKeys.AddRange(after.Except(before));
        db.SigningKeys.RemoveRange(before.Except(after));
        foreach (SigningKeyRow revoked in after.Where(row => row.RevokedAt is not null && !revokedBefore.Contains(row.KeyId)))
        {
            revocations.EndKey(revoked.KeyId);
            revocations.Record(new(AuditEvent.KeyRevoked) { Object = revoked.KeyId });
        }
        foreach (SigningKeyRow added in after.Except(before))
            revocations.Record(new(AuditEvent.KeyRotated) { Object = added.KeyId });
        foreach (SigningKeyRow retired in after.Where(row => row is { RetiredAt: not null, RevokedAt: null }
            && !retiredBefore.Contains(row.KeyId)))
        {
            revocations.Record(new(AuditEvent.KeyRetired) { Object = retired.KeyId });
        }
        await also(db, revocations);
        await revocations.CommitAsync(transaction);
        engine.Tell(News.Keys);
        return result;
    }

    private Task<List<SigningKeyRow>> ListRowsAsync(CancellationToken cancellation) => reads.AskAsync(All, async reader =>
    {
        List<SigningKeyRow> rows = [];
        while (await reader.ReadAsync())
            rows.Add(SigningKeyRow.Read(reader));
        return rows;
    }, cancellation);

    // A retired key verifies until its last token has expired. Retired far in the future, it would do so for as long. No key is retired
    // ahead of time, but clocks may step by the margin.
    private bool IsBelieved(SigningKeyRow row) => seals.Believes(
        row, row.RevokedAt is null && row.RetiredAt > time.GetUtcNow() + DenialRetention.Margin ? "it is retired in the future" : null);
}
