using System.Collections.Concurrent;
using System.Globalization;
using System.Security.Claims;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using JwtAuth.Bearer;
using JwtAuth.Bearer.AccessTokens;
using JwtAuth.Bearer.Keys;
using JwtAuth.Server.AccessTokens;
using JwtAuth.Server.SigningKeys;
using JwtAuth.Tests.Apis;
using JwtAuth.Tests.Attacks;
using JwtAuth.Tests.Hosting;
using Microsoft.Extensions.DependencyInjection;

namespace JwtAuth.Tests.AccessTokens;

/// <summary>
/// What is remembered is bounded, and never somebody else's. <c>JWTAUTH_TOKENS</c> sets how many tokens; 50,000 unless it is set.
/// </summary>
public sealed class TokenCacheTests
{
    private const int Size = 10_000, BytesEach = 4096;

    private static readonly int Tokens =
        int.Parse(Environment.GetEnvironmentVariable("JWTAUTH_TOKENS") ?? "50000", CultureInfo.InvariantCulture);

    [Fact]
    public async Task However_many_good_tokens_come_no_more_than_its_size_is_remembered()
    {
        (RememberingValidator checker, Minter minter) = Make(Size);
        long before = GC.GetTotalMemory(forceFullCollection: true);
        int most = 0;
        string last = "";
        for (int number = 0; number < Tokens; number++)
        {
            last = minter.Token($"subject-{number}");
            (ValidatedToken? token, _) = await checker.CheckAsync(last);
            if (token?.NewPrincipal().FindFirstValue("sub") != $"subject-{number}")
                Assert.Fail($"subject-{number} is somebody else");
            most = Math.Max(most, checker.Remembered);
        }
        long held = GC.GetTotalMemory(forceFullCollection: true) - before;
        most.Should().BeInRange(Size / 2, Size);
        held.Should().BeLessThan((long)Size * BytesEach);
        checker.CheckSeen(last).Token.Should().NotBeNull();
        TestContext.Current.TestOutputHelper?.WriteLine(
            $"{Tokens} good tokens: {most} remembered at most, {held} bytes held, {held / checker.Remembered} each");
    }

    [Fact]
    public async Task However_many_forged_tokens_come_none_is_remembered_and_the_good_ones_stay()
    {
        (RememberingValidator checker, Minter minter) = Make(Size);
        string[] good = [.. Enumerable.Range(0, 100).Select(number => minter.Token($"subject-{number}"))];
        foreach (string token in good)
            (await checker.CheckAsync(token)).Token.Should().NotBeNull();
        long before = GC.GetTotalMemory(forceFullCollection: true);
        for (int number = 0; number < Tokens; number++)
        {
            string forged = $"{good[0][..good[0].LastIndexOf('.')]}.{Forge.Encode(SHA256.HashData(BitConverter.GetBytes(number)))}";
            if (checker.CheckSeen(forged) != default || (await checker.CheckAsync(forged)).Rejection != TokenRejection.BadSignature)
                Assert.Fail($"forged token {number} was not refused for its signature");
        }
        checker.Remembered.Should().Be(good.Length);
        (GC.GetTotalMemory(forceFullCollection: true) - before)
            .Should().BeLessThan(16 * 1024 * 1024, "other tests run beside this one, and that many tokens would take more");
        good.Should().OnlyContain(token => checker.CheckSeen(token).Token != null);
    }

