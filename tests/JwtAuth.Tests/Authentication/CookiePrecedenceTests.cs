using JwtAuth.Server.Accounts;
using JwtAuth.Server.Authentication;
using JwtAuth.Tests.Hosting;

namespace JwtAuth.Tests.Authentication;

/// <summary>Which credential decides where several come together, and where a cookie is nothing at all.</summary>
public sealed class CookiePrecedenceTests(CookieHosts hosts) : IClassFixture<CookieHosts>, IAsyncLifetime
{
    private readonly ServerHost host = hosts.Plain;
    private readonly HttpClient client = hosts.Plain.Connect();
    private AccountSnapshot alice = null!;
    private string session = "", signed = "";

    public async ValueTask InitializeAsync()
    {
        alice = await host.AddAccountAsync($"alice-{Guid.NewGuid():n}", "admin");
        (session, signed) = ((await host.BeginCookieAsync(alice, "session"))!, (await host.BeginCookieAsync(alice, "signed_cookie"))!);
    }

    public ValueTask DisposeAsync()
    {
        client.Dispose();
        return ValueTask.CompletedTask;
    }

    private OwnCookies Names => host.Get<OwnCookies>();

    [Theory]
    [InlineData("Bearer nonsense")]
    [InlineData("Bearer ")]
    [InlineData("Bearer")]
    [InlineData("Basic bm9ib2R5OndpdGggbm8gcGFzc3dvcmQ=")]
    [InlineData("session")]
    [InlineData("")]
    public async Task A_bad_authorization_decides_alone_and_no_cookie_takes_its_place(string authorization)
    {
        foreach (string cookie in (string[])[session, signed, $"{session}; {signed}"])
        {
            foreach ((string method, string path) in ((string, string)[])[("GET", "/me"), ("POST", "/auth/logout"),
                ("POST", "/auth/logout/others"), ("POST", "/auth/logout/everywhere")])
            {
                (await client.AskAsync(method, path, null, ("Cookie", cookie), ("Authorization", authorization))).Status
                    .Should().Be(401, $"{method} {path}");
            }
        }
        foreach ((string method, string path) in ((string, string)[])[("GET", "/auth/sessions"), ("DELETE", "/auth/sessions/none")])
            (await client.AskAsync(method, path, null, ("Cookie", session), ("Authorization", authorization))).Status
                .Should().Be(401, $"{method} {path}");

        (await client.MeByCookieAsync(session), await client.MeByCookieAsync(signed)).Should().Be((200, 200));
    }

    [Fact]
    public async Task A_good_authorization_decides_alone_whatever_the_cookies_are()
    {
        AccountSnapshot bob = await host.AddAccountAsync($"bob-{Guid.NewGuid():n}");
        string token = await host.LoginAsync(bob.Username);
        foreach (string cookie
            in (string[])[session, signed, $"{session}; {signed}", $"{Names.Session}=nonsense", $"{session}; {session}"])
        {
            Reply me = await client.AskAsync("GET", "/me", null, ("Cookie", cookie), ("Authorization", $"Bearer {token}"));
            (me.Status, me.Json.GetProperty("sub").GetString(), me.Json.GetProperty("scheme").GetString())
                .Should().Be((200, bob.Subject, "bearer"));
        }
        (await client.AskAsync("GET", "/me", null, ("Cookie", session))).Json.GetProperty("sub").GetString().Should().Be(alice.Subject);
    }

    [Fact]
    public async Task Of_two_kinds_of_cookie_the_session_decides_alone()
    {
        AccountSnapshot bob = await host.AddAccountAsync($"bob-{Guid.NewGuid():n}");
        string his = (await host.BeginCookieAsync(bob, "session"))!;

        Reply me = await client.AskAsync("GET", "/me", null, ("Cookie", $"{signed}; {his}"));

        (me.Json.GetProperty("sub").GetString(), me.Json.GetProperty("scheme").GetString()).Should().Be((bob.Subject, "session"));
        (await client.MeByCookieAsync($"{signed}; {Names.Session}=nonsense")).Should().Be(401, "a bad one is not replaced by another");
        (await client.MeByCookieAsync(signed)).Should().Be(200);
    }

