using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using JwtAuth.Bearer.AccessTokens;
using JwtAuth.Bearer.Keys;
using JwtAuth.Server.Accounts;
using JwtAuth.Server.Sealing;
using JwtAuth.Server.SigningKeys;
using JwtAuth.Tests.Attacks;
using JwtAuth.Tests.Hosting;
using Microsoft.Extensions.Logging.Abstractions;

namespace JwtAuth.Tests.SigningKeys;

/// <summary>The ring over a real database, and what of it is seen from outside.</summary>
public sealed partial class SigningKeyRingTests
{
    [Theory]
    [InlineData(SignatureAlgorithm.ES256)]
    [InlineData(SignatureAlgorithm.HS256)]
    [Trait("row", "KEY-05")]
    public async Task Rings_that_begin_at_once_on_one_empty_database_end_with_one_key(SignatureAlgorithm algorithm)
    {
        await using var host = new ServerHost().With("JwtAuth:SigningKeys:Algorithm", "RS256");
        SigningKeyRing[] rings = [.. Enumerable.Range(0, 8).Select(_ => RingOf(host, algorithm))];
        await Task.WhenAll(rings.Select(ring => ring.BeginAsync(TestContext.Current.CancellationToken)));
        rings.Select(ring => ring.Signer(forAccount: true).KeyId).Distinct().Should().ContainSingle();
        (await host.Get<SigningKeyStore>().ListAsync(TestContext.Current.CancellationToken)).Count(row => row.RetiredAt is null)
            .Should().Be(1);

        byte[] signature = new byte[rings[0].Signer(forAccount: true).SignatureLength];
        rings[0].Signer(forAccount: true).Sign("input"u8, signature);
        rings.Should().OnlyContain(ring => Verifies(ring, rings[0].Signer(true).KeyId, signature));
    }

    [Fact]
    public async Task What_another_process_changed_is_seen_at_the_next_load()
    {
        await using var host = new ServerHost().With("JwtAuth:SigningKeys:Algorithm", "ES256");
        SigningKeyRing here = RingOf(host, SignatureAlgorithm.ES256), there = RingOf(host, SignatureAlgorithm.ES256);
        await here.AdvanceAsync(TestContext.Current.CancellationToken);
        await there.AdvanceAsync(TestContext.Current.CancellationToken);
        string before = here.Signer(true).KeyId;
        ReadOnlyMemory<byte> published = here.JsonWebKeySet;

        await here.LoadAsync(TestContext.Current.CancellationToken);
        here.JsonWebKeySet.Should().Be(published, "nothing has changed, so nothing is rebuilt");

        SigningKey added = SigningKey.Generate(SignatureAlgorithm.ES256);
        KeySchedule schedule = ScheduleOf(host, SignatureAlgorithm.ES256);
        await host.Get<SigningKeyStore>()
            .ChangeAsync(ring => schedule.TryAdd(ring, added, host.Time.GetUtcNow()), TestContext.Current.CancellationToken);
        here.Signer(true).KeyId.Should().Be(before);
        await here.LoadAsync(TestContext.Current.CancellationToken);
        here.Signer(true).KeyId.Should().Be(added.KeyId);
        here.Find(Encoding.UTF8.GetBytes(before), SignatureAlgorithm.ES256)!.RetiredAt.Should().Be(host.Time.GetUtcNow());
        there.Find(Encoding.UTF8.GetBytes(added.KeyId), SignatureAlgorithm.ES256).Should().BeNull("it has not looked yet");
        await there.LoadAsync(TestContext.Current.CancellationToken);
        there.Find(Encoding.UTF8.GetBytes(added.KeyId), SignatureAlgorithm.ES256).Should().NotBeNull();
    }

    [Fact]
    public async Task A_key_is_found_by_exactly_its_kid()
    {
        await using var host = new ServerHost().With("JwtAuth:SigningKeys:Algorithm", "ES256");
        SigningKeyRing ring = host.Get<SigningKeyRing>();
        string keyId = ring.Signer(true).KeyId;
        ring.Find(Encoding.UTF8.GetBytes(keyId), SignatureAlgorithm.ES256).Should().NotBeNull();
        foreach (string other
            in new[] { "", keyId[..^1], keyId + " ", keyId + "\0", keyId.ToUpperInvariant(), keyId.ToLowerInvariant(), "../" + keyId })
        {
            ring.Find(Encoding.UTF8.GetBytes(other), SignatureAlgorithm.ES256).Should().BeNull(other);
        }
    }

