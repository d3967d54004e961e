using JwtAuth.Server.Denials;
using JwtAuth.Tests.Attacks;
using JwtAuth.Tests.Hosting;
using Microsoft.Extensions.DependencyInjection;

namespace JwtAuth.Tests.Denials;

/// <summary>A log of denials that cannot be read, and a service that had no time to read it: nothing is accepted on a guess.</summary>
public sealed class DenialLogFaultTests : IAsyncDisposable
{
    private readonly ServerHost host = new ServerHost().With("JwtAuth:SigningKeys:Algorithm", "ES256");

    [Fact]
    public async Task While_the_log_cannot_be_read_for_more_than_five_seconds_nothing_is_accepted_and_afterwards_all_is_well()
    {
        TestClient api = host.AddClient("orders-api");
        var forge = new Forge(host);
        string live = forge.Live(), denied = forge.WithClaim("jti", "\"denied\"");
        using HttpClient client = host.Connect();
        (await client.RevokeAsync(api, denied)).Status.Should().Be(200);
        (await client.StatusOfMeAsync(live)).Should().Be(200);
        (await client.IsActiveAsync(api, live)).Should().BeTrue();

        Execute("ALTER TABLE Denials RENAME TO Elsewhere");
        (await client.StatusOfMeAsync(live)).Should().Be(200, "it was read less than five seconds ago");
        host.Time.Advance(TimeSpan.FromSeconds(5) + TimeSpan.FromTicks(1));

        Reply unknown = await client.AskAsync("GET", "/me", null, ("Authorization", $"Bearer {live}"));
        (unknown.Status, unknown.Code, unknown.Json.GetProperty("reason").GetString())
            .Should().Be((503, "denials_unknown", "denials_unknown"));
        unknown.Header("Retry-After").Should().Be("1");
        unknown.Header("WWW-Authenticate").Should().BeEmpty("the token is not to blame");
        foreach (Reply reply in new[] { await client.IntrospectAsync(api, live), await client.RevokeAsync(api, live) })
        {
            reply.ShouldBeOAuthError(503, "temporarily_unavailable");
            reply.Header("Retry-After").Should().Be("1");
        }
        (await client.StatusOfMeAsync(denied)).Should().Be(401, "what was heard stays heard");
        (await client.StatusOfMeAsync(live[..^4])).Should().Be(401, "what is wrong in itself is wrong");
        (await client.AskAsync("GET", "/.well-known/jwks.json")).Status.Should().Be(200);
        host.Log.All.Should().Contain(line => line.Contains("The log of denials could not be read", StringComparison.Ordinal));

        Execute("ALTER TABLE Elsewhere RENAME TO Denials");
        (await client.StatusOfMeAsync(live)).Should().Be(200, "without a restart, and without waiting for a look");
        (await client.IsActiveAsync(api, live)).Should().BeTrue();
        (await client.StatusOfMeAsync(denied)).Should().Be(401);
        (await client.RevokeAsync(api, live)).Status.Should().Be(200);
        (await client.StatusOfMeAsync(live)).Should().Be(401);
    }

    [Fact]
    public async Task However_many_ask_meanwhile_the_log_of_the_service_tells_each_fault_once()
    {
        string live = new Forge(host).Live();
        using HttpClient client = host.Connect();
        for (int faults = 1; faults <= 2; faults++)
        {
            (await client.StatusOfMeAsync(live)).Should().Be(200);
            Execute("ALTER TABLE Denials RENAME TO Elsewhere");
            host.Time.Advance(TimeSpan.FromSeconds(6));
            for (int request = 0; request < 10; request++)
                (await client.StatusOfMeAsync(live)).Should().Be(503);
            host.Log.All.Count(line => line.Contains("The log of denials could not be read", StringComparison.Ordinal)).Should().Be(faults);
            Execute("ALTER TABLE Elsewhere RENAME TO Denials");
        }
    }

    [Fact]
    public async Task A_service_that_stood_still_for_an_hour_catches_up_by_itself_and_answers_at_once()
    {
        // No timer of it comes to its turn: what is left is the request.
        host.With(services => services.AddSingleton<TimeProvider>(new TimeWithoutTimers(host.Time)));
        TestClient api = host.AddClient("orders-api");
        using HttpClient client = host.Connect();
        (await client.StatusOfMeAsync(new Forge(host).Live())).Should().Be(200);

        host.Time.Advance(TimeSpan.FromHours(1));
        string live = new Forge(host).Live(), ended = new Forge(host).WithClaim("sid", "\"ended\"");
        Execute("INSERT INTO Denials (Kind, Name, BelowGeneration, ExpiresAt) "
            + $"VALUES ('Session', 'ended', 0, {host.Time.GetUtcNow().AddHours(1).ToUnixTimeMilliseconds()})");

        host.Get<DenialTail>().Denylist.IsComplete.Should().BeFalse("it did stand still");
        (await client.StatusOfMeAsync(live)).Should().Be(200);
        (await client.StatusOfMeAsync(ended)).Should().Be(401, "it has read what another process wrote meanwhile");
        host.Time.Advance(TimeSpan.FromSeconds(6));
        (await client.IsActiveAsync(api, live)).Should().BeTrue();
    }

    private void Execute(string statement)
    {
        using var database = new DatabaseFile(host.Directory);
        database.Execute(statement);
    }

    public ValueTask DisposeAsync() => host.DisposeAsync();

    private sealed class TimeWithoutTimers(TimeProvider time) : TimeProvider
    {
        public override long TimestampFrequency => time.TimestampFrequency;

        public override DateTimeOffset GetUtcNow() => time.GetUtcNow();

        public override long GetTimestamp() => time.GetTimestamp();

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) =>
            new ManualTime().CreateTimer(callback, state, dueTime, period);
    }
}
