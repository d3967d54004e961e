using JwtAuth.Server.Accounts;
using JwtAuth.Server.Storage;
using JwtAuth.Tests.Hosting;
using JwtAuth.Tests.PersonalAccessTokens;
using JwtAuth.Tests.RefreshTokens;
using Microsoft.Extensions.DependencyInjection;

namespace JwtAuth.Tests.Storage;

/// <summary>Which calls wait for a turn to write, how long a turn lasts, and who gets one while one account asks for too many.</summary>
[SqliteOnly("it is about the one lane of SQLite")]
public sealed class TurnTests : IAsyncLifetime
{
    private readonly ServerHost host = new ServerHost().With("JwtAuth:SigningKeys:Algorithm", "ES256");
    private readonly TestClient shop;
    private HttpClient client = null!;
    private AccountSnapshot alice = null!, bob = null!;
    private string bearer = "", root = "";

    public TurnTests() => shop = host.AddClient("shop");

    public async ValueTask InitializeAsync()
    {
        await host.AddAccountAsync("root", "admin");
        alice = await host.AddAccountAsync("alice", "clerk");
        bob = await host.AddAccountAsync("bob");
        client = host.Connect();
        bearer = await host.LoginAsync("alice", host.Issuer);
        root = await host.LoginAsync("root", host.Issuer);
    }

    public async ValueTask DisposeAsync()
    {
        client.Dispose();
        await host.DisposeAsync();
    }

    [Fact]
    public async Task While_one_account_has_seven_hundred_calls_waiting_others_log_out_and_are_disabled()
    {
        await host.AddAccountAsync("mallory");
        string flood = await host.LoginAsync("mallory", host.Issuer), leaving = await host.LoginAsync("bob");
        Task<Reply>[] flooding;
        Task<Reply> logout, disabling, login;
        await using (await HoldAsync())
        {
            flooding = [.. Enumerable.Range(0, 700)
                .Select(_ => client.AskAsAsync(flood, "POST", "/auth/tokens", new { name = "x", lifetime_days = 1 }))];
            await UntilAsync(() => flooding.Count(call => call.IsCompleted) >= 200);
            (await Task.WhenAll(flooding.Where(call => call.IsCompleted))).Should()
                .OnlyContain(reply => reply.Status == 503 && reply.Code == "busy" && reply.Header("Retry-After") == "2");
            logout = client.AskAsAsync(leaving, "POST", "/auth/logout");
            disabling = client.AskAsAsync(root, "POST", $"/admin/users/{alice.Subject}/disable");
            login = client.AskAsync(
                "POST", "/auth/login", new { username = "bob", password = ServerHost.Password, scope = "offline_access" });
            await UntilAsync(() => login.IsCompleted || flooding.Count(call => call.IsCompleted) > 200);
        }

        (await logout).Status.Should().Be(200);
        (await disabling).Status.Should().Be(204);
        (await login).Status.Should().Be(200);
        (await client.MeAsync(leaving)).Should().Be(401);
        (await client.MeAsync(bearer)).Should().Be(401);
        (await Task.WhenAll(flooding)).Count(reply => reply.Status == 201).Should().Be(50, "that is as many as an account may have");
    }

    [Fact]
    public async Task A_turn_ends_with_the_commit_and_without_one_with_the_transaction()
    {
        await using AsyncServiceScope first = host.Services.CreateAsyncScope(), second = host.Services.CreateAsyncScope();
        WriteTransaction committed = await Begin(first);
        Task<WriteTransaction> next = Begin(second);
        next.IsCompleted.Should().BeFalse();
        await committed.CommitAsync();

        WriteTransaction given = await next; // while the first is still there

        Task<WriteTransaction> last = Begin(first);
        await committed.DisposeAsync();
        last.IsCompleted.Should().BeFalse("a turn ends once");
        await given.DisposeAsync();
        await (await last).DisposeAsync();

        static Task<WriteTransaction> Begin(AsyncServiceScope scope) =>
            scope.ServiceProvider.GetRequiredService<Db>().BeginWriteAsync(Urgency.Usual, "alice", Extent.Everything);
    }

    [Theory]
    [InlineData("a misspelt personal access token is revoked", 200)]
    [InlineData("an unknown personal access token is revoked", 200)]
    [InlineData("somebody else's personal access token is revoked", 200)]
    [InlineData("an unknown token is revoked", 200)]
    [InlineData("somebody else's refresh token is revoked", 200)]
    [InlineData("somebody else's access token is revoked", 200)]
    [InlineData("a logout by what has ended", 401)]
    [InlineData("a revocation by what has ended", 401)]
    [InlineData("a deletion of a personal access token by what has ended", 401)]
    [InlineData("an unknown session is deleted", 404)]
    [InlineData("an unknown personal access token is deleted", 404)]
    [InlineData("one personal access token too many is made", 409)]
    [InlineData("a refresh of a session that has ended", 400)]
    [InlineData("a refresh of a session that has expired", 400)]
    [InlineData("a refresh of an account that is disabled", 400)]
    [InlineData("a taken name is registered", 409)]
    [InlineData("a disabled account is disabled", 204)]
    [InlineData("an enabled account is enabled", 204)]
    [InlineData("an unknown account is deleted", 404)]
    [InlineData("a role is given that is there", 204)]
    [InlineData("a role is taken that is not there", 204)]
    [InlineData("no personal access tokens are deleted", 204)]
    [InlineData("a client revokes an unknown personal access token", 200)]
    [InlineData("a client revokes a refresh token that has ended", 200)]
    [InlineData("a client revokes a refresh token of another's audience", 200)]
    public async Task What_changes_nothing_is_answered_while_others_write(string call, int status)
    {
        Func<Task<Reply>> ask = await NothingAsync(call);

        Reply reply;
        await using (await HoldAsync())
            reply = await ask();

        reply.Status.Should().Be(status);
    }

