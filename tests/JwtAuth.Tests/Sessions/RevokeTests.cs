using System.Text.Json;
using JwtAuth.Server.Accounts;
using JwtAuth.Tests.Hosting;
using JwtAuth.Tests.RefreshTokens;
using JwtAuth.Tests.Revocation;

namespace JwtAuth.Tests.Sessions;

/// <summary>One's own tokens, one by one: <c>POST /auth/revoke</c>.</summary>
public sealed class RevokeTests(SessionsHost fixture) : IClassFixture<SessionsHost>, IAsyncLifetime
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

    [Theory]
    [InlineData(null)]
    [InlineData("{}")]
    public async Task Without_a_token_the_access_token_of_the_call_is_ended_and_its_session_goes_on(string? body)
    {
        Tokens first = await client.BeginAsync(account.Username);
        Tokens second = await client.RotateAsync(first);

        ShouldSay(await client.AskAsAsync(first.Access, "POST", "/auth/revoke", body), "none", "denied", first.ExpiresAt);

        (await client.MeAsync(first.Access), await client.MeAsync(second.Access)).Should().Be((401, 200));
        (await client.AskAsAsync(first.Access, "POST", "/auth/revoke", body)).Status.Should().Be(401);
        (await client.RefreshAsync(second.Refresh)).Status.Should().Be(200);
    }

    [Fact]
    public async Task An_empty_body_is_no_body_whatever_its_type_and_a_form_is_refused()
    {
        foreach (string? type in (string?[])[null, "application/json"])
        {
            string access = await host.LoginAsync(account.Username);
            using var empty = new ByteArrayContent([]);
            if (type is not null)
                empty.Headers.ContentType = new(type);
            (await client.AskAsAsync(access, "POST", "/auth/revoke", empty)).Status.Should().Be(200, type);
            (await client.MeAsync(access)).Should().Be(401);
        }

        string alive = await host.LoginAsync(account.Username);
        using var form = new FormUrlEncodedContent([new("token", alive)]);
        (await client.AskAsAsync(alive, "POST", "/auth/revoke", form)).Status.Should().Be(415);
        (await client.MeAsync(alive)).Should().Be(200);
    }

    [Fact]
    public async Task Another_access_token_of_the_same_account_is_ended_alone()
    {
        Tokens caller = await client.BeginAsync(account.Username), other = await client.BeginAsync(account.Username);
        host.Time.Advance(TimeSpan.FromSeconds(30));
        Tokens next = await client.RotateAsync(other);

        ShouldSay(await RevokeAsync(caller, other.Access), "none", "denied", other.ExpiresAt);

        (await client.MeAsync(other.Access), await client.MeAsync(next.Access), await client.MeAsync(caller.Access))
            .Should().Be((401, 200, 200));
        (await client.RefreshAsync(next.Refresh)).Status.Should().Be(200);
    }

    [Fact]
    public async Task A_refresh_token_of_the_same_account_ends_its_session_also_one_that_was_used()
    {
        Tokens caller = await client.BeginAsync(account.Username), first = await client.BeginAsync(account.Username);
        host.Time.Advance(TimeSpan.FromSeconds(30));
        Tokens second = await client.RotateAsync(first);

        ShouldSay(await RevokeAsync(caller, first.Refresh), "revoked", "denied", second.ExpiresAt);

        (await client.MeAsync(first.Access), await client.MeAsync(second.Access), await client.MeAsync(caller.Access))
            .Should().Be((401, 401, 200));
        (await client.RefreshAsync(second.Refresh)).ShouldBeInvalidGrant();
        ShouldSay(await RevokeAsync(caller, second.Refresh), "none", "none", host.Time.GetUtcNow());
        (await client.RefreshAsync(caller.Refresh)).Status.Should().Be(200);
    }

    [Fact]
    public async Task What_is_no_token_or_is_over_ends_nothing()
    {
        Tokens expired = await client.BeginAsync(account.Username);
        host.Time.Advance(TimeSpan.FromMinutes(6));
        Tokens caller = await client.BeginAsync(account.Username);

        foreach (string token in (string[])["", "garbage", caller.Access[..^1], caller.Access + "A", caller.Refresh[..^1], expired.Access,
            new string('x', 30_000)])
        {
            ShouldSay(await RevokeAsync(caller, token), "none", "none", host.Time.GetUtcNow());
        }

        (await client.MeAsync(caller.Access)).Should().Be(200);
        (await client.RefreshAsync(caller.Refresh)).Status.Should().Be(200);
    }

    [Fact]
    public async Task A_token_that_is_null_is_refused_and_only_one_that_is_left_out_means_that_of_the_call()
    {
        Tokens caller = await client.BeginAsync(account.Username);

        Reply refused = await client.AskAsAsync(caller.Access, "POST", "/auth/revoke", new { token = (string?)null });

        (refused.Status, refused.Code).Should().Be((400, "invalid_request"));
        refused.Json.GetProperty("detail").GetString().Should().StartWith("\"token\" (line 1, byte 2) must be a string.");
        (await client.MeAsync(caller.Access)).Should().Be(200);
        ShouldSay(await client.AskAsAsync(caller.Access, "POST", "/auth/revoke", new { }), "none", "denied", caller.ExpiresAt);
        (await client.MeAsync(caller.Access)).Should().Be(401);
    }

    [Fact, Trait("row", "ACC-02")]
    public async Task A_token_of_somebody_else_lives_on_and_nobody_is_told_that_it_is_one()
    {
        Tokens caller = await client.BeginAsync(account.Username), victim = await client.BeginAsync("plain");

        Reply access = await RevokeAsync(caller, victim.Access), refresh = await RevokeAsync(caller, victim.Refresh),
            garbage = await RevokeAsync(caller, "garbage");

        ShouldSay(access, "none", "none", host.Time.GetUtcNow());
        (access.Bytes, refresh.Bytes).Should().Be((garbage.Bytes, garbage.Bytes));
        (await client.MeAsync(victim.Access)).Should().Be(200);
        Tokens next = await client.RotateAsync(victim);
        ShouldSay(await RevokeAsync(next, victim.Access), "none", "denied", victim.ExpiresAt);
        ShouldSay(await RevokeAsync(next, next.Refresh), "revoked", "denied", next.ExpiresAt);
    }

    private Task<Reply> RevokeAsync(Tokens caller, string token) => client.AskAsAsync(caller.Access, "POST", "/auth/revoke", new { token });

    private static void ShouldSay(Reply reply, string refreshToken, string accessToken, DateTimeOffset liveUntil)
    {
        reply.Status.Should().Be(200);
        JsonElement json = reply.Json;
        (json.GetProperty("refresh_token").GetString(), json.GetProperty("access_token").GetString(),
            json.GetProperty("session").GetString(), json.GetProperty("signed_cookie").GetString())
            .Should().Be((refreshToken, accessToken, "none", "none"));
        json.GetProperty("live_until").GetDateTimeOffset().Should().Be(liveUntil);
    }
}
