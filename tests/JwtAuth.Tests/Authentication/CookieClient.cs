using JwtAuth.Tests.Hosting;

namespace JwtAuth.Tests.Authentication;

/// <summary>A page as the service sees it: an origin, and the refresh cookie that it was given last.</summary>
internal sealed class CookieClient(HttpClient client, string? origin, string username) : IDisposable
{
    public string Username => username;

    /// <summary><c>name=value</c>, or nothing.</summary>
    public string? Cookie { get; set; }

    public string Value => Cookie![(Cookie!.IndexOf('=') + 1)..];

    /// <summary>The access token that it was given last.</summary>
    public string AccessToken { get; private set; } = "";

    public Task<Reply> LogInAsync(string scope = "orders:read offline_access", string password = ServerHost.Password) =>
        AskAsync("POST", "/auth/login", new { username, password, scope, refresh = "cookie" });

    public Task<Reply> RefreshAsync() => AskAsync("POST", "/auth/refresh", new { refresh = "cookie" });

    public Task<Reply> LogOutAsync(string path = "/auth/logout") => AskAsync("POST", path);

    /// <summary>Whether the access token is still taken.</summary>
    public async Task<bool> IsAcceptedAsync() =>
        (await client.AskAsync("GET", "/me", null, ("Authorization", $"Bearer {AccessToken}"))).Status == 200;

    public Task<Reply> AskAsync(string method, string path, object? body = null, params (string Name, string Value)[] headers) =>
        AskAsAsync(origin, method, path, body, headers);

    /// <summary>The same from a page of another origin: a browser would send the cookie with it, and keep what comes back.</summary>
    public async Task<Reply> AskAsAsync(
        string? otherOrigin, string method, string path, object? body = null, params (string Name, string Value)[] headers)
    {
        List<(string, string)> all = [.. headers];
        if (otherOrigin is not null)
            all.Add(("Origin", otherOrigin));
        if (Cookie is not null)
            all.Add(("Cookie", Cookie));
        Reply reply = await client.AskAsync(method, path, body, [.. all]);
        if (Browser.Written(reply).FirstOrDefault() is { } cookie)
            Cookie = cookie.Contains("max-age=0;", StringComparison.Ordinal) ? null : cookie[..cookie.IndexOf(';')];
        if (reply.Status == 200 && reply.Json.TryGetProperty("token_type", out _))
            AccessToken = reply.Json.GetProperty("access_token").GetString()!;
        return reply;
    }

    public void Dispose() => client.Dispose();
}

/// <summary>The service by plain http on loopback, and by https behind a proxy; one origin beside its own is allowed.</summary>
public sealed class CookieHosts : IAsyncDisposable
{
    public const string App = "https://app.example.com";

    private int users;

    internal ServerHost Plain { get; } = new ServerHost().With("JwtAuth:Cors:Origins:0", App);

    internal ServerHost Https { get; } = Production.Host()
        .With("JwtAuth:Cors:Origins:0", App).With("JwtAuth:SignedCookies:Enabled", "true");

    /// <summary>A page with an account of its own.</summary>
    internal async Task<CookieClient> OpenAsync(bool https = false, string? origin = null)
    {
        ServerHost host = https ? Https : Plain;
        string username = $"user-{Interlocked.Increment(ref users)}";
        await host.AddAccountAsync(username);
        return Open(https, username, origin);
    }

    /// <summary>A browser with an account of its own, at the allowed origin.</summary>
    internal async Task<Browser> BrowseAsync(bool https = false, string? origin = App, params string[] roles)
    {
        string username = $"user-{Interlocked.Increment(ref users)}";
        await (https ? Https : Plain).AddAccountAsync(username, roles);
        return Browse(https, username, origin);
    }

    /// <summary>Another browser of the same account.</summary>
    internal Browser Browse(bool https, string username, string? origin = App) =>
        new(https ? Https.ConnectByProxy() : Plain.Connect(), origin, username);

    /// <summary>Another page of the same account.</summary>
    internal CookieClient Open(bool https, string username, string? origin = null) =>
        new(https ? Https.ConnectByProxy() : Plain.Connect(), origin ?? App, username);

    public async ValueTask DisposeAsync()
    {
        await Plain.DisposeAsync();
        await Https.DisposeAsync();
    }
}
