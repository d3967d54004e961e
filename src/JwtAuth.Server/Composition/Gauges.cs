using System.Diagnostics.Metrics;
using JwtAuth.Server.DenialFeed;
using JwtAuth.Server.Denials;
using JwtAuth.Server.Guessing;
using JwtAuth.Server.Observability;
using JwtAuth.Server.Storage;

namespace JwtAuth.Server.Composition;

/// <summary>What is not counted but looked at, under the meter <c>JwtAuth</c>: how much waits, and how fresh the denials are.</summary>
internal sealed class Gauges
{
    public Gauges(Meters meters, HashingGate gate, Connector writers, DenialPages feed, DenialTail? denials = null)
    {
        Meter meter = meters.Meter;
        meter.CreateObservableGauge("jwtauth.hash.queue", () => gate.Waiting, "{request}", "Requests that wait for bcrypt");
        meter.CreateObservableGauge("jwtauth.write.queue", () => writers.Waiting, "{write}", "Writes that wait for their turn");
        meter.CreateObservableGauge("jwtauth.feed.listeners", () => feed.Listeners, "{call}", "Calls of the feed that wait for news");
        if (denials is null)
            return;
        meter.CreateObservableGauge("jwtauth.denials", () => denials.Denylist.Count, "{denial}", "Denials held in memory");
        meter.CreateObservableGauge(
            "jwtauth.denials.newest.age", () => Of(denials.NewestAge), "s", "Since this process last read a denial that was new to it");
        meter.CreateObservableGauge(
            "jwtauth.denials.log.age", () => Of(denials.Denylist.Age), "s",
            "Since the log of denials was last read to its end; beyond 5 no token is accepted");
    }

    private static IEnumerable<Measurement<double>> Of(TimeSpan? age) => age is { } known ? [new(known.TotalSeconds)] : [];
}
