using System.Text.Json;
using JwtAuth.Server.Accounts;
using JwtAuth.Tests.Denials;
using JwtAuth.Tests.Hosting;
using JwtAuth.Tests.RefreshTokens;
using JwtAuth.Tests.Revocation;

namespace JwtAuth.Tests.Endpoints.Account;

public sealed class SessionsTests(SessionsHost fixture) : IClassFixture<SessionsHost>, IAsyncLifetime
{
    private readonly ServerHost host = fixture.Host;
    private readonly HttpClient client = fixture.Host.Connect();
    private AccountSnapshot account = null!;

    public async ValueTask InitializeAsync() => account = await host.AddAccountAsync($"user-{Guid.NewGuid():N}");

    public ValueTask DisposeAsync()
    {
        client.Dispose();
        return ValueTask.CompletedTask;
    }

    [Fact]
    public async Task The_list_has_each_session_with_what_its_owner_knows_it_by_the_last_used_first()
    {
        DateTimeOffset start = host.Time.GetUtcNow();
        Tokens first = await BeginAsync("Mozilla/5.0 (first)");
        host.Time.Advance(TimeSpan.FromMinutes(1));
        Tokens second = await BeginAsync("Mozilla/5.0 (second)");
        host.Time.Advance(TimeSpan.FromMinutes(1));
        Tokens third = await BeginAsync("Mozilla/5.0 (third)");
        host.Time.Advance(TimeSpan.FromMinutes(1));
        await client.BeginAsync("plain");
        first = Tokens.Of(
            await client.AskAsync("POST", "/auth/refresh", new { refresh_token = first.Refresh }, ("User-Agent", "Mozilla/5.0 (updated)")));

        Reply reply = await client.AskAsAsync(second.Access, "GET", "/auth/sessions");

        reply.Header("Cache-Control").Should().Be("no-store");
        JsonElement[] list = [.. reply.Json.GetProperty("sessions").EnumerateArray()];
        list.Select(session => session.GetProperty("sid").GetString()).Should().Equal(first.SessionId, third.SessionId, second.SessionId);
        list[0].EnumerateObject().Select(member => member.Name)
            .Should().Equal("sid", "credential", "created_at", "last_used_at", "expires_at", "address", "agent", "current");
        list.Select(session => session.GetProperty("current").GetBoolean()).Should().Equal(false, false, true);
        list.Select(session => session.GetProperty("agent").GetString())
            .Should().Equal("Mozilla/5.0 (updated)", "Mozilla/5.0 (third)", "Mozilla/5.0 (second)");
        list.Select(session => session.GetProperty("address").GetString()).Should().OnlyContain(address => address == "127.0.0.1");
        list.Select(session => session.GetProperty("created_at").GetDateTimeOffset())
            .Should().Equal(start, start.AddMinutes(2), start.AddMinutes(1));
        list.Select(session => session.GetProperty("last_used_at").GetDateTimeOffset())
            .Should().Equal(start.AddMinutes(3), start.AddMinutes(2), start.AddMinutes(1));
        list[0].GetProperty("expires_at").GetDateTimeOffset()
            .Should().Be(start.AddMinutes(3).AddDays(7), "that is when it ends if nobody uses it");
        reply.Body.Should().NotContain("jrt_");
    }

    [Fact]
    public async Task A_login_without_offline_access_is_in_no_list_and_may_ask_for_it()
    {
        Tokens listed = await client.BeginAsync(account.Username);

        Reply reply = await client.AskAsAsync(await host.LoginAsync(account.Username), "GET", "/auth/sessions");

        JsonElement only = reply.Json.GetProperty("sessions").EnumerateArray().Should().ContainSingle().Subject;
        (only.GetProperty("sid").GetString(), only.GetProperty("current").GetBoolean()).Should().Be((listed.SessionId, false));
    }

