using System.Globalization;
using JwtAuth.Server.Accounts;
using JwtAuth.Server.Denials;
using JwtAuth.Tests.Authentication;
using JwtAuth.Tests.Hosting;
using JwtAuth.Tests.PersonalAccessTokens;
using JwtAuth.Tests.RefreshTokens;

namespace JwtAuth.Tests.Denials;

/// <summary>
/// However much one account ends, the log names no more than a thousand of its tokens and sessions, and nothing that was ended stays alive.
/// </summary>
public sealed class DenialBoundTests : IAsyncLifetime
{
    private readonly ServerHost host = new ServerHost().With("JwtAuth:SigningKeys:Algorithm", "ES256");
    private readonly TestClient shop;
    private HttpClient client = null!;
    private DatabaseFile database = null!;
    private AccountSnapshot alice = null!;
    private string bearer = "";

    public DenialBoundTests() => shop = host.AddClient("shop");

    public async ValueTask InitializeAsync()
    {
        alice = await host.AddAccountAsync("alice");
        await host.AddAccountAsync("bob");
        client = host.Connect();
        database = new DatabaseFile(host.Directory);
        bearer = await host.LoginAsync("alice", host.Issuer);
    }

    public async ValueTask DisposeAsync()
    {
        client.Dispose();
        database.Dispose();
        await host.DisposeAsync();
    }

    [Fact]
    public async Task Of_many_who_end_tokens_at_the_bound_none_exceeds_it_and_every_token_is_dead()
    {
        MadeToken personal = await client.MakeAsync(bearer);
        Tokens session = await client.BeginAsync("alice");
        string neighbour = await host.LoginAsync("bob");
        string[] tokens = await Task.WhenAll(Enumerable.Range(0, 64).Select(_ => client.ChangedAsync(personal.Token)));
        Name(Revocations.MaximumPerAccount - 10);

        Reply[] replies = await Task.WhenAll(
            tokens.Select(token => client.AskAsAsync(token, "POST", "/auth/revoke", new { token })));

        Rows().Should().Be(Revocations.MaximumPerAccount);
        replies.Should().OnlyContain(reply => reply.Status == 200 || reply.Status == 401);
        replies.Count(reply => reply.Status == 200).Should().BeGreaterThan(10, "the next one has ended them all");
        foreach (string token in tokens.Append(session.Access).Append(bearer))
            (await client.MeAsync(token)).Should().Be(401);
        (await client.MeAsync((await client.RotateAsync(session)).Access)).Should().Be(200, "sessions bring new access tokens");
        (await client.MeAsync(await client.ChangedAsync(personal.Token))).Should().Be(200, "and so do personal access tokens");
        (await client.MeAsync(neighbour)).Should().Be(200);
        database.Number("SELECT count(*) FROM Denials WHERE Kind = 'Subject' AND Name = $p", alice.Subject).Should().Be(1);
    }

