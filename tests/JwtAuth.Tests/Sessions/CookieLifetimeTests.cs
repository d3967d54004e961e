using JwtAuth.Server.Accounts;
using JwtAuth.Tests.Authentication;
using JwtAuth.Tests.Hosting;
using JwtAuth.Tests.RefreshTokens;
using JwtAuth.Tests.Revocation;

namespace JwtAuth.Tests.Sessions;

/// <summary>When a session of a cookie ends by itself, and what is noted of its use.</summary>
public sealed class CookieLifetimeTests : IAsyncLifetime
{
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1), Minute = TimeSpan.FromMinutes(1), Idle = TimeSpan.FromMinutes(30);

    private readonly ServerHost host = new ServerHost()
        .With("JwtAuth:Sessions:Lifetime", "02:00:00").With("JwtAuth:Sessions:IdleLifetime", "00:30:00");
    private HttpClient client = null!;
    private AccountSnapshot account = null!;

    public async ValueTask InitializeAsync()
    {
        account = await host.AddAccountAsync("alice");
        client = host.Connect();
    }

    public ValueTask DisposeAsync()
    {
        client.Dispose();
        return host.DisposeAsync();
    }

    [Fact]
    public async Task A_session_that_is_used_all_the_time_ends_at_its_absolute_end_to_the_second()
    {
        string cookie = await BeginAsync();
        DateTimeOffset end = host.Time.GetUtcNow().AddHours(2);
        while (end - host.Time.GetUtcNow() > Idle)
        {
            host.Time.Advance(TimeSpan.FromMinutes(25));
            (await client.MeByCookieAsync(cookie)).Should().Be(200);
        }

        host.Time.Advance(end - Second - host.Time.GetUtcNow());
        Reply last = await MeAsync(cookie);
        (last.Status, last.Json.GetProperty("expires_at").GetDateTimeOffset()).Should().Be((200, end));
        host.Time.Advance(Second);
        (await client.MeByCookieAsync(cookie)).Should().Be(401);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(30)]
    [InlineData(60)]
    [InlineData(61)]
    [InlineData(600)]
    [InlineData(1799)]
    public async Task A_session_ends_when_its_last_use_said_and_that_is_its_idle_life_later_or_a_minute_less(int secondsAfterLogin)
    {
        string cookie = await BeginAsync(), twin = await BeginAsync();
        host.Time.Advance(TimeSpan.FromSeconds(secondsAfterLogin));
        DateTimeOffset lastUse = host.Time.GetUtcNow(), end = (await MeAsync(cookie)).Json.GetProperty("expires_at").GetDateTimeOffset();
        (await MeAsync(twin)).Json.GetProperty("expires_at").GetDateTimeOffset().Should().Be(end);

        end.Should().BeOnOrBefore(lastUse + Idle).And.BeOnOrAfter(lastUse + Idle - Minute);
        host.Time.Advance(end - Second - host.Time.GetUtcNow());
        (await client.MeByCookieAsync(twin)).Should().Be(200);
        host.Time.Advance(Second);
        (await client.MeByCookieAsync(cookie)).Should().Be(401);
        (await client.MeByCookieAsync(twin)).Should().Be(200, "it was used a second ago");
    }

    [Fact]
    public async Task A_session_of_a_short_idle_life_is_noted_more_often()
    {
        await using ServerHost brief = new ServerHost().With("JwtAuth:Sessions:IdleLifetime", "00:01:00");
        AccountSnapshot owner = await brief.AddAccountAsync("alice");
        using HttpClient browser = brief.Connect();
        string cookie = (await brief.BeginCookieAsync(owner, "session"))!;

        for (int use = 0; use < 30; use++)
        {
            brief.Time.Advance(TimeSpan.FromSeconds(57));
            (await browser.MeByCookieAsync(cookie)).Should().Be(200, "it is never sooner over than three seconds before its minute");
        }
        brief.Time.Advance(Minute);
        (await browser.MeByCookieAsync(cookie)).Should().Be(401);
    }

    [Fact]
    public async Task The_list_has_sessions_of_both_kinds_with_their_last_use_and_one_of_them_is_the_callers()
    {
        string cookie = await BeginAsync();
        Tokens tokens = await client.BeginAsync("alice");
        _ = (await host.BeginCookieAsync(account, "signed_cookie"))!;
        DateTimeOffset login = host.Time.GetUtcNow();
        host.Time.Advance(TimeSpan.FromSeconds(59));
        await client.AskAsync("GET", "/me", null, ("Cookie", cookie), ("User-Agent", "too soon"));
        (await ListAsync(cookie)).Should().OnlyContain(session => session.LastUsedAt == login && session.Agent != "too soon");
        host.Time.Advance(TimeSpan.FromSeconds(2));
        await client.AskAsync("GET", "/me", null, ("Cookie", cookie), ("User-Agent", "Firefox\t 1"));

        List<Listed> sessions = await ListAsync(cookie);

        sessions.Should().HaveCount(2, "a signed cookie is not held here");
        Listed own = sessions[0], other = sessions[1];
        (own.Credential, own.Current, own.CreatedAt, own.LastUsedAt, own.ExpiresAt, own.Address, own.Agent)
            .Should().Be(("session", true, login, login.AddSeconds(61), login.AddSeconds(61) + Idle, "127.0.0.1", "Firefox 1"));
        (other.Credential, other.Current, other.Sid, other.LastUsedAt).Should().Be(("refresh_token", false, tokens.SessionId, login));
        using HttpClient bearer = host.Connect(tokens.Access);
        (await bearer.AskAsync("GET", "/auth/sessions")).Json.GetProperty("sessions").EnumerateArray()
            .Single(item => item.GetProperty("current").GetBoolean()).GetProperty("credential").GetString().Should().Be("refresh_token");
    }

    [Fact]
    public async Task A_session_that_is_over_is_not_listed_and_not_deleted()
    {
        string cookie = await BeginAsync();
        string sid = (await ListAsync(cookie)).Single().Sid;
        host.Time.Advance(Idle);
        string later = await BeginAsync();

        (await ListAsync(later)).Should().ContainSingle().Which.Sid.Should().NotBe(sid);
        (await client.AskAsync("DELETE", $"/auth/sessions/{sid}", null, ("Cookie", later))).Status.Should().Be(404);
    }

    [Fact]
    public async Task A_session_that_is_deleted_from_the_list_is_dead_for_its_cookie()
    {
        string cookie = await BeginAsync(), other = await BeginAsync();
        Tokens tokens = await client.BeginAsync("alice");
        AccountSnapshot stranger = await host.AddAccountAsync("bob");
        string strange = (await host.BeginCookieAsync(stranger, "session"))!,
            sid = (await ListAsync(other)).Single(session => session.Current).Sid;

        (await client.AskAsync("DELETE", $"/auth/sessions/{sid}", null, ("Cookie", strange))).Status.Should().Be(404, "it is not his");
        (await client.MeByCookieAsync(other)).Should().Be(200);
        (await client.AskAsync("DELETE", $"/auth/sessions/{sid}", null, ("Cookie", cookie))).Status.Should().Be(204);

        (await client.MeByCookieAsync(other)).Should().Be(401);
        (await client.MeByCookieAsync(cookie)).Should().Be(200);
        (await client.AskAsync("DELETE", $"/auth/sessions/{sid}", null, ("Cookie", cookie))).Status.Should().Be(404);
        (await client.AskAsync("DELETE", $"/auth/sessions/{tokens.SessionId}", null, ("Cookie", cookie))).Status
            .Should().Be(204, "one of refresh tokens as well");
        (await client.RefreshAsync(tokens.Refresh)).ShouldBeInvalidGrant();
        string own = (await ListAsync(cookie)).Single().Sid;
        (await client.AskAsync("DELETE", $"/auth/sessions/{own}", null, ("Cookie", cookie))).Status.Should().Be(204, "its own too");
        (await client.MeByCookieAsync(cookie)).Should().Be(401);
    }

    [Fact]
    public async Task An_account_has_a_thousand_sessions_of_both_kinds_and_the_one_not_used_for_longest_makes_room()
    {
        string oldest = await BeginAsync();
        host.Time.Advance(Minute + Second);
        string used = await BeginAsync();
        using (var database = new DatabaseFile(host.Directory))
        {
            database.Execute("""
                WITH RECURSIVE more(number) AS (SELECT 1 UNION ALL SELECT number + 1 FROM more WHERE number < 998)
                INSERT INTO Sessions (SessionId, Subject, Generation, Audience, Scope, CookieHash,
                    Counter, CreatedAt, RotatedAt, ExpiresAt, TokensUntil, Address, Agent)
                SELECT 'copy-' || number, Subject, Generation, Audience, Scope, iif(number % 2, randomblob(32), NULL),
                    Counter, CreatedAt, RotatedAt, ExpiresAt, TokensUntil, Address, Agent
                FROM Sessions, more WHERE Subject = $p AND RotatedAt = (SELECT max(RotatedAt) FROM Sessions)
                """, account.Subject);
            database.Number("SELECT count(*) FROM Sessions WHERE Subject = $p", account.Subject).Should().Be(1000);
            host.Time.Advance(Minute + Second);
            (await client.MeByCookieAsync(used)).Should().Be(200);

            string newest = await BeginAsync();

            database.Number("SELECT count(*) FROM Sessions WHERE Subject = $p", account.Subject).Should().Be(1000);
            (await client.MeByCookieAsync(oldest), await client.MeByCookieAsync(used), await client.MeByCookieAsync(newest))
                .Should().Be((401, 200, 200));
        }
    }

    private async Task<string> BeginAsync() => (await host.BeginCookieAsync(account, "session"))!;

    private Task<Reply> MeAsync(string cookie) => client.AskAsync("GET", "/me", null, ("Cookie", cookie));

    private async Task<List<Listed>> ListAsync(string cookie) =>
    [
        .. (await client.AskAsync("GET", "/auth/sessions", null, ("Cookie", cookie))).Json.GetProperty("sessions")
            .EnumerateArray().Select(item => new Listed(
                item.GetProperty("sid").GetString()!, item.GetProperty("credential").GetString()!,
                item.GetProperty("created_at").GetDateTimeOffset(), item.GetProperty("last_used_at").GetDateTimeOffset(),
                item.GetProperty("expires_at").GetDateTimeOffset(), item.GetProperty("address").GetString()!,
                item.GetProperty("agent").GetString()!, item.GetProperty("current").GetBoolean())),
    ];

    private sealed record Listed(
        string Sid, string Credential, DateTimeOffset CreatedAt, DateTimeOffset LastUsedAt, DateTimeOffset ExpiresAt, string Address,
        string Agent, bool Current);
}
