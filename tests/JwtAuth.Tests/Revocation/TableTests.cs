using JwtAuth.Server.Accounts;
using JwtAuth.Server.Storage;
using JwtAuth.Tests.Hosting;
using Microsoft.Extensions.DependencyInjection;

namespace JwtAuth.Tests.Revocation;

/// <summary>The service with its denylist and without.</summary>
public sealed class TwoModes : IAsyncLifetime
{
    private readonly ServerHost withDenylist = New("true"), without = New("false");

    internal ServerHost Of(bool hearsDenials) => hearsDenials ? withDenylist : without;

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public async ValueTask DisposeAsync()
    {
        await withDenylist.DisposeAsync();
        await without.DisposeAsync();
    }

    private static ServerHost New(string enabled) => new ServerHost().With("JwtAuth:SigningKeys:Algorithm", "ES256").With("JwtAuth:Denylist:Enabled", enabled);
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

        (await row.HappensAsync(scene)).Status.Should().BeOneOf(200, 204);

        foreach ((Holding held, string fate) in logins)
        {
            bool isHeard = hearsDenials || ending == Row.KeyRevoked;
            Refused(await scene.AskMeAsync(held)).Should().Be(fate[0] == '●' && isHeard);
            Refused(await scene.ChangeStateAsync(held)).Should().Be(fate[0] == '●', "where state changes the store is asked, whatever is heard");
            if (held.RefreshToken is not null)
                await RefreshAsync(scene, host, held, isEnded: fate[1] == '●');
        }
        if (row.PasswordAfterwards is { } password)
            (await scene.LogInAgainAsync(password)).Status.Should().Be(200);
        else
            (await scene.LogInAgainAsync(ServerHost.Password)).Code.Should().Be("invalid_credentials");
        await OutliveAsync(scene, host, logins, stillTaken: login => hearsDenials || ending == Row.KeyRevoked ? login[0] == '○' : true);
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
