using JwtAuth.Server.Configuration;

namespace JwtAuth.Server.Lab;

/// <param name="Enabled">Whether <c>/lab/</c> exists.</param>
/// <param name="Steals">Whether its thief exists. That is only in Development with an issuer on loopback, whatever is configured.</param>
internal sealed record LabSettings(bool Enabled, bool Steals)
{
    public static LabSettings Read(SettingValues values, string issuer)
    {
        bool isEnabled = values.Flag("Lab:Enabled", values.IsDevelopment);
        return new LabSettings(
            isEnabled, isEnabled && values.IsDevelopment && Uri.TryCreate(issuer, UriKind.Absolute, out Uri? url) && url.IsLoopback);
    }
}
