using JwtAuth.Server.Accounts;
using JwtAuth.Tests.Authentication;
using JwtAuth.Tests.Hosting;
using Microsoft.Extensions.DependencyInjection;

namespace JwtAuth.Tests.Revocation;

/// <summary>The service with its denylist and without, and beside each an API that listens to it.</summary>
public sealed class TwoModes : IAsyncLifetime
{
    private readonly (ServerHost Host, ApiHost Api) withDenylist = New("true"), without = New("false");

    internal ServerHost Of(bool hearsDenials) => (hearsDenials ? withDenylist : without).Host;

    internal ApiHost ApiOf(bool hearsDenials) => (hearsDenials ? withDenylist : without).Api;

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public async ValueTask DisposeAsync()
    {
        foreach ((ServerHost host, ApiHost api) in ((ServerHost, ApiHost)[])[withDenylist, without])
        {
            await api.DisposeAsync();
            await host.DisposeAsync();
        }
    }

    private static (ServerHost, ApiHost) New(string enabled)
    {
        ServerHost host = new ServerHost().With("JwtAuth:SigningKeys:Algorithm", "ES256").With("JwtAuth:Denylist:Enabled", enabled);
        TestClient shop = host.AddClient("shop", may: "denials");
        return (host, new ApiHost(host.Issuer) { Time = new ClockOf(host.Time) }
            .With("JwtAuth:Audience", host.Issuer)
            .With("JwtAuth:Denials", "Feed").With("JwtAuth:ClientId", shop.Id).With("JwtAuth:ClientSecret", shop.Secret));
    }

    // Tokens are as old as the service says; what the API waits for takes its time.
    private sealed class ClockOf(TimeProvider shown) : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => shown.GetUtcNow();
    }
}

/// <summary>docs/revocation.md: each cell, over HTTP.</summary>
public sealed class TableTests(TwoModes modes) : IClassFixture<TwoModes>
{
    private static readonly TimeSpan Skew = TimeSpan.FromSeconds(30), Second = TimeSpan.FromSeconds(1);

    public static TheoryData<string, bool> Cases
    {
        get
        {
            var cases = new TheoryData<string, bool>();
            foreach (Row row in Row.All)
            {
                cases.Add(row.Event, true);
                cases.Add(row.Event, false);
            }
            return cases;
        }
    }

    [Theory]
    [MemberData(nameof(Cases))]
    [Trait("row", "REV-05")]
    [Trait("row", "REV-16")]
    [Trait("row", "REV-21")]
    [Trait("row", "ACC-07")]
    public async Task An_event_ends_what_the_table_says_and_nothing_else(string ending, bool hearsDenials)
    {
        Row row = Row.All.Single(candidate => candidate.Event == ending);
        ServerHost host = modes.Of(hearsDenials);
        AccountCredentials credentials = await AccountCredentials.CreateAsync(host);
        (LoginTokens Held, string Fate)[] logins = [(credentials.Calling, row.Calling), (credentials.Other, row.Other),
            (credentials.WithoutSession, row.WithoutSession), (credentials.Stranger, row.Stranger)];
        foreach ((LoginTokens held, _) in logins)
        {
            (await credentials.AskMeAsync(held)).Status.Should().Be(200);
            (await credentials.ChangeStateAsync(held)).Status.Should().Be(200);
        }
        using HttpClient api = modes.ApiOf(hearsDenials).Connect();
        foreach ((LoginTokens held, _) in logins)
            await UntilAsync(api, held, 200);
        await ShouldBeAsync(credentials, host, cookies: "○○○");
        await ShouldLastAsync(credentials, "○○○", isMadeRefused: false);

        (await row.HappensAsync(credentials)).Status.Should().BeOneOf(200, 204);

        foreach ((LoginTokens held, string fate) in logins)
        {
            bool isHeard = hearsDenials || ending == Row.KeyRevoked;
            Refused(await credentials.AskMeAsync(held)).Should().Be(fate[0] == '●' && isHeard);
            Refused(await credentials.ChangeStateAsync(held))
                .Should().Be(fate[0] == '●', "where state changes the store is asked, whatever is heard");
            if (held.RefreshToken is not null)
                await RefreshAsync(credentials, host, held, isEnded: fate[1] == '●');
        }
        await ShouldBeAsync(credentials, host, row.Cookies);
        await ShouldLastAsync(credentials, row.Lasting, isMadeRefused: row.Lasting[1] == '●' && (hearsDenials || ending == Row.KeyRevoked));
        // The dead first: then the news has arrived, and who lives has outlived it.
        foreach ((LoginTokens held, string fate) in logins.OrderBy(login => login.Fate[0] == '○'))
            await UntilAsync(api, held, fate[0] == '●' && (hearsDenials || ending == Row.KeyRevoked) ? 401 : 200);
        if (row.PasswordAfterwards is { } password)
            (await credentials.LogInAgainAsync(password)).Status.Should().Be(200);
        else
            (await credentials.LogInAgainAsync(ServerHost.Password)).Code.Should().Be("invalid_credentials");
        await OutliveAsync(
            credentials, host, logins, stillTaken: login => hearsDenials || ending == Row.KeyRevoked ? login[0] == '○' : true);
        await ShouldBeAsync(credentials, host, row.Cookies);
    }

