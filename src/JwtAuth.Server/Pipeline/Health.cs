using System.Data.Common;
using JwtAuth.Bearer.Denials;
using JwtAuth.Server.Lifetimes;
using JwtAuth.Server.SigningKeys;
using JwtAuth.Server.Storage;
using Microsoft.AspNetCore.Diagnostics.HealthChecks;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace JwtAuth.Server.Pipeline;

/// <summary>
/// <c>/health/live</c>: the process answers. <c>/health/ready</c>: the store can be written and read, there is a key to sign with, the
/// denials are known, and the service is not about to end.
/// </summary>
internal static class Health
{
    public static void AddHealth(this IServiceCollection services)
    {
        services.AddHealthChecks().AddCheck<Ready>("ready");
        services.AddSingleton<StoreWatch>();
        // Probes come from inside, over plain http and by address, and the answers reveal nothing.
        services.AddSingleton(new PathRule("/health") { IsForProbes = true });
    }

    public static void MapHealth(this WebApplication app)
    {
        app.MapHealthChecks("/health/live", new HealthCheckOptions { Predicate = _ => false })
            .WithMetadata(Reading.Methods).AllowAnonymous();
        app.MapHealthChecks("/health/ready").WithMetadata(Reading.Methods).AllowAnonymous();
    }

    private sealed class Ready(
        Engine engine, StoreWatch store, SigningKeyRing ring, Draining draining, IDenialSource? denials = null) : IHealthCheck
    {
        public async Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
        {
            if (draining.HasBegun)
                return HealthCheckResult.Unhealthy();
            if (denials is { Denylist.IsComplete: false })
                await denials.CatchUpAsync();
            return ring.IsReady && denials?.Denylist.IsComplete != false
                && await CanReadAsync(engine) && await store.IsSoundAsync()
                ? HealthCheckResult.Healthy()
                : HealthCheckResult.Unhealthy();
        }

        private static async Task<bool> CanReadAsync(Engine engine)
        {
            try
            {
                using var connection = new PreparedConnection(await engine.OpenAsync());
                await connection.AskAsync<long>("SELECT 1");
                return true;
            }
            catch (Exception fault) when (fault is DbException or TimeoutException)
            {
                return false;
            }
        }
    }
}
