using JwtAuth.Server.AccessTokens;
using JwtAuth.Server.Accounts;
using JwtAuth.Server.Authentication;
using JwtAuth.Server.Sessions;
using JwtAuth.Tests.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace JwtAuth.Tests.Authentication;

/// <summary>A browser as the service sees it: the origin of its page, and every cookie that it was given.</summary>
internal sealed class Browser(HttpClient client, string? origin = null, string username = "alice") : IDisposable
{
    private const string Device = "jwtauth-device";

    public string Username => username;

    /// <summary>By name. A test may put others there.</summary>
    public Dictionary<string, string> Cookies { get; init; } = [];

    public string Header => string.Join("; ", Cookies.Select(cookie => $"{cookie.Key}={cookie.Value}"));

    public Task<Reply> LogInAsync(string credential, string? scope = "orders:read", string password = ServerHost.Password) =>
        AskAsync("POST", "/auth/login", new { username, password, scope, credential });

    /// <summary>A login with tokens, the refresh token in its cookie.</summary>
    public Task<Reply> LogInWithRefreshCookieAsync() =>
        AskAsync("POST", "/auth/login", new { username, password = ServerHost.Password, scope = "offline_access", refresh = "cookie" });

    public async Task<int> MeAsync() => (await AskAsync("GET", "/me")).Status;

    public async Task<Reply> AskAsync(string method, string path, object? body = null, params (string Name, string Value)[] headers)
    {
        List<(string, string)> all = [.. headers];
        if (origin is not null)
            all.Add(("Origin", origin));
        if (Cookies.Count > 0)
            all.Add(("Cookie", Header));
        Reply reply = await client.AskAsync(method, path, body, [.. all]);
        foreach (string written in Written(reply))
        {
            string name = written[..written.IndexOf('=')];
            if (written.Contains("max-age=0;", StringComparison.Ordinal))
                Cookies.Remove(name);
            else
                Cookies[name] = written[(name.Length + 1)..written.IndexOf(';')];
        }
        return reply;
    }

    /// <summary>The credentials that a reply writes into cookies, each with its attributes. The device's cookie is none.</summary>
    public static string[] Written(Reply reply) =>
        [.. AllWritten(reply).Where(written => !written.Contains(Device, StringComparison.Ordinal))];

    /// <summary>All cookies that a reply writes.</summary>
    public static string[] AllWritten(Reply reply) => reply.Header("Set-Cookie").Split(", ", StringSplitOptions.RemoveEmptyEntries);

    /// <summary>The names of the cookies that a reply makes a browser forget.</summary>
    public static IEnumerable<string> Cleared(Reply reply) =>
        Written(reply).Where(written => written.Contains("=; max-age=0;", StringComparison.Ordinal))
            .Select(written => written[..written.IndexOf('=')]);

    public void Dispose() => client.Dispose();
}

internal static class CookieLogins
{
    /// <summary>The status of <c>GET /me</c> with a <c>Cookie</c> header.</summary>
    public static async Task<int> MeByCookieAsync(this HttpClient client, string cookie) =>
        (await client.AskAsync("GET", "/me", null, ("Cookie", cookie))).Status;

    /// <summary>A login as the controller makes it, without bcrypt.</summary>
    /// <returns><c>name=value</c>; <see langword="null"/> where the account no longer is what it was.</returns>
    public static async Task<string?> BeginCookieAsync(
        this ServerHost host, AccountSnapshot account, string credential, params string[] scopes)
    {
        _ = host.Get<OwnCookies>();
        await using AsyncServiceScope scope = host.Services.CreateAsyncScope();
        var context = new DefaultHttpContext { RequestServices = scope.ServiceProvider };
        if (credential == Credentials.SignedCookie)
        {
            await context.WriteSignedAsync(account, scopes);
        }
        else
        {
            string secret = SessionSecret.Make();
            var start = new SessionStart(
                host.Get<IssuerSettings>().Url, scopes, new Device("192.0.2.1", "a test"), Replaces: null, SessionSecret.HashOf(secret));
            if (await scope.ServiceProvider.GetRequiredService<SessionStore>().BeginAsync(account, start) is not { } session)
                return null;
            await context.WriteSessionAsync(secret, session.ExpiresAt);
        }
        string written = context.Response.Headers.SetCookie.ToString();
        return written[..written.IndexOf(';')];
    }
}
