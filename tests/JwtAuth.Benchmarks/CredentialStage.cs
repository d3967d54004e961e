using System.Collections.Concurrent;
using System.Diagnostics;
using System.Text;
using JwtAuth.Bearer.Keys;
using JwtAuth.Server.AccessTokens;
using JwtAuth.Server.Storage;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Diagnostics;

namespace JwtAuth.Benchmarks;

/// <summary>A kind of credential under load.</summary>
internal sealed record CredentialPlayer(HttpPlayer Player, string Kind, bool HasDenylist, double Bytes, double Statements);

/// <summary>
/// The service with people who hold credentials: in processes of its own, for its speed, and in this one, where
/// its statements can be counted.
/// </summary>
internal sealed class CredentialStage(TimeSpan turn) : IAsyncDisposable
{
    private const int Connections = 24, CountedRequests = 100, Counts = 5;

    private readonly Stack<IAsyncDisposable> started = new();

    public List<CredentialPlayer> Players { get; } = [];

    public async Task StartAsync(int people, bool hasDenylist, IReadOnlyList<string> kinds, CancellationToken stopping)
    {
        ServiceProcess service = await ServiceProcess.StartAsync("JwtAuth.Server", [], "health/ready", address => new()
        {
            ["ASPNETCORE_ENVIRONMENT"] = "Development",
            ["JwtAuth:Issuer"] = address,
            ["JwtAuth:Audiences:0"] = LoopbackIssuer.Audience,
            ["JwtAuth:Scopes:orders:read"] = "",
            ["JwtAuth:AccessTokens:Lifetime"] = "01:00:00",
            ["JwtAuth:SignedCookies:Lifetime"] = "01:00:00",
            ["JwtAuth:Passwords:WorkFactor"] = "10",
            ["JwtAuth:Denylist:Enabled"] = $"{hasDenylist}",
        });
        started.Push(service);
        using var client = new HttpClient(new SocketsHttpHandler { UseCookies = false }) { BaseAddress = service.Address };
        string issuer = service.Address.GetLeftPart(UriPartial.Authority);
        List<HeldCredentials> held = [];
        for (int number = 0; number < people; number++)
            held.Add(await HeldCredentials.GetAsync(client, $"alice{number:D4}", issuer, stopping));
        Dictionary<string, double> statements = await CountStatementsAsync(hasDenylist, kinds, stopping);
        foreach (string kind in kinds)
        {
            byte[][] requests = [.. held.Select(
                person => Encoding.ASCII.GetBytes($"GET /me HTTP/1.1\r\nHost: {service.Address.Authority}\r\n{person[kind]}\r\n"))];
            var player = new HttpPlayer(
                hasDenylist ? kind : $"{kind}, denylist off", service, new Load(service.Address, requests, Connections), turn);
            Players.Add(new CredentialPlayer(player, kind, hasDenylist, held.Average(person => person[kind].Length), statements[kind]));
        }
    }

    public async ValueTask DisposeAsync()
    {
        Players.ForEach(player => player.Player.Dispose());
        while (started.TryPop(out IAsyncDisposable? last))
            await last.DisposeAsync();
    }

    /// <summary>What the database holds for each, in bytes: its file with many, less its file without, indexes included.</summary>
    public static async Task<Dictionary<string, double>> WeighAsync(int count)
    {
        await using LoopbackIssuer issuer = await LoopbackIssuer.StartAsync(SignatureAlgorithm.ES256);
        await issuer.AskAsync(db =>
        {
            db.Users.Add(new Account
            {
                Id = TokenIssuer.NewId(),
                UserName = "alice",
                NormalizedUserName = "ALICE",
                CreatedAt = DateTimeOffset.UtcNow,
            });
            return db.SaveChangesAsync();
        });
        return new()
        {
            [HeldCredentials.Session] =
                await WeighAsync(issuer, count, (db, subject) => db.Sessions.Add(SessionOf(subject, isOfCookie: true))),
            [HeldCredentials.RefreshToken] =
                await WeighAsync(issuer, count, (db, subject) => db.Sessions.Add(SessionOf(subject, isOfCookie: false))),
            [HeldCredentials.PersonalAccessToken] =
                await WeighAsync(issuer, count, (db, subject) => db.PersonalAccessTokens.Add(new PersonalAccessTokenRow
                {
                    Id = TokenIssuer.NewId(),
                    Subject = subject,
                    Name = "the nightly backup",
                    Hash = Random.Shared.GetItems([.. Enumerable.Range(0, 256).Select(value => (byte)value)], 32),
                    Scope = "orders:read",
                    CreatedAt = DateTimeOffset.UtcNow,
                    ExpiresAt = DateTimeOffset.UtcNow,
                    LastUsedAt = DateTimeOffset.UtcNow,
                })),
        };
    }