    [Theory]
    [InlineData("an access token is revoked", false)]
    [InlineData("an access token is revoked", true)]
    [InlineData("a logout", false)]
    [InlineData("a logout", true)]
    [InlineData("a session is deleted", false)]
    [InlineData("a session is deleted", true)]
    [InlineData("a refresh token is revoked", false)]
    [InlineData("a refresh token is revoked", true)]
    [InlineData("a refresh token is used twice", false)]
    [InlineData("a refresh token is used twice", true)]
    [InlineData("a personal access token is deleted", false)]
    [InlineData("a personal access token is deleted", true)]
    [InlineData("a client revokes an access token", false)]
    [InlineData("a client revokes an access token", true)]
    [InlineData("a client revokes a refresh token", false)]
    [InlineData("a client revokes a refresh token", true)]
    public async Task An_ending_is_never_refused_and_beyond_the_bound_it_ends_the_accounts_other_access_tokens_too(
        string ending, bool isBeyond)
    {
        MadeToken personal = await client.MakeAsync(bearer);
        string made = await client.ChangedAsync(personal.Token), other = await host.LoginAsync("alice");
        Tokens session = await client.BeginAsync("alice"), otherSession = await client.BeginAsync("alice");
        Tokens used = ending == "a refresh token is used twice" ? await client.RotateAsync(session) : session;
        if (ending == "a refresh token is used twice")
            host.Time.Advance(TimeSpan.FromSeconds(11));
        if (isBeyond)
            Name(Revocations.MaximumPerAccount);
        long before = Rows();

        Reply reply = await (ending switch
        {
            "an access token is revoked" => client.AskAsAsync(bearer, "POST", "/auth/revoke", new { token = session.Access }),
            "a logout" => client.AskAsAsync(session.Access, "POST", "/auth/logout"),
            "a session is deleted" => client.AskAsAsync(bearer, "DELETE", $"/auth/sessions/{session.SessionId}"),
            "a refresh token is revoked" => client.AskAsAsync(bearer, "POST", "/auth/revoke", new { token = session.Refresh }),
            "a refresh token is used twice" => client.RefreshAsync(session.Refresh),
            "a personal access token is deleted" => client.AskAsAsync(bearer, "DELETE", $"/auth/tokens/{personal.Id}"),
            "a client revokes an access token" => client.RevokeAsync(shop, session.Access),
            _ => client.RevokeAsync(shop, session.Refresh),
        });

        reply.Status.Should().Be(ending switch
        {
            "a session is deleted" or "a personal access token is deleted" => 204,
            "a refresh token is used twice" => 400,
            _ => 200,
        });
        Rows().Should().Be(before + (isBeyond ? 0 : 1));
        (await client.MeAsync(ending == "a personal access token is deleted" ? made : used.Access)).Should().Be(401);
        (await client.MeAsync(other)).Should().Be(isBeyond ? 401 : 200);
        if (ending is "a logout" or "a session is deleted" or "a refresh token is revoked" or "a client revokes a refresh token")
            (await client.RefreshAsync(session.Refresh)).ShouldBeInvalidGrant();
        (await client.MeAsync((await client.RotateAsync(otherSession)).Access)).Should().Be(200);
        if (ending == "a personal access token is deleted")
            (await client.LivesAsync(personal.Token)).Should().BeFalse();
        else if (isBeyond && reply.Status == 200 && reply.Body.Length > 0)
            reply.Json.GetProperty("live_until").GetDateTimeOffset().Should().Be(host.Time.GetUtcNow().AddMinutes(5));
    }

    [Fact]
    public async Task Beyond_the_bound_a_login_that_replaces_another_lives_all_the_same()
    {
        using CookieClient page = new(host.Connect(), host.Issuer, "alice");
        await page.LogInAsync();
        string replaced = page.Value;
        Name(Revocations.MaximumPerAccount);

        Reply login = await page.LogInAsync();

        (await client.MeAsync(login.Json.GetProperty("access_token").GetString()!)).Should().Be(200);
        (await page.RefreshAsync()).Status.Should().Be(200);
        (await client.RefreshAsync(replaced)).ShouldBeInvalidGrant();
        Rows().Should().Be(Revocations.MaximumPerAccount);
    }

    [Fact]
    public async Task At_the_bound_no_personal_access_token_is_made_until_the_log_forgets()
    {
        Name(Revocations.MaximumPerAccount - 1);
        await client.MakeAsync(bearer);
        Name(1, minutes: 90);

        Reply refused = await client.AskAsAsync(bearer, "POST", "/auth/tokens", new { name = "x" });

        (refused.Status, refused.Code).Should().Be((429, "too_many_attempts"));
        refused.Header("Retry-After").Should().Be($"{90 * 60}");
        (await client.MakeAsync(await host.LoginAsync("bob", host.Issuer))).Should().NotBeNull("another account");
        host.Time.SetClock(host.Time.GetUtcNow().AddMinutes(90));
        bearer = await host.LoginAsync("alice", host.Issuer);
        await client.MakeAsync(bearer);
    }

    [Fact]
    public async Task Of_many_who_make_and_delete_personal_access_tokens_none_leaves_a_denial_until_one_is_changed()
    {
        await Task.WhenAll(Enumerable.Range(0, 40).Select(async number =>
        {
            MadeToken made = await client.MakeAsync(bearer);
            if (number % 2 == 0)
                (await client.MeAsync(made.Token)).Should().Be(200, "no access token is made for that");
            (await client.AskAsAsync(bearer, "DELETE", $"/auth/tokens/{made.Id}")).Status.Should().Be(204);
        }));
        Rows().Should().Be(0);

        MadeToken changed = await client.MakeAsync(bearer);
        string access = await client.ChangedAsync(changed.Token);
        (await client.AskAsAsync(bearer, "DELETE", $"/auth/tokens/{changed.Id}")).Status.Should().Be(204);

        Rows().Should().Be(1);
        (await client.MeAsync(access)).Should().Be(401);
    }

