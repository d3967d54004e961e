using System.Text.Json;
using JwtAuth.Server.Accounts;
using JwtAuth.Tests.Hosting;
using JwtAuth.Tests.PersonalAccessTokens;
using JwtAuth.Tests.Pipeline;
using JwtAuth.Tests.RefreshTokens;

namespace JwtAuth.Tests.Endpoints.Account;

public sealed class PersonalAccessTokensTests(SessionsHost fixture) : IClassFixture<SessionsHost>, IAsyncLifetime
{
    private readonly ServerHost host = fixture.Host;
    private readonly HttpClient client = fixture.Host.Connect();
    private AccountSnapshot account = null!;
    private string bearer = "";

    public async ValueTask InitializeAsync()
    {
        account = await host.AddAccountAsync($"user-{Guid.NewGuid():N}");
        bearer = await host.LoginAsync(account.Username, host.Issuer);
    }

    public ValueTask DisposeAsync()
    {
        client.Dispose();
        return ValueTask.CompletedTask;
    }

    [Fact, Trait("row", "PAT-03")]
    public async Task A_token_is_shown_once_and_the_list_has_all_but_the_token_the_newest_first()
    {
        DateTimeOffset start = host.Time.GetUtcNow();
        Reply made = await client.AskAsAsync(
            bearer, "POST", "/auth/tokens", new { name = "nightly report", scope = "orders:read", lifetime_days = 7 });
        host.Time.Advance(TimeSpan.FromMinutes(1));
        MadeToken second = await client.MakeAsync(bearer, scope: null, days: 365);

        Reply list = await client.AskAsAsync(bearer, "GET", "/auth/tokens");

        (made.Status, made.Header("Cache-Control")).Should().Be((201, "no-store"));
        made.Json.EnumerateObject().Select(member => member.Name)
            .Should().Equal("id", "name", "token", "scope", "created_at", "expires_at");
        made.Json.GetProperty("expires_at").GetDateTimeOffset().Should().Be(start.AddDays(7));
        JsonElement[] tokens = [.. list.Json.GetProperty("tokens").EnumerateArray()];
        tokens.Select(token => token.GetProperty("id").GetString()).Should().Equal(second.Id, made.Json.GetProperty("id").GetString());
        tokens[1].EnumerateObject().Select(member => member.Name)
            .Should().Equal("id", "name", "scope", "created_at", "expires_at", "last_used_at");
        tokens[1].GetProperty("name").GetString().Should().Be("nightly report");
        tokens[1].GetProperty("last_used_at").ValueKind.Should().Be(JsonValueKind.Null);
        (tokens[0].GetProperty("scope").GetString(), tokens[1].GetProperty("scope").GetString()).Should().Be(("", "orders:read"));
        list.Body.Should().NotContain("jpat_").And.NotContain(second.Token[5..]);
        made.Body.Should().Contain("jpat_", "the twin: there it is");
    }

    [Theory, Trait("row", "PAT-02")]
    [InlineData("""{"name":"x","expires":null}""")]
    [InlineData("""{"name":"x","expires_at":"2099-01-01T00:00:00Z"}""")]
    [InlineData("""{"name":"x","permissions":["admin"]}""")]
    [InlineData("""{"name":"x","rate_limit":1}""")]
    [InlineData("""{"name":"x","id":"mine"}""")]
    [InlineData("""{"name":"x","lifetime_days":null}""")]
    [InlineData("""{"name":"x","lifetime_days":0}""")]
    [InlineData("""{"name":"x","lifetime_days":-1}""")]
    [InlineData("""{"name":"x","lifetime_days":366}""")]
    [InlineData("""{"name":"x","lifetime_days":1e9}""")]
    [InlineData("""{"name":"x","lifetime_days":"30"}""")]
    [InlineData("""{"name":"x","lifetime_days":1.5}""")]
    [InlineData("""{"name":"x","lifetime_days":99999999999}""")]
    [InlineData("""{"name":"x","scope":["orders:read"]}""")]
    [InlineData("""{"name":"x","name":"y"}""")]
    [InlineData("""{"name":null}""")]
    [InlineData("""{"name":""}""")]
    [InlineData("""{"scope":"orders:read"}""")]
    public async Task What_is_not_offered_is_refused_and_nothing_is_made(string body)
    {
        Reply refused = await client.AskAsAsync(bearer, "POST", "/auth/tokens", body);

        (refused.Status, refused.Code).Should().Be((400, "invalid_request"));
        (await client.AskAsAsync(bearer, "GET", "/auth/tokens")).Json.GetProperty("tokens").GetArrayLength().Should().Be(0);
        (await client.AskAsAsync(bearer, "POST", "/auth/tokens", """{"name":"x"}""")).Status.Should().Be(201);
    }

