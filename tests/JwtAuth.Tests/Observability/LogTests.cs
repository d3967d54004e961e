using System.Text;
using System.Text.Json;
using JwtAuth.Server.Accounts;
using JwtAuth.Server.Clients;
using JwtAuth.Server.SigningKeys;
using JwtAuth.Tests.Attacks;
using JwtAuth.Tests.Hosting;
using JwtAuth.Tests.Revocation;
using Microsoft.Extensions.DependencyInjection;

namespace JwtAuth.Tests.Observability;

public sealed class LogTests
{
    private const string NewPassword = "the lamp by the window", WrongPassword = "guess-me-wrong-xyzzy",
        HalfPassword = "half a password plugh";

    [Theory, Trait("row", "OPS-01")]
    [InlineData("Development")]
    [InlineData("Production")]
    public async Task No_secret_is_logged_at_any_level(string environment)
    {
        await using ServerHost host = (environment == "Production" ? Production.Host() : new ServerHost())
            .With("Logging:LogLevel:Default", "Trace")
            .With("Logging:LogLevel:Microsoft", "Trace").With("Logging:LogLevel:Microsoft.AspNetCore", "Trace")
            .With("JwtAuth:Registration:Open", "true");
        AccountSnapshot alice = await host.AddAccountAsync("alice");
        await host.AddAccountAsync("root", "admin");
        using HttpClient client = host.ConnectByProxy();
        string issuer = environment == "Production" ? Production.Issuer : host.Issuer;

        string user = await LoginAsync("alice", "orders"), account = await LoginAsync("alice", issuer),
            admin = await LoginAsync("root", issuer);
        string forged = new Forge(host).WithClaims(claims => claims["exp"] = 1);
        List<Reply> replies =
        [
            await client.RegisterAsync("newcomer", NewPassword),
            await client.RegisterAsync("newcomer", NewPassword),
            await client.RegisterAsync("weak", "password1234"),
            await client.LoginAsync("alice", WrongPassword),
            await client.LoginAsync("nobody", WrongPassword),
            await client.LoginAsync(WrongPassword, WrongPassword),
            await client.AskAsync("POST", "/auth/login", $$"""{"username":"alice","password":"{{HalfPassword}}"""),
            await client.AskAsync("POST", "/auth/login", $$"""{"username":"alice","pasword":"{{HalfPassword}}"}"""),
            await client.AskAsync("POST", "/auth/login", $$"""{"username":"alice","password":["{{HalfPassword}}"]}"""),
            await client.AskAsync("POST", "/auth/login", $$"""{"username":"alice","{{HalfPassword}}":1}"""),
            await client.AskAsync(
                "POST", "/auth/login", new FormUrlEncodedContent([new("username", "alice"), new("password", HalfPassword)])),
            await client.AskAsync("GET", $"/auth/login?username=alice&password={Uri.EscapeDataString(HalfPassword)}"),
            await client.AskAsync("GET", $"/me?access_token={user}"),
            await client.AskAsync("GET", $"/me?access_token={user}", null, ("Authorization", $"Bearer {user}")),
            .. await Task.WhenAll(new[] { user, account, forged, user[..^4] + "AAAA", user + "x" }.Select(
                token => client.AskAsync("GET", "/me", null, ("Authorization", $"Bearer {token}")))),
            await client.AskAsync(
                "GET", "/me", null, ("Authorization", $"Basic {Convert.ToBase64String(Encoding.UTF8.GetBytes($"alice:{HalfPassword}"))}")),
            await client.AskAsync("GET", "/me", null, ("X-Authorization", user), ("Cookie", $"token={user}"),
                ("Referer", $"https://app.example.com/?token={user}")),
            await client.AskAsync("GET", "/admin/users", null, ("Authorization", $"Bearer {user}")),
            await client.AskAsync("GET", "/admin/users?search=alice&limit=1", null, ("Authorization", $"Bearer {admin}")),
            await client.AskAsync(
                "POST", $"/admin/users/{alice.Subject}/password", new { new_password = NewPassword }, ("Authorization", $"Bearer {admin}")),
            await client.AskAsync("PUT", $"/admin/users/{alice.Subject}/roles/clerk", null, ("Authorization", $"Bearer {admin}")),
            await client.AskAsync("POST", $"/admin/users/{alice.Subject}/disable", null, ("Authorization", $"Bearer {admin}")),
            await client.AskAsync("DELETE", $"/admin/users/{alice.Subject}", null, ("Authorization", $"Bearer {admin}")),
            await client.AskAsync("GET", "/.well-known/jwks.json"),
            await client.AskAsync("GET", "/health/ready"),
        ];
        await RawHttp.SendAsync(client.BaseAddress!, $"GET /me HTTP/1.1\r\nHost: localhost\r\nAuthorization : Bearer {user}\r\n\r\n");
        await RawHttp.SendAsync(client.BaseAddress!, $"GET /me?password={WrongPassword}\0 HTTP/1.1\r\nHost: localhost\r\n\r\n");

        replies.Select(reply => reply.Status).Should().Contain([200, 201, 204, 400, 401, 403, 405, 409, 415]);
        string hash = await HashOfAsync(host, "root");
        string[] secrets =
        [
            ServerHost.Password, NewPassword, WrongPassword, HalfPassword, Uri.EscapeDataString(HalfPassword),
            HalfPassword.Replace(' ', '+'), hash, alice.PasswordHash,
            .. new[] { user, account, admin, forged }.SelectMany(token => new[] { token, token.Split('.')[1], token.Split('.')[2] }),
            Convert.ToBase64String(host.Get<SigningKeyRing>().Signer(forAccount: true).ExportPrivate()),
            Convert.ToBase64String(Encoding.UTF8.GetBytes($"alice:{HalfPassword}")),
        ];
        host.Log.All.Should().HaveCountGreaterThan(100).And.Contain(
            line => line.StartsWith("Trace ", StringComparison.Ordinal) || line.StartsWith("Debug ", StringComparison.Ordinal));
        foreach (string secret in secrets)
            host.Log.All.Where(line => line.Contains(secret, StringComparison.Ordinal)).Should().BeEmpty();

        async Task<string> LoginAsync(string username, string audience) =>
            (await client.AskAsync("POST", "/auth/login", new { username, password = ServerHost.Password, audience })).Json
                .GetProperty("access_token").GetString()!;
    }

