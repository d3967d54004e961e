using System.Text;
using JwtAuth.Bearer;
using JwtAuth.Bearer.Keys;
using JwtAuth.Server.SigningKeys;
using JwtAuth.Tests.Apis;
using JwtAuth.Tests.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;

namespace JwtAuth.Tests.Keys;

/// <summary>When a key that was not found is asked for.</summary>
public sealed class CatchUpTests
{
    [Fact]
    public async Task Who_looked_before_others_brought_the_key_looks_again_and_begins_no_cool_down()
    {
        SigningKey[] published = [NewKey()];
        int fetches = 0;
        var keys = new PublishedKeys(
            (_, _) => { fetches++; return Task.FromResult(new FetchedKeySet(SetOf(published), FreshFor: null)); }, [],
            secretsAreAnnounced: false, new ManualTime(), NullLogger.Instance);
        (await keys.CatchUpAsync(keys.Version)).Should().BeTrue();
        for (int rotation = 1; rotation <= 3; rotation++)
        {
            published = [NewKey()];
            long looked = keys.Version;
            (await keys.CatchUpAsync(looked)).Should().BeTrue();
            IsKnown(keys, published[0]).Should().BeTrue();
            fetches.Should().Be(1 + rotation);
            (await keys.CatchUpAsync(looked)).Should().BeTrue("there is more to look through");
            fetches.Should().Be(1 + rotation, "nobody has to be asked for it");
        }

        (await keys.CatchUpAsync(keys.Version)).Should().BeTrue();
        fetches.Should().Be(5, "it was looked for in vain among all that are known");
        (await keys.CatchUpAsync(keys.Version)).Should().BeFalse("that began the cool-down");
        fetches.Should().Be(5);
    }

    [Fact]
    public async Task A_node_that_is_behind_the_announcement_begins_no_cool_down_and_one_that_is_not_does()
    {
        (SigningKey old, SigningKey next) = (NewKey(), NewKey());
        FetchedKeySet answer = new(SetOf([old]), FreshFor: null, Fingerprint: "old");
        int fetches = 0;
        var keys = new PublishedKeys(
            (_, _) => { fetches++; return Task.FromResult(answer); }, [], secretsAreAnnounced: false, new ManualTime(),
            NullLogger.Instance);
        (await keys.CatchUpAsync(keys.Version)).Should().BeTrue();
        keys.Announce("new", []);
        await Patience.UntilAsync(() => Task.FromResult(fetches == 2), "what is announced is fetched");
        keys.IsBehind.Should().BeTrue("another node has answered");

        (await keys.CatchUpAsync(keys.Version)).Should().BeTrue();
        (await keys.CatchUpAsync(keys.Version)).Should().BeTrue("no cool-down has begun");
        IsKnown(keys, next).Should().BeFalse();
        answer = new(SetOf([old, next]), FreshFor: null, Fingerprint: "new");
        (await keys.CatchUpAsync(keys.Version)).Should().BeTrue();

        IsKnown(keys, next).Should().BeTrue();
        (keys.IsBehind, keys.Held).Should().Be((false, "new"));
        (await keys.CatchUpAsync(keys.Version)).Should().BeTrue();
        (await keys.CatchUpAsync(keys.Version)).Should().BeFalse("that began the cool-down");
    }

    [Fact]
    public async Task A_key_that_is_missed_is_asked_of_the_issuer_itself_and_routine_leaves_it_to_the_caches_on_the_way()
    {
        (WatchedTime time, SigningKey known, SigningKey next) = (new(), NewKey(), NewKey());
        await using Issuer issuer = await Issuer.StartAsync(time, known);
        (string old, List<bool> pastCaches) = (issuer.JsonWebKeySet, []);
        // A cache on the way keeps what it has, unless it is told not to.
        issuer.Instead = context =>
        {
            bool isPast = context.Request.Headers.CacheControl == "no-cache";
            lock (pastCaches)
                pastCaches.Add(isPast);
            context.Response.Headers.CacheControl = "public, max-age=60";
            return context.Response.WriteAsync(isPast ? issuer.JsonWebKeySet : old, context.RequestAborted);
        };
        await using var api = new ApiHost(issuer.Url) { Time = time };
        using HttpClient client = api.Connect();
        await time.BegunAsync(TimeSpan.FromSeconds(60));

        issuer.Publish(known, next);
        (await client.AskWithAsync(issuer.Token(next))).Status.Should().Be(200);
        (await client.AskWithAsync(issuer.Token(NewKey()))).ShouldBeRefused(401, "unknown_key");
        pastCaches.Should().Equal(false, true, true);
        api.Services.GetRequiredKeyedService<RemoteIssuer>("Bearer").Keys.Announce("another set", []);
        await issuer.FetchedAsync(4);
        await Patience.UntilAsync(async () =>
        {
            time.Manual.Advance(TimeSpan.FromSeconds(60));
            await client.AskAsync("GET", "/public");
            return issuer.Fetches > 4;
        });
        lock (pastCaches)
            pastCaches[..5].Should().Equal(false, true, true, true, false);
    }

    private static SigningKey NewKey() => SigningKey.Generate(SignatureAlgorithm.ES256);

    private static string SetOf(SigningKey[] keys) =>
        Encoding.UTF8.GetString(JsonWebKeys.WriteSet(keys.Select(key => (key.KeyId, key.Algorithm, key.ExportPublic()!))));

    private static bool IsKnown(PublishedKeys keys, SigningKey key) =>
        keys.Find(Encoding.UTF8.GetBytes(key.KeyId), key.Algorithm) is not null;
}