    [Theory]
    [InlineData(SignatureAlgorithm.RS256)]
    [InlineData(SignatureAlgorithm.ES256)]
    [InlineData(SignatureAlgorithm.HS256)]
    [Trait("row", "KEY-03")]
    public async Task A_retired_keys_tokens_live_until_they_expire_and_one_issued_after_its_retirement_is_refused(
        SignatureAlgorithm algorithm)
    {
        await using var host = new ServerHost()
            .With("JwtAuth:SigningKeys:Algorithm", $"{algorithm}").With("JwtAuth:AccessTokens:Lifetime", "00:30:00");
        var forge = new Forge(host);
        SigningKey stolen = forge.Key;
        string before = forge.Live();
        SigningKeyRing ring = host.Get<SigningKeyRing>();
        KeySchedule schedule = host.Get<KeySchedule>();
        await host.Get<SigningKeyStore>().ChangeAsync(rows => schedule.Retire(rows, stolen.KeyId), TestContext.Current.CancellationToken);
        await ring.LoadAsync(TestContext.Current.CancellationToken);

        string Old() => Forge.SignParts(
            Forge.Encode(Changed(forge.Header(), "kid", stolen.KeyId)), Forge.Encode(forge.Claims().ToJsonString()), stolen);
        Verdict(host, before).Should().BeNull();
        Verdict(host, forge.Live()).Should().BeNull("another key signs now");
        // Skew (30 s) and notice (10 s): a process that has not heard of the retirement may sign that long.
        host.Time.SetClock(host.Time.GetUtcNow() + TimeSpan.FromSeconds(40));
        Verdict(host, Old()).Should().BeNull();
        host.Time.SetClock(host.Time.GetUtcNow() + TimeSpan.FromSeconds(1));
        Verdict(host, Old()).Should().BeSameAs(TokenRejection.KeyRetired);
        Verdict(host, before).Should().BeNull();
        (await StatusAsync(host, Old())).Should().Be(HttpStatusCode.Unauthorized);
        (await StatusAsync(host, before)).Should().Be(HttpStatusCode.OK);

        host.Time.SetClock(host.Time.GetUtcNow() + TimeSpan.FromMinutes(30) - TimeSpan.FromSeconds(12));
        Verdict(host, before).Should().BeNull();
        host.Time.SetClock(host.Time.GetUtcNow() + TimeSpan.FromSeconds(1));
        Verdict(host, before).Should().BeSameAs(TokenRejection.Expired);
    }

    [Fact]
    [Trait("row", "KEY-13")]
    public async Task A_shared_secret_mints_for_apis_and_never_for_the_account()
    {
        byte[] shared = RandomNumberGenerator.GetBytes(32);
        await using var host = new ServerHost()
            .With("JwtAuth:SigningKeys:Algorithm", "HS256").With("JwtAuth:SigningKeys:Hs256Secret", Convert.ToBase64String(shared));
        await host.AddAccountAsync("alice");
        string forApi = await host.LoginAsync("alice"), forAccount = await host.LoginAsync("alice", host.Issuer);
        SigningKeyRing ring = host.Get<SigningKeyRing>();
        ring.Signer(forAccount: false).ExportPrivate().Should().Equal(shared);
        KidOf(forApi).Should().Be(ring.Signer(forAccount: false).KeyId);
        KidOf(forAccount).Should().Be(ring.Signer(forAccount: true).KeyId).And.NotBe(KidOf(forApi));
        (await StatusAsync(host, forApi)).Should().Be(HttpStatusCode.OK);
        (await StatusAsync(host, forAccount)).Should().Be(HttpStatusCode.OK);

        // An API that knows the secret mints for itself, but not for the account, also not under the account's key id.
        string Minted(JsonNode audience, string keyId)
        {
            var forge = new Forge(host);
            JsonObject claims = forge.Claims();
            claims["aud"] = audience;
            return Forge.Mac(Changed(forge.Header(), "kid", keyId), claims.ToJsonString(), shared);
        }
        Verdict(host, Minted("orders", KidOf(forApi))).Should().BeNull();
        Verdict(host, Minted(host.Issuer, KidOf(forApi))).Should().BeSameAs(TokenRejection.KeyNotForAudience);
        Verdict(host, Minted(new JsonArray("orders", host.Issuer), KidOf(forApi))).Should().BeSameAs(TokenRejection.KeyNotForAudience);
        Verdict(host, Minted(new JsonArray(host.Issuer, "orders"), KidOf(forApi))).Should().BeSameAs(TokenRejection.KeyNotForAudience);
        Verdict(host, Minted(host.Issuer, KidOf(forAccount))).Should().BeSameAs(TokenRejection.BadSignature);
        (await StatusAsync(host, Minted("orders", KidOf(forApi)))).Should().Be(HttpStatusCode.OK);
        (await StatusAsync(host, Minted(host.Issuer, KidOf(forApi)))).Should().Be(HttpStatusCode.Unauthorized);
        (await GetAsync(host, "/.well-known/jwks.json")).Body.Should().Be("""{"keys":[]}""");
    }

