using System.Collections.Concurrent;
using System.Globalization;
using JwtAuth.Server.AccessTokens;
using JwtAuth.Server.Accounts;
using JwtAuth.Server.SigningKeys;
using JwtAuth.Server.Storage;
using JwtAuth.Tests.Hosting;
using JwtAuth.Tests.RefreshTokens;

namespace JwtAuth.Tests.Storage.Postgres;

/// <summary>
/// Keys that change by themselves on two nodes. <c>JWTAUTH_ROTATIONS</c> sets how often; 10 times unless it is set.
/// </summary>
public sealed class RotationOfNodesTests : IAsyncLifetime
{
    private const int Callers = 4, RevokeEvery = 5;

    private static readonly int Rotations =
        int.Parse(Environment.GetEnvironmentVariable("JWTAUTH_ROTATIONS") ?? "10", CultureInfo.InvariantCulture);

    private static readonly TimeSpan RotateEvery = TimeSpan.FromMinutes(10), PublishAhead = TimeSpan.FromMinutes(4),
        Tick = TimeSpan.FromMilliseconds(1);

    private readonly ManualTime time = new();
    private SharedDatabase database = null!;

    public async ValueTask InitializeAsync() => database = await SharedDatabase.MakeAsync();

    [Fact, Trait("row", "KEY-04")]
    public async Task Keys_rotate_on_two_nodes_under_load_and_no_live_token_is_refused_and_none_of_a_revoked_key_is_taken()
    {
        await using ServerHost first = NewNode(), second = NewNode();
        using HttpClient one = first.Connect(), other = second.Connect();
        (ServerHost Host, HttpClient Http)[] nodes = [(first, one), (second, other)];
        AccountSnapshot alice = await first.AddAccountAsync("alice");
        var load = new Load(alice);
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        Task[] callers = [.. Enumerable.Range(0, Callers).Select(number => Task.Run(
            () => load.CallAsync(nodes[number % 2], nodes[(number / 2 + number + 1) % 2].Http, ending.Token), ending.Token))];

        HashSet<string> made = [.. (await RowsAsync(first)).Select(row => row.KeyId)];
        for (int rotation = 1; rotation <= Rotations; rotation++)
        {
            string present = SignerOf(first);
            SignerOf(second).Should().Be(present);
            time.Advance(RotateEvery - PublishAhead);
            await Patience.UntilAsync(async () => (await RowsAsync(first)).Exists(IsAnnounced), "one of them makes the next key");
            SigningKeyRow next = (await RowsAsync(first)).Single(IsAnnounced);
            made.Add(next.KeyId).Should().BeTrue();
            next.SignsFrom.Should().Be(time.GetUtcNow() + PublishAhead);
            foreach ((ServerHost host, HttpClient http) in nodes)
            {
                await Patience.UntilAsync(async () => (await http.AskAsync("GET", "/.well-known/jwks.json")).Body.Contains(next.KeyId),
                    "each publishes it");
                SignerOf(host).Should().Be(present);
            }
            time.Advance(PublishAhead - Tick);
            nodes.Should().OnlyContain(node => SignerOf(node.Host) == present, "it is not due");
            time.Advance(Tick);
            nodes.Should().OnlyContain(node => SignerOf(node.Host) == next.KeyId, "it is due, whatever the database does");
            // The old one is retired by whoever looks first.
            await Patience.UntilAsync(async () => (await RowsAsync(second)).Exists(row => row.KeyId == present && row.RetiredAt is not null)
                || await LookedAsync(nodes));
            int asked = load.Asked;
            await Patience.UntilAsync(() => Task.FromResult(load.Asked >= asked + Callers), "the load goes on");

            if (rotation % RevokeEvery != 0)
                continue;
            string token = await load.IssueAsync(first), revoked = SignerOf(first);
            load.Revoke(revoked);
            KeySchedule schedule = nodes[rotation / RevokeEvery % 2].Host.Get<KeySchedule>();
            (await nodes[rotation / RevokeEvery % 2].Host.Get<SigningKeyStore>().ChangeAsync(
                    ring => schedule.Revoke(ring, revoked), TestContext.Current.CancellationToken))
                .Should().BeTrue();
            (await nodes[rotation / RevokeEvery % 2].Http.MeAsync(token)).Should().Be(401, "at once");
            await Patience.UntilAsync(async () => await one.MeAsync(token) == 401 && await other.MeAsync(token) == 401);
            load.Heard(revoked);
            await Patience.UntilAsync(() => Task.FromResult(SignerOf(first) != revoked && SignerOf(first) == SignerOf(second)));
            made.Add(SignerOf(first));
        }
        await ending.CancelAsync();
        await Task.WhenAll(callers)
            .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);

