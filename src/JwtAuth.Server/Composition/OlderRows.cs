using JwtAuth.Server.Observability;
using JwtAuth.Server.Sealing;
using JwtAuth.Server.SigningKeys;
using JwtAuth.Server.Storage;
using Microsoft.EntityFrameworkCore;

namespace JwtAuth.Server.Composition;

/// <summary>
/// Seals what a version without seals has written, once, when a database comes from there. A key is taken over if its private half proves
/// it, or if it was revoked and can only refuse. Sessions and personal access tokens prove nothing and are believed this once.
/// </summary>
internal sealed class OlderRows(Db db, KeySchedule schedule, RowSeals seals, ILogger<OlderRows> log)
{
    private const int AtOnce = 1000;

    /// <summary>Seals them, in the caller's transaction.</summary>
    public async Task SealAsync()
    {
        List<SigningKeyRow> keys = await db.SigningKeys.Where(row => row.Seal == null).ToListAsync();
        List<SigningKeyRow> proven = keys.FindAll(row => row.RevokedAt is not null || schedule.IsProven(row));
        proven.ForEach(seals.Seal);
        // Of a key pair that is retired only the public half is left. Anybody can have put it there, so its last tokens end now.
        db.SigningKeys.RemoveRange(keys.FindAll(row => row is { RetiredAt: not null, RevokedAt: null, SealedPrivateKey: null }));
        await db.SaveChangesAsync();
        int sessions = await SealAsync(db.Sessions.Where(row => row.Seal == null).OrderBy(row => row.SessionId));
        int tokens = await SealAsync(db.PersonalAccessTokens.Where(row => row.Seal == null).OrderBy(row => row.Id));
        log.OlderRowsSealed(proven.Count, sessions, tokens);
    }

    private async Task<int> SealAsync<T>(IQueryable<T> unsealed) where T : class, ISealedRow
    {
        int count = 0;
        while (await unsealed.Take(AtOnce).ToListAsync() is { Count: > 0 } rows)
        {
            rows.ForEach(seals.Seal);
            await db.SaveChangesAsync();
            db.ChangeTracker.Clear();
            count += rows.Count;
        }
        return count;
    }
}
