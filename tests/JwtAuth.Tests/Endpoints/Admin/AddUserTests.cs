using JwtAuth.Tests.Hosting;

namespace JwtAuth.Tests.Endpoints.Admin;

/// <summary>An administrator makes accounts over HTTP.</summary>
public sealed class AddUserTests(AddUserTests.Fixture fixture) : IClassFixture<AddUserTests.Fixture>, IAsyncLifetime
{
    private const string Password = "the lamp by the window";

    private readonly ServerHost host = fixture.Host;
    private readonly string bob = $"bob-{Guid.NewGuid():N}";
    private HttpClient administrator = null!;

    public async ValueTask InitializeAsync() => administrator = host.Connect(await host.LoginAsync("root", host.Issuer));

    public ValueTask DisposeAsync()
    {
        administrator.Dispose();
        return ValueTask.CompletedTask;
    }

    [Fact]
    public async Task An_account_that_an_administrator_makes_logs_in_with_its_roles_where_registration_is_closed()
    {
        Reply made = await AddAsync(new { username = "bob@example.com", password = Password, roles = new[] { "clerk", "clerk" } });

        made.Status.Should().Be(201);
        made.Json.GetProperty("username").GetString().Should().Be("bob@example.com");
        made.Json.GetProperty("roles").EnumerateArray().Select(role => role.GetString()).Should().Equal("clerk");
        made.Json.GetProperty("enabled").GetBoolean().Should().BeTrue();
        made.Body.Should().NotContainAny(Password, "$2b$");
        using HttpClient client = host.Connect();
        Reply login = await client.AskAsync("POST", "/auth/login",
            new { username = "Bob@Example.com", password = Password, scope = "orders:read orders:write" });
        login.Json.GetProperty("scope").GetString().Should().Be("orders:read orders:write");
        (await client.RegisterAsync("carol")).Code.Should().Be("registration_closed");
        string sub = made.Json.GetProperty("sub").GetString()!;
        host.Log.All.Should().Contain(line => line.Contains($": making of account {sub}", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("""{"username":"two words","password":"the lamp by the window"}""", 400, "invalid_request")]
    [InlineData("""{"username":"bob"}""", 400, "invalid_request")]
    [InlineData("""{"username":"bob","password":"the lamp by the window","role":"admin"}""", 400, "invalid_request")]
    [InlineData("""{"username":"bob","password":"the lamp by the window","roles":["Admin!"]}""", 400, "invalid_request")]
    [InlineData("""{"username":"bob","password":"the lamp by the window","roles":[null]}""", 400, "invalid_request")]
    [InlineData("""{"username":"bob","password":"the lamp by the window","roles":"clerk"}""", 400, "invalid_request")]
    [InlineData("""{"username":"bob","password":"short"}""", 400, "weak_password")]
    [InlineData("""{"username":"bob@example.com","password":"bob@example.com"}""", 400, "weak_password")]
    [InlineData("""{"username":"ALICE","password":"the lamp by the window"}""", 409, "username_taken")]
    public async Task What_registration_refuses_is_refused_here_too(string body, int status, string code)
    {
        Reply refused = await administrator.AskAsync("POST", "/admin/users", body);

        (refused.Status, refused.Code).Should().Be((status, code));
        (await AddAsync(new { username = bob, password = Password })).Status.Should().Be(201);
    }

    [Fact]
    public async Task More_roles_than_fit_into_a_token_make_no_account()
    {
        string[] roles = [.. Enumerable.Range(0, 33).Select(number => $"role-{number}")];

        (await AddAsync(new { username = bob, password = Password, roles })).Code.Should().Be("too_many_roles");

        (await AddAsync(new { username = bob, password = Password, roles = roles[..32] })).Status.Should().Be(201);
    }

    [Fact, Trait("row", "ACC-06")]
    public async Task It_takes_a_token_for_the_account_of_an_administrator_who_is_one_still()
    {
        object body = new { username = bob, password = Password };
        using HttpClient nobody = host.Connect(), user = host.Connect(await host.LoginAsync("alice", host.Issuer)),
            apiToken = host.Connect(await host.LoginAsync("root", "orders"));
        (await nobody.AskAsync("POST", "/admin/users", body)).Status.Should().Be(401);
        (await user.AskAsync("POST", "/admin/users", body)).Code.Should().Be("forbidden");
        (await apiToken.AskAsync("POST", "/admin/users", body)).Code.Should().Be("forbidden");

        Reply other = await AddAsync(new { username = "second", password = Password, roles = new[] { "admin" } });
        using HttpClient second = host.Connect();
        string token = (await second.AskAsync("POST", "/auth/login",
            new { username = "second", password = Password, audience = host.Issuer })).Json.GetProperty("access_token").GetString()!;
        second.DefaultRequestHeaders.Authorization = new("Bearer", token);
        (await second.AskAsync("POST", "/admin/users", new { username = "third", password = Password })).Status.Should().Be(201);
        (await administrator.AskAsync("DELETE", $"/admin/users/{other.Json.GetProperty("sub").GetString()}/roles/admin")).Status
            .Should().Be(204);
        (await second.AskAsync("POST", "/admin/users", body)).Status.Should().Be(401);
        (await AddAsync(body)).Status.Should().Be(201);
    }

    [Fact, Trait("row", "ACC-03")]
    public async Task Of_many_who_make_one_name_at_once_one_makes_it()
    {
        Reply[] replies = await Task.WhenAll(Enumerable.Range(0, 20).Select(
            number => AddAsync(new { username = number % 2 == 0 ? bob : bob.ToUpperInvariant(), password = Password })));

        replies.Where(reply => reply.Status == 201).Should().ContainSingle();
        replies.Where(reply => reply.Status != 201).Should().OnlyContain(reply => reply.Code == "username_taken");
    }

    [Fact]
    public async Task A_role_that_nobody_had_is_made_by_being_given_and_that_is_told_once()
    {
        await AddAsync(new { username = bob, password = Password, roles = new[] { "clerk", "auditor", "admin" } });
        await AddAsync(new { username = "carol", password = Password, roles = new[] { "auditor" } });

        host.Log.All.Where(line => line.Contains(" is new: no account had it before", StringComparison.Ordinal))
            .Where(line => !line.Contains("Role role-", StringComparison.Ordinal)) // of another test
            .Should().ContainSingle().Which.Should().Contain("Role auditor ");
    }

    private Task<Reply> AddAsync(object body) => administrator.AskAsync("POST", "/admin/users", body);

    public sealed class Fixture : IAsyncLifetime
    {
        internal ServerHost Host { get; } = new ServerHost().With("JwtAuth:Registration:Open", "false");

        public async ValueTask InitializeAsync()
        {
            await Host.AddAccountAsync("root", "admin");
            await Host.AddAccountAsync("alice");
        }

        public ValueTask DisposeAsync() => Host.DisposeAsync();
    }
}
