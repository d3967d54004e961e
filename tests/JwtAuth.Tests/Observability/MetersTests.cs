using System.Diagnostics.Metrics;
using JwtAuth.Server.Observability;
using JwtAuth.Tests.Hosting;
using Microsoft.Extensions.DependencyInjection;

namespace JwtAuth.Tests.Observability;

public sealed class MetersTests
{
    [Fact]
    public async Task Refreshes_are_counted_by_what_became_of_them_and_denials_are_measured()
    {
        await using var host = new ServerHost();
        await host.AddAccountAsync("alice");
        Dictionary<string, long> measured = [];
        using var listener = new MeterListener
        {
            InstrumentPublished = (instrument, listening) =>
            {
                if (instrument.Meter.Name == Meters.Name && instrument.Meter.Scope == host.Services.GetRequiredService<IMeterFactory>())
                    listening.EnableMeasurementEvents(instrument);
            },
        };
        listener.SetMeasurementEventCallback<long>((_, value, tags, _) =>
        {
            lock (measured)
                measured[$"{tags[0].Value}"] = measured.GetValueOrDefault($"{tags[0].Value}") + value;
        });
        listener.SetMeasurementEventCallback<int>((instrument, value, _, _) => measured[instrument.Name] = value);
        listener.Start();
        using HttpClient client = host.Connect();
        Reply login = await client.AskAsync(
            "POST", "/auth/login", new { username = "alice", password = ServerHost.Password, scope = "offline_access" });
        string first = login.Json.GetProperty("refresh_token").GetString()!;

        (await RefreshAsync(first)).Status.Should().Be(200);
        (await RefreshAsync(first)).Status.Should().Be(200);
        listener.RecordObservableInstruments();
        measured["jwtauth.denials"].Should().Be(0);
        host.Time.Advance(TimeSpan.FromSeconds(11));
        (await RefreshAsync(first)).Status.Should().Be(400);
        (await RefreshAsync(first)).Status.Should().Be(400);
        (await RefreshAsync("x")).Status.Should().Be(400);
        listener.RecordObservableInstruments();

        measured.Should().BeEquivalentTo(new Dictionary<string, long>
        {
            ["rotated"] = 1,
            ["repeated"] = 1,
            ["reused"] = 1,
            ["refused"] = 2,
            ["jwtauth.denials"] = 1,
        });

        Task<Reply> RefreshAsync(string token) => client.AskAsync("POST", "/auth/refresh", new { refresh_token = token });
    }
}