    // Of these the store is asked too, but for what was made from the one.
    private static async Task ShouldLastAsync(AccountCredentials credentials, string lasting, bool isMadeRefused)
    {
        (await credentials.StatusOfMeAsync($"Bearer {credentials.PersonalAccessToken.Token}")).Should().Be(lasting[0] == '●' ? 401 : 200);
        (await credentials.StatusOfMeAsync($"Bearer {credentials.Made}")).Should().Be(isMadeRefused ? 401 : 200);
        (await credentials.StatusOfMeAsync(BasicRequests.Basic(credentials.Username, ServerHost.Password)))
            .Should().Be(lasting[2] == '●' ? 401 : 200);
    }

    // Of a cookie's session the store is asked, and so it is of a signed cookie where no denials are held in memory: what ends
    // is ended at once in both modes.
    private static async Task ShouldBeAsync(AccountCredentials credentials, ServerHost host, string cookies)
    {
        foreach ((string cookie, char fate) in new[] { credentials.Session, credentials.OtherSession, credentials.Signed }.Zip(cookies))
        {
            Reply me = await credentials.CallByCookieAsync(cookie, "GET", "/me");
            me.Status.Should().Be(fate == '●' ? 401 : 200);
            if (me.Status == 200 && cookie != credentials.Signed)
                await ShouldHaveRolesOfNowAsync(host, me);
        }
        (await credentials.CallByCookieAsync(credentials.Session, "GET", "/auth/sessions")).Status
            .Should().Be(cookies[0] == '●' ? 401 : 200);
        foreach (string cookie in credentials.StrangeCookies)
            (await credentials.CallByCookieAsync(cookie, "GET", "/me")).Status.Should().Be(200);
    }

    // At an API that listens.
    private static async Task UntilAsync(HttpClient api, LoginTokens held, int status)
    {
        long start = TimeProvider.System.GetTimestamp();
        Reply reply;
        do
            reply = await api.AskAsync("GET", "/orders", null, ("Authorization", $"Bearer {held.AccessToken}"));
        while (reply.Status != status && TimeProvider.System.GetElapsedTime(start) < Patience.Limit);
        reply.Status.Should().Be(status);
    }

    // What is refused is refused as RFC 6750 says, and no more is told.
    private static bool Refused(Reply reply)
    {
        reply.Status.Should().BeOneOf(200, 401);
        if (reply.Status == 401)
            reply.Header("WWW-Authenticate").Should().Be("Bearer error=\"invalid_token\"");
        return reply.Status == 401;
    }

    // A session that lives brings tokens that are taken, with the roles that the account has now.
    private static async Task RefreshAsync(AccountCredentials credentials, ServerHost host, LoginTokens held, bool isEnded)
    {
        Reply reply = await credentials.RefreshAsync(held);
        if (isEnded)
        {
            (reply.Status, reply.Code).Should().Be((400, "invalid_grant"));
            return;
        }

        reply.Status.Should().Be(200);
        Reply me = await credentials.AskMeAsync(held with { AccessToken = reply.Json.GetProperty("access_token").GetString()! });
        me.Status.Should().Be(200);
        await ShouldHaveRolesOfNowAsync(host, me);
    }

    private static async Task ShouldHaveRolesOfNowAsync(ServerHost host, Reply me)
    {
        await using AsyncServiceScope scope = host.Services.CreateAsyncScope();
        AccountSnapshot? now = await scope.ServiceProvider.GetRequiredService<AccountSnapshots>()
            .FindBySubjectAsync(me.Json.GetProperty("sub").GetString()!, TestContext.Current.CancellationToken);
        me.Json.GetProperty("roles").EnumerateArray().Select(role => role.GetString()).Should().Equal(now!.Roles);
    }

    // The last bound of each cell: exp, and the skew of who checks.
    private static async Task OutliveAsync(
        AccountCredentials credentials, ServerHost host, (LoginTokens Held, string Fate)[] logins, Func<string, bool> stillTaken)
    {
        DateTimeOffset last = credentials.Calling.ExpiresAt + Skew;
        host.Time.Advance(last - Second - host.Time.GetUtcNow());
        foreach ((LoginTokens held, string fate) in logins)
            (await credentials.AskMeAsync(held)).Status.Should().Be(stillTaken(fate) ? 200 : 401);
        host.Time.Advance(Second);
        foreach ((LoginTokens held, _) in logins)
            (await credentials.AskMeAsync(held)).Status.Should().Be(401);
    }
}
