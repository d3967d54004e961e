using System.Buffers.Text;
using System.CommandLine;
using System.Diagnostics;
using System.Net;
using System.Security.Cryptography;
using JwtAuth.Bearer.AccessTokens;
using JwtAuth.Server.AccessTokens;
using JwtAuth.Server.Accounts;
using JwtAuth.Server.Composition;
using JwtAuth.Server.Guessing;
using JwtAuth.Server.Passwords;
using JwtAuth.Tests.Hosting;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;

namespace JwtAuth.Benchmarks;

/// <summary><c>timing</c>: whether time tells what replies do not.</summary>
internal static class TimingVerb
{
    private const string Right = "a quiet harbour at dawn";

    public static Command Create()
    {
        var pairs = new Option<int>("--pairs") { Description = "Attempts of each kind at the door", DefaultValueFactory = _ => 1_000 };
        var macs = new Option<int>("--macs") { Description = "Tokens of each kind at the validator", DefaultValueFactory = _ => 20_000 };
        var verb = new Command("timing",
            """
            Measures whether time tells what replies do not, interleaved, the order within each pair random, the first tenth discarded as
            warm-up: an unknown name against a wrong password, through PasswordAuthenticator on a SQLite database at work factor 10 (each
            attempt with a guessing limit of its own, so that none is slowed); and an HS256 token whose MAC has its first byte right
            against one that is wrong in every byte, through TokenValidator. Exits 1 when Welch's |t| is 4.5 or more.
            """)
        {
            pairs, macs,
        };
        verb.SetAction(parsed => RunAsync(parsed.GetValue(pairs), parsed.GetValue(macs)));
        return verb;
    }

    private static async Task<int> RunAsync(int pairs, int macs)
    {
        string directory = Directory.CreateTempSubdirectory("jwtauth-").FullName;
        try
        {
            await using WebApplication app = ServiceBuilder.Build(
            [
                "--environment=Development", $"--contentRoot={directory}", $"--JwtAuth:DataDirectory={directory}",
                "--JwtAuth:Issuer=http://localhost:5080", "--JwtAuth:Audiences=orders", "--JwtAuth:Passwords:WorkFactor=10",
                "--JwtAuth:SigningKeys:Algorithm=HS256", "--Logging:LogLevel:Default=Warning",
            ]);
            await app.PrepareAsync();
            Console.WriteLine("unknown name against wrong password");
            bool alike = await DoorAsync(app.Services, pairs);
            Console.WriteLine("first byte of the MAC right against all bytes wrong");
            alike &= Macs(app.Services, macs);
            return alike ? 0 : 1;
        }
        finally
        {
            Microsoft.Data.Sqlite.SqliteConnection.ClearAllPools();
            Directory.Delete(directory, recursive: true);
        }
    }

    private static async Task<bool> DoorAsync(IServiceProvider services, int pairs)
    {
        await using (AsyncServiceScope scope = services.CreateAsyncScope())
            await scope.ServiceProvider.GetRequiredService<AccountStore>()
                .AddAsync("alice", services.GetRequiredService<PasswordHasher>().Hash(Right));
        var comparison = new Comparison("unknown name", "wrong password");
        await InPairsAsync(pairs, async (isFirst, turn, count) =>
        {
            TimeSpan time = await AttemptAsync(services, isFirst ? "nobody" : "alice", $"{Right} {turn}");
            if (count)
                comparison.Add(isFirst, time);
        });
        return comparison.Report();
    }

    private static async Task<TimeSpan> AttemptAsync(IServiceProvider services, string username, string password)
    {
        // The guessing limit is new each time and so never in the way.
        var limit = new GuessingLimit(
            services.GetRequiredService<KnownNetworks>(), services.GetRequiredService<AttemptNames>(), TimeProvider.System);
        var guesses = new SharedGuesses(limit, log: null);
        var authenticator = new PasswordAuthenticator(
            services.GetRequiredService<IServiceScopeFactory>(), services.GetRequiredService<PasswordHasher>(), guesses,
            new SharedVerifications(limit, guesses), TimeProvider.System, NullLogger<PasswordAuthenticator>.Instance);
        var given = new Password(password);
        long start = Stopwatch.GetTimestamp();
        PasswordResult result = await authenticator.CheckAsync(username, given, IPAddress.Loopback, default);
        TimeSpan time = Stopwatch.GetElapsedTime(start);
        return result is PasswordResult.Refused ? time : throw new InvalidOperationException($"not refused but {result.GetType().Name}");
    }

    private static bool Macs(IServiceProvider services, int macs)
    {
        var account = Accounts.Snapshot("c3ViamVjdC1vZi10ZXN0cw");
        TokenIssuer issuer = services.GetRequiredService<TokenIssuer>();
        TokenValidator validator = services.GetRequiredService<TokenValidator>();
        var comparison = new Comparison("first byte right", "all bytes wrong");
        InPairsAsync(macs, (isFirst, _, count) =>
        {
            string token = WithWrongMac(issuer.Issue(Grant.To(account, "orders", [], TokenIssuer.NewId())).Value, keepFirst: isFirst);
            long start = Stopwatch.GetTimestamp();
            bool accepted = validator.TryValidate(token, out AccessToken? _, out TokenRejection? rejection);
            TimeSpan time = Stopwatch.GetElapsedTime(start);
            if (accepted || rejection != TokenRejection.BadSignature)
                throw new InvalidOperationException("the MAC was not what was refused");
            if (count)
                comparison.Add(isFirst, time);
            return Task.CompletedTask;
        }).GetAwaiter().GetResult();
        return comparison.Report();
    }

    private static string WithWrongMac(string token, bool keepFirst)
    {
        int lastDot = token.LastIndexOf('.');
        byte[] mac = Base64Url.DecodeFromChars(token.AsSpan(lastDot + 1));
        for (int index = keepFirst ? 1 : 0; index < mac.Length; index++)
            mac[index] ^= (byte)RandomNumberGenerator.GetInt32(1, 256);
        return $"{token[..lastDot]}.{Base64Url.EncodeToString(mac)}";
    }

    private static async Task InPairsAsync(int pairs, Func<bool, int, bool, Task> attempt)
    {
        int warmUp = Math.Max(1, pairs / 10);
        for (int turn = 0; turn < warmUp + pairs; turn++)
        {
            bool firstIsFirst = RandomNumberGenerator.GetInt32(2) == 0;
            await attempt(firstIsFirst, turn, turn >= warmUp);
            await attempt(!firstIsFirst, turn, turn >= warmUp);
        }
    }
}
