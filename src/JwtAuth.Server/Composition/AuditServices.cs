using JwtAuth.Server.Audit;

namespace JwtAuth.Server.Composition;

/// <summary>The audit trail: what records, what reads and what tells its head.</summary>
internal static class AuditServices
{
    public static void AddAudit(this IServiceCollection services)
    {
        services.AddSingleton<AuditOrigins>();
        services.AddSingleton<AuditChain>();
        services.AddScoped<AuditTrail>();
        services.AddSingleton<AuditNotes>();
        services.AddHostedService(provider => provider.GetRequiredService<AuditNotes>());
        services.AddSingleton<AuditReader>();
        services.AddSingleton<AuditVerifier>();
        services.AddSingleton<AuditHeads>();
        services.AddSingleton<AuditPruning>();
        services.AddHostedService(provider => provider.GetRequiredService<AuditPruning>());
    }
}
