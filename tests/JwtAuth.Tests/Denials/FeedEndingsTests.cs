using JwtAuth.Server.Accounts;
using JwtAuth.Tests.Hosting;
using JwtAuth.Tests.RefreshTokens;
using JwtAuth.Tests.Revocation;

namespace JwtAuth.Tests.Denials;

/// <summary>From what ends a token at the service to its refusal at somebody's API, which takes the rest as before.</summary>
public sealed class FeedEndingsTests : IAsyncLifetime
{
    private readonly FeedSetup setup = new();
    private HttpClient http = null!, api = null!;
    private string root = null!;
    private Tokens bystander = null!;

    public async ValueTask InitializeAsync()
    {
        http = setup.Open();
        await setup.Service.AddAccountAsync("root", "admin");
        await setup.Service.AddAccountAsync("bob");
        root = await setup.Service.LoginAsync("root", audience: setup.Line.Address);
        bystander = await http.BeginAsync("bob");
        api = setup.NewApi().Connect();
        await api.UntilOrdersAsync(bystander.Access, 200, "it hears of keys and denials when it has started");
    }

    [Fact]
    public async Task What_the_owner_ends_is_refused_by_the_API_and_the_rest_is_not()
    {
        await EndAsync("logout", (mine, _, _) => http.AskAsAsync(mine.Access, "POST", "/auth/logout"), mineEnds: true, twinEnds: false);
        await EndAsync("logout of the others", (mine, _, _) =>
            http.AskAsAsync(mine.Access, "POST", "/auth/logout/others"), mineEnds: false, twinEnds: true);
        await EndAsync("logout everywhere", (mine, _, _) =>
            http.AskAsAsync(mine.Access, "POST", "/auth/logout/everywhere"), mineEnds: true, twinEnds: true);
        await EndAsync("session deleted", (mine, twin, _) =>
            http.AskAsAsync(mine.Access, "DELETE", $"/auth/sessions/{twin.SessionId}"), mineEnds: false, twinEnds: true);
        await EndAsync("token revoked", (mine, twin, _) =>
            http.AskAsAsync(mine.Access, "POST", "/auth/revoke", new { token = twin.Access }), mineEnds: false, twinEnds: true);
        await EndAsync("session revoked", (mine, twin, _) =>
            http.AskAsAsync(mine.Access, "POST", "/auth/revoke", new { token = twin.Refresh }), mineEnds: false, twinEnds: true);
        await EndAsync("revoked by a client", (mine, _, _) => http.RevokeAsync(setup.Client, mine.Access), mineEnds: true, twinEnds: false);
        await EndAsync("password changed", async (_, _, account) => await http.AskAsAsync(
            await setup.Service.LoginAsync(account.Username, audience: setup.Line.Address), "POST", "/auth/password",
            new { current_password = ServerHost.Password, new_password = "another harbour at dusk" }), mineEnds: true, twinEnds: true);
    }

    [Fact]
    public async Task What_an_administrator_ends_is_refused_by_the_API_and_the_rest_is_not()
    {
        await EndAsync("disabled", (_, _, account) =>
            http.AskAsAsync(root, "POST", $"/admin/users/{account.Subject}/disable"), mineEnds: true, twinEnds: true);
        await EndAsync("logged out", (_, _, account) =>
            http.AskAsAsync(root, "POST", $"/admin/users/{account.Subject}/logout"), mineEnds: true, twinEnds: true);
        await EndAsync("password reset", (_, _, account) => http.AskAsAsync(
            root, "POST", $"/admin/users/{account.Subject}/password", new { new_password = "another harbour at dusk" }), mineEnds: true,
                twinEnds: true);
        await EndAsync("role taken away", (_, _, account) =>
            http.AskAsAsync(root, "DELETE", $"/admin/users/{account.Subject}/roles/clerk"), mineEnds: true, twinEnds: true);
        await EndAsync("deleted", (_, _, account) =>
            http.AskAsAsync(root, "DELETE", $"/admin/users/{account.Subject}"), mineEnds: true, twinEnds: true);
    }

    [Fact]
    public async Task What_a_key_has_signed_is_refused_once_the_command_line_has_revoked_it_and_sessions_go_on_with_the_next_one()
    {
        (await api.OrdersAsync(bystander.Access)).Should().Be(200);

        await setup.CommandAsync("keys", "revoke", KidOf(bystander.Access));

        await api.UntilOrdersAsync(bystander.Access, 401);
        await Patience.UntilAsync(async () =>
        {
            bystander = await http.RotateAsync(bystander);
            return await api.OrdersAsync(bystander.Access) == 200;
        }, "the service signs with another key, and the API has been told");
    }

    /// <summary>A clerk has logged in twice; something ends one or both, and never what somebody else has.</summary>
    private async Task EndAsync(string name, Func<Tokens, Tokens, AccountSnapshot, Task<Reply>> end, bool mineEnds, bool twinEnds)
    {
        AccountSnapshot account = await setup.Service.AddAccountAsync($"user-{Guid.NewGuid():N}", "clerk");
        Tokens mine = await http.BeginAsync(account.Username), twin = await http.BeginAsync(account.Username);
        (await api.OrdersAsync(mine.Access), await api.OrdersAsync(twin.Access)).Should().Be((200, 200), name);

        (await end(mine, twin, account)).Status.Should().BeOneOf([200, 204], name);

        if (mineEnds)
            await api.UntilOrdersAsync(mine.Access, 401, name);
        if (twinEnds)
            await api.UntilOrdersAsync(twin.Access, 401, name);
        (await api.OrdersAsync(mine.Access), await api.OrdersAsync(twin.Access))
            .Should().Be((mineEnds ? 401 : 200, twinEnds ? 401 : 200), name);
        (await api.OrdersAsync(bystander.Access)).Should().Be(200, name);
    }

    private static string KidOf(string token) =>
        System.Text.Json.Nodes.JsonNode.Parse(Attacks.Forge.Decode(token.Split('.')[0]))!["kid"]!.GetValue<string>();

    public async ValueTask DisposeAsync()
    {
        http.Dispose();
        api.Dispose();
        await setup.DisposeAsync();
    }
}