    [Fact, Trait("row", "PAT-02")]
    public async Task Scopes_beyond_the_owners_are_left_out_and_unknown_ones_are_told()
    {
        string clerk = await host.LoginAsync("clerk", host.Issuer);

        (await client.MakeAsync(bearer, "orders:write orders:read offline_access orders:read")).Scope.Should().Be("orders:read");
        (await client.MakeAsync(clerk, "orders:write orders:read offline_access")).Scope.Should().Be("orders:write orders:read");

        Reply unknown = await client.AskAsAsync(clerk, "POST", "/auth/tokens", new { name = "x", scope = "orders:read orders:all" });
        (unknown.Status, unknown.Code).Should().Be((400, "invalid_scope"));
    }

    [Fact, Trait("row", "PAT-01")]
    public async Task A_token_is_made_for_who_asks_and_for_nobody_else()
    {
        string sub = fixture.Clerk.Subject;
        foreach (string member in (string[])["sub", "user_id", "userId", "subject", "username"])
            (await client.AskAsAsync(bearer, "POST", "/auth/tokens", $$"""{"name":"x","{{member}}":"{{sub}}"}""")).Code
                .Should().Be("invalid_request");
        Reply nobody = await client.AskAsync("POST", "/auth/tokens", new { name = "x" });
        (nobody.Status, nobody.Header("WWW-Authenticate")).Should().Be((401, "Bearer"));

        MadeToken own = await client.MakeAsync(bearer);

        (await client.AskAsAsync(own.Token, "GET", "/me")).Json.GetProperty("sub").GetString().Should().Be(account.Subject);
        using var database = new DatabaseFile(host.Directory);
        database.Number("SELECT count(*) FROM PersonalAccessTokens WHERE Subject = $p", account.Subject).Should().Be(1);
    }

    [Fact, Trait("row", "PAT-08")]
    public async Task A_token_of_somebody_else_is_not_there_and_lives_on()
    {
        string other = await host.LoginAsync("clerk", host.Issuer);
        MadeToken victim = await client.MakeAsync(other);

        foreach (string method in (string[])["GET", "DELETE"])
        {
            Reply foreign = await client.AskAsAsync(bearer, method, $"/auth/tokens/{victim.Id}");
            Reply nobody = await client.AskAsAsync(bearer, method, "/auth/tokens/nV2_ZkqvRZ1cWm0p3b1x4g");
            (foreign.Status, foreign.Code).Should().Be((404, "not_found"));
            foreign.Bytes.Should().Be(nobody.Bytes, "nobody learns whether it is there");
        }
        Reply shown = await client.AskAsAsync(other, "GET", $"/auth/tokens/{victim.Id}");
        (shown.Status, shown.Json.GetProperty("id").GetString()).Should().Be((200, victim.Id));
        shown.Body.Should().NotContain(victim.Token);
        (await client.AskAsAsync(bearer, "GET", "/auth/tokens")).Body.Should().NotContain(victim.Id);
        (await client.LivesAsync(victim.Token)).Should().BeTrue();
        (await client.AskAsAsync(other, "DELETE", $"/auth/tokens/{victim.Id}")).Status.Should().Be(204, "its owner may");
        (await client.LivesAsync(victim.Token)).Should().BeFalse();
        (await client.AskAsAsync(other, "DELETE", $"/auth/tokens/{victim.Id}")).Status.Should().Be(404);
    }

