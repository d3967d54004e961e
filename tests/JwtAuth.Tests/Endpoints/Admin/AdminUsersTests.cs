using System.Text.Json;
using JwtAuth.Server.Accounts;
using JwtAuth.Tests.Hosting;

namespace JwtAuth.Tests.Endpoints.Admin;

public sealed class AdminUsersTests(AdminUsersTests.Fixture fixture) : IClassFixture<AdminUsersTests.Fixture>, IAsyncLifetime
{
    private readonly ServerHost host = fixture.Host;
    private AccountSnapshot alice = null!;

    public static TheoryData<string, string> Routes => new()
    {
        { "GET", "" },
        { "POST", "/{sub}/enable" },
        { "POST", "/{sub}/password" },
        { "PUT", "/{sub}/roles/clerk" },
        { "DELETE", "/{sub}/roles/clerk" },
        { "POST", "/{sub}/disable" },
        { "DELETE", "/{sub}" },
    };

    public static TheoryData<string, string> RoutesOfOne => [.. Routes.Where(route => route.Data.Item2.Length > 0)];

    [Theory, Trait("row", "ACC-06"), Trait("row", "ACC-02")]
    [MemberData(nameof(Routes))]
    public async Task Every_call_needs_an_account_bearer_of_an_administrator(string method, string route)
    {
        using HttpClient nobody = host.Connect();
        using HttpClient user = host.Connect(await host.LoginAsync(alice.Username, host.Issuer));
        using HttpClient apiToken = host.Connect(await host.LoginAsync("root", "orders"));
        using HttpClient administrator = await AdministratorAsync();
        string path = "/admin/users" + route.Replace("{sub}", alice.Subject, StringComparison.Ordinal);
        object? body = route.EndsWith("/password", StringComparison.Ordinal) ? new { new_password = "the lamp by the window" } : null;

        Reply none = await nobody.AskAsync(method, path, body);
        (none.Status, none.Header("WWW-Authenticate")).Should().Be((401, "Bearer"));
        foreach (HttpClient weaker in (HttpClient[])[user, apiToken])
        {
            Reply refused = await weaker.AskAsync(method, path, body);
            (refused.Status, refused.Code).Should().Be((403, "forbidden"));
        }
        (await administrator.AskAsync(method, path, body)).Status.Should().Be(method == "GET" ? 200 : 204);
    }

    [Fact]
    public async Task The_role_is_asked_of_the_store_and_not_of_the_token()
    {
        AccountSnapshot second = await host.AddAccountAsync("demoted", "admin");
        using HttpClient administrator = await AdministratorAsync(), demoted = await AdministratorAsync(second.Username),
            promoted = await AdministratorAsync(alice.Username);
        (await demoted.AskAsync("GET", "/admin/users")).Status.Should().Be(200);
        (await promoted.AskAsync("GET", "/admin/users")).Status.Should().Be(403);

        (await administrator.AskAsync("DELETE", $"/admin/users/{second.Subject}/roles/admin")).Status.Should().Be(204);
        (await administrator.AskAsync("PUT", $"/admin/users/{alice.Subject}/roles/admin")).Status.Should().Be(204);

        (await demoted.AskAsync("GET", "/admin/users")).Status.Should().Be(401, "the token says a role that its account has no more");
        using HttpClient fresh = await AdministratorAsync(second.Username);
        (await fresh.AskAsync("GET", "/admin/users")).Status.Should().Be(403);
        (await promoted.AskAsync("GET", "/admin/users")).Status.Should().Be(200);
    }

    [Theory, Trait("row", "ACC-07")]
    [InlineData("POST", "/password")]
    [InlineData("POST", "/disable")]
    [InlineData("DELETE", "")]
    public async Task What_ends_an_account_ends_its_bearer_where_state_is_asked(string method, string change)
    {
        AccountSnapshot second = await host.AddAccountAsync($"second-{Guid.NewGuid():N}", "admin");
        using HttpClient administrator = await AdministratorAsync(), ended = await AdministratorAsync(second.Username);
        (await ended.AskAsync("GET", "/admin/users")).Status.Should().Be(200);

        object? body = change == "/password" ? new { new_password = ServerHost.Password } : null;
        (await administrator.AskAsync(method, $"/admin/users/{second.Subject}{change}", body)).Status.Should().Be(204);

        await RefusesAsync();
        if (change == "/disable")
        {
            (await administrator.AskAsync("POST", $"/admin/users/{second.Subject}/enable")).Status.Should().Be(204);
            await RefusesAsync();
        }
        if (change.Length == 0)
        {
            AccountSnapshot namesake = await host.AddAccountAsync(second.Username, "admin");
            namesake.Subject.Should().NotBe(second.Subject);
            await RefusesAsync();
        }
        using HttpClient fresh = await AdministratorAsync(second.Username);
        (await fresh.AskAsync("GET", "/admin/users")).Status.Should().Be(200);

        async Task RefusesAsync()
        {
            foreach ((string verb, string path)
                in ((string, string)[])[("GET", ""), ("DELETE", $"/{alice.Subject}"), ("PUT", $"/{alice.Subject}/roles/admin")])
            {
                Reply refused = await ended.AskAsync(verb, "/admin/users" + path);
                (refused.Status, refused.Header("WWW-Authenticate")).Should().Be((401, "Bearer error=\"invalid_token\""));
                refused.Json.GetProperty("reason").GetString().Should().Be("denied");
            }
        }
    }

