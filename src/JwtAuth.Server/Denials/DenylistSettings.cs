using JwtAuth.Server.Configuration;

namespace JwtAuth.Server.Denials;

/// <param name="Enabled">Whether checks consult the denylist. Without it, an access token lives until it expires.</param>
internal sealed record DenylistSettings(bool Enabled)
{
    public static DenylistSettings Read(SettingValues values) => new(values.Flag("Denylist:Enabled", true));
}
