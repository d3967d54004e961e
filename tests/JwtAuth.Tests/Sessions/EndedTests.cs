using JwtAuth.Server.Accounts;
using JwtAuth.Tests.Hosting;
using JwtAuth.Tests.RefreshTokens;
using JwtAuth.Tests.Revocation;

namespace JwtAuth.Tests.Sessions;

/// <summary>What ends a refresh token, by its HTTP call, and what it spares.</summary>
public sealed class EndedTests(SessionsHost fixture) : IClassFixture<SessionsHost>, IAsyncLifetime
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

    [Theory, Trait("row", "REF-11")]
    [InlineData("POST", "/auth/logout", true)]
    [InlineData("POST", "/auth/logout/everywhere", true)]
    [InlineData("DELETE", "/auth/sessions/{sid}", true)]
    [InlineData("POST", "/auth/revoke", true)]
    [InlineData("POST", "/auth/logout/others", false)]
    public async Task What_the_owner_ends_cannot_be_refreshed(string method, string path, bool endsCaller)
    {
        Tokens caller = await client.BeginAsync(account.Username), other = await client.BeginAsync(account.Username),
            somebody = await client.BeginAsync("plain");
        bool endsOthers = path.EndsWith("everywhere", StringComparison.Ordinal) || path.EndsWith("others", StringComparison.Ordinal);

        Reply done = await client.AskAsAsync(
            caller.Access, method, path.Replace("{sid}", caller.SessionId, StringComparison.Ordinal),
            path == "/auth/revoke" ? new { token = caller.Refresh } : null);

        done.Status.Should().BeOneOf(200, 204);
        await ShouldBe(caller, alive: !endsCaller);
        await ShouldBe(other, alive: !endsOthers);
        await ShouldBe(somebody, alive: true);
    }

    [Theory, Trait("row", "REF-11")]
    [InlineData("POST", "/disable")]
    [InlineData("POST", "/logout")]
    [InlineData("POST", "/password")]
    [InlineData("DELETE", "")]
    public async Task What_an_administrator_ends_cannot_be_refreshed(string method, string change)
    {
        Tokens first = await client.BeginAsync(account.Username), second = await client.BeginAsync(account.Username),
            somebody = await client.BeginAsync("plain");
        using HttpClient administrator = host.Connect(await host.LoginAsync("root", host.Issuer));

        Reply done = await administrator.AskAsync(
            method, $"/admin/users/{account.Subject}{change}",
            change == "/password" ? new { new_password = "the lamp by the window" } : null);

        done.Status.Should().Be(204);
        await ShouldBe(first, alive: false);
        await ShouldBe(second, alive: false);
        await ShouldBe(somebody, alive: true);
        using var database = new DatabaseFile(host.Directory);
        database.Number("SELECT count(*) FROM Sessions WHERE Subject = $p", account.Subject).Should().Be(0);
    }

    [Fact, Trait("row", "REF-11")]
    public async Task A_role_that_is_given_ends_nothing_and_one_that_is_taken_ends_only_access_tokens()
    {
        Tokens tokens = await client.BeginAsync(account.Username);
        (await host.AskStoreAsync((AccountStore accounts) => accounts.AddRoleAsync(fixture.Root, account.Subject, "clerk")))
            .Should().Be(AccountChange.Done);
        (await client.MeAsync(tokens.Access)).Should().Be(200);

        (await host.AskStoreAsync((AccountStore accounts) => accounts.RemoveRoleAsync(fixture.Root, account.Subject, "clerk")))
            .Should().Be(AccountChange.Done);

        (await client.MeAsync(tokens.Access)).Should().Be(401);
        await ShouldBe(await client.RotateAsync(tokens), alive: true);
    }

    private async Task ShouldBe(Tokens tokens, bool alive)
    {
        (await client.MeAsync(tokens.Access)).Should().Be(alive ? 200 : 401);
        Reply refresh = await client.RefreshAsync(tokens.Refresh);
        (refresh.Status, refresh.Code).Should().Be(alive ? (200, null) : (400, "invalid_grant"));
    }
}
