using JwtAuth.Server.Denials;
using JwtAuth.Server.Observability;
using JwtAuth.Server.Sessions;
using JwtAuth.Server.Storage;
using Microsoft.EntityFrameworkCore;

namespace JwtAuth.Server.Composition;

/// <summary>
/// Deletes sessions, personal access tokens and denials that nothing can need any more, every five minutes. Whether one is over is decided
/// where it is used, not here.
/// </summary>
internal sealed class ExpiredRows(
    IServiceScopeFactory scopes, RefreshTokenSettings refresh, SessionSettings cookies, TimeProvider time, ILogger<ExpiredRows> log)
    : BackgroundService
{
    private const int AtOnce = 1000;

    private static readonly TimeSpan Every = TimeSpan.FromMinutes(5);

    /// <summary>Deletes them now.</summary>
    public async Task DeleteAsync()
    {
        await using AsyncServiceScope scope = scopes.CreateAsyncScope();
        Db db = scope.ServiceProvider.GetRequiredService<Db>();
        // A clock that has stepped forward may step back. So rows that seem to be over are kept for a while.
        DateTimeOffset now = time.GetUtcNow(), overSince = now - DenialRetention.Margin;
        DateTimeOffset unrefreshedSince = overSince - refresh.IdleLifetime, unusedSince = overSince - cookies.IdleLifetime;
        await DeleteAsync(db.Sessions
            .Where(row => row.ExpiresAt <= overSince || row.RotatedAt <= (row.CookieHash == null ? unrefreshedSince : unusedSince))
            .OrderBy(row => row.SessionId));
        await DeleteAsync(db.PersonalAccessTokens.Where(row => row.ExpiresAt <= overSince).OrderBy(row => row.Id));
        await DeleteAsync(db.Denials.Where(row => row.ExpiresAt <= now).OrderBy(row => row.Number));
    }

    // In portions, so that nobody has to wait long to write.
    private static async Task DeleteAsync<T>(IQueryable<T> rows)
    {
        while (await rows.Take(AtOnce).ExecuteDeleteAsync() == AtOnce)
        {
        }
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Every, time);
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            try
            {
                await DeleteAsync();
            }
            catch (Exception fault) when (fault is not OperationCanceledException)
            {
                log.ExpiredRowsNotDeleted(fault);
            }
        }
    }
}