    [Theory]
    [InlineData(SignatureAlgorithm.RS256)]
    [InlineData(SignatureAlgorithm.ES256)]
    [InlineData(SignatureAlgorithm.HS256)]
    public async Task Nothing_on_disk_tells_a_private_key_a_secret_or_a_password(SignatureAlgorithm algorithm)
    {
        byte[] shared = RandomNumberGenerator.GetBytes(32);
        await using var host = new ServerHost()
            .With("JwtAuth:SigningKeys:Algorithm", $"{algorithm}").With("JwtAuth:SigningKeys:Hs256Secret", Convert.ToBase64String(shared));
        AccountSnapshot alice = await host.AddAccountAsync("alice");
        string token = await host.LoginAsync("alice");
        SigningKey key = host.Get<SigningKeyRing>().Signer(forAccount: true);

        byte[] disk = TestedStore.BytesOf(host.Directory);
        Holds(disk, Encoding.UTF8.GetBytes(alice.Subject)).Should().BeTrue("the dump is of the right files");
        Holds(disk, Encoding.UTF8.GetBytes(key.KeyId)).Should().BeTrue();
        foreach (byte[] part in SecretsOf(key).Append(shared))
        {
            Holds(disk, part).Should().BeFalse();
            Holds(disk, Encoding.ASCII.GetBytes(Convert.ToBase64String(part))).Should().BeFalse();
            Holds(disk, Encoding.ASCII.GetBytes(Convert.ToHexString(part))).Should().BeFalse();
        }
        Holds(disk, "PRIVATE KEY"u8.ToArray()).Should().BeFalse();
        Holds(disk, Encoding.UTF8.GetBytes(ServerHost.Password)).Should().BeFalse();
        Holds(disk, Encoding.UTF8.GetBytes(token)).Should().BeFalse();
        Holds(disk, Encoding.UTF8.GetBytes(token.Split('.')[2])).Should().BeFalse();
    }

    private static IEnumerable<byte[]> SecretsOf(SigningKey key)
    {
        byte[] exported = key.ExportPrivate();
        yield return exported;
        if (key.Algorithm == SignatureAlgorithm.RS256)
        {
            using RSA rsa = RSA.Create();
            rsa.ImportPkcs8PrivateKey(exported, out _);
            RSAParameters all = rsa.ExportParameters(includePrivateParameters: true);
            yield return all.D!;
            yield return all.P!;
            yield return all.Q!;
        }
        else if (key.Algorithm == SignatureAlgorithm.ES256)
        {
            using ECDsa ecdsa = ECDsa.Create();
            ecdsa.ImportPkcs8PrivateKey(exported, out _);
            yield return ecdsa.ExportParameters(includePrivateParameters: true).D!;
        }
    }

    private static byte[] ReadShared(string path)
    {
        using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        using var copy = new MemoryStream();
        file.CopyTo(copy);
        return copy.ToArray();
    }

    private static bool Holds(byte[] disk, byte[] part) => disk.AsSpan().IndexOf(part) >= 0;

    private static KeySchedule ScheduleOf(ServerHost host, SignatureAlgorithm algorithm) => new(
        new SigningKeySettings(algorithm, TimeSpan.FromDays(90), TimeSpan.FromHours(1), null), host.Get<MasterKey>(), host.Time);

    private static SigningKeyRing RingOf(ServerHost host, SignatureAlgorithm algorithm) =>
        new(host.Get<SigningKeyStore>(), ScheduleOf(host, algorithm), host.Time, NullLogger<SigningKeyRing>.Instance);

    private static bool Verifies(SigningKeyRing ring, string keyId, byte[] signature) =>
        ring.Find(Encoding.UTF8.GetBytes(keyId), SignatureAlgorithm.ES256) is { } key && key.Verify("input"u8, signature);

    // As a request is judged: where the clock has stepped, the log of denials is read first.
    private static TokenRejection? Verdict(ServerHost host, string token) =>
        host.Get<TokenValidator>().ValidateAsync(token).AsTask().Result.Rejection;

    private static string KidOf(string token) => $"{JsonNode.Parse(Forge.Decode(token.Split('.')[0]))!["kid"]}";

    private static string Changed(JsonObject json, string name, string value)
    {
        json[name] = value;
        return json.ToJsonString();
    }

    private static async Task<HttpStatusCode> StatusAsync(ServerHost host, string token)
    {
        using HttpClient client = host.Connect(token);
        using HttpResponseMessage reply = await client.GetAsync("/me", TestContext.Current.CancellationToken);
        return reply.StatusCode;
    }

    private static async Task<(HttpStatusCode Status, string Body, HttpResponseMessage Reply)> GetAsync(ServerHost host, string path)
    {
        using HttpClient client = host.Connect();
        HttpResponseMessage reply = await client.GetAsync(path, TestContext.Current.CancellationToken);
        return (reply.StatusCode, await reply.Content.ReadAsStringAsync(TestContext.Current.CancellationToken), reply);
    }
}