    [Theory]
    [InlineData("a personal access token is revoked", 200)]
    [InlineData("a refresh token is revoked", 200)]
    [InlineData("an access token is revoked", 200)]
    [InlineData("a logout", 200)]
    [InlineData("a session is deleted", 204)]
    [InlineData("a personal access token is deleted", 204)]
    [InlineData("a personal access token is made", 201)]
    [InlineData("a refresh", 200)]
    [InlineData("a name is registered", 201)]
    [InlineData("an account is disabled", 204)]
    [InlineData("an account is enabled", 204)]
    [InlineData("an account is deleted", 204)]
    [InlineData("a role is given", 204)]
    [InlineData("a role is taken", 204)]
    [InlineData("an account's personal access tokens are deleted", 204)]
    [InlineData("a client revokes a personal access token", 200)]
    [InlineData("a client revokes a refresh token", 200)]
    public async Task The_same_call_that_changes_something_waits_for_its_turn(string call, int status)
    {
        Func<Task<Reply>> ask = await SomethingAsync(call);

        Task<Reply> asked;
        await using (await HoldAsync())
        {
            asked = ask();
            (await client.StatusOfMeAsync(root)).Should().Be(200);
            asked.IsCompleted.Should().BeFalse();
        }

        (await asked).Status.Should().Be(status);
    }

    private Task UntilAsync(Func<bool> condition) => Patience.UntilAsync(async () => await client.MeAsync(root) != 200 || condition());

    // Somebody else's turn.
    private async Task<IAsyncDisposable> HoldAsync()
    {
        AsyncServiceScope scope = host.Services.CreateAsyncScope();
        Db db = scope.ServiceProvider.GetRequiredService<Db>();
        return new Held(scope, await db.BeginWriteAsync(Urgency.Usual, "somebody", Extent.Everything));
    }

