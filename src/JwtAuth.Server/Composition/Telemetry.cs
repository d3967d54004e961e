using System.Diagnostics;
using System.Reflection;
using JwtAuth.Bearer;
using JwtAuth.Server.Configuration;
using JwtAuth.Server.Observability;
using OpenTelemetry.Exporter;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;

namespace JwtAuth.Server.Composition;

/// <param name="OtlpEndpoint">Where traces and metrics are sent. <see langword="null"/>: nowhere.</param>
internal sealed record TelemetrySettings(Uri? OtlpEndpoint)
{
    private const string Key = "Telemetry:OtlpEndpoint";

    public static TelemetrySettings Read(SettingValues values)
    {
        if (values[Key] is not { } text)
            return new TelemetrySettings(OtlpEndpoint: null);
        if (Uri.TryCreate(text, UriKind.Absolute, out Uri? endpoint) && endpoint.Scheme is "http" or "https"
            && endpoint.UserInfo.Length == 0 && endpoint.Query.Length == 0 && endpoint.Fragment.Length == 0)
        {
            return new TelemetrySettings(endpoint);
        }
        values.Fault(Key, "is not the URL of a collector, http or https, without credentials, query and fragment",
            "write it like http://127.0.0.1:4318 (OTLP over HTTP; headers come from OTEL_EXPORTER_OTLP_HEADERS), or remove it");
        return new TelemetrySettings(OtlpEndpoint: null);
    }
}

/// <summary>
/// OpenTelemetry, if an endpoint is configured: spans and metrics of ours, of ASP.NET Core, and metrics of the runtime, by OTLP over HTTP.
/// Without one nothing of it is made, nor even loaded.
/// </summary>
internal static class Telemetry
{
    private static readonly HashSet<string> Kept = new(StringComparer.Ordinal)
    {
        "http.request.method", "http.response.status_code", "http.route", "url.scheme", "network.protocol.version", "error.type",
    };

    public static void Add(IServiceCollection services, TelemetrySettings settings)
    {
        if (settings.OtlpEndpoint is { } endpoint)
            AddSdk(services, endpoint);
    }

    private static void AddSdk(IServiceCollection services, Uri endpoint)
    {
        string? version = typeof(Telemetry).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion;
        services.AddOpenTelemetry()
            .ConfigureResource(resource => resource.AddService("jwtauth", serviceVersion: version).AddEnvironmentVariableDetector())
            .WithTracing(tracing =>
            {
                // Otherwise whoever calls decides which requests are seen, by a header.
                if (string.IsNullOrEmpty(Environment.GetEnvironmentVariable("OTEL_TRACES_SAMPLER")))
                    tracing.SetSampler(new AlwaysOnSampler());
                tracing.AddSource(Traces.Name)
                    .AddAspNetCoreInstrumentation(options =>
                    {
                        options.Filter = context => !context.Request.Path.StartsWithSegments("/health", StringComparison.Ordinal);
                        options.EnrichWithHttpRequest = (span, _) => span.TraceStateString = null; // before other spans take it over
                        options.EnrichWithHttpResponse = (span, _) => TakeWhatWasSent(span); // the last act
                    })
                    .AddOtlpExporter(options => Configure(options, endpoint, "v1/traces"));
            })
            .WithMetrics(metrics => metrics
                .AddMeter(Meters.Name, BearerMeasures.Name, "System.Runtime")
                .AddAspNetCoreInstrumentation()
                .AddOtlpExporter(options => Configure(options, endpoint, "v1/metrics")));
    }

    private static void Configure(OtlpExporterOptions options, Uri endpoint, string signal)
    {
        options.Protocol = OtlpExportProtocol.HttpProtobuf;
        options.Endpoint = new Uri($"{endpoint.AbsoluteUri.TrimEnd('/')}/{signal}");
    }

    // Takes from the span of a request what a caller has chosen: path, query, host, agent, address. What is left is a method, a route of
    // ours and a status.
    private static void TakeWhatWasSent(Activity span)
    {
        string[] sent = [.. span.TagObjects.Select(tag => tag.Key).Where(name => !Kept.Contains(name))];
        foreach (string name in sent)
            span.SetTag(name, null);
    }
}