    [Fact, Trait("row", "OPS-01")]
    public async Task No_refresh_token_and_no_clients_secret_is_logged_at_any_level()
    {
        (string secret, string atRest) = ClientSecret.Make();
        await using ServerHost host = new ServerHost()
            .With("Logging:LogLevel:Default", "Trace")
            .With("Logging:LogLevel:Microsoft", "Trace").With("Logging:LogLevel:Microsoft.AspNetCore", "Trace")
            .With("JwtAuth:Clients:api:Secrets:0", atRest)
            .With("JwtAuth:Clients:api:Audiences:0", "orders").With("JwtAuth:Clients:api:May", "introspect revoke");
        await host.AddAccountAsync("alice");
        using HttpClient client = host.Connect();
        (string, string) origin = ("Origin", host.Issuer),
            basic = ("Authorization", $"Basic {Convert.ToBase64String(Encoding.UTF8.GetBytes($"api:{secret}"))}");

        Reply first = await LoginAsync(null), byCookie = await LoginAsync("cookie"), second = await RefreshAsync(Token(first));
        string cookie = byCookie.Header("Set-Cookie").Split(';')[0], guess = "a secret that was guessed";
        List<Reply> replies =
        [
            first, byCookie, second, await RefreshAsync(Token(first)), await RefreshAsync(Token(first) + "x"),
            await RefreshAsync(Token(second)[..^1]),
            await client.AskAsync("POST", "/auth/refresh", $$"""{"refresh_token":"{{Token(second)}}","surplus":1}"""),
            await client.AskAsync("POST", "/auth/refresh", $$"""{"refresh_token":"{{Token(second)}}"""),
            await client.AskAsync("GET", $"/auth/refresh?refresh_token={Token(second)}"),
            await client.AskAsync("POST", "/auth/refresh", new { refresh = "cookie" }, origin, ("Cookie", cookie)),
            await client.AskAsync("POST", "/auth/refresh", new { refresh = "cookie" }, origin, ("Cookie", cookie + "x")),
            await client.AskAsync("GET", "/me", null, ("Authorization", $"Bearer {Token(second)}")),
            await client.AskAsync("POST", "/oauth/introspect", new FormUrlEncodedContent([new("token", Token(second))]), basic),
            await client.AskAsync("POST", "/oauth/introspect", new FormUrlEncodedContent(
                [new("token", Token(second)), new("client_id", "api"), new("client_secret", guess)])),
            await client.AskAsync("GET", $"/oauth/revoke?token={Token(second)}&client_secret={secret}", null, basic),
            await client.AskAsync("POST", "/auth/revoke", new { token = Token(second) },
                ("Authorization", $"Bearer {second.Json.GetProperty("access_token")}")),
            await client.AskAsync("POST", "/oauth/revoke", new FormUrlEncodedContent([new("token", Token(second))]), basic),
            await client.AskAsync("POST", "/auth/logout", null, origin, ("Cookie", cookie)),
        ];

        replies.Select(reply => reply.Status).Should().Contain([200, 400, 401, 405]).And.OnlyContain(status => status < 500);
        string[] secrets =
        [
            secret, atRest, atRest["sha256:".Length..], guess, Uri.EscapeDataString(guess), basic.Item2,
            .. new[] { Token(first), Token(second), cookie.Split('=')[1] }.SelectMany(
                token => new[] { token, token[4..], token[^43..], token[^32..] }),
        ];
        host.Log.All.Should().Contain(line => line.Contains(" refreshed from ", StringComparison.Ordinal));
        foreach (string one in secrets)
            host.Log.All.Where(line => line.Contains(one, StringComparison.Ordinal)).Should().BeEmpty();

        Task<Reply> LoginAsync(string? refresh) =>
            client.AskAsync("POST", "/auth/login",
                new { username = "alice", password = ServerHost.Password, scope = "offline_access", refresh }, origin);
        Task<Reply> RefreshAsync(string token) => client.AskAsync("POST", "/auth/refresh", new { refresh_token = token });
        static string Token(Reply reply) => reply.Json.GetProperty("refresh_token").GetString()!;
    }