    [Fact]
    public async Task A_role_stands_in_the_next_token()
    {
        using HttpClient administrator = await AdministratorAsync();
        string path = $"/admin/users/{alice.Subject}/roles/clerk";

        (await administrator.AskAsync("PUT", path)).Status.Should().Be(204);
        (await administrator.AskAsync("PUT", path)).Status.Should().Be(204, "it has it already");
        (await RolesAsync()).Should().Equal("clerk");
        (await administrator.AskAsync("DELETE", path)).Status.Should().Be(204);
        (await administrator.AskAsync("DELETE", path)).Status.Should().Be(204, "it does not have it");
        (await RolesAsync()).Should().BeEmpty();

        async Task<IEnumerable<string?>> RolesAsync()
        {
            using HttpClient client = host.Connect(await host.LoginAsync(alice.Username));
            return (await client.AskAsync("GET", "/me")).Json.GetProperty("roles").EnumerateArray().Select(role => role.GetString());
        }
    }

    [Theory]
    [InlineData("Admin")]
    [InlineData("two%20words")]
    [InlineData("admin%0a")]
    [InlineData("r%C3%B4le")]
    [InlineData("a,b")]
    [InlineData("a-role-of-thirty-three-characters")]
    public async Task A_role_of_another_form_is_refused(string role)
    {
        using HttpClient administrator = await AdministratorAsync();

        foreach (string method in (string[])["PUT", "DELETE"])
        {
            Reply refused = await administrator.AskAsync(method, $"/admin/users/{alice.Subject}/roles/{role}");
            (refused.Status, refused.Code).Should().Be((400, "invalid_request"));
            (await administrator.AskAsync(method, $"/admin/users/{alice.Subject}/roles/a-role-of-thirty-two.characters_")).Status
                .Should().Be(204);
        }
    }

    [Fact]
    public async Task An_account_has_no_more_roles_than_fit_into_a_token()
    {
        using HttpClient administrator = await AdministratorAsync();
        for (int role = 0; role < 32; role++)
            (await administrator.AskAsync("PUT",
                $"/admin/users/{alice.Subject}/roles/{role:d2}-role-as-long-as-a-role-may-be"[..^1])).Status.Should().Be(204);

        Reply refused = await administrator.AskAsync("PUT", $"/admin/users/{alice.Subject}/roles/one-more");

        (refused.Status, refused.Code).Should().Be((409, "too_many_roles"));
        (await administrator.AskAsync("PUT", $"/admin/users/{alice.Subject}/roles/00-role-as-long-as-a-role-may-b")).Status
            .Should().Be(204, "it has this one");
        using HttpClient client = host.Connect(await host.LoginAsync(alice.Username, null, "orders:read"));
        (await client.AskAsync("GET", "/me")).Status.Should().Be(200);
    }

    [Theory]
    [MemberData(nameof(RoutesOfOne))]
    public async Task An_account_that_is_not_there_is_not_found(string method, string route)
    {
        using HttpClient administrator = await AdministratorAsync();
        object? body = route.EndsWith("/password", StringComparison.Ordinal) ? new { new_password = "the lamp by the window" } : null;

        Reply refused = await administrator.AskAsync(
            method, "/admin/users" + route.Replace("{sub}", "AAAAAAAAAAAAAAAAAAAAAA", StringComparison.Ordinal), body);

        (refused.Status, refused.Code).Should().Be((404, "not_found"));
        string right = "/admin/users" + route.Replace("{sub}", alice.Subject, StringComparison.Ordinal);
        (await administrator.AskAsync(method, right, body)).Status.Should().Be(204);
    }

