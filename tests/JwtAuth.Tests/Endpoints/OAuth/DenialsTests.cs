using System.Text.Json;
using JwtAuth.Bearer.Denials;
using JwtAuth.Server.Denials;
using JwtAuth.Tests.Denials;
using JwtAuth.Tests.Hosting;
using JwtAuth.Tests.RefreshTokens;
using JwtAuth.Tests.Revocation;

namespace JwtAuth.Tests.Endpoints.OAuth;

/// <summary>Who may read the feed of denials, and what is in it.</summary>
public sealed class DenialsTests : IAsyncDisposable
{
    private readonly ServerHost host = new ServerHost().With("JwtAuth:SigningKeys:Algorithm", "ES256");
    private readonly TestClient api, billing;

    public DenialsTests() =>
        (api, billing) = (host.AddClient("orders-api", may: "denials"), host.AddClient("billing", may: "introspect revoke"));

    [Fact]
    public async Task Only_a_client_that_may_read_denials_and_shows_itself_by_Basic_reads_them()
    {
        await host.AddAccountAsync("alice");
        string token = await host.LoginAsync("alice");
        using HttpClient http = host.Connect();
        (string Name, string Value)[][] strangers =
        [
            [], [("Authorization", $"Bearer {token}")], [(api with { Secret = "wrong" }).Basic], [(api with { Id = "ORDERS-API" }).Basic],
            [(billing with { Secret = api.Secret }).Basic], [new TestClient("alice", ServerHost.Password).Basic],
            [TestClient.BasicOf(api.Id)], [("Authorization", "Basic not*base64")], [("Authorization", $"Bearer {api.Secret}")],
        ];

        foreach ((string Name, string Value)[] headers in strangers)
        {
            Reply refused = await http.AskAsync("GET", "/denials", null, headers);
            refused.ShouldBeOAuthError(401, "invalid_client", headers.FirstOrDefault().Value);
            refused.Header("WWW-Authenticate").Should().StartWith(headers is [{ Value: ['B', 'a', ..] }] ? "Basic realm" : "Bearer");
        }
        (await http.AskAsync("GET", $"/denials?client_id={api.Id}&client_secret={api.Secret}"))
            .ShouldBeOAuthError(401, "invalid_client", "what is in the URL is not read");
        (await http.AskAsync("GET", "/denials", null, billing.Basic)).ShouldBeOAuthError(400, "unauthorized_client");

        Reply page = await http.AskAsync("GET", "/denials", null, api.Basic);
        page.Status.Should().Be(200);
        page.Header("Content-Type").Should().StartWith("application/json");
        page.Header("Cache-Control").Should().Contain("no-store");
        host.Log.All.Should().NotContain(line => line.Contains(api.Secret, StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_time_to_wait_that_is_no_number_of_seconds_from_0_to_30_is_refused()
    {
        using HttpClient http = host.Connect();
        string[] strange =
        [
            "-1", "-0.5", "31", "30.0001", "1e1", "0x5", "1,5", "NaN", "-NaN", "Infinity", "-Infinity", "-infinity", "-∞", "∞", "five", "٣",
            "5 s", new string('9', 400),
        ];

        foreach (string wait in strange)
            (await http.AskAsync("GET", $"/denials?wait={Uri.EscapeDataString(wait)}", null, api.Basic))
                .ShouldBeOAuthError(400, "invalid_request", wait);

        foreach (string good in new[] { "0", "0.5", "5", "30", "30.0", "" })
            (await http.AskAsync("GET", $"/denials?wait={good}", null, api.Basic)).Status.Should().Be(200, good);
    }

    [Fact]
    public async Task Each_method_but_GET_and_each_parameter_twice_is_refused()
    {
        using HttpClient http = host.Connect();
        foreach (string method in new[] { "POST", "PUT", "DELETE", "PATCH" })
            (await http.AskAsync(method, "/denials", null, api.Basic)).Status.Should().Be(405, method);
        foreach (string query in new[] { "wait=1&wait=1", "cursor=a&cursor=a" })
            (await http.AskAsync("GET", $"/denials?{query}", null, api.Basic)).Status.Should().Be(400, query);
        (await http.AskAsync("GET", "/denials?cursor=a&unknown=b", null, api.Basic)).Status.Should().Be(200);
    }

    [Fact]
    public async Task All_four_kinds_stand_there_under_the_names_of_their_claims_in_the_order_of_commits()
    {
        using HttpClient http = host.Connect();
        DateTimeOffset later = host.Time.GetUtcNow().AddHours(5);
        _ = host.Get<DenialTail>();
        await new DenialLog(host.Directory).WriteAsync(
            Denial.OfKey("kid-1"), Denial.OfToken("alice", "jti-1", later), Denial.OfSubject("bob", 3, "sid-1", later),
            Denial.OfSession("sid-2", later.AddMilliseconds(1500)), Denial.OfSubject("carol", 9, null, later));
        await host.Get<DenialTail>().CatchUpAsync();

        JsonElement page = (await http.AskAsync("GET", "/denials", null, api.Basic)).Json;

        long at = later.ToUnixTimeSeconds();
        page.GetProperty("denials").GetRawText().Should().Be($$$"""
            [{"kid":"kid-1"},
            {"sub":"alice","jti":"jti-1","forget_at":{{{at}}}},
            {"sub":"bob","gen_below":3,"sid_except":"sid-1","forget_at":{{{at}}}},
            {"sid":"sid-2","forget_at":{{{at + 1}}}},
            {"sub":"carol","gen_below":9,"forget_at":{{{at}}}}]
            """.ReplaceLineEndings(""));
        page.EnumerateObject().Select(member => member.Name)
            .Should().Equal("cursor", "denylist", "more", "waited_ms", "keys", "shared_keys", "audit", "denials");
        (page.GetProperty("denylist").GetBoolean(), page.GetProperty("more").GetBoolean()).Should().Be((true, false));
    }

    [Fact]
    public async Task What_a_call_ends_stands_there_by_what_its_tokens_say_of_themselves()
    {
        await host.AddAccountAsync("alice");
        using HttpClient http = host.Connect();
        Tokens loggedOut = await http.BeginAsync("alice"), revoked = await http.BeginAsync("alice"),
            spared = await http.BeginAsync("alice");
        (await http.AskAsync("GET", "/denials", null, api.Basic)).Json.GetProperty("denials").GetArrayLength().Should().Be(0);

        (await http.AskAsAsync(loggedOut.Access, "POST", "/auth/logout")).Status.Should().Be(200);
        (await http.AskAsAsync(spared.Access, "POST", "/auth/revoke", new { token = revoked.Access })).Status.Should().Be(200);
        (await http.AskAsAsync(spared.Access, "POST", "/auth/logout/others")).Status.Should().Be(200);

        JsonElement[] denials = [.. (await http.AskAsync("GET", "/denials", null, api.Basic)).Json.GetProperty("denials").EnumerateArray()];
        string sub = spared.Claims.GetProperty("sub").GetString()!;
        long generation = spared.Claims.GetProperty("gen").GetInt64() + 1;
        denials.Select(Told).Should().Equal(
            $"sid={loggedOut.SessionId}", $"sub={sub} jti={revoked.Claims.GetProperty("jti")}",
            $"sub={sub} gen_below={generation} sid_except={spared.SessionId}");

        static string Told(JsonElement denial) => string.Join(' ', denial.EnumerateObject()
            .Where(member => member.Name != "forget_at").Select(member => $"{member.Name}={member.Value}"));
    }

    [Fact]
    public async Task Nothing_in_it_opens_anything()
    {
        const string shared = "4rQm8XzT0vY2kJ7sPbN5wLhG9dCfA1eUoI6xZtR3yqM=";
        host.With("JwtAuth:SigningKeys:Algorithm", "HS256").With("JwtAuth:SigningKeys:Hs256Secret", shared);
        await host.AddAccountAsync("alice");
        using HttpClient http = host.Connect();
        Tokens ended = await http.BeginAsync("alice"), revoked = await http.BeginAsync("alice");
        (await http.AskAsAsync(ended.Access, "POST", "/auth/revoke", new { token = revoked.Access })).Status.Should().Be(200);
        (await http.AskAsAsync(ended.Access, "POST", "/auth/logout")).Status.Should().Be(200);

        Reply page = await http.AskAsync("GET", "/denials", null, api.Basic);

        page.Body.Should().Contain(ended.SessionId, "that is what it is for");
        page.Json.GetProperty("shared_keys").EnumerateArray().Single().EnumerateObject().Select(member => member.Name)
            .Should().Equal("key_id", "proof");
        byte[] secret = Convert.FromBase64String(shared);
        string[] secrets =
        [
            ended.Access.Split('.')[2], revoked.Access.Split('.')[2], ended.Access.Split('.')[1], ended.Refresh, revoked.Refresh,
            ServerHost.Password, "alice", api.Secret, billing.Secret, shared, Attacks.Forge.Encode(secret), Convert.ToHexString(secret),
            Convert.ToHexStringLower(secret),
        ];
        foreach (string text in secrets)
            page.Body.Should().NotContain(text);
    }

    [Fact]
    public async Task Without_a_denylist_it_says_so_and_serves()
    {
        host.With("JwtAuth:Denylist:Enabled", "false");
        await host.AddAccountAsync("alice");
        using HttpClient http = host.Connect();
        Tokens ended = await http.BeginAsync("alice");
        JsonElement page = (await http.AskAsync("GET", "/denials", null, api.Basic)).Json;
        (page.GetProperty("denylist").GetBoolean(), page.GetProperty("denials").GetArrayLength()).Should().Be((false, 0));

        (await http.AskAsAsync(ended.Access, "POST", "/auth/logout")).Status.Should().Be(200);

        Reply next = await http.AskAsync("GET", $"/denials?cursor={page.GetProperty("cursor")}", null, api.Basic);
        next.Status.Should().Be(200);
        (next.Json.GetProperty("denylist").GetBoolean(), next.Json.GetProperty("denials").GetArrayLength(),
            next.Json.GetProperty("more").GetBoolean()).Should().Be((false, 0, false));
        await using ServerHost on = new ServerHost().With("JwtAuth:SigningKeys:Algorithm", "ES256");
        TestClient other = on.AddClient("orders-api", may: "denials");
        using HttpClient with = on.Connect();
        (await with.AskAsync("GET", "/denials", null, other.Basic)).Json.GetProperty("denylist").GetBoolean().Should().BeTrue();
    }

    [Fact]
    public async Task While_the_log_cannot_be_read_nothing_is_said_about_what_is_denied()
    {
        using HttpClient http = host.Connect();
        (await http.AskAsync("GET", "/denials", null, api.Basic)).Status.Should().Be(200);
        using var database = new DatabaseFile(host.Directory);
        database.Execute("ALTER TABLE Denials RENAME TO Elsewhere");
        host.Time.Advance(TimeSpan.FromSeconds(6));

        foreach (string query in new[] { "", "?wait=30", "?cursor=x" })
        {
            Reply unknown = await http.AskAsync("GET", $"/denials{query}", null, api.Basic);
            unknown.ShouldBeOAuthError(503, "temporarily_unavailable");
            unknown.Header("Retry-After").Should().Be("1");
        }

        database.Execute("ALTER TABLE Elsewhere RENAME TO Denials");
        (await http.AskAsync("GET", "/denials", null, api.Basic)).Status.Should().Be(200);
    }

    public ValueTask DisposeAsync() => host.DisposeAsync();
}
