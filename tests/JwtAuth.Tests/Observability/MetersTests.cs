using System.Diagnostics.Metrics;
using JwtAuth.Server.Denials;
using JwtAuth.Server.Observability;
using JwtAuth.Tests.Hosting;
using JwtAuth.Tests.RefreshTokens;
using Microsoft.Extensions.DependencyInjection;

namespace JwtAuth.Tests.Observability;

public sealed class MetersTests
{
    [Fact]
    public async Task What_is_presented_is_counted_by_what_became_of_it_and_what_waits_and_how_fresh_the_denials_are_is_measured()
    {
        await using var host = new ServerHost();
        await host.AddAccountAsync("alice");
        Dictionary<string, long> measured = [];
        using var listener = new MeterListener
        {
            InstrumentPublished = (instrument, listening) =>
            {
                if (instrument.Meter.Name is Meters.Name or "JwtAuth.Bearer"
                    && instrument.Meter.Scope == host.Services.GetRequiredService<IMeterFactory>())
                    listening.EnableMeasurementEvents(instrument);
            },
        };
        listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) =>
        {
            lock (measured)
                measured[$"{instrument.Name} {tags[0].Value}"] = measured.GetValueOrDefault($"{instrument.Name} {tags[0].Value}") + value;
        });
        listener.SetMeasurementEventCallback<int>((instrument, value, _, _) =>
        {
            lock (measured)
                measured[instrument.Name] = value;
        });
        listener.SetMeasurementEventCallback<double>((instrument, value, _, _) =>
        {
            lock (measured)
                measured[instrument.Name] = (long)value;
        });
        listener.Start();
        using HttpClient client = host.Connect();
        Reply login = await client.AskAsync(
            "POST", "/auth/login", new { username = "alice", password = ServerHost.Password, scope = "offline_access" });
        string first = login.Json.GetProperty("refresh_token").GetString()!;

        (await RefreshAsync(first)).Status.Should().Be(200);
        (await RefreshAsync(first)).Status.Should().Be(200);
        listener.RecordObservableInstruments();
        measured["jwtauth.denials"].Should().Be(0);
        measured.Should().NotContainKey("jwtauth.denials.newest.age", "there is none");
        host.Time.Advance(TimeSpan.FromSeconds(11));
        (await RefreshAsync(first)).Status.Should().Be(400);
        (await RefreshAsync(first)).Status.Should().Be(400);
        (await RefreshAsync("x")).Status.Should().Be(400);
        (await client.LoginAsync("alice", "a wrong guess at dusk")).Status.Should().Be(401);
        (await client.MeAsync("a.b.c")).Should().Be(401);
        host.Time.Advance(TimeSpan.FromSeconds(3));
        await host.Get<DenialTail>().ReadAsync();
        listener.RecordObservableInstruments();

        measured.Should().BeEquivalentTo(new Dictionary<string, long>
        {
            ["jwtauth.refreshes rotated"] = 1,
            ["jwtauth.refreshes repeated"] = 1,
            ["jwtauth.refreshes reused"] = 1,
            ["jwtauth.refreshes refused"] = 2,
            ["jwtauth.tokens.issued password"] = 1,
            ["jwtauth.tokens.issued refresh_token"] = 2,
            ["jwtauth.passwords verified"] = 1,
            ["jwtauth.passwords refused"] = 1,
            ["jwtauth.bearer.refusals not_compact"] = 1,
            ["jwtauth.denials"] = 1,
            ["jwtauth.denials.newest.age"] = 3,
            ["jwtauth.denials.log.age"] = 0,
            ["jwtauth.hash.duration"] = 0, // its clock stands still
            ["jwtauth.commit.writes"] = 1,
            ["jwtauth.hash.queue"] = 0,
            ["jwtauth.write.queue"] = 0,
            ["jwtauth.feed.listeners"] = 0,
        });

        Task<Reply> RefreshAsync(string token) => client.AskAsync("POST", "/auth/refresh", new { refresh_token = token });
    }
}
