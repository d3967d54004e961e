using JwtAuth.Server.Accounts;
using JwtAuth.Tests.Hosting;
using JwtAuth.Tests.RefreshTokens;

namespace JwtAuth.Tests.PersonalAccessTokens;

/// <summary>
/// What ends a personal access token and what it lives through, and what becomes of the access token that was made from
/// it: with a denylist and without.
/// </summary>
public sealed class EndingTests(EndingTests.Fixture fixture) : IClassFixture<EndingTests.Fixture>
{
    public static TheoryData<string, bool, bool> Ends => Both(accessEnds: true, "deleted", "revoked by its owner",
        "deleted by an administrator", "password changed", "password reset", "disabled", "disabled and enabled", "user deleted");

    public static TheoryData<string, bool, bool> LivesThrough =>
    [
        .. Both(accessEnds: false, "nothing", "logout", "password change refused"),
        .. Both(accessEnds: true, "logout others", "logout everywhere", "logged out by an administrator", "role taken"),
    ];

    [Theory, Trait("row", "PAT-04")]
    [MemberData(nameof(Ends))]
    public async Task It_ends_at_once_with_the_access_tokens_that_were_made_from_it(string happened, bool keepsDenylist, bool accessEnds) =>
        await TryAsync(happened, keepsDenylist, lives: false, accessEnds);

    [Theory]
    [MemberData(nameof(LivesThrough))]
    public async Task It_lives_through_what_ends_logins(string happened, bool keepsDenylist, bool accessEnds) =>
        await TryAsync(happened, keepsDenylist, lives: true, accessEnds);

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_logout_by_an_access_token_that_was_made_from_it_ends_that_one_and_none_to_come(bool keepsDenylist)
    {
        ServerHost host = fixture.Of(keepsDenylist);
        using HttpClient client = host.Connect();
        AccountWithToken held = await fixture.BeginAsync(client, keepsDenylist);
        string second = await client.ChangedAsync(held.Token.Token);

        Reply done = await client.AskAsAsync(held.Access, "POST", "/auth/logout");

        (done.Status, done.Json.GetProperty("access_token").GetString()).Should().Be((200, keepsDenylist ? "denied" : "live"));
        (await client.MeAsync(held.Access)).Should().Be(keepsDenylist ? 401 : 200);
        (await StandsAsync(client, held.Access)).Should().BeFalse();
        (await StandsAsync(client, second)).Should().BeTrue();
        (await client.MeAsync(second)).Should().Be(200);
        (await client.LivesAsync(held.Token.Token)).Should().BeTrue();
        (await StandsAsync(client, await client.ChangedAsync(held.Token.Token))).Should().BeTrue();
    }

    [Fact]
    public async Task A_role_that_is_taken_is_not_the_tokens_any_more_and_comes_back_with_it()
    {
        using HttpClient client = fixture.Of(keepsDenylist: true).Connect();
        AccountWithToken held = await fixture.BeginAsync(client, keepsDenylist: true);
        string role = $"/admin/users/{held.Account.Subject}/roles/clerk";
        (await client.AskAsAsync(held.Token.Token, "GET", "/me")).ScopesOf().Should().Equal("orders:read", "orders:write");

        (await client.AskAsAsync(held.Root, "DELETE", role)).Status.Should().Be(204);
        Reply without = await client.AskAsAsync(held.Token.Token, "GET", "/me");
        without.ScopesOf().Should().Equal("orders:read");
        without.Json.GetProperty("roles").GetArrayLength().Should().Be(0);
        (await client.ChangeAsync(held.Token.Token)).Json.GetProperty("scope").GetString().Should().Be("orders:read");

        (await client.AskAsAsync(held.Root, "PUT", role)).Status.Should().Be(204);
        (await client.AskAsAsync(held.Token.Token, "GET", "/me")).ScopesOf().Should().Equal("orders:read", "orders:write");
    }

    private async Task TryAsync(string happened, bool keepsDenylist, bool lives, bool accessEnds)
    {
        ServerHost host = fixture.Of(keepsDenylist);
        using HttpClient client = host.Connect();
        AccountWithToken held = await fixture.BeginAsync(client, keepsDenylist), neighbour = fixture.NeighbourAt(host);
        (await client.LivesAsync(held.Token.Token)).Should().BeTrue("the twin, before");
        (await StandsAsync(client, held.Access)).Should().BeTrue("the twin, before");

        await HappenAsync(client, happened, held);

        (await client.LivesAsync(held.Token.Token)).Should().Be(lives);
        (await client.MeAsync(held.Access)).Should().Be(accessEnds && keepsDenylist ? 401 : 200);
        (await StandsAsync(client, held.Access)).Should().Be(!accessEnds, "calls that ask the store refuse it in both modes");
        if (lives)
            (await StandsAsync(client, await client.ChangedAsync(held.Token.Token))).Should().BeTrue("the next one is good");
        (await client.LivesAsync(neighbour.Token.Token)).Should().BeTrue("a neighbour is not concerned");
        (await client.MeAsync(neighbour.Access)).Should().Be(200);
    }

