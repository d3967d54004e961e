using System.Text;
using JwtAuth.Bearer;
using JwtAuth.Bearer.Keys;
using JwtAuth.Server.SigningKeys;
using JwtAuth.Tests.Apis;
using JwtAuth.Tests.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;

namespace JwtAuth.Tests.Keys;

/// <summary>The keys that an API reads from its issuer: when, how often, and what a token meets meanwhile.</summary>
public sealed class PublishedKeysTests
{
    private static readonly TimeSpan MaxAge = TimeSpan.FromSeconds(60);

    [Theory]
    [InlineData("public, max-age=60", 60)]
    [InlineData("max-age=86400", 300)]
    [InlineData("max-age=0", 1)]
    [InlineData("no-cache, max-age=60", 300)]
    [InlineData(null, 300)]
    [Trait("row", "KEY-12")]
    public async Task The_keys_are_read_at_the_start_and_again_when_they_are_no_longer_fresh(string? cacheControl, int seconds)
    {
        var time = new WatchedTime();
        await using Issuer issuer = await Issuer.StartAsync(time, SigningKey.Generate(SignatureAlgorithm.ES256));
        issuer.CacheControl = cacheControl;
        await using var api = new ApiHost(issuer.Url) { Time = time };
        using HttpClient client = api.Connect();
        TimeSpan freshFor = TimeSpan.FromSeconds(seconds);

        await time.BegunAsync(freshFor);
        issuer.Fetches.Should().Be(1);
        time.Manual.Advance(freshFor - TimeSpan.FromMilliseconds(1));
        time.Begun(freshFor).Should().Be(1, "a millisecond is missing");
        time.Manual.Advance(TimeSpan.FromMilliseconds(1));
        await time.BegunAsync(freshFor, 2);
        issuer.Fetches.Should().Be(2);
    }

    [Fact]
    [Trait("row", "KEY-12")]
    public async Task A_token_whose_kid_is_not_known_has_the_keys_read_at_once_and_is_accepted_if_it_is_there_now()
    {
        (WatchedTime time, SigningKey known, SigningKey next, SigningKey never) = (new(), NewKey(), NewKey(), NewKey());
        await using Issuer issuer = await Issuer.StartAsync(time, known);
        await using var api = new ApiHost(issuer.Url) { Time = time };
        using HttpClient client = api.Connect();
        await time.BegunAsync(MaxAge);

        issuer.Publish(known, next);
        (await client.AskWithAsync(issuer.Token(next))).Status.Should().Be(200);
        issuer.Fetches.Should().Be(2);
        (await client.AskWithAsync(issuer.Token(known))).Status.Should().Be(200);
        (await client.AskWithAsync(issuer.Token(never))).ShouldBeRefused(401, "unknown_key");
        issuer.Fetches.Should().Be(3);
    }

    [Fact]
    [Trait("row", "KEY-12")]
    public async Task A_flood_of_unknown_kids_has_the_keys_read_once_in_the_cool_down()
    {
        (WatchedTime time, SigningKey known) = (new(), NewKey());
        await using Issuer issuer = await Issuer.StartAsync(time, known);
        await using var api = new ApiHost(issuer.Url) { Time = time };
        using HttpClient client = api.Connect();
        await time.BegunAsync(MaxAge);

        await FloodAsync(client, issuer, 1000);
        issuer.Fetches.Should().Be(2);
        time.Manual.Advance(PublishedKeys.CoolDown - TimeSpan.FromMilliseconds(1));
        await FloodAsync(client, issuer, 64);
        issuer.Fetches.Should().Be(2, "the cool-down is not over");
        time.Manual.Advance(TimeSpan.FromMilliseconds(1));
        await FloodAsync(client, issuer, 64);
        issuer.Fetches.Should().Be(3);
        (await client.AskWithAsync(issuer.Token(known))).Status.Should().Be(200);
    }

    [Fact]
    public async Task Callers_that_come_in_the_moment_a_fruitless_fetch_ends_do_not_begin_another()
    {
        SigningKey key = NewKey();
        string set = Encoding.UTF8.GetString(JsonWebKeys.WriteSet([(key.KeyId, key.Algorithm, key.ExportPublic()!)]));
        for (int round = 0; round < 50; round++)
        {
            int fetches = 0;
            var keys = new PublishedKeys(
                (_, _) => Task.FromResult(Counted()), [], secretsAreAnnounced: false, new ManualTime(), NullLogger.Instance);
            (await keys.CatchUpAsync(keys.Version)).Should().BeTrue("the first brings the key");

            await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => Task.Run(async () =>
            {
                for (int call = 0; call < 200; call++)
                    await keys.CatchUpAsync(keys.Version);
            })));

