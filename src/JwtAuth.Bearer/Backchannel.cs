using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Security.Cryptography;
using System.Text;
using JwtAuth.Bearer.Denials;
using JwtAuth.Bearer.Keys;

namespace JwtAuth.Bearer;

/// <summary>The calls of an API to its issuer. Each has a limit of time and of size, and none follows redirects.</summary>
internal sealed class Backchannel : IDisposable
{
    private const int LargestReply = 16 * 1024 * 1024;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);
    private static readonly CacheControlHeaderValue FromTheIssuer = new() { NoCache = true };

    // Tells the processes of one API apart, and nothing else.
    private readonly string instance = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(8));
    private readonly HttpClient client;
    private readonly AuthenticationHeaderValue? credentials;
    private readonly TimeProvider time;

    public Backchannel(JwtAuthBearerOptions options, TimeProvider time)
    {
        this.time = time;
        client = options.BackchannelHttpHandler is { } given
            ? new HttpClient(given, disposeHandler: false)
            : new HttpClient(new SocketsHttpHandler
            {
                AllowAutoRedirect = false,
                UseCookies = false,
                ConnectTimeout = Patience,
                PooledConnectionLifetime = TimeSpan.FromMinutes(5),
            });
        client.BaseAddress = new Uri(options.Authority + "/");
        client.Timeout = Timeout.InfiniteTimeSpan; // each call has its own
        client.MaxResponseContentBufferSize = LargestReply;
        client.DefaultRequestHeaders.UserAgent.ParseAdd("JwtAuth.Bearer");
        if (options.ClientId is not null)
            credentials = BasicOf(options.ClientId, options.ClientSecret ?? "");
    }

    /// <summary>The issuer's public keys (RFC 7517 §5).</summary>
    /// <param name="isMissed">Whether a key is missed in the last set. Then no cache may answer (RFC 9111 §5.2.1.4).</param>
    /// <param name="stopping">Ends the call.</param>
    /// <exception cref="HttpRequestException">There was no answer, or its status was not 200.</exception>
    public Task<FetchedKeySet> FetchKeysAsync(bool isMissed, CancellationToken stopping) =>
        AskAsync(Request(".well-known/jwks.json", isMissed ? FromTheIssuer : null), Patience, async (reply, cancellation) =>
            new FetchedKeySet(await reply.Content.ReadAsStringAsync(cancellation), FreshnessOf(reply.Headers),
                reply.Headers.ETag?.Tag.Trim('"')), stopping);

    /// <summary>
    /// The part of the feed of denials that follows a cursor. The call says which key set this process holds; an issuer of an older version
    /// does not look at that.
    /// </summary>
    /// <exception cref="HttpRequestException">There was no answer, or its status was not 200.</exception>
    public Task<DenialPage> ReadDenialsAsync(string? cursor, TimeSpan wait, string? heldKeys, CancellationToken stopping) => AskAsync(
        Request(string.Create(CultureInfo.InvariantCulture,
            $"denials?wait={wait.TotalSeconds}&listener={instance}{Parameter("cursor", cursor)}{Parameter("keys", heldKeys)}"),
            FromTheIssuer, credentials),
        wait + Patience,
        async (reply, cancellation) => await reply.Content.ReadFromJsonAsync(FeedJson.Default.DenialPage, cancellation)
            ?? throw new InvalidDataException("the feed is empty"), stopping);

    public void Dispose() => client.Dispose();

    // A cache on the way may have had it for a while (RFC 9111 §4.2.3).
    private static TimeSpan? FreshnessOf(HttpResponseHeaders headers) =>
        headers.CacheControl is { NoCache: false, MaxAge: { } lifetime } ? lifetime - (headers.Age ?? TimeSpan.Zero) : null;

    private static string Parameter(string name, string? value) => value is null ? "" : $"&{name}={Uri.EscapeDataString(value)}";

    private static HttpRequestMessage Request(
        string path, CacheControlHeaderValue? caches, AuthenticationHeaderValue? authorization = null) =>
        new(HttpMethod.Get, path) { Headers = { CacheControl = caches, Authorization = authorization } };

    private async Task<T> AskAsync<T>(HttpRequestMessage request, TimeSpan patience,
        Func<HttpResponseMessage, CancellationToken, Task<T>> read, CancellationToken stopping)
    {
        using var late = new CancellationTokenSource(patience, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(late.Token, stopping);
        using HttpRequestMessage asked = request;
        string call = $"{client.BaseAddress}{request.RequestUri!.OriginalString.Split('?')[0]}";
        try
        {
            using HttpResponseMessage reply = await client.SendAsync(asked, either.Token);
            return reply.StatusCode == HttpStatusCode.OK
                ? await read(reply, either.Token)
                : throw new HttpRequestException($"{call} answered {(int)reply.StatusCode}"
                    + (request.Headers.Authorization is null ? "" : RemedyFor(reply.StatusCode)));
        }
        catch (OperationCanceledException) when (late.IsCancellationRequested)
        {
            throw new HttpRequestException($"{call} did not answer in {patience.TotalSeconds} s");
        }
    }

    private static string RemedyFor(HttpStatusCode status) => status switch
    {
        HttpStatusCode.Unauthorized => ": compare JwtAuth:ClientId and JwtAuth:ClientSecret with JwtAuth:Clients of the issuer",
        HttpStatusCode.BadRequest => ": may this client read denials (JwtAuth:Clients, May: denials)?",
        _ => "",
    };

    // Both halves are form-encoded before they become base64 (RFC 6749 §2.3.1).
    private static AuthenticationHeaderValue BasicOf(string id, string secret) =>
        new("Basic", Convert.ToBase64String(Encoding.ASCII.GetBytes($"{WebUtility.UrlEncode(id)}:{WebUtility.UrlEncode(secret)}")));
}
