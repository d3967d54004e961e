using JwtAuth.Server.Configuration;

namespace JwtAuth.Server.Audit;

/// <param name="RetentionDays">After how many days a record is deleted.</param>
internal sealed record AuditSettings(int RetentionDays)
{
    public static AuditSettings Read(SettingValues values) =>
        new(values.Number("Audit:RetentionDays", otherwise: 365, minimum: 1, maximum: 36_500));
}
