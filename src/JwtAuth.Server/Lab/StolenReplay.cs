using System.Net;
using System.Net.Http.Headers;
using System.Net.Mime;
using System.Text;
using System.Text.Json;
using JwtAuth.Server.AccessTokens;
using JwtAuth.Server.Authentication;
using Microsoft.AspNetCore.Connections.Features;

namespace JwtAuth.Server.Lab;

/// <summary>The result of trying a stolen copy.</summary>
/// <param name="Status">The status of the answer.</param>
/// <param name="Who">The name that <c>/me</c> gave the thief.</param>
/// <param name="Scheme">The kind of credential that <c>/me</c> reported.</param>
/// <param name="ExpiresAt">When the copy expires.</param>
/// <param name="RetryAfter">How many seconds to wait, if the service cannot answer now.</param>
internal sealed record ReplayReply(
    int Status, string? Who = null, string? Scheme = null, DateTimeOffset? ExpiresAt = null, int? RetryAfter = null);

/// <summary>Sends a stolen copy to this service as anybody could, in a separate request over the network.</summary>
internal sealed class StolenReplay(IssuerSettings issuer, OwnCookies cookies) : IDisposable
{
    private const int MaximumReplyBytes = 64 * 1024;

    // It connects to an address, but expects the certificate of the issuer's host name.
    private readonly HttpClient client = new(
        new SocketsHttpHandler
        {
            UseCookies = false,
            UseProxy = false,
            AllowAutoRedirect = false,
            SslOptions = { TargetHost = new Uri(issuer.Url).Host },
        })
    {
        Timeout = TimeSpan.FromSeconds(20),
        MaxResponseContentBufferSize = MaximumReplyBytes,
    };

    /// <summary>Asks <paramref name="path"/> whom the copy stands for.</summary>
    public async Task<ReplayReply> AskAsync(HttpContext context, StolenCredential copy, string path)
    {
        using HttpRequestMessage request = RequestOf(context, HttpMethod.Get, path, copy);
        using HttpResponseMessage reply = await client.SendAsync(request, context.RequestAborted);
        if (!reply.IsSuccessStatusCode)
            return Refused(reply);
        using JsonDocument me = JsonDocument.Parse(await reply.Content.ReadAsByteArrayAsync(context.RequestAborted));
        JsonElement expiry = me.RootElement.GetProperty("expires_at");
        return new ReplayReply(
            (int)reply.StatusCode, me.RootElement.GetProperty("username").GetString(), me.RootElement.GetProperty("scheme").GetString(),
            expiry.ValueKind == JsonValueKind.Null ? null : expiry.GetDateTimeOffset());
    }

    /// <summary>Exchanges a refresh token for its successor, which the thief then holds.</summary>
    public async Task<(ReplayReply Reply, StolenCredential Copy)> RefreshAsync(HttpContext context, StolenCredential copy)
    {
        using HttpRequestMessage request = RequestOf(context, HttpMethod.Post, "/auth/refresh", copy);
        request.Headers.Add("Origin", issuer.Url);
        request.Content = new StringContent("""{"refresh":"cookie"}""", Encoding.UTF8, MediaTypeNames.Application.Json);
        using HttpResponseMessage reply = await client.SendAsync(request, context.RequestAborted);
        if (!reply.IsSuccessStatusCode)
            return (Refused(reply), copy);
        string? successor = reply.Headers.NonValidated.TryGetValues("Set-Cookie", out HeaderStringValues set)
            ? set.FirstOrDefault(line => line.StartsWith($"{cookies.Refresh}=", StringComparison.Ordinal))?.Split(';')[0]
            : null;
        return (new ReplayReply((int)reply.StatusCode, Scheme: copy.Kind), successor is null ? copy : copy.With(successor));
    }

    public void Dispose() => client.Dispose();

    // The request goes to the local address of the current one.
    private HttpRequestMessage RequestOf(HttpContext context, HttpMethod method, string path, StolenCredential copy)
    {
        var here = (IPEndPoint)context.Features.Get<IConnectionSocketFeature>()!.Socket.LocalEndPoint!;
        var request = new HttpRequestMessage(method, new Uri($"{context.Request.Scheme}://{here}{path}"));
        request.Headers.Host = new Uri(issuer.Url).Authority;
        request.Headers.UserAgent.Add(new ProductInfoHeaderValue("stolen-copy", null));
        request.Headers.TryAddWithoutValidation(copy.Header, copy.Reveal());
        return request;
    }

    private static ReplayReply Refused(HttpResponseMessage reply) =>
        new((int)reply.StatusCode, RetryAfter: reply.Headers.RetryAfter?.Delta is { } wait ? (int)wait.TotalSeconds : null);
}
