using System.Diagnostics;
using System.Net.Http.Json;
using System.Security.Cryptography;
using System.Text;
using JwtAuth.Bearer.Keys;
using JwtAuth.Server.AccessTokens;
using JwtAuth.Server.RefreshTokens;
using JwtAuth.Server.Sealing;
using JwtAuth.Server.Storage;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Logging.Abstractions;

namespace JwtAuth.Benchmarks;

/// <summary>How each candidate is asked.</summary>
internal sealed record RefreshScene(int Connections, TimeSpan Turn);

/// <summary>Services in processes of their own, each with a database full of sessions that are refreshed in turn.</summary>
internal sealed class RefreshStage(RefreshScene scene) : IAsyncDisposable
{
    public const string Signatures = "RS256 signatures alone, on all processors";

    private const int SessionsOfAnAccount = 10;

    private readonly Stack<IAsyncDisposable> started = new();
    private readonly List<string> directories = [];
    private readonly RSA[] keys = [.. Enumerable.Range(0, Environment.ProcessorCount).Select(_ => RSA.Create(2048))];
    private readonly Dictionary<string, (TimeSpan Worked, TimeSpan Passed)> loads = [];

    public List<HttpPlayer> Players { get; } = [];

    /// <summary>Starts a service, of this build or another, and fills its database.</summary>
    public async Task AddAsync(
        string name, SignatureAlgorithm algorithm, int sessions, FileInfo? build, CancellationToken stopping)
    {
        string directory = Directory.CreateTempSubdirectory("jwtauth-").FullName;
        directories.Add(directory);
        string program = build is null ? "JwtAuth.Server" : Path.ChangeExtension(build.FullName, null);
        ServiceProcess service = await ServiceProcess.StartAsync(program, [], "health/ready", address => new()
        {
            ["ASPNETCORE_ENVIRONMENT"] = "Development",
            ["JwtAuth:Issuer"] = address,
            ["JwtAuth:Audiences:0"] = LoopbackIssuer.Audience,
            ["JwtAuth:Scopes:orders:read"] = "",
            ["JwtAuth:Passwords:WorkFactor"] = "10",
            ["JwtAuth:SigningKeys:Algorithm"] = $"{algorithm}",
            ["JwtAuth:DataDirectory"] = directory,
        });
        started.Push(service);
        using (var client = new HttpClient { BaseAddress = service.Address })
        {
            (await client.PostAsJsonAsync(
                "auth/register", new { username = "alice", password = "a quiet harbour at dawn" }, stopping)).EnsureSuccessStatusCode();
        }
        MasterKey key = MasterKeyFile.Read(directory, mayMake: false);
        string[] ids = Fill(directory, sessions, new RowSeals(key, NullLogger<RowSeals>.Instance));
        Random.Shared.Shuffle(ids);
        var requests = new Requests(service.Address, ids, new RefreshTokenCodec(key));
        Players.Add(new HttpPlayer(
            name, service, new Load(service.Address, requests.Next, scene.Connections), scene.Turn, Note));

        void Note(TimeSpan worked, TimeSpan passed)
        {
            (TimeSpan workedBefore, TimeSpan passedBefore) = loads.GetValueOrDefault(name);
            loads[name] = (workedBefore + worked, passedBefore + passed);
        }
    }

    /// <summary>How much of all processors the load has taken during the turns of a candidate.</summary>
    public double ShareOfLoad(string name) => loads[name].Worked / (loads[name].Passed * Environment.ProcessorCount);