            fetches.Should().Be(2, "the one that brought the key, and one that brought nothing new");

            FetchedKeySet Counted()
            {
                Interlocked.Increment(ref fetches);
                return new FetchedKeySet(set, FreshFor: null);
            }
        }
    }

    [Fact]
    public async Task A_rotation_that_the_issuer_announces_does_not_wait_for_the_cool_down_of_a_flood()
    {
        (WatchedTime time, SigningKey known, SigningKey next) = (new(), NewKey(), NewKey());
        await using Issuer issuer = await Issuer.StartAsync(time, known);
        await using var api = new ApiHost(issuer.Url) { Time = time };
        using HttpClient client = api.Connect();
        await time.BegunAsync(MaxAge);
        await FloodAsync(client, issuer, 64);

        issuer.Publish(known, next);
        api.Services.GetRequiredKeyedService<RemoteIssuer>("Bearer").Keys.Announce("another set", []);
        (await client.AskWithAsync(issuer.Token(next))).Status.Should().Be(200);
        issuer.Fetches.Should().Be(3);
        (await client.AskWithAsync(issuer.Token(NewKey()))).ShouldBeRefused(401, "unknown_key");
        issuer.Fetches.Should().Be(3, "the flood's cool-down goes on");
    }

    [Fact]
    public async Task Tokens_of_a_new_key_that_come_together_start_no_cool_down()
    {
        (WatchedTime time, SigningKey known) = (new(), NewKey());
        await using Issuer issuer = await Issuer.StartAsync(time, known);
        await using var api = new ApiHost(issuer.Url) { Time = time };
        using HttpClient client = api.Connect();
        await time.BegunAsync(MaxAge);

        for (int rotation = 0; rotation < 10; rotation++)
        {
            SigningKey next = NewKey();
            issuer.Publish(known, next);
            Reply[] replies = await Task.WhenAll(Enumerable.Range(0, 64).Select(_ => client.AskWithAsync(issuer.Token(next))));
            replies.Should().OnlyContain(reply => reply.Status == 200, "the time stands still, so that a cool-down would never end");
        }
    }

    [Fact]
    public async Task A_key_that_did_not_change_stays_the_same_object()
    {
        (WatchedTime time, SigningKey known, SigningKey next) = (new(), NewKey(), NewKey());
        await using Issuer issuer = await Issuer.StartAsync(time, known);
        await using var api = new ApiHost(issuer.Url) { Time = time };
        using HttpClient client = api.Connect();
        await time.BegunAsync(MaxAge);
        PublishedKeys keys = api.Services.GetRequiredKeyedService<RemoteIssuer>("Bearer").Keys;
        VerificationKey before = Find(known)!;

        issuer.Publish(next, known);
        time.Manual.Advance(MaxAge);
        await time.BegunAsync(MaxAge, 2);
        Find(next).Should().NotBeNull();
        Find(known).Should().BeSameAs(before);

        issuer.Publish(next);
        time.Manual.Advance(MaxAge);
        await time.BegunAsync(MaxAge, 3);
        Find(known).Should().BeNull();

        VerificationKey? Find(SigningKey key) => keys.Find(Encoding.UTF8.GetBytes(key.KeyId), key.Algorithm);
    }

    private static SigningKey NewKey() => SigningKey.Generate(SignatureAlgorithm.ES256);

    private static async Task FloodAsync(HttpClient client, Issuer issuer, int count)
    {
        await Parallel.ForAsync(0, count, new ParallelOptions
        {
            MaxDegreeOfParallelism = 64,
            CancellationToken = TestContext.Current.CancellationToken,
        }, async (number, _) =>
        {
            string token = issuer.Token(SigningKey.FromPrivate(SignatureAlgorithm.HS256, new byte[32], $"kid-{number}"));
            (await client.AskWithAsync(token)).Status.Should().BeOneOf(401, 503);
        });
    }
}
