using JwtAuth.Server.Accounts;
using JwtAuth.Tests.Hosting;

namespace JwtAuth.Tests.Revocation;

public sealed class NeighbourTests
{
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(250);

    [Fact, Trait("row", "REV-05")]
    public async Task What_one_process_ends_another_on_the_same_database_refuses_at_its_next_look_and_where_state_changes_at_once()
    {
        await using ServerHost one = Host(), other = Host(one.Directory);
        AccountSnapshot account = await one.AddAccountAsync("alice");
        LoginTokens ended = await one.BeginAsync(account), control = await one.BeginAsync(account);
        using HttpClient here = one.Connect(ended.AccessToken), there = other.Connect(ended.AccessToken),
            twin = other.Connect(control.AccessToken);
        (await there.AskAsync("GET", "/me")).Status.Should().Be(200);

        (await here.AskAsync("POST", "/auth/logout")).Status.Should().Be(200);

        (await here.AskAsync("GET", "/me")).Status.Should().Be(401);
        (await there.AskAsync("POST", "/auth/revoke", new { token = "nobody's" })).Status.Should().Be(401, "the store is asked");
        (await there.AskAsync("POST", "/auth/refresh", new { refresh_token = ended.RefreshToken })).Status.Should().Be(400);
        if (!TestedStore.IsPostgres) // which brings a notification
            (await there.AskAsync("GET", "/me")).Status.Should().Be(200, "its clock stands, so it has not looked");
        other.Time.Advance(Look);
        await Patience.UntilAsync(async () => (await there.AskAsync("GET", "/me")).Status != 200, "the look is taken beside the requests");
        (await there.AskAsync("GET", "/me")).Status.Should().Be(401);
        (await twin.AskAsync("GET", "/me")).Status.Should().Be(200);
    }

    private static ServerHost Host(string? directory = null) =>
        new ServerHost(directory).With("JwtAuth:SigningKeys:Algorithm", "ES256").With("JwtAuth:Issuer", "http://localhost:5080");
}