    // The list of sessions asks the store.
    // Where state changes the store is asked; what is revoked here is nothing.
    private static async Task<bool> StandsAsync(HttpClient client, string access) =>
        (await client.AskAsAsync(access, "POST", "/auth/revoke", new { token = "none" })).Status == 200;

    private static async Task HappenAsync(HttpClient client, string happened, AccountWithToken held)
    {
        string user = $"/admin/users/{held.Account.Subject}";
        object passwords = new
        {
            current_password = happened == "password changed" ? ServerHost.Password : "not the password",
            new_password = "the lamp by the window",
        };
        int status = happened switch
        {
            "nothing" => 204,
            "deleted" => await Status(held.Bearer, "DELETE", $"/auth/tokens/{held.Token.Id}"),
            "revoked by its owner" => await Status(held.Bearer, "POST", "/auth/revoke", new { token = held.Token.Token }),
            "deleted by an administrator" => await Status(held.Root, "DELETE", $"{user}/tokens"),
            "password changed" or "password change refused" => await Status(held.Bearer, "POST", "/auth/password", passwords),
            "password reset" => await Status(held.Root, "POST", $"{user}/password", new { new_password = "the lamp by the window" }),
            "disabled" or "disabled and enabled" => await Status(held.Root, "POST", $"{user}/disable"),
            "user deleted" => await Status(held.Root, "DELETE", user),
            "logout" => await Status(held.Bearer, "POST", "/auth/logout"),
            "logout others" => await Status(held.Bearer, "POST", "/auth/logout/others"),
            "logout everywhere" => await Status(held.Bearer, "POST", "/auth/logout/everywhere"),
            "logged out by an administrator" => await Status(held.Root, "POST", $"{user}/logout"),
            "role taken" => await Status(held.Root, "DELETE", $"{user}/roles/clerk"),
            _ => throw new ArgumentOutOfRangeException(nameof(happened)),
        };
        status.Should().Be(happened switch
        {
            "password change refused" => 401,
            "revoked by its owner" or "logout" or "logout others" or "logout everywhere" => 200,
            _ => 204,
        });
        if (happened == "disabled and enabled")
            (await Status(held.Root, "POST", $"{user}/enable")).Should().Be(204);

        async Task<int> Status(string bearer, string method, string path, object? body = null) =>
            (await client.AskAsAsync(bearer, method, path, body)).Status;
    }

    private static TheoryData<string, bool, bool> Both(bool accessEnds, params string[] happened) =>
        [.. from event_ in happened from keepsDenylist in (bool[])[true, false] select (event_, keepsDenylist, accessEnds)];

    /// <summary>An account with a token, an access token that was made from it, a login of its own, and an administrator's.</summary>
    internal sealed record AccountWithToken(AccountSnapshot Account, string Bearer, MadeToken Token, string Access, string Root);

    public sealed class Fixture : IAsyncLifetime
    {
        private readonly Dictionary<ServerHost, string> administrators = [];
        private readonly Dictionary<ServerHost, AccountWithToken> neighbours = [];
        private readonly ServerHost listed = new ServerHost().With("JwtAuth:SigningKeys:Algorithm", "ES256");
        private readonly ServerHost stateless = new ServerHost()
            .With("JwtAuth:SigningKeys:Algorithm", "ES256").With("JwtAuth:Denylist:Enabled", "false");

        internal ServerHost Of(bool keepsDenylist) => keepsDenylist ? listed : stateless;

        internal AccountWithToken NeighbourAt(ServerHost host) => neighbours[host];

        internal async Task<AccountWithToken> BeginAsync(HttpClient client, bool keepsDenylist)
        {
            ServerHost host = Of(keepsDenylist);
            AccountSnapshot account = await host.AddAccountAsync($"user-{Guid.NewGuid():N}", "clerk");
            string bearer = await host.LoginAsync(account.Username, host.Issuer);
            MadeToken token = await client.MakeAsync(bearer, "orders:read orders:write");
            return new AccountWithToken(account, bearer, token, await client.ChangedAsync(token.Token), administrators[host]);
        }

        public async ValueTask InitializeAsync()
        {
            foreach (ServerHost host in (ServerHost[])[listed, stateless])
            {
                await host.AddAccountAsync("root", "admin");
                administrators[host] = await host.LoginAsync("root", host.Issuer);
                using HttpClient client = host.Connect();
                neighbours[host] = await BeginAsync(client, host == listed);
            }
        }

        public async ValueTask DisposeAsync()
        {
            await listed.DisposeAsync();
            await stateless.DisposeAsync();
        }
    }
}
