using JwtAuth.Tests.Attacks;
using JwtAuth.Tests.Clients;
using JwtAuth.Tests.Hosting;

namespace JwtAuth.Tests.Endpoints.Account;

/// <summary>RFC 7009.</summary>
public sealed class RevocationTests(TwoClients service) : IClassFixture<TwoClients>
{
    [Theory, Trait("row", "REV-06")]
    [InlineData(null)]
    [InlineData("access_token")]
    [InlineData("refresh_token")]
    [InlineData("unknown")]
    [InlineData("")]
    public async Task A_token_is_revoked_whatever_the_hint_says(string? hint)
    {
        using HttpClient http = service.Host.Connect();
        (string access, string refresh) = await service.LoginAsync("alice");
        (string name, string value)[] fields = hint is null ? [] : [("token_type_hint", hint)];
        (await http.StatusOfMeAsync(access)).Should().Be(200);

        (await http.RevokeAsync(service.Orders, access, fields)).Status.Should().Be(200);
        (await http.StatusOfMeAsync(access)).Should().Be(401);
        (string next, string refreshed) = (await service.RefreshAsync(refresh))!.Value;
        (await http.StatusOfMeAsync(next)).Should().Be(200, "an access token is revoked alone");

        (await http.RevokeAsync(service.Orders, refreshed, fields)).Status.Should().Be(200);
        (await service.RefreshAsync(refreshed)).Should().BeNull();
        (await http.StatusOfMeAsync(next)).Should().Be(401, "a refresh token goes with its session");
    }

    [Fact, Trait("row", "REV-03")]
    public async Task What_is_unknown_or_another_clients_gets_the_same_answer_and_stays_alive()
    {
        using HttpClient http = service.Host.Connect();
        (string access, string refresh) = await service.LoginAsync("alice", "billing");
        string account = await service.Host.LoginAsync("alice", service.Host.Issuer),
            expired = new Forge(service.Host).WithClaim("exp", $"{new Forge(service.Host).Now - 31}");
        (string own, string ownRefresh) = await service.LoginAsync("alice");
        Reply done = await http.RevokeAsync(service.Orders, own);

        foreach (string token in new[] { access, refresh, account, expired, own, "x", "..", "jrt_x", "jrt_" + new string('!', 76),
            refresh[..^1], ownRefresh[..^1] + "!", new string('x', 10_000) })
        {
            (await http.RevokeAsync(service.Orders, token)).Bytes.Should().Be(done.Bytes);
        }

        (done.Status, done.Body).Should().Be((200, ""));
        (await http.StatusOfMeAsync(access)).Should().Be(200);
        (await http.StatusOfMeAsync(account)).Should().Be(200);
        (await service.RefreshAsync(ownRefresh)).Should().NotBeNull("what only looked like it is not it");
        (await service.RefreshAsync(refresh)).Should().NotBeNull();
        (await http.RevokeAsync(service.Billing, access)).Status.Should().Be(200);
        (await http.StatusOfMeAsync(access)).Should().Be(401, "its own client's word counts");
    }

    [Fact]
    public async Task A_refresh_token_that_was_used_before_ends_its_session_too()
    {
        using HttpClient http = service.Host.Connect();
        (_, string first) = await service.LoginAsync("alice");
        (string access, string second) = (await service.RefreshAsync(first))!.Value;
        service.Host.Time.Advance(TimeSpan.FromMinutes(1));
        (await http.StatusOfMeAsync(access)).Should().Be(200);

        (await http.RevokeAsync(service.Orders, first)).Status.Should().Be(200);

        (await http.StatusOfMeAsync(access)).Should().Be(401);
        (await service.RefreshAsync(second)).Should().BeNull();
    }

    [Fact]
    public async Task What_a_client_has_ended_is_in_the_log_without_the_token()
    {
        using HttpClient http = service.Host.Connect();
        (string access, string refresh) = await service.LoginAsync("alice");
        await http.RevokeAsync(service.Both, access);
        await http.RevokeAsync(service.Both, refresh);
        await http.RevokeAsync(service.Both, "unknown");

        service.Host.Log.All.Where(line => line.Contains("Client both revoked", StringComparison.Ordinal)).Should().HaveCount(2)
            .And.ContainSingle(line => line.Contains("an access token", StringComparison.Ordinal))
            .And.ContainSingle(line => line.Contains("a refresh token", StringComparison.Ordinal));
        service.Host.Log.All
            .Should().NotContain(line => line.Contains(access, StringComparison.Ordinal) || line.Contains(refresh, StringComparison.Ordinal)
            || line.Contains(service.Both.Secret, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Without_a_denylist_an_access_token_cannot_be_revoked_and_a_refresh_token_can()
    {
        await using var stateless = new TwoClients();
        stateless.Host.With("JwtAuth:Denylist:Enabled", "false");
        await stateless.InitializeAsync();
        using HttpClient http = stateless.Host.Connect();
        (string access, string refresh) = await stateless.LoginAsync("alice");

        (await http.RevokeAsync(stateless.Orders, access)).ShouldBeOAuthError(400, "unsupported_token_type");
        (await http.RevokeAsync(stateless.Billing, access)).Status.Should().Be(200, "it is not this client's business what it is");
        (await http.RevokeAsync(stateless.Orders, "x")).Status.Should().Be(200);
        (await http.StatusOfMeAsync(access)).Should().Be(200);
        (await http.IsActiveAsync(stateless.Orders, access)).Should().BeTrue("introspection says what a check says");

        (await http.RevokeAsync(stateless.Orders, refresh)).Status.Should().Be(200);
        (await stateless.RefreshAsync(refresh)).Should().BeNull();
        (await http.IsActiveAsync(stateless.Orders, refresh)).Should().BeFalse();
        (await http.StatusOfMeAsync(access)).Should().Be(200, "it lives until it expires");
    }
}