    [Theory]
    [InlineData(239, 1)]
    [InlineData(250, 0)]
    public async Task A_personal_access_token_needs_a_denial_for_as_long_as_one_made_from_it_could_pass_somewhere(int minutes, int denials)
    {
        MadeToken token = await client.MakeAsync(bearer);
        await client.ChangedAsync(token.Token);
        host.Time.SetClock(host.Time.GetUtcNow().AddMinutes(minutes));
        bearer = await host.LoginAsync("alice", host.Issuer);

        (await client.AskAsAsync(bearer, "DELETE", $"/auth/tokens/{token.Id}")).Status.Should().Be(204);

        Rows().Should().Be(denials);
    }

    [Fact]
    public async Task One_that_an_earlier_version_has_made_is_denied_since_nobody_knows()
    {
        MadeToken token = await client.MakeAsync(bearer);
        database.Execute("UPDATE PersonalAccessTokens SET TokensUntil = NULL WHERE Id = $p", token.Id);
        string access = await client.ChangedAsync(token.Token);

        (await client.AskAsAsync(bearer, "DELETE", $"/auth/tokens/{token.Id}")).Status.Should().Be(204);

        Rows().Should().Be(1);
        (await client.MeAsync(access)).Should().Be(401);
    }

    [Fact]
    public async Task Whatever_is_made_from_a_new_personal_access_token_while_it_is_deleted_is_dead()
    {
        int made = 0;
        for (int round = 0; round < 20; round++)
        {
            MadeToken token = await client.MakeAsync(bearer);
            Task<Reply>[] changes = [.. Enumerable.Range(0, 8).Select(_ => client.ChangeAsync(token.Token))];
            if (round % 2 == 0)
                await Task.WhenAny(changes);
            (await client.AskAsAsync(bearer, "DELETE", $"/auth/tokens/{token.Id}")).Status.Should().Be(204);

            foreach (Reply reply in await Task.WhenAll(changes))
            {
                reply.Status.Should().BeOneOf(200, 401);
                if (reply.Status != 200)
                    continue;
                made++;
                (await client.MeAsync(reply.Json.GetProperty("access_token").GetString()!)).Should().Be(401);
            }
        }
        made.Should().BePositive();
    }

    [Fact]
    public async Task The_end_of_a_cookies_session_needs_no_denial_and_what_came_with_it_changes_nothing_any_more()
    {
        using HttpClient browser = host.Connect();
        Reply login = await browser.AskAsync(
            "POST", "/auth/login", new { username = "alice", password = ServerHost.Password, credential = "session" },
            ("Origin", host.Issuer));
        string cookie = login.Header("Set-Cookie").Split(';')[0];
        string sessionId = (await Browse("GET", "/auth/sessions")).Json.GetProperty("sessions")[0].GetProperty("sid").GetString()!;
        var caller = new Caller(alice.Subject, alice.Generation, sessionId, Token: null, IsOfSession: true);
        (await HoldsAsync()).Should().BeTrue();

        (await Browse("POST", "/auth/logout")).Status.Should().Be(200);

        (await HoldsAsync()).Should().BeFalse("as for a call that was let in before");
        (await Browse("GET", "/me")).Status.Should().Be(401);
        database.Number("SELECT count(*) FROM Denials").Should().Be(0);

        Task<bool> HoldsAsync() => host.AskStoreAsync((Standing standing) => standing.HoldsAsync(caller));
        Task<Reply> Browse(string method, string path) => browser.AskAsync(method, path, null, ("Cookie", cookie), ("Origin", host.Issuer));
    }

    // So many sessions of the account were ended.
    private void Name(int sessions, int minutes = 300) => database.Execute(
        $"""
        WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < {sessions})
        INSERT INTO Denials (Kind, Name, TokenSubject, BelowGeneration, ExpiresAt)
        SELECT 'Session', lower(hex(randomblob(11))), $p, 0,
            {host.Time.GetUtcNow().AddMinutes(minutes).ToUnixTimeMilliseconds().ToString(CultureInfo.InvariantCulture)}
        FROM numbers
        """, alice.Subject);

    private long Rows() => database.Number("SELECT count(*) FROM Denials WHERE TokenSubject = $p", alice.Subject);
}