    [Fact]
    public async Task One_that_is_used_outlives_those_that_are_not()
    {
        (RememberingValidator checker, Minter minter) = Make(100);
        (string used, string unused) = (minter.Token("used"), minter.Token("unused"));
        (await checker.CheckAsync(used)).Token.Should().NotBeNull();
        (await checker.CheckAsync(unused)).Token.Should().NotBeNull();
        for (int number = 0; number < 1000; number++)
        {
            await checker.CheckAsync(minter.Token($"subject-{number}"));
            checker.CheckSeen(used).Token!.NewPrincipal().FindFirstValue("sub").Should().Be("used");
        }
        checker.CheckSeen(unused).Token.Should().BeNull();
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    public async Task A_size_of_nothing_remembers_nothing(int size)
    {
        (RememberingValidator checker, Minter minter) = Make(size);
        string token = minter.Token("subject");
        (await checker.CheckAsync(token)).Token.Should().NotBeNull();
        checker.Remembered.Should().BeLessThanOrEqualTo(size);
        if (size == 0)
            checker.CheckSeen(token).Token.Should().BeNull();
        if (size == 2)
            checker.CheckSeen(token).Token.Should().NotBeNull();
    }

    [Theory]
    [InlineData(10_000)]
    [InlineData(16)]
    [InlineData(2)]
    public async Task In_a_race_everybody_is_himself(int cacheSize)
    {
        const int Callers = 64, Calls = 60;
        SigningKey key = SigningKey.Generate(SignatureAlgorithm.ES256);
        await using Issuer issuer = await Issuer.StartAsync(TimeProvider.System, key);
        await using ApiHost api = new ApiHost(issuer.Url)
            .WithEcho().With(services => services.Configure<JwtAuthBearerOptions>("Bearer", options => options.CacheSize = cacheSize));
        using HttpClient client = api.Connect();
        ConcurrentBag<string> wrong = [];
        int asked = 0;
        await Task.WhenAll(Enumerable.Range(0, Callers).Select(number => Task.Run(async () =>
        {
            string[] tokens = [issuer.Token(key, subject: $"subject-{number}"), issuer.Token(key, subject: $"subject-{number}")];
            for (int call = 0; call < Calls; call++)
            {
                string token = tokens[call % 2];
                Reply reply = await client.AskWithAsync(token, "/echo");
                string jti = JsonNode.Parse(Encoding.UTF8.GetString(Forge.Decode(token.Split('.')[1])))!["jti"]!.GetValue<string>();
                if (reply.Status != 200
                    || reply.Json.GetProperty("sub").GetString() != $"subject-{number}" || reply.Json.GetProperty("jti").GetString() != jti)
                {
                    wrong.Add($"{number}: {reply.Status} {reply.Body}");
                }

                Interlocked.Increment(ref asked);
            }
        })));
        wrong.Should().BeEmpty();
        asked.Should().Be(Callers * Calls);
        api.Services.GetRequiredKeyedService<RememberingValidator>("Bearer").Remembered.Should().BeInRange(1, cacheSize + Callers);
    }

    private static (RememberingValidator Checker, Minter Minter) Make(int size)
    {
        var minter = new Minter();
        var options = new JwtAuthBearerOptions { Authority = "https://auth.example.com", Audiences = { "orders" } };
        return (new RememberingValidator(new TokenValidator(options.Rules, minter, minter.Time), size), minter);
    }

    /// <summary>The quickest maker of tokens, and the one key that checks them.</summary>
    private sealed class Minter : IVerificationKeys
    {
        private readonly byte[] secret = RandomNumberGenerator.GetBytes(32);
        private readonly VerificationKey key;

        public Minter() => key = VerificationKey.Hmac("kid", secret);

        public ManualTime Time { get; } = new();

        public VerificationKey? Find(ReadOnlySpan<byte> keyId, SignatureAlgorithm algorithm) => key.HasId(keyId) ? key : null;

        public string Token(string subject)
        {
            long now = Time.GetUtcNow().ToUnixTimeSeconds();
            return Forge.Mac(
                """{"alg":"HS256","kid":"kid","typ":"at+jwt"}""",
                $$"""
                {"iss":"https://auth.example.com","sub":"{{subject}}","aud":"orders","exp":{{now + 300}},"nbf":{{now}},"iat":{{now}},
                "jti":"{{TokenIssuer.NewId()}}","client_id":"jwtauth","sid":"c2Vzc2lvbg","gen":0}
                """,
                secret);
        }
    }
}
