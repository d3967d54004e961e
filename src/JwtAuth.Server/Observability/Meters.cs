using System.Diagnostics.Metrics;
using JwtAuth.Bearer.Denials;

namespace JwtAuth.Server.Observability;

/// <summary>What is counted, under the meter <c>JwtAuth</c>: refreshes by what became of them, and the denials that are held in memory.</summary>
internal sealed class Meters
{
    public const string Name = "JwtAuth";

    private readonly Counter<long> refreshes;

    public Meters(IMeterFactory factory, IDenialSource? denials = null)
    {
        Meter meter = factory.Create(Name);
        refreshes = meter.CreateCounter<long>("jwtauth.refreshes", "{refresh}", "Refresh tokens that were presented, by outcome: rotated, repeated, reused, ahead, refused");
        if (denials is not null)
            meter.CreateObservableGauge("jwtauth.denials", () => denials.Denylist.Count, "{denial}", "Denials held in memory");
    }

    public void CountRefresh(string outcome) => refreshes.Add(1, new KeyValuePair<string, object?>("outcome", outcome));
}