    /// <summary>How many signatures all processors make in a second, with nothing else to do.</summary>
    public double SignOnAllProcessors()
    {
        long start = Stopwatch.GetTimestamp();
        int[] signed = new int[keys.Length];
        Thread[] threads = [.. Enumerable.Range(0, keys.Length).Select(index => new Thread(() =>
        {
            byte[] text = new byte[500];
            while (Stopwatch.GetElapsedTime(start) < scene.Turn)
            {
                keys[index].SignData(text, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
                signed[index]++;
            }
        }))];
        foreach (Thread thread in threads)
            thread.Start();
        foreach (Thread thread in threads)
            thread.Join();
        return signed.Sum() / Stopwatch.GetElapsedTime(start).TotalSeconds;
    }

    public async ValueTask DisposeAsync()
    {
        Players.ForEach(player => player.Dispose());
        while (started.TryPop(out IAsyncDisposable? last))
            await last.DisposeAsync();
        foreach (RSA key in keys)
            key.Dispose();
        directories.ForEach(directory => Directory.Delete(directory, recursive: true));
    }

    // Rows as the service writes them, of accounts with a few sessions each.
    private static string[] Fill(string directory, int count, RowSeals seals)
    {
        using var connection = new SqliteConnection($"Data Source={Path.Combine(directory, "jwtauth.db")};Pooling=False");
        connection.Open();
        using SqliteTransaction transaction = connection.BeginTransaction();
        using SqliteCommand account = Command(connection, transaction,
            """
            INSERT INTO AspNetUsers (Id, UserName, NormalizedUserName, CreatedAt, Generation, EmailConfirmed, PhoneNumberConfirmed,
                TwoFactorEnabled, LockoutEnabled, AccessFailedCount, PasswordHash)
            SELECT $id, $name, upper($name), CreatedAt, 0, 0, 0, 0, 0, 0, PasswordHash FROM AspNetUsers WHERE UserName = 'alice'
            """, "$id", "$name");
        using SqliteCommand session = Command(connection, transaction,
            """
            INSERT INTO Sessions (SessionId, Subject, Generation, Audience, Scope, Counter, CreatedAt, RotatedAt, ExpiresAt, TokensUntil,
                Address, Agent, Seal)
            VALUES ($id, $subject, 0, $audience, $scope, 0, $created, $created, $expires, $created, '203.0.113.195',
                'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36', $seal)
            """, "$id", "$subject", "$audience", "$scope", "$created", "$expires", "$seal");
        string[] ids = new string[count];
        string subject = "";
        DateTimeOffset now = DateTimeOffset.UtcNow;
        for (int number = 0; number < count; number++)
        {
            if (number % SessionsOfAnAccount == 0)
                Run(account, subject = TokenIssuer.NewId(), $"user{number:D8}");
            var row = new SessionRow
            {
                SessionId = ids[number] = TokenIssuer.NewId(),
                Subject = subject,
                Generation = 0,
                Audience = LoopbackIssuer.Audience,
                Scope = "orders:read offline_access",
                CreatedAt = now,
                RotatedAt = now,
                ExpiresAt = now.AddDays(30),
                TokensUntil = now,
                Address = "",
                Agent = "",
            };
            seals.Seal(row);
            Run(session, row.SessionId, row.Subject, row.Audience, row.Scope, row.CreatedAt.ToUnixTimeMilliseconds(),
                row.ExpiresAt.ToUnixTimeMilliseconds(), row.Seal!);
        }
        transaction.Commit();
        return ids;
    }

    private static SqliteCommand Command(SqliteConnection connection, SqliteTransaction transaction, string text, params string[] names)
    {
        SqliteCommand command = connection.CreateCommand();
        (command.CommandText, command.Transaction) = (text, transaction);
        foreach (string name in names)
            command.Parameters.Add(new SqliteParameter(name, value: null));
        return command;
    }

    private static void Run(SqliteCommand command, params object[] values)
    {
        for (int index = 0; index < values.Length; index++)
            command.Parameters[index].Value = values[index];
        command.ExecuteNonQuery();
    }

    // A session's next token follows from how often it was refreshed, so no answer has to be read.
    private sealed class Requests(Uri address, string[] ids, RefreshTokenCodec codec)
    {
        private readonly int[] last = [.. Enumerable.Range(0, Load.Threads).Select(thread => thread - Load.Threads)];
        private readonly long[] counters = new long[ids.Length];
        private readonly byte[] head = Encoding.ASCII.GetBytes(
            $"POST /auth/refresh HTTP/1.1\r\nHost: {address.Authority}\r\nContent-Type: application/json\r\n"
                + $"Content-Length: {BodyOf(codec.Write(new RefreshToken(ids[0], 0))).Length}\r\n\r\n");

        // Each thread has sessions of its own, and comes back to one when it has been to all the others.
        public byte[] Next(int thread)
        {
            int index = last[thread] += Load.Threads;
            if (index >= ids.Length)
                last[thread] = index = thread;
            string body = BodyOf(codec.Write(new RefreshToken(ids[index], counters[index]++)));
            byte[] request = new byte[head.Length + body.Length];
            head.CopyTo(request, 0);
            Encoding.ASCII.GetBytes(body, request.AsSpan(head.Length));
            return request;
        }

        private static string BodyOf(string token) => $$"""{"refresh_token":"{{token}}"}""";
    }
}