    [Fact, Trait("row", "OPS-02")]
    public async Task Nothing_that_a_request_brings_breaks_a_line_of_the_log()
    {
        await using ServerHost host = new ServerHost()
            .With("Logging:LogLevel:Default", "Trace")
            .With("Logging:LogLevel:Microsoft", "Trace").With("Logging:LogLevel:Microsoft.AspNetCore", "Trace");
        await host.AddAccountAsync("root", "admin");
        var forge = new Forge(host);
        using HttpClient client = host.Connect(), administrator = host.Connect(await host.LoginAsync("root", host.Issuer));
        (await client.AskAsync("GET", "/marked-by-the-twin")).Status.Should().Be(404);

        foreach (string poison in (string[])["forged\r\nInformation: root logged in", "forged\nline", "forged\u001b[2J\u001b[31m",
            "forged\u0085next", "forged\u2028next", "forged\"quote\\", "forged{0}{Subject}"])
        {
            string escaped = Uri.EscapeDataString(poison);
            await client.LoginAsync(poison, "x");
            await client.RegisterAsync(poison);
            await client.AskAsync("POST", "/auth/login", new { username = "root", password = "x", scope = poison });
            await client.AskAsync("POST", "/auth/login", new Dictionary<string, string> { [poison] = poison });
            foreach (string path
                in (string[])[$"/{escaped}", $"/me/{escaped}", $"/me?{escaped}={escaped}", $"/auth/{escaped}/login", $"/swagger/{escaped}"])
            {
                await client.AskAsync("GET", path);
            }

            foreach (string path in (string[])[$"/admin/users/{escaped}/disable", $"/admin/users/{escaped}/enable"])
                await administrator.AskAsync("POST", path);
            await administrator.AskAsync("PUT", $"/admin/users/nobody/roles/{escaped}");
            await administrator.AskAsync("GET", $"/admin/users?search={escaped}&limit={escaped}");
            await client.AskAsync("GET", "/me", null, ("Authorization", $"Bearer {forge.WithHeader(header => header["kid"] = poison)}"));
            await client.AskAsync(
                "GET", "/me", null, ("Authorization", $"Bearer {forge.WithClaims(claims => claims["username"] = poison)}"));
            await client.AskAsync("GET", "/me", null, ("Authorization", $"Bearer {forge.WithClaims(claims => claims["iss"] = poison)}"));
            string header =
                Encoding.Latin1.GetString(Encoding.UTF8.GetBytes(poison.Replace("\r\n", " ", StringComparison.Ordinal).Replace('\n', ' ')));
            await RawHttp.SendAsync(client.BaseAddress!,
                $"GET /me HTTP/1.1\r\nHost: localhost\r\nUser-Agent: {header}\r\nOrigin: {header}\r\n"
                    + $"Referer: {header}\r\nAuthorization: {header}\r\nX-Forwarded-For: {header}\r\n"
                + $"traceparent: {header}\r\ntracestate: {header}\r\nbaggage: a={header}\r\n"
                    + $"Access-Control-Request-Method: {header}\r\nConnection: close\r\n\r\n");
        }

        // What the framework says of its own runs over several lines (a statement, a stack); what came in must be in none of them.
        host.Log.All.Should().HaveCountGreaterThan(100);
        string[] raw = ["forged\r", "forged\n", "forged\u001b", "forged\u0085", "forged\u2028", "forged\""];
        host.Log.All.Where(line => raw.Any(text => line.Contains(text, StringComparison.Ordinal))).Should().BeEmpty();
    }

