using System.Collections.Concurrent;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace JwtAuth.Tests.Hosting;

/// <summary>
/// A collector that takes OTLP over HTTP and keeps the bytes. In protobuf a text is its own bytes, so that a test can look for one.
/// </summary>
internal sealed class OtlpReceiver : IAsyncDisposable
{
    private readonly ConcurrentQueue<(string Path, string Text)> received = new();
    private readonly WebApplication app;

    private OtlpReceiver()
    {
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        app = builder.Build();
        app.Run(KeepAsync);
    }

    public string Url => app.Urls.Single();

    /// <summary>How many calls came, to any path.</summary>
    public int Calls => received.Count;

    /// <summary>The status of every answer.</summary>
    public int Status { get; set; } = StatusCodes.Status200OK;

    public string Traces => TextOf("/v1/traces");

    public string Metrics => TextOf("/v1/metrics");

    /// <summary>All that came, of whatever kind.</summary>
    public string Everything => string.Concat(received.Select(call => call.Path + call.Text));

    public static async Task<OtlpReceiver> StartAsync()
    {
        var receiver = new OtlpReceiver();
        await receiver.app.StartAsync(TestContext.Current.CancellationToken);
        return receiver;
    }

    public async ValueTask DisposeAsync()
    {
        await app.StopAsync(new CancellationToken(canceled: true));
        await app.DisposeAsync();
    }

    private string TextOf(string path) => string.Concat(received.Where(call => call.Path == path).Select(call => call.Text));

    private async Task KeepAsync(HttpContext context)
    {
        var body = new MemoryStream();
        await context.Request.Body.CopyToAsync(body, context.RequestAborted);
        string headers = string.Join('\n', context.Request.Headers.Select(header => $"{header.Key}: {header.Value}"));
        received.Enqueue((context.Request.Path, headers + Encoding.Latin1.GetString(body.ToArray())));
        context.Response.StatusCode = Status;
    }
}
