using System.Buffers.Text;
using System.Text;
using JwtAuth.Server.AccessTokens;
using JwtAuth.Server.SigningKeys;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace JwtAuth.Tests.Hosting;

/// <summary>
/// An issuer that a test can script: it publishes what it is told to, as badly as it is told to, and signs with keys that the test made.
/// </summary>
internal sealed class Issuer : IAsyncDisposable
{
    private readonly WebApplication app;
    private readonly TimeProvider time;
    private readonly Lock guard = new();
    private readonly List<(int Times, TaskCompletionSource Reached)> waiting = [];
    private int fetches;

    private Issuer(TimeProvider time)
    {
        this.time = time;
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        app = builder.Build();
        app.Run(AnswerAsync);
    }

    public string Url => app.Urls.Single();

    /// <summary>How often the keys were asked for.</summary>
    public int Fetches => Volatile.Read(ref fetches);

    /// <summary>How often anything else was.</summary>
    public int OtherCalls { get; private set; }

    /// <summary>The JWK Set that is published.</summary>
    public string JsonWebKeySet { get; set; } = "";

    public string? CacheControl { get; set; } = "public, max-age=60";

    /// <summary>What happens instead of a good answer.</summary>
    public Func<HttpContext, Task>? Instead { get; set; }

    public static async Task<Issuer> StartAsync(TimeProvider time, params SigningKey[] published)
    {
        var issuer = new Issuer(time);
        issuer.Publish(published);
        await issuer.app.StartAsync(TestContext.Current.CancellationToken);
        return issuer;
    }

    public void Publish(params SigningKey[] keys) =>
        JsonWebKeySet = Encoding.UTF8.GetString(JsonWebKeys.WriteSet(keys.Select(key => (key.KeyId, key.Algorithm, key.ExportPublic()!))));

    /// <summary>Waits until the keys have been asked for so often.</summary>
    public Task FetchedAsync(int times)
    {
        lock (guard)
        {
            var reached = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            if (fetches >= times)
                reached.SetResult();
            else
                waiting.Add((times, reached));
            return reached.Task.WaitAsync(TestContext.Current.CancellationToken);
        }
    }

    /// <summary>A token of this issuer, five minutes long.</summary>
    public string Token(SigningKey key, string audience = "orders", string subject = "YWxpY2U",
        string members = "\"scope\":\"orders:read\",\"roles\":[\"clerk\"]")
    {
        long now = time.GetUtcNow().ToUnixTimeSeconds();
        string input = $"{Encode($$"""{"alg":"{{key.Algorithm}}","kid":"{{key.KeyId}}","typ":"at+jwt"}""")}.{Encode($$"""
            {"iss":"{{Url}}","sub":"{{subject}}","aud":"{{audience}}","exp":{{now + 300}},"nbf":{{now}},"iat":{{now}},
            "jti":"{{TokenIssuer.NewId()}}","client_id":"jwtauth","username":"alice","sid":"c2Vzc2lvbg","gen":0,{{members}}}
            """)}";
        byte[] signature = new byte[key.SignatureLength];
        key.Sign(Encoding.ASCII.GetBytes(input), signature);
        return $"{input}.{Base64Url.EncodeToString(signature)}";

        static string Encode(string text) => Base64Url.EncodeToString(Encoding.UTF8.GetBytes(text));
    }

    public async ValueTask DisposeAsync()
    {
        await app.StopAsync(new CancellationToken(canceled: true));
        await app.DisposeAsync();
    }

    private async Task AnswerAsync(HttpContext context)
    {
        if (context.Request.Path != "/.well-known/jwks.json")
        {
            OtherCalls++;
            await context.Response.WriteAsync(JsonWebKeySet);
            return;
        }
        lock (guard)
        {
            fetches++;
            waiting.FindAll(waiter => waiter.Times <= fetches).ForEach(waiter => waiter.Reached.TrySetResult());
        }
        if (Instead is { } instead)
        {
            await instead(context);
            return;
        }
        context.Response.Headers.CacheControl = CacheControl;
        context.Response.ContentType = "application/json";
        await context.Response.WriteAsync(JsonWebKeySet);
    }
}
