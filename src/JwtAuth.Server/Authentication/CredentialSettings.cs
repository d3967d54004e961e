using JwtAuth.Server.Configuration;

namespace JwtAuth.Server.Authentication;

/// <param name="Enabled">Whether a login may ask for a signed cookie.</param>
/// <param name="Lifetime">How long it is good. After a logout, a copy of it stays good until then.</param>
internal sealed record SignedCookieSettings(bool Enabled, TimeSpan Lifetime)
{
    public static SignedCookieSettings Read(SettingValues values) => new(
        values.Flag("SignedCookies:Enabled", values.IsDevelopment),
        values.Duration("SignedCookies:Lifetime", TimeSpan.FromMinutes(15), TimeSpan.FromSeconds(1), TimeSpan.FromHours(1)));
}

/// <param name="Enabled">Whether name and password are accepted with each request (RFC 7617).</param>
internal sealed record BasicSettings(bool Enabled)
{
    public static BasicSettings Read(SettingValues values) => new(values.Flag("Basic:Enabled", values.IsDevelopment));
}

/// <summary>The pages of other origins that may call with cookies and read the answers.</summary>
/// <param name="Origins">Exact origins.</param>
internal sealed record CorsSettings(IReadOnlyList<string> Origins)
{
    /// <summary>The policy of what is public: any page may read it, without cookies.</summary>
    public const string Everyone = "everyone";

    /// <param name="values">The settings.</param>
    /// <param name="issuer">The issuer's URL.</param>
    public static CorsSettings Read(SettingValues values, string issuer)
    {
        const string Key = "Cors:Origins";
        string[] origins = values.List(Key);
        foreach (string origin in origins)
        {
            if (!Uri.TryCreate(origin, UriKind.Absolute, out Uri? url) || url.Scheme is not ("https" or "http")
                || origin != url.GetLeftPart(UriPartial.Authority))
            {
                values.Fault(
                    Key, "holds what is not an exact origin",
                    "write scheme, host and port as a browser sends them, such as https://app.example.com; no *, no path, no last slash");
            }
            else if (url.Scheme == "http" && issuer.StartsWith("https:", StringComparison.Ordinal)
                && !(values.IsDevelopment && url.IsLoopback))
            {
                values.Fault(
                    Key, "holds an origin of plain http, whose pages anybody on the way can change and so call with your users' cookies",
                    "serve that page by https; http is for loopback in the Development environment only");
            }
        }
        return new CorsSettings(origins);
    }
}
