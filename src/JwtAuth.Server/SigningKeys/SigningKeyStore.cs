using JwtAuth.Server.Denials;
using JwtAuth.Server.Storage;
using Microsoft.EntityFrameworkCore;

namespace JwtAuth.Server.SigningKeys;

/// <summary>The ring in the database.</summary>
internal sealed class SigningKeyStore(IServiceScopeFactory scopes)
{
    /// <summary>All keys, in the order in which they may sign.</summary>
    public async Task<List<SigningKeyRow>> ListAsync(CancellationToken cancellation = default)
    {
        await using AsyncServiceScope scope = scopes.CreateAsyncScope();
        Db db = scope.ServiceProvider.GetRequiredService<Db>();
        return await db.SigningKeys.AsNoTracking().OrderBy(row => row.SignsFrom).ThenBy(row => row.KeyId).ToListAsync(cancellation);
    }

    /// <summary>
    /// Reads the ring, lets <paramref name="change"/> decide, and writes what it did. No other process can write meanwhile, so two that
    /// start at once on one database end up with one key. The tokens of a revoked key are denied in the same transaction.
    /// </summary>
    /// <param name="change">Adds to the list, and sets members of its rows. Others may be waiting, so it must not do slow work.</param>
    /// <param name="cancellation">Stops the waiting.</param>
    public async Task<T> ChangeAsync<T>(Func<List<SigningKeyRow>, T> change, CancellationToken cancellation = default)
    {
        await using AsyncServiceScope scope = scopes.CreateAsyncScope();
        Db db = scope.ServiceProvider.GetRequiredService<Db>();
        await using WriteTransaction transaction = await db.BeginWriteAsync();
        Revocations revocations = scope.ServiceProvider.GetRequiredService<Revocations>();
        List<SigningKeyRow> before = await db.SigningKeys.ToListAsync(cancellation);
        HashSet<string> revokedBefore = [.. before.Where(row => row.RevokedAt is not null).Select(row => row.KeyId)];
        List<SigningKeyRow> after = [.. before];
        T result = change(after);
        db.SigningKeys.AddRange(after.Except(before));
        db.SigningKeys.RemoveRange(before.Except(after));
        foreach (SigningKeyRow revoked in after.Where(row => row.RevokedAt is not null && !revokedBefore.Contains(row.KeyId)))
            revocations.EndKey(revoked.KeyId);
        await revocations.CommitAsync(transaction);
        return result;
    }
}
