using System.Diagnostics.Metrics;
using JwtAuth.Bearer.AccessTokens;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace JwtAuth.Bearer;

/// <summary>Whether keys and denials are known, and how old they are.</summary>
internal sealed class BearerHealth(RemoteIssuer issuer, JwtAuthBearerOptions options) : IHealthCheck
{
    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        var data = new Dictionary<string, object>
        {
            ["denials"] = issuer.Feed is null ? "not heard" : issuer.Feed.IsKept == false ? "not kept by the issuer" : "heard",
        };
        if (issuer.Keys.Age is { } keysAge)
            data["keys_age_seconds"] = keysAge.TotalSeconds;
        if (issuer.Feed is { } feed)
        {
            data["denials_held"] = feed.Denylist.Count;
            if (feed.Trail.Number > 0)
                data["audit_number"] = feed.Trail.Number;
            data["audit_faults"] = feed.Trail.Faults;
            if (feed.Denylist.Age is { } feedAge)
                data["feed_age_seconds"] = feedAge.TotalSeconds;
        }
        return Task.FromResult(
            issuer.Keys.Age is null ? new HealthCheckResult(
                context.Registration.FailureStatus, "The issuer's keys have not been read yet.", data: data)
            : issuer.Feed is not { Denylist.IsComplete: false } ? OfTrail(issuer.Feed?.Trail.Fault, data)
            : options.AcceptWhileSilent
            ? HealthCheckResult.Degraded("The feed of denials is silent; tokens are accepted all the same.", data: data)
            : new HealthCheckResult(
                context.Registration.FailureStatus, "The feed of denials is silent; no token is accepted.", data: data));
    }

    // Tokens are checked as ever, so this API goes on. Somebody has to look at the issuer.
    private static HealthCheckResult OfTrail(string? fault, Dictionary<string, object> data) => fault is null
        ? HealthCheckResult.Healthy(data: data)
        : HealthCheckResult.Degraded($"The issuer's audit trail was cut or written anew: {fault}.", data: data);
}

/// <summary>The same data as metrics, under the meter <c>JwtAuth.Bearer</c>.</summary>
internal static class BearerMeasures
{
    public const string Name = "JwtAuth.Bearer";

    public static void Add(IMeterFactory factory, string scheme, RemoteIssuer issuer, RememberingValidator checker)
    {
        Meter meter = MeterOf(factory, scheme);
        meter.CreateObservableGauge(
            "jwtauth.bearer.tokens", () => checker.Remembered, "{token}", "Tokens that were seen and found good, and are remembered");
        meter.CreateObservableGauge("jwtauth.bearer.keys.age", () => Of(issuer.Keys.Age), "s", "Since the issuer's keys were read");
        if (issuer.Feed is not { } feed)
            return;
        meter.CreateObservableGauge("jwtauth.bearer.denials", () => feed.Denylist.Count, "{denial}", "Denials held in memory");
        meter.CreateObservableGauge(
            "jwtauth.bearer.audit.faults", () => feed.Trail.Faults, "{fault}",
            "How often the issuer's audit trail was noticed to be cut or written anew");
        meter.CreateObservableGauge(
            "jwtauth.bearer.feed.age", () => Of(feed.Denylist.Age), "s", "Since the feed of denials was heard to its end");
    }

    /// <summary>Counts the tokens that a scheme refuses; nothing where there are no metrics.</summary>
    public static Counter<long>? Refusals(IMeterFactory? factory, string scheme) => factory is null ? null
        : MeterOf(factory, scheme).CreateCounter<long>(
            "jwtauth.bearer.refusals", "{token}", "Tokens that were refused, by reason: those of docs/errors.md");

    private static Meter MeterOf(IMeterFactory factory, string scheme) =>
        factory.Create(new MeterOptions(Name) { Tags = [new("scheme", scheme)] });

    private static IEnumerable<Measurement<double>> Of(TimeSpan? age) => age is { } known ? [new(known.TotalSeconds)] : [];
}
