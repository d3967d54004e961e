using JwtAuth.Bearer.Denials;
using JwtAuth.Server.SigningKeys;
using JwtAuth.Server.Storage;
using Microsoft.AspNetCore.Diagnostics.HealthChecks;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace JwtAuth.Server.Pipeline;

/// <summary>
/// <c>/health/live</c>: the process answers. <c>/health/ready</c>: the database answers, there is a key to sign with, and the denials are
/// known.
/// </summary>
internal static class Health
{
    public static void AddHealth(this IServiceCollection services)
    {
        services.AddHealthChecks().AddCheck<Ready>("ready");
        // Probes come from inside, over plain http, and the answers reveal nothing.
        services.AddSingleton(new PathRule("/health") { AllowsPlainHttp = true });
    }

    public static void MapHealth(this WebApplication app)
    {
        app.MapHealthChecks("/health/live", new HealthCheckOptions { Predicate = _ => false }).AllowAnonymous();
        app.MapHealthChecks("/health/ready").AllowAnonymous();
    }

    private sealed class Ready(Db db, SigningKeyRing ring, IDenialSource? denials = null) : IHealthCheck
    {
        public async Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
        {
            if (denials is { Denylist.IsComplete: false })
                await denials.CatchUpAsync();
            return ring.IsReady && denials?.Denylist.IsComplete != false && await db.Database.CanConnectAsync(cancellationToken)
                ? HealthCheckResult.Healthy()
                : HealthCheckResult.Unhealthy();
        }
    }
}
