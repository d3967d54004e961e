using JwtAuth.Bearer.AccessTokens;
using JwtAuth.Server.Accounts;
using JwtAuth.Tests.Hosting;
using JwtAuth.Tests.Revocation;

namespace JwtAuth.Tests.Endpoints.Account;

public sealed class LoginTests(LoginTests.Fixture fixture) : IClassFixture<LoginTests.Fixture>
{
    private readonly ServerHost host = fixture.Host;

    [Fact]
    public async Task A_password_becomes_a_signed_token()
    {
        using HttpClient client = host.Connect();

        Reply reply =
            await client.AskAsync("POST", "/auth/login", new { username = "CLERK", password = ServerHost.Password, scope = "orders:read" });

        reply.Status.Should().Be(200);
        reply.Header("Cache-Control").Should().Be("no-store");
        reply.Header("Content-Type").Should().StartWith("application/json");
        reply.Json.EnumerateObject().Select(member => member.Name).Should().Equal("access_token", "token_type", "expires_in", "scope");
        reply.Json.GetProperty("token_type").GetString().Should().Be("Bearer");
        reply.Json.GetProperty("expires_in").GetInt64().Should().Be(300);
        AccessToken token = Validate(reply);
        token.Username.Should().Be("clerk");
        token.Roles.Should().Equal("clerk");
        token.Audiences.Should().Equal("orders");
        token.ExpiresAt.Should().Be(host.Time.GetUtcNow() + TimeSpan.FromMinutes(5));
        token.ClientId.Should().Be("jwtauth");
    }

    [Fact]
    public async Task Unknown_name_wrong_password_and_disabled_account_get_the_same_bytes()
    {
        AccountSnapshot account = await host.AddAccountAsync("soon-disabled");
        string admin = await host.LoginAsync("root", host.Issuer);
        using HttpClient client = host.Connect(), administrator = host.Connect(admin);
        (await client.LoginAsync("soon-disabled", ServerHost.Password)).Status.Should().Be(200);
        (await administrator.AskAsync("POST", $"/admin/users/{account.Subject}/disable")).Status.Should().Be(204);

        Reply[] refused =
        [
            await client.LoginAsync("nobody", ServerHost.Password),
            await client.LoginAsync("nobody at all", ServerHost.Password),
            await client.LoginAsync("clerk", "a wrong password"),
            await client.LoginAsync("clerk", ""),
            await client.LoginAsync("soon-disabled", ServerHost.Password),
            await client.LoginAsync("soon-disabled", "a wrong password"),
        ];

        refused.Select(reply => reply.Bytes).Distinct().Should().ContainSingle();
        (refused[0].Status, refused[0].Code).Should().Be((401, "invalid_credentials"));
        (await administrator.AskAsync("POST", $"/admin/users/{account.Subject}/enable")).Status.Should().Be(204);
        (await client.LoginAsync("soon-disabled", ServerHost.Password)).Status.Should().Be(200);
    }

    [Theory]
    [InlineData("clerk", null, "")]
    [InlineData("clerk", "", "")]
    [InlineData("clerk", "orders:read", "orders:read")]
    [InlineData("clerk", "orders:write orders:read", "orders:write orders:read")]
    [InlineData("clerk", " orders:read  orders:read ", "orders:read")]
    [InlineData("plain", "orders:read orders:write", "orders:read")]
    [InlineData("plain", "orders:write", "")]
    public async Task A_scope_is_granted_by_role_and_what_may_not_be_had_is_left_out(string username, string? asked, string granted)
    {
        using HttpClient client = host.Connect();

        Reply reply = await client.AskAsync("POST", "/auth/login", new { username, password = ServerHost.Password, scope = asked ?? "" });

        reply.Status.Should().Be(200);
        reply.Json.GetProperty("scope").GetString().Should().Be(granted);
        string.Join(' ', Validate(reply).Scopes).Should().Be(granted);
    }

    [Theory]
    [InlineData("orders:delete")]
    [InlineData("orders:read nonsense")]
    [InlineData("Orders:Read")]
    [InlineData("orders:read,orders:write")]
    [InlineData("orders:read\torders:write")]
    [InlineData("orders:read\n")]
    [InlineData("*")]
    [InlineData("orders")]
    [InlineData("orders:read\0")]
    public async Task A_scope_that_is_not_configured_is_told(string scope)
    {
        using HttpClient client = host.Connect();

        Reply refused = await client.AskAsync("POST", "/auth/login", new { username = "clerk", password = ServerHost.Password, scope });

        (refused.Status, refused.Code).Should().Be((400, "invalid_scope"));
        (await client.AskAsync("POST", "/auth/login", new
        {
            username = "clerk",
            password = ServerHost.Password,
            scope = "orders:read",
        })).Status.Should().Be(200);
    }

