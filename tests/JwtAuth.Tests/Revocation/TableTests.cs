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
        Scene scene = await Scene.SetAsync(host);
        (Holding Held, string Fate)[] logins = [(scene.Calling, row.Calling), (scene.Other, row.Other), (scene.WithoutSession, row.WithoutSession), (scene.Stranger, row.Stranger)];
        foreach ((Holding held, _) in logins)
        {
            (await scene.AskMeAsync(held)).Status.Should().Be(200);
            (await scene.ChangeStateAsync(held)).Status.Should().Be(200);
        }
        using HttpClient api = modes.ApiOf(hearsDenials).Connect();
        foreach ((Holding held, _) in logins)
            await UntilAsync(api, held, 200);
        await ShouldBeAsync(scene, host, cookies: "○○○");
        await ShouldLastAsync(scene, "○○○", isMadeRefused: false);

        (await row.HappensAsync(scene)).Status.Should().BeOneOf(200, 204);

        foreach ((Holding held, string fate) in logins)
        {
            bool isHeard = hearsDenials || ending == Row.KeyRevoked;
            Refused(await scene.AskMeAsync(held)).Should().Be(fate[0] == '●' && isHeard);
            Refused(await scene.ChangeStateAsync(held)).Should().Be(fate[0] == '●', "where state changes the store is asked, whatever is heard");
            if (held.RefreshToken is not null)
                await RefreshAsync(scene, host, held, isEnded: fate[1] == '●');
        }
        await ShouldBeAsync(scene, host, row.Cookies);
        await ShouldLastAsync(scene, row.Lasting, isMadeRefused: row.Lasting[1] == '●' && (hearsDenials || ending == Row.KeyRevoked));
        // The dead first: then the news has arrived, and who lives has outlived it.
        foreach ((Holding held, string fate) in logins.OrderBy(login => login.Fate[0] == '○'))
            await UntilAsync(api, held, fate[0] == '●' && (hearsDenials || ending == Row.KeyRevoked) ? 401 : 200);
        if (row.PasswordAfterwards is { } password)
            (await scene.LogInAgainAsync(password)).Status.Should().Be(200);
        else
            (await scene.LogInAgainAsync(ServerHost.Password)).Code.Should().Be("invalid_credentials");
        await OutliveAsync(scene, host, logins, stillTaken: login => hearsDenials || ending == Row.KeyRevoked ? login[0] == '○' : true);
        await ShouldBeAsync(scene, host, row.Cookies);
    }

    // Of these the store is asked too, but for what was made from the one.
    private static async Task ShouldLastAsync(Scene scene, string lasting, bool isMadeRefused)
    {
        (await scene.StatusOfMeAsync($"Bearer {scene.PersonalAccessToken.Token}")).Should().Be(lasting[0] == '●' ? 401 : 200);
        (await scene.StatusOfMeAsync($"Bearer {scene.Made}")).Should().Be(isMadeRefused ? 401 : 200);
        (await scene.StatusOfMeAsync(BasicRequests.Basic(scene.Username, ServerHost.Password))).Should().Be(lasting[2] == '●' ? 401 : 200);
    }

    // Of a cookie's session the store is asked, and so it is of a signed cookie where no denials are held in memory: what ends is ended at once in both modes.
    private static async Task ShouldBeAsync(Scene scene, ServerHost host, string cookies)
    {
        foreach ((string cookie, char fate) in new[] { scene.Session, scene.OtherSession, scene.Signed }.Zip(cookies))
        {
            Reply me = await scene.CallByCookieAsync(cookie, "GET", "/me");
            me.Status.Should().Be(fate == '●' ? 401 : 200);
            if (me.Status == 200 && cookie != scene.Signed)
                await ShouldHaveRolesOfNowAsync(host, me);
        }
        (await scene.CallByCookieAsync(scene.Session, "GET", "/auth/sessions")).Status.Should().Be(cookies[0] == '●' ? 401 : 200);
        foreach (string cookie in scene.StrangeCookies)
            (await scene.CallByCookieAsync(cookie, "GET", "/me")).Status.Should().Be(200);
    }

    // At an API that listens.
    private static async Task UntilAsync(HttpClient api, Holding held, int status)
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
    private static async Task RefreshAsync(Scene scene, ServerHost host, Holding held, bool isEnded)
    {
        Reply reply = await scene.RefreshAsync(held);
        if (isEnded)
        {
            (reply.Status, reply.Code).Should().Be((400, "invalid_grant"));
            return;
        }

        reply.Status.Should().Be(200);
        Reply me = await scene.AskMeAsync(held with { AccessToken = reply.Json.GetProperty("access_token").GetString()! });
        me.Status.Should().Be(200);
        await ShouldHaveRolesOfNowAsync(host, me);
    }

    private static async Task ShouldHaveRolesOfNowAsync(ServerHost host, Reply me)
    {
        await using AsyncServiceScope scope = host.Services.CreateAsyncScope();
        AccountSnapshot? now = await scope.ServiceProvider.GetRequiredService<AccountStore>()
            .FindBySubjectAsync(me.Json.GetProperty("sub").GetString()!, TestContext.Current.CancellationToken);
        me.Json.GetProperty("roles").EnumerateArray().Select(role => role.GetString()).Should().Equal(now!.Roles);
    }

    // The last bound of each cell: exp, and the skew of who checks.
    private static async Task OutliveAsync(Scene scene, ServerHost host, (Holding Held, string Fate)[] logins, Func<string, bool> stillTaken)
    {
        DateTimeOffset last = scene.Calling.ExpiresAt + Skew;
        host.Time.Advance(last - Second - host.Time.GetUtcNow());
        foreach ((Holding held, string fate) in logins)
            (await scene.AskMeAsync(held)).Status.Should().Be(stillTaken(fate) ? 200 : 401);
        host.Time.Advance(Second);
        foreach ((Holding held, _) in logins)
            (await scene.AskMeAsync(held)).Status.Should().Be(401);
    }
}
