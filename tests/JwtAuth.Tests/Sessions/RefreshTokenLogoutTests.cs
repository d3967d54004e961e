using JwtAuth.Tests.Hosting;

namespace JwtAuth.Tests.Sessions;

/// <summary>A logout by the refresh token alone, for a client whose access token is over and that has no cookies.</summary>
public sealed class RefreshTokenLogoutTests : IAsyncDisposable
{
    private readonly ServerHost host = new();

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Who_holds_the_refresh_token_ends_its_session_when_the_access_token_is_over(bool wasUsed)
    {
        using HttpClient client = await ConnectAsync();
        (string refresh, string access) = await LogInAsync(client);
        (string other, _) = await LogInAsync(client);
        string last = wasUsed ? (await RefreshAsync(client, refresh)).Json.GetProperty("refresh_token").GetString()! : refresh;
        host.Time.Advance(TimeSpan.FromMinutes(6));
        (await client.AskAsync("POST", "/auth/logout", null, ("Authorization", $"Bearer {access}"))).Status.Should().Be(401);

        Reply logout = await client.AskAsync("POST", "/auth/logout", new { refresh_token = refresh });

        (logout.Status, logout.Json.GetProperty("refresh_token").GetString()).Should().Be((200, "revoked"));
        (await RefreshAsync(client, last)).Code.Should().Be("invalid_grant");
        (await RefreshAsync(client, other)).Status.Should().Be(200, "that is another login");
        Reply again = await client.AskAsync("POST", "/auth/logout", new { refresh_token = refresh });
        (again.Status, again.Code).Should().Be((400, "invalid_grant"));
    }

    [Theory]
    [InlineData("""{"refresh_token":"jrt_nonsense"}""", "invalid_grant")]
    [InlineData("""{"refresh_token":""}""", "invalid_grant")]
    [InlineData("""{"refresh_token":"{changed}"}""", "invalid_grant")]
    [InlineData("""{"refresh_token":"{token} "}""", "invalid_grant")]
    [InlineData("""{"refresh_token":["{token}"]}""", "invalid_request")]
    [InlineData("""{"token":"{token}"}""", "invalid_request")]
    [InlineData("""{"refresh_token":"{token}","refresh_token":"{token}"}""", "invalid_request")]
    [InlineData("""{"refresh_token":null}""", "")]
    [InlineData("{}", "")]
    public async Task What_is_no_refresh_token_of_ours_ends_nothing(string body, string code)
    {
        using HttpClient client = await ConnectAsync();
        (string refresh, _) = await LogInAsync(client);
        string changed = refresh[..^1] + (refresh[^1] == 'A' ? 'B' : 'A');
        body = body.Replace("{token}", refresh, StringComparison.Ordinal).Replace("{changed}", changed, StringComparison.Ordinal);

        Reply refused = await client.AskAsync("POST", "/auth/logout", body);

        (refused.Status, code.Length == 0 ? "" : refused.Code).Should().Be((code.Length == 0 ? 401 : 400, code));
        (await client.AskAsync("POST", "/auth/logout", new { refresh_token = refresh })).Status.Should().Be(200);
    }

    [Fact]
    public async Task Beside_an_Authorization_it_is_refused_and_ends_nothing()
    {
        using HttpClient client = await ConnectAsync();
        (string refresh, string access) = await LogInAsync(client);

        foreach (string sent in (string[])[$"Bearer {access}", "Bearer nonsense", ""])
        {
            Reply refused = await client.AskAsync("POST", "/auth/logout", new { refresh_token = refresh }, ("Authorization", sent));
            (refused.Status, refused.Code).Should().Be((400, "invalid_request"));
        }

        (await client.StatusOfMeAsync(access)).Should().Be(200);
        (await client.AskAsync("POST", "/auth/logout", new { refresh_token = refresh })).Status.Should().Be(200);
        (await client.StatusOfMeAsync(access)).Should().Be(401);
    }

    [Fact]
    public async Task Of_many_that_log_out_by_it_at_once_one_is_told_that_it_has_ended_it()
    {
        using HttpClient client = await ConnectAsync();
        (string refresh, _) = await LogInAsync(client);

        Reply[] replies = await Task.WhenAll(Enumerable.Range(0, 12).Select(_ =>
            client.AskAsync("POST", "/auth/logout", new { refresh_token = refresh })));

        replies.Should().OnlyContain(reply => reply.Status == 200 || reply.Status == 400 || reply.Status == 401)
            .And.ContainSingle(reply => reply.Status == 200 && reply.Json.GetProperty("refresh_token").GetString() == "revoked");
        (await RefreshAsync(client, refresh)).Code.Should().Be("invalid_grant");
    }

    public ValueTask DisposeAsync() => host.DisposeAsync();

    private async Task<HttpClient> ConnectAsync()
    {
        await host.AddAccountAsync("alice");
        return host.Connect();
    }

    private static async Task<(string Refresh, string Access)> LogInAsync(HttpClient client)
    {
        Reply login = await client.AskAsync(
            "POST", "/auth/login", new { username = "alice", password = ServerHost.Password, scope = "offline_access" });
        return (login.Json.GetProperty("refresh_token").GetString()!, login.Json.GetProperty("access_token").GetString()!);
    }

    private static Task<Reply> RefreshAsync(HttpClient client, string token) =>
        client.AskAsync("POST", "/auth/refresh", new { refresh_token = token });
}
