using System.Text;
using JwtAuth.Bearer.Keys;
using JwtAuth.Server.SigningKeys;
using JwtAuth.Tests.Hosting;
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
            _ => { fetches++; return Task.FromResult(new FetchedKeySet(SetOf(published), FreshFor: null)); }, [],
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

    private static SigningKey NewKey() => SigningKey.Generate(SignatureAlgorithm.ES256);

    private static string SetOf(SigningKey[] keys) =>
        Encoding.UTF8.GetString(JsonWebKeys.WriteSet(keys.Select(key => (key.KeyId, key.Algorithm, key.ExportPublic()!))));

    private static bool IsKnown(PublishedKeys keys, SigningKey key) =>
        keys.Find(Encoding.UTF8.GetBytes(key.KeyId), key.Algorithm) is not null;
}
