using System.Diagnostics;
using System.Globalization;
using System.Threading.Channels;
using JwtAuth.Bearer.Keys;
using JwtAuth.Server.AccessTokens;
using JwtAuth.Server.Accounts;
using JwtAuth.Server.SigningKeys;
using JwtAuth.Tests.Apis;
using JwtAuth.Tests.Hosting;

namespace JwtAuth.Tests.Keys;

/// <summary>A rotated key is never the cause of a refusal. <c>JWTAUTH_ROTATIONS</c> sets how many rotations; 10 unless it is set.</summary>
public sealed class RotationTests
{
    private const int Callers = 8, RepliesBetween = 48;

    private static readonly int Rotations =
        int.Parse(Environment.GetEnvironmentVariable("JWTAUTH_ROTATIONS") ?? "10", CultureInfo.InvariantCulture);

    [Theory]
    [InlineData("Feed")]
    [InlineData("None")]
    public async Task Keys_that_rotate_under_load_refuse_nobody(string denials)
    {
        await using var host = new ServerHost { Time = new ManualTime(TimeProvider.System.GetUtcNow()) }.With(
            "JwtAuth:SigningKeys:Algorithm", "ES256");
        TestClient reader = host.AddClient("api", may: "denials");
        AccountSnapshot alice = await host.AddAccountAsync("alice");
        await using ApiHost api = new ApiHost(host.Issuer)
            .With("JwtAuth:Denials", denials).With("JwtAuth:ClientId", reader.Id).With("JwtAuth:ClientSecret", reader.Secret);
        using HttpClient client = api.Connect();
        await client.HeardAsync();
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        var replies = Channel.CreateBounded<(string KeyId, Reply Reply)>(256);
        Task[] callers = [.. Enumerable.Range(0, Callers)
            .Select(number => CallAsync(host, alice, client, logsIn: number == 0, replies.Writer, ending.Token))];

        var refused = new List<string>();
        int asked = 0;
        HashSet<string> keys = [];
        long begunAt = Stopwatch.GetTimestamp();
        TimeSpan passed = TimeSpan.Zero;
        for (int rotation = 0; rotation <= Rotations; rotation++)
        {
            for (int read = 0; read < RepliesBetween; read++, asked++)
            {
                (string keyId, Reply reply) = await replies.Reader.ReadAsync(TestContext.Current.CancellationToken);
                keys.Add(keyId);
                if (reply.Status != 200)
                    refused.Add($"rotation {rotation}: {reply.Status} {reply.Body}");
            }
            await RotateAsync(host);
            TimeSpan since = Stopwatch.GetElapsedTime(begunAt);
            host.Time.Advance(since - passed);
            passed = since;
        }
        await ending.CancelAsync();
        await Task.WhenAll(callers)
            .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
        callers.Should().OnlyContain(caller => !caller.IsFaulted);

        refused.Should().BeEmpty("of {0} calls", asked);
        keys.Should().HaveCountGreaterThan(Rotations / 2, "tokens of one key after the other were tried");
        TestContext.Current.TestOutputHelper?.WriteLine(
            $"{denials}: {Rotations} rotations, {asked} calls, {keys.Count} keys, {refused.Count} refused, {passed}");
    }

    // As "keys rotate --now" does it.
    private static async Task RotateAsync(ServerHost host)
    {
        KeySchedule schedule = host.Get<KeySchedule>();
        SigningKey next = SigningKey.Generate(SignatureAlgorithm.ES256);
        await host.Get<SigningKeyStore>()
            .ChangeAsync(ring => schedule.TryAdd(ring, next, host.Time.GetUtcNow()), TestContext.Current.CancellationToken);
        await host.Get<SigningKeyRing>().LoadAsync(TestContext.Current.CancellationToken);
    }

    // With a new token every time, and with the one before once more: its key may have been rotated since.
    private static async Task CallAsync(ServerHost host, AccountSnapshot account, HttpClient client, bool logsIn,
        ChannelWriter<(string, Reply)> replies, CancellationToken ending)
    {
        string? before = null;
        while (!ending.IsCancellationRequested)
        {
            string token = logsIn
                ? await host.LoginAsync("alice")
                : host.Get<TokenIssuer>().Issue(Grant.To(account, "orders", [], TokenIssuer.NewId())).Value;
            foreach (string asked in new[] { token, before }.OfType<string>())
                await replies.WriteAsync((asked.Split('.')[0], await client.AskWithAsync(asked)), ending);
            before = token;
        }
    }
}
