using System.Globalization;
using JwtAuth.Server.Accounts;
using JwtAuth.Server.Audit;
using JwtAuth.Tests.Authentication;
using JwtAuth.Tests.Hosting;
using JwtAuth.Tests.PersonalAccessTokens;
using JwtAuth.Tests.RefreshTokens;

namespace JwtAuth.Tests.Audit;

/// <summary>What is recorded of what, through HTTP.</summary>
public sealed class AuditEventTests : IAsyncLifetime
{
    private readonly ServerHost host =
        new ServerHost { Time = new ManualTime(TimeProvider.System.GetUtcNow()) } // commands have the machine's clock
            .With("JwtAuth:SigningKeys:Algorithm", "ES256").With("JwtAuth:Basic:Enabled", "true");
    private readonly TestClient api;
    private HttpClient client = null!;
    private AccountSnapshot alice = null!, boss = null!;
    private string admin = "";
    private long seen;

    public AuditEventTests() => api = host.AddClient("orders-api");

    public async ValueTask InitializeAsync()
    {
        client = host.Connect();
        (alice, boss) = (await host.AddAccountAsync("alice"), await host.AddAccountAsync("boss", "admin"));
        admin = await host.LoginAsync("boss", host.Issuer);
        await NewAsync();
    }

    [Fact]
    public async Task The_start_and_the_first_accounts_are_recorded_with_who_did_it()
    {
        List<AuditRecord> all = await host.TrailAsync(client, admin);

        all.Select(record => record.Number).Should().Equal(Enumerable.Range(1, all.Count).Select(number => (long)number));
        all[0].What.Should().Match<(string Event, string Actor, string?, string? Object, string?)>(
            what => what.Event == "key.rotated" && what.Actor == "service" && what.Object != null);
        all[1].What.Should().Be(("user.created", "command_line", alice.Subject, null, "added"));
        all[3].What.Should().Be(("role.changed", "command_line", boss.Subject, "admin", "given"));
        all[4].What.Should().Be(("login.succeeded", $"account {boss.Subject}", boss.Subject, null, "password"));
        all[4].Text("address").Should().Be("127.0.0.1");
        all[4].Text("request_id").Should().NotBeNullOrEmpty();
        all[4].Text("outcome").Should().Be("done");
        all[4].Text("at").Should().Be(
            host.Time.GetUtcNow().ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture));
        all[1].Text("address").Should().BeNull("it came from no network");
    }

    [Fact, Trait("row", "OPS-18")]
    public async Task A_login_without_a_session_is_noted_in_the_background_and_one_with_a_session_is_recorded_with_it()
    {
        await host.LoginAsync("alice");
        (await NewAsync()).Should().Equal(("login.succeeded", By(alice), alice.Subject, null, "password"));

        Tokens tokens = await client.BeginAsync("alice");
        (await NewAsync()).Should().Equal(("session.began", By(alice), alice.Subject, tokens.SessionId, "refresh_token"));

        (await LogInAsync(new { username = "alice", password = ServerHost.Password, credential = "signed_cookie" }))
            .Status.Should().Be(200);
        (await NewAsync()).Should().Equal(("login.succeeded", By(alice), alice.Subject, null, "signed_cookie"));

        (await client.AskAsync("GET", "/me", null, TestClient.BasicOf($"alice:{ServerHost.Password}"))).Status.Should().Be(200);
        host.Time.Advance(TimeSpan.FromSeconds(1));
        (await client.AskAsync("GET", "/me", null, TestClient.BasicOf($"alice:{ServerHost.Password}"))).Status.Should().Be(200);
        (await NewAsync()).Should().Equal(("login.succeeded", By(alice), alice.Subject, null, "basic")); // the second is remembered

        (await client.RotateAsync(tokens)).Should().NotBeNull();
        (await client.MeAsync(tokens.Access)).Should().Be(200);
        (await NewAsync()).Should().BeEmpty("a refresh changes nothing that anybody asks for later");
    }

    [Fact, Trait("row", "OPS-18")]
    public async Task A_refused_login_names_the_account_if_there_is_one_and_never_what_was_typed()
    {
        (await client.LoginAsync("alice", "a wrong harbour at dawn")).Status.Should().Be(401);
        (await client.LoginAsync("hunter2-typed-as-a-name", ServerHost.Password)).Status.Should().Be(401);
        (await LogInAsync(new { personal_access_token = Server.PersonalAccessTokens.PersonalAccessToken.Make().Reveal() }))
            .Status.Should().Be(401);

        (await NewAsync()).Should().Equal(
            ("login.refused", "anonymous", alice.Subject, null, "invalid_credentials"),
            ("login.refused", "anonymous", null, null, "invalid_credentials"),
            ("login.refused", "anonymous", null, null, "personal_access_token"));
    }

    [Fact, Trait("row", "OPS-18")]
    public async Task The_ends_of_sessions_say_how_and_by_whom()
    {
        Tokens first = await client.BeginAsync("alice"), second = await client.BeginAsync("alice");
        Tokens third = await client.BeginAsync("alice");
        string cookie = SetCookie(await LogInAsync(new { username = "alice", password = ServerHost.Password, credential = "session" }));
        string sid = (await NewAsync())[^1].Object!;

        (await client.AskAsAsync(first.Access, "POST", "/auth/logout")).Status.Should().Be(200);
        (await client.AskAsAsync(second.Access, "DELETE", $"/auth/sessions/{third.SessionId}")).Status.Should().Be(204);
        (await client.RevokeAsync(api, second.Refresh)).Status.Should().Be(200);
        await LogInAsync(new { username = "alice", password = ServerHost.Password, credential = "session" }, ("Cookie", cookie));

        (await NewAsync())[..^1].Should().Equal(
            ("session.ended", By(alice), alice.Subject, first.SessionId, "logout"),
            ("session.ended", By(alice), alice.Subject, third.SessionId, "deleted"),
            ("session.ended", "client orders-api", alice.Subject, second.SessionId, "revoked"),
            ("session.ended", By(alice), alice.Subject, sid, "replaced"));
        string plain = await host.LoginAsync("alice");
        await NewAsync();
        (await client.AskAsAsync(plain, "POST", "/auth/logout")).Status.Should().Be(200);
        (await NewAsync()).Should().ContainSingle(what => what.Event == "session.ended" && what.Object != null, "a login of its own ended");
        (await client.AskAsAsync(plain, "POST", "/auth/logout")).Status.Should().Be(401);
        (await NewAsync()).Should().BeEmpty("nothing was ended");
    }

    [Fact, Trait("row", "OPS-18")]
    public async Task A_used_refresh_token_that_comes_again_is_recorded_with_the_end_of_its_session()
    {
        Tokens first = await client.BeginAsync("alice");
        await client.RotateAsync(await client.RotateAsync(first));
        await NewAsync();
        host.Time.Advance(TimeSpan.FromMinutes(1));

        (await client.RefreshAsync(first.Refresh)).ShouldBeInvalidGrant();

        (await NewAsync()).Should().Equal(("refresh.reused", "anonymous", alice.Subject, first.SessionId, null));
        (await client.RefreshAsync(first.Refresh)).ShouldBeInvalidGrant();
        (await NewAsync()).Should().BeEmpty("its session is over");
    }

    [Fact]
    public async Task A_logout_of_others_and_everywhere_and_a_token_that_ends_alone_are_one_record_each()
    {
        string token = await host.LoginAsync("alice"), other = await host.LoginAsync("alice");
        await NewAsync();

        (await client.AskAsAsync(token, "POST", "/auth/revoke", new { token = other })).Status.Should().Be(200);
        (await client.AskAsAsync(token, "POST", "/auth/logout/others")).Status.Should().Be(200);
        (await client.AskAsAsync(token, "POST", "/auth/logout/everywhere")).Status.Should().Be(200);

        string jti = PersonalAccessTokenCalls.ClaimsOf(other).GetProperty("jti").GetString()!;
        (await NewAsync()).Should().Equal(
            ("token.ended", By(alice), alice.Subject, jti, "revoked"),
            ("user.logged_out", By(alice), alice.Subject, null, "others"),
            ("user.logged_out", By(alice), alice.Subject, null, "everywhere"));
    }

    [Fact]
    public async Task A_client_that_revokes_an_access_token_and_one_that_is_refused_are_recorded()
    {
        string token = await host.LoginAsync("alice");
        await NewAsync();

        (await client.RevokeAsync(api, token)).Status.Should().Be(200);
        (await client.RevokeAsync(api with { Secret = "wrong" }, token)).Status.Should().Be(401);
        (await client.RevokeAsync(api with { Id = "nobody", Secret = "wrong" }, token)).Status.Should().Be(401);

        string jti = PersonalAccessTokenCalls.ClaimsOf(token).GetProperty("jti").GetString()!;
        (await NewAsync()).Should().Equal(
            ("token.ended", "client orders-api", alice.Subject, jti, "revoked"),
            ("client.refused", "anonymous", null, "orders-api", null),
            ("client.refused", "anonymous", null, null, null));
    }

    [Fact]
    public async Task What_an_administrator_does_is_recorded_once_and_what_changes_nothing_or_is_refused_is_not()
    {
        (await client.RegisterAsync("carol")).Status.Should().Be(201);
        string carol = (await NewAsync()).Single().Subject!;
        Reply made = await AdminAsync(
            "POST", "/admin/users", new { username = "bob", password = ServerHost.Password, roles = new[] { "clerk" } });
        string bob = made.Json.GetProperty("sub").GetString()!;
        (string, string)[] changes =
        [
            ("POST", "disable"), ("POST", "disable"), ("POST", "enable"), ("POST", "enable"), ("PUT", "roles/auditor"),
            ("PUT", "roles/auditor"),
            ("DELETE", "roles/auditor"), ("DELETE", "roles/auditor"), ("POST", "logout"), ("DELETE", "tokens"),
        ];
        foreach ((string method, string path) in changes)
            (await AdminAsync(method, $"/admin/users/{bob}/{path}")).Status.Should().Be(204, path);
        (await AdminAsync("POST", $"/admin/users/{bob}/password", new { new_password = "the lamp by the window" })).Status.Should().Be(204);
        (await AdminAsync("DELETE", $"/admin/users/{bob}")).Status.Should().Be(204);
        (await AdminAsync("POST", $"/admin/users/{boss.Subject}/disable")).Status.Should().Be(409);
        (await AdminAsync("POST", "/admin/users/nobody/disable")).Status.Should().Be(404);
        string intruder = await host.LoginAsync("alice", host.Issuer);
        (await client.AskAsAsync(intruder, "POST", $"/admin/users/{carol}/disable")).Status.Should().Be(403);

        (await NewAsync()).Where(what => what.Event != "login.succeeded").Should().Equal(
            ("user.created", By(boss), bob, null, "added"), ("role.changed", By(boss), bob, "clerk", "given"),
            ("user.disabled", By(boss), bob, null, null), ("user.enabled", By(boss), bob, null, null),
            ("role.changed", By(boss), bob, "auditor", "given"), ("role.changed", By(boss), bob, "auditor", "taken"),
            ("user.logged_out", By(boss), bob, null, "everywhere"), ("password.reset", By(boss), bob, null, null),
            ("user.deleted", By(boss), bob, null, null), ("admin.refused", By(alice), null, null, null));
        (await host.TrailAsync(client, admin, "&event=user.created")).Select(record => record.What)
            .Should().Contain(("user.created", $"account {carol}", carol, null, "registered"));
    }

    [Fact]
    public async Task A_changed_password_and_personal_access_tokens_are_recorded()
    {
        string token = await host.LoginAsync("alice", host.Issuer);
        await NewAsync();
        MadeToken one = await client.MakeAsync(token), two = await client.MakeAsync(token);
        await client.ChangedAsync(one.Token);
        (await client.AskAsAsync(token, "DELETE", $"/auth/tokens/{one.Id}")).Status.Should().Be(204);
        (await AdminAsync("DELETE", $"/admin/users/{alice.Subject}/tokens")).Status.Should().Be(204);
        (await client.AskAsAsync(token, "POST", "/auth/password", new
        {
            current_password = ServerHost.Password,
            new_password = "the lamp by the window",
        })).Status.Should().Be(204);

        (await NewAsync()).Should().Equal(
            ("pat.created", By(alice), alice.Subject, one.Id, null), ("pat.created", By(alice), alice.Subject, two.Id, null),
            ("pat.deleted", By(alice), alice.Subject, one.Id, null), ("pat.deleted", By(boss), alice.Subject, null, "all"),
            ("password.changed", By(alice), alice.Subject, null, null),
            ("login.succeeded", By(alice), alice.Subject, null, "personal_access_token"));
    }

    [Fact]
    public async Task What_commands_do_is_recorded_as_the_command_lines()
    {
        string first = (await host.TrailAsync(client, admin))[0].Text("object")!;
        (int code, string output, string error) = await host.CommandAsync("keys", "rotate", "--now");
        code.Should().Be(0, error);
        string second = output.Split(' ')[0];
        foreach (string[] words in (string[][])[["keys", "revoke", second], ["users", "disable", "alice"], ["audit", "export"]])
            (await host.CommandAsync(words)).Code.Should().Be(0);

        List<(string Event, string Actor, string? Subject, string? Object, string?)> news = await NewAsync();
        news.Select(what => what.Actor).Should().AllBe("command_line");
        string third = news.FindAll(what => what.Event == "key.rotated")[1].Object!;
        news.Should().BeEquivalentTo(
        [
            ("key.rotated", "command_line", null, second, null), ("key.retired", "command_line", null, first, null),
            ("key.revoked", "command_line", null, second, null), ("key.rotated", "command_line", null, third, null),
            ("user.disabled", "command_line", alice.Subject, null, null), ((string, string, string?, string?, string?))
            ("audit.exported", "command_line", null, null, null),
        ]);
    }

    [Fact]
    public void Every_event_and_every_word_is_in_the_page_of_the_trail()
    {
        string page = File.ReadAllText(Path.Combine(Repository.Root, "docs/audit.md"));

        AuditEvent.All.Should().HaveCountGreaterThan(20).And.OnlyHaveUniqueItems(known => known.Name);
        foreach (AuditEvent known in AuditEvent.All)
            page.Should().Contain($"| `{known.Name}` |");
        foreach (AuditDetail word in AuditDetail.Words)
            page.Should().Contain($"`{word.Name}`");
    }

    private Task<Reply> LogInAsync(object body, params (string Name, string Value)[] headers) =>
        client.AskAsync("POST", "/auth/login", body, headers);

    private Task<Reply> AdminAsync(string method, string path, object? body = null) => client.AskAsAsync(admin, method, path, body);

    private static string SetCookie(Reply reply)
    {
        reply.Status.Should().Be(200, reply.Body);
        return Browser.Written(reply).Single(cookie => cookie.Contains("session", StringComparison.Ordinal)).Split(';')[0];
    }

    private static string By(AccountSnapshot account) => $"account {account.Subject}";

    // What was recorded since it was last asked.
    private async Task<List<(string Event, string Actor, string? Subject, string? Object, string? Detail)>> NewAsync()
    {
        List<AuditRecord> records = await host.TrailAsync(client, admin);
        List<AuditRecord> news = records.FindAll(record => record.Number > seen);
        seen = records.Count == 0 ? 0 : records[^1].Number;
        return [.. news.Select(record => record.What)];
    }

    public async ValueTask DisposeAsync()
    {
        client.Dispose();
        await host.DisposeAsync();
    }
}
