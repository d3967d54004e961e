using JwtAuth.Bearer.Keys;
using JwtAuth.Server.SigningKeys;
using JwtAuth.Tests.Apis;
using JwtAuth.Tests.Hosting;
using Microsoft.AspNetCore.Http;

namespace JwtAuth.Tests.Keys;

/// <summary>An issuer that is not there, or that answers something else than its keys.</summary>
public sealed class OutageTests
{
    private static readonly TimeSpan MaxAge = TimeSpan.FromSeconds(60), Patience = TimeSpan.FromSeconds(5),
        RetryEvery = TimeSpan.FromSeconds(1);

    [Theory]
    [InlineData("500")]
    [InlineData("nothing")]
    [InlineData("nonsense")]
    [InlineData("no set")]
    [InlineData("empty set")]
    [InlineData("half a set")]
    [InlineData("only a secret")]
    [InlineData("too large")]
    [InlineData("redirect")]
    [InlineData("cut off")]
    [InlineData("no answer")]
    [InlineData("half an answer")]
    [Trait("row", "KEY-12")]
    public async Task The_last_good_keys_stay_in_use_through_an_outage_and_others_are_not_called_unknown(string outage)
    {
        (WatchedTime time, SigningKey known, SigningKey next) = (new(), NewKey(), NewKey());
        await using Issuer issuer = await Issuer.StartAsync(time, known);
        await using var api = new ApiHost(issuer.Url) { Time = time };
        using HttpClient client = api.Connect();
        await time.BegunAsync(MaxAge);
        string seen = issuer.Token(known);
        (await client.AskWithAsync(seen)).Status.Should().Be(200);

        issuer.Publish(known, next);
        issuer.Instead = context => AnswerAsync(context, outage, issuer.JsonWebKeySet);
        time.Manual.Advance(MaxAge);
        await issuer.FetchedAsync(2);
        if (outage is "no answer" or "half an answer")
            time.Manual.Advance(Patience);
        await time.BegunAsync(RetryEvery);

        (await client.AskWithAsync(seen)).Status.Should().Be(200);
        (await client.AskWithAsync(issuer.Token(known))).Status.Should().Be(200);
        Task<Reply> unknown = client.AskWithAsync(issuer.Token(next));
        if (outage is "no answer" or "half an answer")
        {
            await issuer.FetchedAsync(3);
            for (int asked = 3; !unknown.IsCompleted; asked = issuer.Fetches)
            {
                time.Manual.Advance(Patience);
                await Task.WhenAny(unknown, issuer.FetchedAsync(asked + 1));
            }
        }
        (await unknown).ShouldBeRefused(503, "keys_unknown");
        issuer.OtherCalls.Should().Be(0, "no redirect is followed");
        api.Log.All.Count(line => line.Contains("keys could not be read", StringComparison.Ordinal)).Should().Be(1);

        issuer.Instead = null;
        await Hosting.Patience.UntilAsync(async () =>
        {
            time.Manual.Advance(RetryEvery);
            await client.AskAsync("GET", "/public");
            return api.Log.All.Any(line => line.Contains("keys are read again", StringComparison.Ordinal));
        });
        (await client.AskWithAsync(issuer.Token(next))).Status.Should().Be(200);
    }

    [Fact]
    [Trait("row", "KEY-12")]
    public async Task Before_the_keys_have_been_read_a_token_gets_503_and_not_401()
    {
        (WatchedTime time, SigningKey key) = (new(), NewKey());
        await using Issuer issuer = await Issuer.StartAsync(time, key);
        issuer.Instead = context => AnswerAsync(context, "500", "");
        await using var api = new ApiHost(issuer.Url) { Time = time };
        using HttpClient client = api.Connect();
        await time.BegunAsync(RetryEvery);

        (await client.AskWithAsync(issuer.Token(key))).ShouldBeRefused(503, "keys_unknown");
        (await client.AskAsync("GET", "/orders")).Status.Should().Be(401, "it has no token");
        (await client.AskAsync("GET", "/public")).Status.Should().Be(200);
        (await client.AskAsync("GET", "/health")).Status.Should().Be(503);

        issuer.Instead = null;
        time.Manual.Advance(RetryEvery);
        await time.BegunAsync(MaxAge);
        (await client.AskWithAsync(issuer.Token(key))).Status.Should().Be(200);
        (await client.AskAsync("GET", "/health")).Status.Should().Be(200);
    }

    [Fact]
    public async Task A_set_of_a_megabyte_is_read()
    {
        (WatchedTime time, SigningKey key) = (new(), NewKey());
        await using Issuer issuer = await Issuer.StartAsync(time, key);
        issuer.JsonWebKeySet += new string(' ', 1024 * 1024);
        await using var api = new ApiHost(issuer.Url) { Time = time };
        using HttpClient client = api.Connect();
        (await client.AskWithAsync(issuer.Token(key))).Status.Should().Be(200);
    }

    private static SigningKey NewKey() => SigningKey.Generate(SignatureAlgorithm.ES256);

    private static async Task AnswerAsync(HttpContext context, string outage, string good)
    {
        switch (outage)
        {
            case "500":
                context.Response.StatusCode = 500;
                await context.Response.WriteAsync(good);
                break;
            case "redirect":
                context.Response.Redirect("/elsewhere");
                break;
            case "cut off":
                context.Abort();
                break;
            case "no answer":
                await Task.Delay(Timeout.InfiniteTimeSpan, context.RequestAborted).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                break;
            case "half an answer":
                await context.Response.WriteAsync(good[..20]);
                await context.Response.Body.FlushAsync();
                await Task.Delay(Timeout.InfiniteTimeSpan, context.RequestAborted).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                break;
            default:
                await context.Response.WriteAsync(outage switch
                {
                    "nothing" => "",
                    "nonsense" => "<html>a proxy's page</html>",
                    "no set" => "[]",
                    "empty set" => """{"keys":[]}""",
                    "half a set" => good[..(good.Length / 2)],
                    "only a secret" =>
                        """{"keys":[{"kty":"oct","alg":"HS256","kid":"s","k":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"}]}""",
                    _ => good + new string(' ', 17 * 1024 * 1024),
                });
                break;
        }
    }
}