    private static Task<double> WeighAsync(LoopbackIssuer issuer, int count, Action<Db, string> add) => issuer.AskAsync(async db =>
    {
        string subject = await db.Users.Select(account => account.Id).SingleAsync();
        long before = await SizeAsync(db);
        for (int number = 0; number < count; number++)
            add(db, subject);
        await db.SaveChangesAsync();
        return (double)(await SizeAsync(db) - before) / count;
    });

    private static async Task<long> SizeAsync(Db db)
    {
        await db.Database.ExecuteSqlRawAsync("VACUUM");
        return await db.Database.SqlQueryRaw<long>("SELECT page_count * page_size AS Value FROM pragma_page_count(), pragma_page_size()")
            .SingleAsync();
    }

    private static SessionRow SessionOf(string subject, bool isOfCookie) => new()
    {
        SessionId = TokenIssuer.NewId(),
        Subject = subject,
        Generation = 3,
        Audience = isOfCookie ? "https://auth.example.com" : LoopbackIssuer.Audience,
        Scope = "orders:read offline_access",
        CookieHash = isOfCookie ? Random.Shared.GetItems([.. Enumerable.Range(0, 256).Select(value => (byte)value)], 32) : null,
        CreatedAt = DateTimeOffset.UtcNow,
        RotatedAt = DateTimeOffset.UtcNow,
        ExpiresAt = DateTimeOffset.UtcNow,
        TokensUntil = DateTimeOffset.UtcNow,
        Address = "203.0.113.195",
        Agent = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36",
    };

    private static async Task<Dictionary<string, double>> CountStatementsAsync(
        bool hasDenylist, IReadOnlyList<string> kinds, CancellationToken stopping)
    {
        await using LoopbackIssuer issuer = await LoopbackIssuer.StartAsync(SignatureAlgorithm.RS256, hasDenylist);
        using var client = new HttpClient(new SocketsHttpHandler { UseCookies = false }) { BaseAddress = new Uri(issuer.Url) };
        HeldCredentials held = await HeldCredentials.GetAsync(client, "alice", issuer.Url, stopping);
        Dictionary<string, double> counts = [];
        using var counter = new StatementCounter();
        foreach (string kind in kinds)
        {
            await AskAsync(kind); // a first use may be noted
            // The service also asks by itself now and then: the least of a few counts is without that.
            counts[kind] = double.PositiveInfinity;
            for (int count = 0; count < Counts; count++)
                counts[kind] = Math.Min(counts[kind], await CountAsync(kind));
        }
        return counts;

        async Task<double> CountAsync(string kind)
        {
            long before = counter.Count + issuer.PreparedReads;
            for (int number = 0; number < CountedRequests; number++)
                await AskAsync(kind);
            return (double)(counter.Count + issuer.PreparedReads - before) / CountedRequests;
        }

        async Task AskAsync(string kind)
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, "me");
            string[] line = held[kind].TrimEnd().Split(": ", 2);
            request.Headers.TryAddWithoutValidation(line[0], line[1]);
            using HttpResponseMessage reply = await client.SendAsync(request, stopping);
            reply.EnsureSuccessStatusCode();
        }
    }

    // Of every context in this process; what the service asks about its file, by itself and every second, is no request's.
    private sealed class StatementCounter : IObserver<DiagnosticListener>, IObserver<KeyValuePair<string, object?>>, IDisposable
    {
        private readonly ConcurrentBag<IDisposable> subscriptions = [];
        private long count;

        public StatementCounter() => subscriptions.Add(DiagnosticListener.AllListeners.Subscribe(this));

        public long Count => Interlocked.Read(ref count);

        public void OnNext(DiagnosticListener value)
        {
            if (value.Name == DbLoggerCategory.Name)
                subscriptions.Add(value.Subscribe(this));
        }

        public void OnNext(KeyValuePair<string, object?> value)
        {
            if (value.Key == RelationalEventId.CommandExecuted.Name && value.Value is CommandExecutedEventData data
                && !data.Command.CommandText.StartsWith("PRAGMA", StringComparison.Ordinal))
            {
                Interlocked.Increment(ref count);
            }
        }

        public void OnCompleted()
        {
        }

        public void OnError(Exception error)
        {
        }

        public void Dispose()
        {
            foreach (IDisposable subscription in subscriptions)
                subscription.Dispose();
        }
    }
}
