using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Storage;

namespace JwtAuth.Server.Storage;

/// <summary>The ring at rest.</summary>
internal sealed class SigningKeyStore(IServiceScopeFactory scopes)
{
    /// <summary>Every key, in the order in which they may sign.</summary>
    public async Task<List<SigningKeyRow>> ListAsync(CancellationToken cancellation = default)
    {
        await using AsyncServiceScope scope = scopes.CreateAsyncScope();
        Db db = scope.ServiceProvider.GetRequiredService<Db>();
        return await db.SigningKeys.AsNoTracking().OrderBy(row => row.SignsFrom).ThenBy(row => row.KeyId).ToListAsync(cancellation);
    }

    /// <summary>
    /// Reads the ring, lets <paramref name="change"/> decide and writes what it did, all while no other process can write: two that start at once on
    /// one database end with one key.
    /// </summary>
    /// <param name="change">Adds to the list and sets members of its rows. May run while others wait: no slow work.</param>
    /// <param name="cancellation">Gives up waiting.</param>
    public async Task<T> ChangeAsync<T>(Func<List<SigningKeyRow>, T> change, CancellationToken cancellation = default)
    {
        await using AsyncServiceScope scope = scopes.CreateAsyncScope();
        Db db = scope.ServiceProvider.GetRequiredService<Db>();
        await using IDbContextTransaction transaction = await db.Database.BeginTransactionAsync(cancellation);
        List<SigningKeyRow> before = await db.SigningKeys.ToListAsync(cancellation);
        List<SigningKeyRow> after = [.. before];
        T result = change(after);
        db.SigningKeys.AddRange(after.Except(before));
        db.SigningKeys.RemoveRange(before.Except(after));
        await db.SaveChangesAsync(cancellation);
        await transaction.CommitAsync(cancellation);
        return result;
    }
}