    [Fact]
    public async Task A_reset_password_replaces_the_old_one_and_keeps_to_the_policy()
    {
        using HttpClient administrator = await AdministratorAsync(), client = host.Connect();
        string path = $"/admin/users/{alice.Subject}/password";

        foreach (string weak in (string[])["too short", "password1234", new string('x', 73)])
        {
            Reply refused = await administrator.AskAsync("POST", path, new { new_password = weak });
            (refused.Status, refused.Code).Should().Be((400, "weak_password"));
        }
        (await client.LoginAsync(alice.Username, ServerHost.Password)).Status.Should().Be(200);
        (await administrator.AskAsync("POST", path, new { new_password = "the lamp by the window" })).Status.Should().Be(204);

        (await client.LoginAsync(alice.Username, ServerHost.Password)).Status.Should().Be(401);
        (await client.LoginAsync(alice.Username, "the lamp by the window")).Status.Should().Be(200);
    }

    [Fact]
    public async Task Accounts_are_listed_by_pages_and_found_by_part_of_a_name()
    {
        AccountSnapshot disabled = await host.AddAccountAsync("Zz.Mallory");
        foreach (string name in (string[])["zz.bob", "ZZ.Carol", "zz.bo_bby"])
            await host.AddAccountAsync(name);
        using HttpClient administrator = await AdministratorAsync();
        await administrator.AskAsync("POST", $"/admin/users/{disabled.Subject}/disable");

        List<string?> pages = [];
        string? after = null;
        do
        {
            JsonElement page =
                (await administrator.AskAsync("GET", $"/admin/users?search=zz.&limit=2{(after is null ? "" : $"&after={after}")}")).Json;
            page.GetProperty("users").GetArrayLength().Should().BeInRange(1, 2);
            pages.AddRange(page.GetProperty("users").EnumerateArray().Select(user => user.GetProperty("username").GetString()));
            after = page.GetProperty("next").GetString();
        }
        while (after is not null);

        pages.Should().Equal("zz.bob", "zz.bo_bby", "ZZ.Carol", "Zz.Mallory");
        (await FoundAsync("search=Z.BO")).Should().Equal("zz.bob", "zz.bo_bby");
        (await FoundAsync("search=z.bo_")).Should().Equal("zz.bo_bby");
        (await FoundAsync("search=nobody")).Should().BeEmpty();
        (await FoundAsync("search=%25")).Should().BeEmpty("a name may have the letter %, which stands for no other");
        JsonElement mallory = (await administrator.AskAsync("GET", "/admin/users?search=zz.mallory")).Json.GetProperty("users")[0];
        mallory.EnumerateObject().Select(member => member.Name).Should().Equal("sub", "username", "roles", "enabled", "created_at");
        mallory.GetProperty("enabled").GetBoolean().Should().BeFalse();
        mallory.GetProperty("sub").GetString().Should().Be(disabled.Subject);

        async Task<IEnumerable<string?>> FoundAsync(string query) =>
            (await administrator.AskAsync("GET", $"/admin/users?{query}")).Json.GetProperty("users")
                .EnumerateArray().Select(user => user.GetProperty("username").GetString());
    }

    [Theory, Trait("row", "HTP-21")]
    [InlineData("limit=0")]
    [InlineData("limit=-1")]
    [InlineData("limit=201")]
    [InlineData("limit=99999999999")]
    [InlineData("limit=ten")]
    [InlineData("limit=1e2")]
    [InlineData("limit=1&limit=2")]
    [InlineData("search=a&search=b")]
    [InlineData("search=%22")]
    [InlineData("search=a%20b")]
    [InlineData("after=a%00b")]
    public async Task A_page_that_cannot_be_is_refused(string query)
    {
        using HttpClient administrator = await AdministratorAsync();

        Reply refused = await administrator.AskAsync("GET", $"/admin/users?{query}");

        (refused.Status, refused.Code).Should().Be((400, "invalid_request"));
        (await administrator.AskAsync("GET", "/admin/users?limit=200&search=a&after=a")).Status.Should().Be(200);
    }

    private async Task<HttpClient> AdministratorAsync(string username = "root") =>
        host.Connect(await host.LoginAsync(username, host.Issuer));

    public async ValueTask InitializeAsync() => alice = await host.AddAccountAsync($"alice-{Guid.NewGuid():N}");

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    public sealed class Fixture : IAsyncLifetime
    {
        internal ServerHost Host { get; } = new();

        public async ValueTask InitializeAsync() => await Host.AddAccountAsync("root", "admin");

        public ValueTask DisposeAsync() => Host.DisposeAsync();
    }
}
