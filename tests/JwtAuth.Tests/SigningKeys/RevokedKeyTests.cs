using JwtAuth.Bearer.Keys;
using JwtAuth.Server.SigningKeys;
using JwtAuth.Server.Storage;
using JwtAuth.Tests.Attacks;
using JwtAuth.Tests.Hosting;

namespace JwtAuth.Tests.SigningKeys;

public sealed class RevokedKeyTests
{
    [Theory, Trait("row", "KEY-04")]
    [InlineData(SignatureAlgorithm.ES256, true)]
    [InlineData(SignatureAlgorithm.ES256, false)]
    [InlineData(SignatureAlgorithm.RS256, true)]
    [InlineData(SignatureAlgorithm.HS256, true)]
    public async Task What_a_retired_key_signed_lives_and_what_a_revoked_key_signed_does_not_and_the_key_never_comes_back(
        SignatureAlgorithm algorithm, bool keepsDenylist)
    {
        await using ServerHost host = new ServerHost()
            .With("JwtAuth:SigningKeys:Algorithm", $"{algorithm}").With("JwtAuth:Denylist:Enabled", $"{keepsDenylist}");
        var forge = new Forge(host);
        SigningKey stolen = forge.Key;
        string token = forge.Live();
        using HttpClient client = host.Connect();
        KeySchedule schedule = host.Get<KeySchedule>();

        (await ChangeAsync(ring => schedule.Retire(ring, stolen.KeyId))).Should().BeTrue();
        await host.Get<SigningKeyRing>().LoadAsync(TestContext.Current.CancellationToken);
        (await client.StatusOfMeAsync(token)).Should().Be(200, "as a matter of routine");
        string next = forge.Live();

        (await ChangeAsync(ring => schedule.Revoke(ring, stolen.KeyId))).Should().BeTrue();
        (await client.StatusOfMeAsync(token))
            .Should().BeOneOf(keepsDenylist ? [401] : [200, 401], "the log is heard at once, also before the ring is read again");
        await host.Get<SigningKeyRing>().LoadAsync(TestContext.Current.CancellationToken);
        (await client.StatusOfMeAsync(token)).Should().Be(401);
        (await client.StatusOfMeAsync(next)).Should().Be(200, "its successor's tokens are not concerned");
        (await client.AskAsync("GET", "/.well-known/jwks.json")).Body.Should().NotContain(stolen.KeyId);

        // Long after the last of its tokens is dead, it is still known for what it is.
        host.Time.SetClock(host.Time.GetUtcNow() + KeySchedule.Retention);
        await host.Get<SigningKeyRing>().AdvanceAsync(TestContext.Current.CancellationToken);
        (await ChangeAsync(ring => schedule.Revoke(ring, stolen.KeyId))).Should().BeFalse();
        (await ChangeAsync(ring => schedule.Revoke(ring, "unknown"))).Should().BeFalse();
        (await ChangeAsync(ring => schedule.Retire(ring, stolen.KeyId))).Should().BeFalse();
        (await ChangeAsync(ring => schedule.TryAdd(ring, stolen, host.Time.GetUtcNow()))).Should().BeFalse();
        (await ChangeAsync(ring => schedule.TryAdd(ring, SigningKey.Generate(algorithm), host.Time.GetUtcNow()))).Should().BeTrue();

        Task<bool> ChangeAsync(Func<List<SigningKeyRow>, bool> change) =>
            host.Get<SigningKeyStore>().ChangeAsync(change, TestContext.Current.CancellationToken);
    }
}