    [Fact, Trait("row", "OPS-02")]
    public async Task In_Production_each_event_is_one_line_of_JSON_also_a_failure()
    {
        string directory = Directory.CreateTempSubdirectory("jwtauth-").FullName;
        try
        {
            await using ServerProcess server = await ServerProcess.StartAsync(directory, new Dictionary<string, string>
            {
                ["environment"] = "Production",
                ["JwtAuth:Issuer"] = Production.Issuer,
                ["JwtAuth:Audiences"] = "orders",
                ["JwtAuth:MasterKey"] = Convert.ToBase64String(System.Security.Cryptography.RandomNumberGenerator.GetBytes(32)),
                ["JwtAuth:Proxy:TrustedNetworks"] = "127.0.0.1",
            });
            using var client = new HttpClient { BaseAddress = server.Address };
            client.DefaultRequestHeaders.Add("X-Forwarded-Proto", "https");
            (await client.LoginAsync("nobody", "x")).Status.Should().Be(401);
            using (var database = new DatabaseFile(directory))
                database.Execute("ALTER TABLE AspNetUsers RENAME TO Gone");
            (await client.LoginAsync("nobody", "x")).Status.Should().Be(500);

            await server.SaysAsync("A request failed");
            server.Kill();
            await server.WaitForExitAsync();
            string[] lines = server.StandardOutput.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
            lines.Should().Contain(line => line.Contains("A request failed", StringComparison.Ordinal)
                && line.Contains(TestedStore.NoSuchTable, StringComparison.Ordinal));
            foreach (string line in lines)
                line.Invoking(text => JsonDocument.Parse(text).RootElement.GetProperty("Message").GetString()).Should().NotThrow(line);
            server.StandardError.Should().BeEmpty();
        }
        finally
        {
            Directory.Delete(directory, recursive: true);
        }
    }

    private static async Task<string> HashOfAsync(ServerHost host, string username)
    {
        await using var scope = host.Services.GetRequiredService<IServiceScopeFactory>().CreateAsyncScope();
        return (await scope.ServiceProvider.GetRequiredService<AccountSnapshots>()
            .FindByNameAsync(username, TestContext.Current.CancellationToken))!.PasswordHash;
    }
}