        callers.Select(caller => caller.Exception).Should().OnlyContain(fault => fault == null);
        load.Refused.Should().BeEmpty("of {0} tokens", load.Asked);
        load.Accepted.Should().BeEmpty();
        TestContext.Current.TestOutputHelper?.WriteLine($"{Rotations} rotations, {made.Count} keys, {load.Asked} tokens asked about, "
            + $"{load.Refused.Count} live ones refused, {load.Accepted.Count} of revoked keys accepted");
    }

    [Fact]
    public async Task A_token_of_a_key_that_a_node_has_not_heard_of_is_good_there_and_one_of_no_key_is_not()
    {
        await using ServerHost first = NewNode(), second = NewNode();
        using HttpClient other = second.Connect();
        var load = new Load(await first.AddAccountAsync("alice"));
        for (int rotation = 0; rotation < 5; rotation++)
        {
            KeySchedule schedule = first.Get<KeySchedule>();
            await first.Get<SigningKeyStore>().ChangeAsync(ring =>
                schedule.TryAdd(ring, SigningKey.Generate(JwtAuth.Bearer.Keys.SignatureAlgorithm.ES256), time.GetUtcNow()),
                TestContext.Current.CancellationToken);
            await first.Get<SigningKeyRing>().LoadAsync(TestContext.Current.CancellationToken);
            string token = await load.IssueAsync(first);
            (await other.MeAsync(token)).Should().Be(200, "it asks the database for what it does not know");
            (await other.MeAsync(token.Replace(token.Split('.')[0], "eyJhbGciOiJFUzI1NiIsImtpZCI6IngiLCJ0eXAiOiJhdCtqd3QifQ",
                StringComparison.Ordinal))).Should().Be(401);
        }
    }

    [Fact, Trait("row", "OPS-08")]
    public async Task A_node_that_cannot_read_its_keys_signs_nothing_and_after_a_while_publishes_nothing_and_goes_on_by_itself()
    {
        await using var line = new TcpProxy();
        line.PassTo($"http://127.0.0.1:{database.Cluster.Port}");
        string cut = $"{database.ConnectionString};Command Timeout=2".Replace(
            $"Port={database.Cluster.Port}", $"Port={new Uri(line.Address).Port}", StringComparison.Ordinal);
        await using ServerHost first = NewNode(), second = NewNode(("JwtAuth:Storage:ConnectionString", cut));
        using HttpClient other = second.Connect();
        string token = await new Load(await first.AddAccountAsync("alice")).IssueAsync(first);
        Func<Task> sign = () => second.Get<TokenIssuer>().BeginAsync().AsTask();
        await sign();
        (await other.MeAsync(token)).Should().Be(200);

        line.Swallow();
        (await other.MeAsync(token)).Should().Be(200, "a check asks no database");
        (await other.LoginAsync("alice", ServerHost.Password)).Status.Should().Be(503, "a login does, and waits no longer than it may");
        time.Advance(SigningKeyRing.MaximumSilence + Tick);
        await sign.Should().ThrowAsync<StorageBusyException>();
        (await other.AskAsync("GET", "/.well-known/jwks.json")).Status.Should().Be(200, "nothing that it lacks signs before long");
        time.Advance(PublishAhead / 4);
        Reply reply = await other.AskAsync("GET", "/.well-known/jwks.json");
        (reply.Status, reply.Code).Should().Be((503, "busy"));
        await first.Get<TokenIssuer>().BeginAsync();

        line.Pass();
        await Patience.UntilAsync(async () => (await other.AskAsync("GET", "/.well-known/jwks.json")).Status == 200);
        await sign();
        SignerOf(second).Should().Be(SignerOf(first));
    }

    public ValueTask DisposeAsync() => database.DisposeAsync();

    private ServerHost NewNode(params (string, string)[] settings) => database.NewHost(time,
    [
        ("JwtAuth:SigningKeys:RotateEvery", $"{RotateEvery:c}"), ("JwtAuth:SigningKeys:PublishAhead", $"{PublishAhead:c}"),
        ("JwtAuth:AccessTokens:Lifetime", "01:00:00"), .. settings,
    ]);

    private bool IsAnnounced(SigningKeyRow row) => row.RetiredAt is null && row.SignsFrom > time.GetUtcNow();

    private static async Task<bool> LookedAsync((ServerHost Host, HttpClient Http)[] nodes)
    {
        foreach ((ServerHost host, _) in nodes)
            await host.Get<SigningKeyRing>().AdvanceAsync(TestContext.Current.CancellationToken);
        return true;
    }

    private static string SignerOf(ServerHost host) => host.Get<SigningKeyRing>().Signer(forAccount: true).KeyId;

    private static Task<List<SigningKeyRow>> RowsAsync(ServerHost host) =>
        host.Get<SigningKeyStore>().ListAsync(TestContext.Current.CancellationToken);

    // Callers that get a token at one node and show it, and older ones, at another.
    private sealed class Load(AccountSnapshot account)
    {
        private const int MostHeld = 8;

        private readonly ConcurrentDictionary<string, bool> revoked = new();
        private int asked;

        public ConcurrentQueue<string> Refused { get; } = new();

        public ConcurrentQueue<string> Accepted { get; } = new();

        public int Asked => Volatile.Read(ref asked);

        /// <summary>From now on its tokens may be refused.</summary>
        public void Revoke(string keyId) => revoked[keyId] = false;

        /// <summary>From now on they have to be.</summary>
        public void Heard(string keyId) => revoked[keyId] = true;

        public async Task<string> IssueAsync(ServerHost host)
        {
            TokenIssuer issuer = host.Get<TokenIssuer>();
            await issuer.BeginAsync();
            return issuer.Issue(Grant.To(account, host.Get<IssuerSettings>().Url, [], TokenIssuer.NewId())).Value;
        }

        public async Task CallAsync((ServerHost Host, HttpClient Http) from, HttpClient at, CancellationToken ending)
        {
            Queue<(string KeyId, string Token)> held = [];
            while (!ending.IsCancellationRequested)
            {
                string token;
                try
                {
                    token = await IssueAsync(from.Host);
                }
                catch (StorageBusyException)
                {
                    continue; // a reading that was under way when the clock was moved is too old at its end; a client would ask again
                }
                held.Enqueue((SignatureKeyOf(token), token));
                if (held.Count > MostHeld)
                    held.Dequeue();
                foreach ((string keyId, string value) in held)
                {
                    bool mustBeRefused = revoked.TryGetValue(keyId, out bool isHeard) && isHeard;
                    int status = await at.MeAsync(value);
                    Interlocked.Increment(ref asked);
                    if (status != 200 && !revoked.ContainsKey(keyId))
                        Refused.Enqueue($"{status} {keyId}");
                    if (status == 200 && mustBeRefused)
                        Accepted.Enqueue(keyId);
                }
            }
        }

        private static string SignatureKeyOf(string token) => System.Text.Json.JsonDocument.Parse(
            System.Buffers.Text.Base64Url.DecodeFromChars(token.Split('.')[0])).RootElement.GetProperty("kid").GetString()!;
    }
}