    [Theory]
    [InlineData("billing")]
    [InlineData("")]
    [InlineData("Orders")]
    [InlineData("orders ")]
    [InlineData("orders shipping")]
    [InlineData("{issuer}/")]
    [InlineData("{ISSUER}")]
    public async Task An_audience_that_is_not_configured_is_told(string audience)
    {
        using HttpClient client = host.Connect();
        audience = audience
            .Replace("{issuer}", host.Issuer, StringComparison.Ordinal)
            .Replace("{ISSUER}", host.Issuer.ToUpperInvariant(), StringComparison.Ordinal);

        Reply refused = await client.AskAsync("POST", "/auth/login", new { username = "clerk", password = ServerHost.Password, audience });

        (refused.Status, refused.Code).Should().Be((400, "invalid_audience"));
        refused.Json.GetProperty("detail").GetString().Should()
            .Be($"The audiences are: orders shipping, and for the account itself {host.Issuer}");
        foreach (string configured in (string[])["orders", "shipping", host.Issuer])
        {
            Reply reply = await client.AskAsync(
                "POST", "/auth/login", new { username = "clerk", password = ServerHost.Password, audience = configured });
            Validate(reply).Audiences.Should().Equal(configured);
        }
    }

    [Theory]
    [InlineData("cookie")]
    [InlineData("Bearer")]
    [InlineData("")]
    public async Task A_credential_of_no_known_kind_is_refused(string credential)
    {
        using HttpClient client = host.Connect();

        Reply refused =
            await client.AskAsync("POST", "/auth/login", new { username = "clerk", password = ServerHost.Password, credential });

        (refused.Status, refused.Code).Should().Be((400, "invalid_request"));
        (await client.AskAsync("POST", "/auth/login", new
        {
            username = "clerk",
            password = ServerHost.Password,
            credential = "bearer",
        })).Status.Should().Be(200);
    }

    [Fact]
    public async Task A_login_writes_nothing_to_the_database_and_a_failure_writes_an_attempt_alone()
    {
        await using ServerHost own = new();
        await own.AddAccountAsync("clerk");
        using HttpClient client = own.Connect();
        using var database = new DatabaseFile(own.Directory);
        string before = Dump();
        string version = Version();

        (await client.LoginAsync("clerk", ServerHost.Password)).Status.Should().Be(200);
        Version().Should().Be(version, "no other connection has written");
        Dump().Should().Be(before);
        (await client.LoginAsync("clerk", "a wrong password")).Status.Should().Be(401);
        (await client.LoginAsync("nobody-there", ServerHost.Password)).Status.Should().Be(401);

        Dump().Should().NotBe(before);
        BesideAttempts(Dump()).Should().Be(BesideAttempts(before));
        Dump().Should().NotContainEquivalentOf("nobody-there");
        (await client.RegisterAsync("written")).Status.Should().Be(201);
        BesideAttempts(Dump()).Should().NotBe(BesideAttempts(before));

        // SQLite says also whether somebody wrote what was there already.
        string Version() => TestedStore.IsPostgres ? Dump() : $"{database.Number("PRAGMA data_version")}";
        string Dump() => string.Join('\n', TestedStore.RowsOf(own.Directory).Select(row => $"{row.Table}: " + string.Join('|',
            row.Values.Select(value => value is byte[] bytes ? Convert.ToHexString(bytes) : value))));
        static string BesideAttempts(string dump) =>
            string.Join('\n', dump.Split('\n').Where(line => !line.Contains("Attempts", StringComparison.Ordinal)));
    }

    private AccessToken Validate(Reply reply)
    {
        host.Get<TokenValidator>()
            .TryValidate(reply.Json.GetProperty("access_token").GetString(), out AccessToken? token, out TokenRejection? rejection)
            .Should().BeTrue($"{rejection}");
        return token!;
    }

    public sealed class Fixture : IAsyncLifetime
    {
        internal ServerHost Host { get; } = new ServerHost().With("JwtAuth:Audiences:0", "orders").With("JwtAuth:Audiences:1", "shipping");

        public async ValueTask InitializeAsync()
        {
            await Host.AddAccountAsync("root", "admin");
            await Host.AddAccountAsync("clerk", "clerk");
            await Host.AddAccountAsync("plain");
        }

        public ValueTask DisposeAsync() => Host.DisposeAsync();
    }
}
