using JwtAuth.Server.Audit;
using JwtAuth.Server.Denials;
using JwtAuth.Server.SigningKeys;
using JwtAuth.Server.Storage;
using Microsoft.EntityFrameworkCore;

namespace JwtAuth.Server.Composition;

/// <summary>What a restoration ended.</summary>
/// <param name="Keys">The signing keys that were revoked or got another <c>kid</c>.</param>
/// <param name="Everything">The rest.</param>
internal sealed record Restored(IReadOnlyList<string> Keys, EndedEverything Everything);

/// <summary>
/// What has to happen after a backup was put back. The backup brings sessions, personal access tokens and signing keys back to life that
/// were ended since, and its accounts have generations below those that APIs have heard of. So everything that was ever issued ends, what
/// is issued from now on is above all that anybody remembers, and whoever follows the log of denials begins anew. Attempts and listeners
/// of that time are forgotten. One transaction.
/// </summary>
internal sealed class Restoration(SigningKeyStore keys, KeySchedule schedule, DatabaseStart database, HistoryFile history)
{
    public async Task<Restored> RunAsync()
    {
        HashSet<string> denied = [];
        EndedEverything? ended = null;
        await keys.ChangeAsync(
            ring =>
            {
                denied = [.. ring.Where(row => row.RevokedAt is null).Select(row => row.KeyId)];
                schedule.Replace(ring);
                denied.ExceptWith(ring.Where(row => row.RevokedAt is null).Select(row => row.KeyId));
                return true;
            },
            also: async (transacted, revocations) =>
            {
                ended = await revocations.EndEverythingAsync(denied);
                await transacted.Attempts.ExecuteDeleteAsync();
                await transacted.FeedListeners.ExecuteDeleteAsync();
                await database.BeginAnewAsync(transacted);
                revocations.Record(new(AuditEvent.StorageRestored));
            });
        await history.WriteAsync();
        return new Restored([.. denied], ended!);
    }
}
