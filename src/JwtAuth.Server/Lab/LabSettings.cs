using JwtAuth.Server.Composition;

namespace JwtAuth.Server.Lab;

/// <param name="Enabled">Whether <c>/lab/</c> is there.</param>
/// <param name="Steals">Whether its thief is: in Development, with an issuer on loopback, and nowhere else, whatever is configured.</param>
internal sealed record LabSettings(bool Enabled, bool Steals)
{
    public static LabSettings Of(Settings settings, IHostEnvironment environment) => new(
        settings.Http.LabEnabled,
        settings.Http.LabEnabled && environment.IsDevelopment() && new Uri(settings.Issuer.Url).IsLoopback);
}
