using Microsoft.Playwright;

namespace JwtAuth.Browser.Tests;

/// <summary>The cookies of a browser by which somebody is logged in.</summary>
internal static class CookieJar
{
    /// <summary>All but the one by which the browser is known, which opens nothing.</summary>
    public static async Task<IReadOnlyList<BrowserContextCookiesResult>> CredentialsAsync(this IBrowserContext context) =>
        [.. (await context.CookiesAsync()).Where(cookie => !cookie.Name.Contains("jwtauth-device", StringComparison.Ordinal))];
}
