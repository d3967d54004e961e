using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using System.Text.Json;
using System.Text.RegularExpressions;
using JwtAuth.Tests.Hosting;

namespace JwtAuth.Tests.Deployment;

/// <summary>The metrics that the running service has, and the files that name them.</summary>
public sealed partial class DashboardTests
{
    private static readonly string[] Meters = ["JwtAuth", "JwtAuth.Bearer", "Microsoft.AspNetCore.Hosting", "System.Runtime"];

    [Fact]
    public async Task Every_query_of_the_dashboard_names_a_metric_that_exists_and_every_metric_of_ours_is_in_it_and_in_the_page()
    {
        Dictionary<string, string[]> metrics = await MetricsAsync();
        string dashboard = await ReadAsync("deploy/grafana/jwtauth.json"), page = await ReadAsync("docs/operations.md");
        string[] queries = [.. QueriesOf(JsonDocument.Parse(dashboard).RootElement)];

        queries.Should().HaveCountGreaterThan(20);
        foreach (string query in queries)
        {
            string[] named = [.. Name().Matches(query).Select(match => match.Value)];
            named.Should().NotBeEmpty(query).And.BeSubsetOf(metrics.Values.SelectMany(names => names), query);
        }
        foreach ((string metric, string[] names) in metrics.Where(metric => metric.Key.StartsWith("jwtauth.", StringComparison.Ordinal)))
        {
            page.Should().Contain($"| `{metric}` |");
            queries.Should().Contain(query => names.Any(name => query.Contains(name)), metric);
        }
        // What the page asks Prometheus exists too.
        Name().Matches(page).Select(match => match.Value).Should().NotBeEmpty()
            .And.BeSubsetOf(metrics.Values.SelectMany(names => names));
    }

    private static Task<string> ReadAsync(string file) =>
        File.ReadAllTextAsync(Path.Combine(Repository.Root, file), TestContext.Current.CancellationToken);

    private static IEnumerable<string> QueriesOf(JsonElement element) => element.ValueKind switch
    {
        JsonValueKind.Array => element.EnumerateArray().SelectMany(QueriesOf),
        JsonValueKind.Object => element.EnumerateObject().SelectMany(member =>
            member.Name == "expr" ? [member.Value.GetString()!] : QueriesOf(member.Value)),
        _ => [],
    };

    /// <summary>Each metric, with its names in Prometheus.</summary>
    private static async Task<Dictionary<string, string[]>> MetricsAsync()
    {
        ConcurrentBag<Instrument> heard = [];
        using var listener = new MeterListener
        {
            InstrumentPublished = (instrument, _) =>
            {
                if (Meters.Contains(instrument.Meter.Name))
                    heard.Add(instrument);
            },
        };
        listener.Start();
        await using var host = new ServerHost();
        using HttpClient http = host.Connect();
        (await http.AskAsync("GET", "/me")).Status.Should().Be(401);
        // Other tests run in this process, and have services and APIs of their own.
        IMeterFactory own = host.Get<IMeterFactory>();
        return heard.Where(instrument => instrument.Meter.Scope is null || instrument.Meter.Scope == own)
            .DistinctBy(instrument => instrument.Name).ToDictionary(instrument => instrument.Name, InPrometheus);
    }

    // https://opentelemetry.io/docs/specs/otel/compatibility/prometheus_and_openmetrics/
    private static string[] InPrometheus(Instrument instrument)
    {
        string unit = instrument.Unit switch { "s" => "_seconds", "By" => "_bytes", _ => "" };
        string name = instrument.Name.Replace('.', '_') + unit;
        string kind = instrument.GetType().Name;
        return kind.StartsWith("Histogram", StringComparison.Ordinal) ? [$"{name}_bucket", $"{name}_sum", $"{name}_count"]
            : kind.Contains("UpDown", StringComparison.Ordinal) || kind.Contains("Gauge", StringComparison.Ordinal) ? [name]
            : [$"{name}_total"];
    }

    [GeneratedRegex(@"\b(jwtauth|http_server|dotnet)_\w+")]
    private static partial Regex Name();
}