    [Theory]
    [InlineData("POST", "/auth/tokens")]
    [InlineData("GET", "/auth/tokens")]
    [InlineData("GET", "/auth/tokens/nV2_ZkqvRZ1cWm0p3b1x4g")]
    [InlineData("DELETE", "/auth/tokens/nV2_ZkqvRZ1cWm0p3b1x4g")]
    public async Task Tokens_are_for_who_brings_the_accounts_own_access_token_that_stands(string method, string path)
    {
        object? body = method == "POST" ? new { name = "x" } : null;
        string forApi = await host.LoginAsync(account.Username), ended = await host.LoginAsync(account.Username, host.Issuer);
        (await client.AskAsAsync(ended, "POST", "/auth/logout")).Status.Should().Be(200);
        MadeToken token = await client.MakeAsync(bearer);

        (await client.AskAsync(method, path, body)).Status.Should().Be(401);
        (await client.AskAsAsync(ended, method, path, body)).Status.Should().Be(401);
        foreach (string powerless in (string[])[forApi, token.Token, await client.ChangedAsync(token.Token)])
        {
            Reply refused = await client.AskAsAsync(powerless, method, path, body);
            (refused.Status, refused.Code).Should().Be((403, "forbidden"));
        }

        (await client.AskAsAsync(bearer, method, path, body)).Status
            .Should().Be((method, path) switch { ("POST", _) => 201, ("GET", "/auth/tokens") => 200, _ => 404 });
    }

    [Fact]
    public async Task Any_name_comes_back_as_it_was_or_is_refused()
    {
        int taken = 0;
        string root = await host.LoginAsync("root", host.Issuer);
        foreach (string[] names in NaughtyStrings.All.Distinct().Chunk(50))
        {
            List<string> made = [];
            foreach (string name in names)
            {
                Reply reply = await client.AskAsAsync(bearer, "POST", "/auth/tokens", new { name });
                reply.Status.Should().BeOneOf(201, 400);
                if (reply.Status == 201)
                    made.Add(name);
            }
            JsonElement listed = (await client.AskAsAsync(bearer, "GET", "/auth/tokens")).Json.GetProperty("tokens");
            listed.EnumerateArray().Select(token => token.GetProperty("name").GetString()).Should().BeEquivalentTo(made);
            taken += made.Count;
            (await client.AskAsAsync(root, "DELETE", $"/admin/users/{account.Subject}/tokens")).Status.Should().Be(204);
        }

        taken.Should().BeGreaterThan(50);
        host.Log.All.Should().NotContain(line => line.Contains("A request failed", StringComparison.Ordinal));
    }

    [Fact]
    public async Task An_administrator_ends_the_tokens_of_a_user_and_of_nobody_else()
    {
        string root = await host.LoginAsync("root", host.Issuer), clerk = await host.LoginAsync("clerk", host.Issuer);
        MadeToken first = await client.MakeAsync(bearer), second = await client.MakeAsync(bearer), other = await client.MakeAsync(clerk);
        string made = await client.ChangedAsync(first.Token), madeOfOther = await client.ChangedAsync(other.Token);
        (await client.AskAsAsync(bearer, "DELETE", $"/admin/users/{account.Subject}/tokens")).Status
            .Should().Be(403, "the user is no administrator");
        (await client.LivesAsync(first.Token)).Should().BeTrue();

        Reply done = await client.AskAsAsync(root, "DELETE", $"/admin/users/{account.Subject}/tokens");

        (done.Status, done.Body).Should().Be((204, ""));
        (await client.LivesAsync(first.Token)).Should().BeFalse();
        (await client.LivesAsync(second.Token)).Should().BeFalse();
        (await client.MeAsync(made)).Should().Be(401);
        (await client.MeAsync(bearer)).Should().Be(200, "logins go on");
        (await client.LivesAsync(other.Token)).Should().BeTrue();
        (await client.MeAsync(madeOfOther)).Should().Be(200);
        (await client.AskAsAsync(root, "DELETE", $"/admin/users/{account.Subject}/tokens")).Status
            .Should().Be(204, "asked again there is nothing left");
        (await client.AskAsAsync(root, "DELETE", "/admin/users/nobody/tokens")).Code.Should().Be("not_found");
        (await client.LivesAsync((await client.MakeAsync(bearer)).Token)).Should().BeTrue("another may be made");
    }
}
