using System.Linq.Expressions;
using JwtAuth.Server.Denials;
using JwtAuth.Server.Guessing;
using JwtAuth.Server.Observability;
using JwtAuth.Server.Sessions;
using JwtAuth.Server.Storage;
using Microsoft.EntityFrameworkCore;

namespace JwtAuth.Server.Composition;

/// <summary>
/// Deletes sessions, personal access tokens, known networks, denials, attempts and listeners to the feed that nothing can need any more,
/// every five minutes. Whether one is over is decided where it is used, not here.
/// </summary>
internal sealed class ExpiredRows(
    IServiceScopeFactory scopes, RefreshTokenSettings refresh, SessionSettings cookies, TimeProvider time, ILogger<ExpiredRows> log)
    : BackgroundService
{
    // As many as are deleted while nobody notices a wait.
    private const int Lot = 100;

    private static readonly TimeSpan Every = TimeSpan.FromMinutes(5);

    /// <summary>Deletes them now.</summary>
    public async Task DeleteAsync(CancellationToken cancellation = default)
    {
        await using AsyncServiceScope scope = scopes.CreateAsyncScope();
        Db db = scope.ServiceProvider.GetRequiredService<Db>();
        // A clock that has stepped forward may step back. So rows that seem to be over are kept for a while.
        DateTimeOffset now = time.GetUtcNow(), overSince = now - DenialRetention.Margin;
        DateTimeOffset unrefreshedSince = overSince - refresh.IdleLifetime, unusedSince = overSince - cookies.IdleLifetime;
        // Each condition has an index that finds its rows, so that nothing is read beside them.
        await DeleteSessionsAsync(row => row.ExpiresAt <= overSince, row => row.ExpiresAt);
        await DeleteSessionsAsync(row => row.CookieHash == null && row.RotatedAt <= unrefreshedSince, row => row.RotatedAt);
        await DeleteSessionsAsync(row => row.CookieHash != null && row.RotatedAt <= unusedSince, row => row.RotatedAt);
        IQueryable<PersonalAccessTokenRow> tokens = db.PersonalAccessTokens.Where(row => row.ExpiresAt <= overSince);
        await DeleteAsync(
            db, tokens, tokens.OrderBy(row => row.ExpiresAt).Select(row => row.Id), ids => row => ids.Contains(row.Id), cancellation);
        DateTimeOffset unknownSince = overSince - KnownNetworks.Lifetime;
        IQueryable<KnownNetworkRow> networks = db.KnownNetworks.Where(row => row.LastAt <= unknownSince);
        await DeleteAsync(
            db, networks, networks.OrderBy(row => row.LastAt).Select(row => new { row.Subject, row.Network }),
            found => Among([.. found.Select(key => key.Subject)], [.. found.Select(key => key.Network)]), cancellation);
        IQueryable<DenialRow> denials = db.Denials.Where(row => row.ExpiresAt <= now);
        await DeleteAsync(
            db, denials, denials.OrderBy(row => row.ExpiresAt).Select(row => row.Number), numbers => row => numbers.Contains(row.Number),
            cancellation);

        long highest = await db.Attempts.MaxAsync(row => (long?)row.Number, cancellation) ?? 0;
        await DeleteAttemptsAsync(row => row.At <= now - AttemptLog.Lifetime, row => row.At);
        await DeleteAttemptsAsync(row => row.Number <= highest - AttemptLog.Capacity, row => row.Number);
        IQueryable<FeedListenerRow> listeners = db.FeedListeners.Where(row => row.SeenAt <= now - AttemptLog.Lifetime);
        await DeleteAsync(
            db, listeners, listeners.OrderBy(row => row.SeenAt).Select(row => new { row.ClientId, row.Instance }),
            found => Of([.. found.Select(key => key.ClientId)], [.. found.Select(key => key.Instance)]), cancellation);

        static Expression<Func<FeedListenerRow, bool>> Of(List<string> clients, List<string> instances) =>
            row => clients.Contains(row.ClientId) && instances.Contains(row.Instance);

        Task DeleteAttemptsAsync<TSince>(Expression<Func<AttemptRow, bool>> isOver, Expression<Func<AttemptRow, TSince>> since)
        {
            IQueryable<AttemptRow> attempts = db.Attempts.Where(isOver);
            return DeleteAsync(
                db, attempts, attempts.OrderBy(since).Select(row => row.Number), numbers => row => numbers.Contains(row.Number),
                cancellation);
        }

        // Both make the key, though the network alone says which account it is: by it alone, each lot would read all that are over.
        static Expression<Func<KnownNetworkRow, bool>> Among(List<string> subjects, List<string> names) =>
            row => subjects.Contains(row.Subject) && names.Contains(row.Network);

        Task DeleteSessionsAsync(Expression<Func<SessionRow, bool>> isOver, Expression<Func<SessionRow, DateTimeOffset>> since)
        {
            IQueryable<SessionRow> sessions = db.Sessions.Where(isOver);
            return DeleteAsync(
                db, sessions, sessions.OrderBy(since).Select(row => row.SessionId), ids => row => ids.Contains(row.SessionId),
                cancellation);
        }
    }

    // They are looked for while others write, and deleted in lots, each in a turn of its own. Other processes do not wait in our lane, and
    // look only now and then whether they may write. So between two lots the store is left alone for as long as a lot took.
    private static async Task DeleteAsync<TRow, TKey>(
        Db db, IQueryable<TRow> rows, IQueryable<TKey> keys, Func<List<TKey>, Expression<Func<TRow, bool>>> among,
        CancellationToken cancellation)
    {
        TimeProvider time = TimeProvider.System; // other processes do not share our clock
        while (await keys.Take(Lot).ToListAsync(cancellation) is { Count: > 0 } found)
        {
            TimeSpan taken;
            await using (WriteTransaction transaction = await db.BeginWriteAsync(Urgency.Tidying, "expired rows", Extent.Everything))
            {
                long begunAt = time.GetTimestamp();
                int deleted = await rows.Where(among(found)).ExecuteDeleteAsync(cancellation);
                await transaction.CommitAsync();
                taken = time.GetElapsedTime(begunAt);
                if (found.Count < Lot || deleted == 0)
                    return;
            }
            await Task.Delay(taken, time, cancellation);
        }
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Every, time);
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            try
            {
                await DeleteAsync(stoppingToken);
            }
            catch (Exception fault) when (fault is not OperationCanceledException)
            {
                log.ExpiredRowsNotDeleted(fault);
            }
        }
    }
}
