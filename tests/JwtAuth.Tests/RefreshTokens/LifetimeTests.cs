using JwtAuth.Tests.Hosting;

namespace JwtAuth.Tests.RefreshTokens;

public sealed class LifetimeTests
{
    [Theory, Trait("row", "REF-12")]
    [InlineData("30.00:00:00", 29)]
    [InlineData("200.00:00:00", 100)]
    public async Task A_session_ends_at_its_absolute_limit_however_often_it_is_used(string lifetime, int lastGoodDay)
    {
        await using ServerHost host = await StartAsync(lifetime, "7.00:00:00");
        using HttpClient client = host.Connect();
        Tokens tokens = await client.BeginAsync("alice");
        List<int> goodDays = [];

        for (int day = 1; day <= 100; day++)
        {
            host.Time.Advance(TimeSpan.FromDays(1));
            Reply reply = await client.RefreshAsync(tokens.Refresh);
            if (reply.Status == 200)
            {
                tokens = Tokens.Of(reply);
                goodDays.Add(day);
            }
            else
            {
                reply.ShouldBeInvalidGrant();
            }
        }

        goodDays.Should().Equal(Enumerable.Range(1, lastGoodDay));
        host.Lines("SECURITY").Should().Be(0, "a session that is over is no theft");
    }

    [Fact, Trait("row", "REF-12")]
    public async Task A_session_ends_at_the_very_moment_of_its_limits_and_not_a_millisecond_earlier()
    {
        await using ServerHost host = await StartAsync("10.00:00:00", "7.00:00:00");
        using HttpClient client = host.Connect();
        TimeSpan blink = TimeSpan.FromMilliseconds(1);
        Tokens idle = await client.BeginAsync("alice"), used = await client.BeginAsync("alice"), twin = await client.BeginAsync("alice");

        host.Time.Advance(TimeSpan.FromDays(7) - blink);
        used = await client.RotateAsync(used);
        twin = await client.RotateAsync(twin);
        host.Time.Advance(blink);
        (await client.RefreshAsync(idle.Refresh)).ShouldBeInvalidGrant("idle for seven days");

        host.Time.Advance(TimeSpan.FromDays(3) - blink);
        twin = await client.RotateAsync(twin);
        host.Time.Advance(blink);
        (await client.RefreshAsync(used.Refresh)).ShouldBeInvalidGrant("ten days old");
        (await client.RefreshAsync(twin.Refresh)).ShouldBeInvalidGrant("ten days old, though used a millisecond ago");
        host.Lines("SECURITY").Should().Be(0);
    }

    [Fact, Trait("row", "REF-12")]
    public async Task A_session_that_is_idle_for_too_long_is_in_no_list_any_more()
    {
        await using ServerHost host = await StartAsync("30.00:00:00", "1.00:00:00");
        using HttpClient client = host.Connect();
        Tokens idle = await client.BeginAsync("alice"), used = await client.BeginAsync("alice");
        host.Time.Advance(TimeSpan.FromHours(23));
        used = await client.RotateAsync(used);
        (await SessionIdsAsync(client, used)).Should().BeEquivalentTo(idle.SessionId, used.SessionId);

        host.Time.Advance(TimeSpan.FromHours(2));

        used = await client.RotateAsync(used);
        (await SessionIdsAsync(client, used)).Should().Equal(used.SessionId);
        (await client.RefreshAsync(idle.Refresh)).ShouldBeInvalidGrant();
    }

    private static async Task<string[]> SessionIdsAsync(HttpClient client, Tokens tokens) =>
        [.. (await client.AskAsAsync(tokens.Access, "GET", "/auth/sessions")).Json.GetProperty("sessions")
            .EnumerateArray().Select(session => session.GetProperty("sid").GetString()!)];

    private static async Task<ServerHost> StartAsync(string lifetime, string idleLifetime)
    {
        ServerHost host = new ServerHost()
            .With("JwtAuth:SigningKeys:Algorithm", "ES256")
            .With("JwtAuth:RefreshTokens:Lifetime", lifetime)
            .With("JwtAuth:RefreshTokens:IdleLifetime", idleLifetime);
        await host.AddAccountAsync("alice");
        return host;
    }
}
