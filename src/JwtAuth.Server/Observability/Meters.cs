using System.Diagnostics.Metrics;
using JwtAuth.Bearer.Denials;

namespace JwtAuth.Server.Observability;

/// <summary>
/// The metrics under the meter <c>JwtAuth</c>: refreshes, requests by HTTP Basic and tokens that clients asked about, each by outcome, and
/// the denials held in memory.
/// </summary>
internal sealed class Meters
{
    public const string Name = "JwtAuth";

    private readonly Counter<long> refreshes;
    private readonly Counter<long> basic;
    private readonly Counter<long> presented;

    public Meters(IMeterFactory factory, IDenialSource? denials = null)
    {
        Meter meter = factory.Create(Name);
        refreshes = meter.CreateCounter<long>(
            "jwtauth.refreshes", "{refresh}", "Refresh tokens that were presented, by outcome: rotated, repeated, reused, ahead, refused");
        basic = meter.CreateCounter<long>(
            "jwtauth.basic", "{request}",
            "Requests by HTTP Basic, by outcome: verified (cost a bcrypt), remembered, refused, too_many_attempts, busy");
        presented = meter.CreateCounter<long>(
            "jwtauth.presented_tokens", "{token}",
            "Tokens that clients asked about or revoked, by outcome: good, ended (issued here, not good any more), unknown, too_many");
        if (denials is not null)
            meter.CreateObservableGauge("jwtauth.denials", () => denials.Denylist.Count, "{denial}", "Denials held in memory");
    }

    public void CountRefresh(string outcome) => refreshes.Add(1, new KeyValuePair<string, object?>("outcome", outcome));

    public void CountBasic(string outcome) => basic.Add(1, new KeyValuePair<string, object?>("outcome", outcome));

    public void CountPresented(string outcome) => presented.Add(1, new KeyValuePair<string, object?>("outcome", outcome));
}
