using System.Buffers.Text;
using System.Text.Json;
using JwtAuth.Tests.Hosting;
using Microsoft.Extensions.DependencyInjection;

namespace JwtAuth.Tests.RefreshTokens;

/// <summary>What a login or a refresh has brought.</summary>
internal sealed record Tokens(string Access, string Refresh, string Scope)
{
    public JsonElement Claims => JsonDocument.Parse(Base64Url.DecodeFromChars(Access.Split('.')[1])).RootElement;

    public string SessionId => Claims.GetProperty("sid").GetString()!;

    public DateTimeOffset ExpiresAt => DateTimeOffset.FromUnixTimeSeconds(Claims.GetProperty("exp").GetInt64());

    public static Tokens Of(Reply reply)
    {
        reply.Status.Should().Be(200, reply.Body);
        string Text(string name) => reply.Json.GetProperty(name).GetString()!;
        return new(Text("access_token"), Text("refresh_token"), Text("scope"));
    }
}

internal static class SessionCalls
{
    /// <summary>A login with <c>offline_access</c>.</summary>
    public static async Task<Tokens> BeginAsync(
        this HttpClient client, string username, string scope = "offline_access", string? audience = null) =>
        Tokens.Of(await client.AskAsync("POST", "/auth/login", new { username, password = ServerHost.Password, scope, audience }));

    public static Task<Reply> RefreshAsync(this HttpClient client, string refreshToken, string? scope = null) =>
        client.AskAsync("POST", "/auth/refresh", new { refresh_token = refreshToken, scope });

    /// <summary>A refresh that is accepted.</summary>
    public static async Task<Tokens> RotateAsync(this HttpClient client, Tokens tokens, string? scope = null) =>
        Tokens.Of(await client.RefreshAsync(tokens.Refresh, scope));

    public static Task<Reply> AskAsAsync(this HttpClient client, string accessToken, string method, string path, object? body = null) =>
        client.AskAsync(method, path, body, ("Authorization", $"Bearer {accessToken}"));

    /// <summary>The status of <c>GET /me</c>.</summary>
    public static async Task<int> MeAsync(this HttpClient client, string accessToken) =>
        (await client.AskAsAsync(accessToken, "GET", "/me")).Status;

    public static void ShouldBeInvalidGrant(this Reply reply, string because = "") =>
        (reply.Status, reply.Code).Should().Be((400, "invalid_grant"), because);

    /// <summary>Asks a store in a scope of its own, as a request does.</summary>
    public static async Task<TResult> AskStoreAsync<TStore, TResult>(
        this ServerHost host, Func<TStore, Task<TResult>> ask) where TStore : notnull
    {
        await using AsyncServiceScope scope = host.Services.CreateAsyncScope();
        return await ask(scope.ServiceProvider.GetRequiredService<TStore>());
    }

    /// <summary>How many lines of the log hold all of these.</summary>
    public static int Lines(this ServerHost host, params string[] parts) =>
        host.Log.All.Count(line => parts.All(part => line.Contains(part, StringComparison.Ordinal)));
}
