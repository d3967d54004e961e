using System.Diagnostics.Metrics;
using JwtAuth.Bearer.Denials;

namespace JwtAuth.Server.Observability;

/// <summary>
/// The metrics under the meter <c>JwtAuth</c>: refreshes and requests by HTTP Basic, each by outcome, and the denials held in memory.
/// </summary>
internal sealed class Meters
{
    public const string Name = "JwtAuth";

    private readonly Counter<long> refreshes;
    private readonly Counter<long> basic;

    public Meters(IMeterFactory factory, IDenialSource? denials = null)
    {
        Meter meter = factory.Create(Name);
        refreshes = meter.CreateCounter<long>(
            "jwtauth.refreshes", "{refresh}", "Refresh tokens that were presented, by outcome: rotated, repeated, reused, ahead, refused");
        basic = meter.CreateCounter<long>(
            "jwtauth.basic", "{request}",
            "Requests by HTTP Basic, by outcome: verified (cost a bcrypt), remembered, refused, too_many_attempts, busy");
        if (denials is not null)
            meter.CreateObservableGauge("jwtauth.denials", () => denials.Denylist.Count, "{denial}", "Denials held in memory");
    }

    public void CountRefresh(string outcome) => refreshes.Add(1, new KeyValuePair<string, object?>("outcome", outcome));

    public void CountBasic(string outcome) => basic.Add(1, new KeyValuePair<string, object?>("outcome", outcome));
}