    [Theory]
    [InlineData("GET", "/admin/users", "session signed_cookie", "")]
    [InlineData("POST", "/admin/users/{sub}/disable", "session signed_cookie", "")]
    [InlineData("POST", "/admin/users/{sub}/enable", "session signed_cookie", "")]
    [InlineData("POST", "/admin/users/{sub}/logout", "session signed_cookie", "")]
    [InlineData("POST", "/admin/users/{sub}/password", "session signed_cookie", """{"new_password":"the lamp by the window"}""")]
    [InlineData("PUT", "/admin/users/{sub}/roles/clerk", "session signed_cookie", "")]
    [InlineData("DELETE", "/admin/users/{sub}/roles/clerk", "session signed_cookie", "")]
    [InlineData("DELETE", "/admin/users/{sub}", "session signed_cookie", "")]
    [InlineData("POST", "/auth/revoke", "session signed_cookie", "")]
    [InlineData("GET", "/auth/sessions", "signed_cookie", "")]
    [InlineData("POST", "/auth/password", "signed_cookie",
        """{"current_password":"a quiet harbour at dawn","new_password":"the lamp by the window"}""")]
    public async Task Where_a_call_does_not_take_a_cookie_it_is_nothing(string method, string path, string credentials, string body)
    {
        AccountSnapshot bob = await host.AddAccountAsync($"bob-{Guid.NewGuid():n}", "clerk");
        path = path.Replace("{sub}", bob.Subject, StringComparison.Ordinal);
        object? content = body.Length == 0 ? null : body;
        foreach (string credential in credentials.Split(' '))
        {
            Reply refused = await client.AskAsync(
                method, path, content, ("Cookie", credential == "session" ? session : signed), ("Origin", host.Issuer));
            (refused.Status, refused.Header("WWW-Authenticate")).Should().Be((401, "Bearer"), credential);
        }
        (await client.LoginAsync(bob.Username, ServerHost.Password)).Status.Should().Be(200, "nothing was done to him");

        string token = await host.LoginAsync(alice.Username, host.Issuer);
        Reply twin = await client.AskAsync(method, path, content, ("Authorization", $"Bearer {token}"), ("Cookie", session));
        twin.Status.Should().BeOneOf(200, 204);
    }

    [Fact]
    public async Task A_client_and_the_denials_are_not_reached_by_a_cookie()
    {
        foreach ((string method, string path)
            in ((string, string)[])[("POST", "/oauth/introspect"), ("POST", "/oauth/revoke"), ("GET", "/denials")])
        {
            using FormUrlEncodedContent? form = method == "POST" ? TestClient.Form(("token", "nonsense")) : null;
            (await client.AskAsync(method, path, form, ("Cookie", $"{session}; {signed}"))).Status.Should().Be(401, path);
        }
        (await client.MeByCookieAsync(session), await client.MeByCookieAsync(signed)).Should().Be((200, 200));
    }

    [Fact]
    public async Task A_session_is_an_accounts_own_credential_so_it_changes_the_password_and_goes_on_alone()
    {
        string other = (await host.BeginCookieAsync(alice, "session"))!, token = await host.LoginAsync(alice.Username, host.Issuer);
        Reply wrong = await ChangeAsync("not the password");
        (wrong.Status, wrong.Code).Should().Be((401, "invalid_credentials"));
        (await client.MeByCookieAsync(other)).Should().Be(200);

        (await ChangeAsync(ServerHost.Password)).Status.Should().Be(204);

        (await client.MeByCookieAsync(session), await client.MeByCookieAsync(signed), await client.MeByCookieAsync(other))
            .Should().Be((200, 401, 401));
        (await client.StatusOfMeAsync(token)).Should().Be(401);
        (await client.AskAsync("GET", "/auth/sessions", null, ("Cookie", session))).Json.GetProperty("sessions").GetArrayLength()
            .Should().Be(1);
        (await client.LoginAsync(alice.Username, "the lamp by the window")).Status.Should().Be(200);

        Task<Reply> ChangeAsync(string present) =>
            client.AskAsync("POST", "/auth/password", new
            {
                current_password = present,
                new_password = "the lamp by the window",
            }, ("Cookie", session), ("Origin", host.Issuer));
    }

    [Fact]
    public async Task Roles_and_scopes_of_a_session_are_those_of_now_and_a_signed_cookie_ends_with_a_role()
    {
        AccountSnapshot bob = await host.AddAccountAsync($"bob-{Guid.NewGuid():n}", "clerk");
        string his = (await host.BeginCookieAsync(bob, "session", "orders:read", "orders:write"))!,
            copy = (await host.BeginCookieAsync(bob, "signed_cookie", "orders:write"))!;
        using HttpClient administrator = host.Connect(await host.LoginAsync(alice.Username, host.Issuer));
        (await MeAsync(his)).Should().Be(("clerk", "orders:read orders:write"));
        (await MeAsync(copy)).Should().Be(("clerk", "orders:write"));

        (await administrator.AskAsync("PUT", $"/admin/users/{bob.Subject}/roles/auditor")).Status.Should().Be(204);
        (await MeAsync(his)).Should().Be(("auditor clerk", "orders:read orders:write"));
        (await MeAsync(copy)).Should().Be(("clerk", "orders:write"), "it says what held when it was issued");
        (await administrator.AskAsync("DELETE", $"/admin/users/{bob.Subject}/roles/clerk")).Status.Should().Be(204);

        (await MeAsync(his)).Should().Be(("auditor", "orders:read"));
        (await client.MeByCookieAsync(copy)).Should().Be(401);
        (await administrator.AskAsync("PUT", $"/admin/users/{bob.Subject}/roles/clerk")).Status.Should().Be(204);
        (await MeAsync(his))
            .Should().Be(("auditor clerk", "orders:read orders:write"), "what was granted at login, as far as the roles allow it now");
        (await client.MeByCookieAsync(copy)).Should().Be(401);

        async Task<(string, string?)> MeAsync(string cookie)
        {
            Reply me = await client.AskAsync("GET", "/me", null, ("Cookie", cookie));
            return (string.Join(' ', me.Json.GetProperty("roles").EnumerateArray().Select(role => role.GetString())),
                me.Json.GetProperty("scope").GetString());
        }
    }
}