    [Fact]
    public async Task An_agent_is_cut_and_cleaned()
    {
        string body = $$"""{"username":"{{account.Username}}","password":"{{ServerHost.Password}}","scope":"offline_access"}""";

        // Two bytes of UTF-8 and a tab.
        IReadOnlyList<Reply> replies = await RawHttp.SendAsync(new Uri(host.Issuer),
            $"POST /auth/login HTTP/1.1\r\nHost: {new Uri(host.Issuer).Authority}\r\nContent-Type: application/json\r\n"
                + $"Content-Length: {body.Length}\r\nConnection: close\r\n"
            + $"User-Agent: Agent \u00c3\u00a9\t<b>{new string('x', 5000)}\r\n\r\n{body}");

        Reply list = await client.AskAsAsync(Tokens.Of(replies[0]).Access, "GET", "/auth/sessions");
        list.Json.GetProperty("sessions")[0].GetProperty("agent").GetString()
            .Should().Be("Agent <b>" + new string('x', 256 - "Agent <b>".Length));
    }

    [Fact]
    public async Task A_session_that_is_deleted_from_the_list_ends_with_its_tokens_and_the_others_go_on()
    {
        Tokens ended = await client.BeginAsync(account.Username), caller = await client.BeginAsync(account.Username);
        ended = await client.RotateAsync(ended);

        Reply done = await client.AskAsAsync(caller.Access, "DELETE", $"/auth/sessions/{ended.SessionId}");

        (done.Status, done.Body).Should().Be((204, ""));
        (await client.RefreshAsync(ended.Refresh)).ShouldBeInvalidGrant();
        (await client.MeAsync(ended.Access)).Should().Be(401);
        Reply again = await client.AskAsAsync(caller.Access, "DELETE", $"/auth/sessions/{ended.SessionId}");
        (again.Status, again.Code).Should().Be((404, "not_found"));
        (await client.MeAsync(caller.Access)).Should().Be(200);
        (await client.RefreshAsync(caller.Refresh)).Status.Should().Be(200);
        host.Lines("session deleted from the list", ended.SessionId, account.Subject).Should().Be(1);
    }

    [Fact, Trait("row", "ACC-02")]
    public async Task A_session_of_somebody_else_is_not_there_and_lives_on()
    {
        Tokens victim = await client.BeginAsync("plain"), caller = await client.BeginAsync(account.Username);

        Reply foreign = await client.AskAsAsync(caller.Access, "DELETE", $"/auth/sessions/{victim.SessionId}");
        Reply nobody = await client.AskAsAsync(caller.Access, "DELETE", "/auth/sessions/nV2_ZkqvRZ1cWm0p3b1x4g");

        (foreign.Status, foreign.Code).Should().Be((404, "not_found"));
        foreign.Bytes.Should().Be(nobody.Bytes, "nobody learns whether it is there");
        (await client.MeAsync(victim.Access)).Should().Be(200);
        victim = await client.RotateAsync(victim);
        (await client.AskAsAsync(victim.Access, "DELETE", $"/auth/sessions/{victim.SessionId}")).Status.Should().Be(204, "its owner may");
        (await client.RefreshAsync(victim.Refresh)).ShouldBeInvalidGrant();
    }

    [Theory]
    [InlineData("GET", "/auth/sessions")]
    [InlineData("DELETE", "/auth/sessions/nV2_ZkqvRZ1cWm0p3b1x4g")]
    public async Task Sessions_are_for_who_brings_an_access_token_that_stands(string method, string path)
    {
        Tokens ended = await client.BeginAsync(account.Username), alive = await client.BeginAsync(account.Username);
        (await client.AskAsAsync(ended.Access, "POST", "/auth/logout")).Status.Should().Be(200);

        (await client.AskAsync(method, path)).Header("WWW-Authenticate").Should().Be("Bearer");
        (await client.AskAsAsync(ended.Access, method, path)).Status.Should().Be(401);
        (await client.AskAsAsync(alive.Refresh, method, path)).Status.Should().Be(401);

        (await client.AskAsAsync(alive.Access, method, path)).Status.Should().Be(method == "GET" ? 200 : 404);
    }

    private async Task<Tokens> BeginAsync(string agent) => Tokens.Of(await client.AskAsync(
        "POST", "/auth/login", new { username = account.Username, password = ServerHost.Password, scope = "offline_access" },
        ("User-Agent", agent)));
}