    private async Task<Func<Task<Reply>>> NothingAsync(string call)
    {
        switch (call)
        {
            case "a misspelt personal access token is revoked":
                return Revoke("jpat_misspelt");
            case "an unknown personal access token is revoked":
                MadeToken deleted = await client.MakeAsync(bearer);
                await client.AskAsAsync(bearer, "DELETE", $"/auth/tokens/{deleted.Id}");
                return Revoke(deleted.Token);
            case "somebody else's personal access token is revoked":
                return Revoke((await client.MakeAsync(await host.LoginAsync("bob", host.Issuer))).Token);
            case "an unknown token is revoked":
                return Revoke("unknown");
            case "somebody else's refresh token is revoked":
                return Revoke((await client.BeginAsync("bob")).Refresh);
            case "somebody else's access token is revoked":
                return Revoke(await host.LoginAsync("bob"));
            case "a logout by what has ended":
                return await EndedAsync("POST", "/auth/logout");
            case "a revocation by what has ended":
                return await EndedAsync("POST", "/auth/revoke");
            case "a deletion of a personal access token by what has ended":
                return await EndedAsync("DELETE", "/auth/tokens/unknown");
            case "an unknown session is deleted":
                return () => client.AskAsAsync(bearer, "DELETE", "/auth/sessions/unknown");
            case "an unknown personal access token is deleted":
                return () => client.AskAsAsync(bearer, "DELETE", "/auth/tokens/unknown");
            case "one personal access token too many is made":
                for (int number = 0; number < 50; number++)
                    await client.MakeAsync(bearer);
                return () => client.AskAsAsync(bearer, "POST", "/auth/tokens", new { name = "x" });
            case "a refresh of a session that has ended":
                Tokens ended = await client.BeginAsync("alice");
                await client.AskAsAsync(ended.Access, "POST", "/auth/logout");
                return () => client.RefreshAsync(ended.Refresh);
            case "a refresh of a session that has expired":
                Tokens expired = await client.BeginAsync("alice");
                host.Time.SetClock(host.Time.GetUtcNow().AddDays(8));
                return () => client.RefreshAsync(expired.Refresh);
            case "a refresh of an account that is disabled":
                Tokens left = await client.BeginAsync("alice");
                using (var database = new DatabaseFile(host.Directory))
                    database.Execute("UPDATE AspNetUsers SET DisabledAt = 1 WHERE Id = $p", alice.Subject);
                return () => client.RefreshAsync(left.Refresh);
            case "a taken name is registered":
                return () => client.RegisterAsync("Alice");
            case "a disabled account is disabled":
                await client.AskAsAsync(root, "POST", $"/admin/users/{bob.Subject}/disable");
                return Administer("POST", $"{bob.Subject}/disable");
            case "an enabled account is enabled":
                return Administer("POST", $"{bob.Subject}/enable");
            case "an unknown account is deleted":
                return Administer("DELETE", "unknown");
            case "a role is given that is there":
                return Administer("PUT", $"{alice.Subject}/roles/clerk");
            case "a role is taken that is not there":
                return Administer("DELETE", $"{bob.Subject}/roles/clerk");
            case "no personal access tokens are deleted":
                return Administer("DELETE", $"{bob.Subject}/tokens");
            case "a client revokes an unknown personal access token":
                MadeToken gone = await client.MakeAsync(bearer);
                await client.AskAsAsync(bearer, "DELETE", $"/auth/tokens/{gone.Id}");
                return () => client.RevokeAsync(shop, gone.Token);
            case "a client revokes a refresh token that has ended":
                Tokens over = await client.BeginAsync("alice");
                await client.AskAsAsync(over.Access, "POST", "/auth/logout");
                return () => client.RevokeAsync(shop, over.Refresh);
            case "a client revokes a refresh token of another's audience":
                Tokens other = await client.BeginAsync("alice", audience: host.Issuer);
                return () => client.RevokeAsync(shop, other.Refresh);
            default:
                throw new ArgumentOutOfRangeException(nameof(call));
        }

        Func<Task<Reply>> Revoke(string token) => () => client.AskAsAsync(bearer, "POST", "/auth/revoke", new { token });

        // As in a call that was let in before, while another process ended its credential: this one has not heard of it.
        async Task<Func<Task<Reply>>> EndedAsync(string method, string path)
        {
            using var database = new DatabaseFile(host.Directory);
            database.Execute("UPDATE AspNetUsers SET DisabledAt = 1 WHERE Id = $p", alice.Subject);
            (await client.MeAsync(bearer)).Should().Be(200);
            return () => client.AskAsAsync(bearer, method, path);
        }
    }

    private async Task<Func<Task<Reply>>> SomethingAsync(string call)
    {
        Tokens tokens = await client.BeginAsync("alice");
        MadeToken personal = await client.MakeAsync(bearer);
        switch (call)
        {
            case "a personal access token is revoked":
                return () => client.AskAsAsync(bearer, "POST", "/auth/revoke", new { token = personal.Token });
            case "a refresh token is revoked":
                return () => client.AskAsAsync(bearer, "POST", "/auth/revoke", new { token = tokens.Refresh });
            case "an access token is revoked":
                return () => client.AskAsAsync(bearer, "POST", "/auth/revoke", new { token = tokens.Access });
            case "a logout":
                return () => client.AskAsAsync(bearer, "POST", "/auth/logout");
            case "a session is deleted":
                return () => client.AskAsAsync(bearer, "DELETE", $"/auth/sessions/{tokens.SessionId}");
            case "a personal access token is deleted":
                return () => client.AskAsAsync(bearer, "DELETE", $"/auth/tokens/{personal.Id}");
            case "a personal access token is made":
                return () => client.AskAsAsync(bearer, "POST", "/auth/tokens", new { name = "x" });
            case "a refresh":
                return () => client.RefreshAsync(tokens.Refresh);
            case "a name is registered":
                return () => client.RegisterAsync("carol");
            case "an account is disabled":
                return Administer("POST", $"{alice.Subject}/disable");
            case "an account is enabled":
                await client.AskAsAsync(root, "POST", $"/admin/users/{bob.Subject}/disable");
                return Administer("POST", $"{bob.Subject}/enable");
            case "an account is deleted":
                return Administer("DELETE", alice.Subject);
            case "a role is given":
                return Administer("PUT", $"{bob.Subject}/roles/clerk");
            case "a role is taken":
                return Administer("DELETE", $"{alice.Subject}/roles/clerk");
            case "an account's personal access tokens are deleted":
                return Administer("DELETE", $"{alice.Subject}/tokens");
            case "a client revokes a personal access token":
                return () => client.RevokeAsync(shop, personal.Token);
            case "a client revokes a refresh token":
                return () => client.RevokeAsync(shop, tokens.Refresh);
            default:
                throw new ArgumentOutOfRangeException(nameof(call));
        }
    }

    private Func<Task<Reply>> Administer(string method, string path) => () => client.AskAsAsync(root, method, $"/admin/users/{path}");

    private sealed class Held(AsyncServiceScope scope, WriteTransaction transaction) : IAsyncDisposable
    {
        public async ValueTask DisposeAsync()
        {
            await transaction.DisposeAsync();
            await scope.DisposeAsync();
        }
    }
}
