using System.Buffers.Text;
using System.Text.Json;
using JwtAuth.Tests.Hosting;
using JwtAuth.Tests.RefreshTokens;

namespace JwtAuth.Tests.PersonalAccessTokens;

/// <summary>A personal access token that was made through HTTP.</summary>
internal sealed record MadeToken(string Id, string Token, string Scope, DateTimeOffset ExpiresAt);

internal static class PersonalAccessTokenCalls
{
    /// <summary>Makes one with an account bearer.</summary>
    public static async Task<MadeToken> MakeAsync(
        this HttpClient client, string accountBearer, string? scope = "orders:read", int days = 30)
    {
        Reply reply =
            await client.AskAsAsync(accountBearer, "POST", "/auth/tokens", new { name = "nightly report", scope, lifetime_days = days });
        reply.Status.Should().Be(201, reply.Body);
        JsonElement json = reply.Json;
        return new MadeToken(json.GetProperty("id").GetString()!, json.GetProperty("token").GetString()!,
            json.GetProperty("scope").GetString()!, json.GetProperty("expires_at").GetDateTimeOffset());
    }

    /// <summary>Changes one into an access token.</summary>
    public static Task<Reply> ChangeAsync(this HttpClient client, string token, string? scope = null, string? audience = null) =>
        client.AskAsync("POST", "/auth/login", new { personal_access_token = token, scope, audience });

    /// <summary>The access token of a change that is accepted.</summary>
    public static async Task<string> ChangedAsync(this HttpClient client, string token)
    {
        Reply reply = await client.ChangeAsync(token);
        reply.Status.Should().Be(200, reply.Body);
        return reply.Json.GetProperty("access_token").GetString()!;
    }

    /// <summary>Whether it is taken by <c>/me</c> and by the login; the two agree.</summary>
    public static async Task<bool> LivesAsync(this HttpClient client, string token)
    {
        int me = await client.MeAsync(token), change = (await client.ChangeAsync(token)).Status;
        me.Should().BeOneOf(200, 401);
        change.Should().Be(me);
        return me == 200;
    }

    public static JsonElement ClaimsOf(string accessToken) =>
        JsonDocument.Parse(Base64Url.DecodeFromChars(accessToken.Split('.')[1])).RootElement;

    public static string[] ScopesOf(this Reply me) =>
        me.Json.GetProperty("scope").GetString()!.Split(' ', StringSplitOptions.RemoveEmptyEntries);
}
