using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using JwtAuth.Bearer;
using JwtAuth.Bearer.AccessTokens;
using JwtAuth.Bearer.Denials;
using JwtAuth.Bearer.Keys;
using JwtAuth.Server;
using JwtAuth.Server.AccessTokens;
using JwtAuth.Server.Accounts;
using JwtAuth.Server.Denials;
using JwtAuth.Server.Storage;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;

namespace JwtAuth.Benchmarks;

/// <summary><c>denials</c>: what a denylist costs that is full.</summary>
internal static class DenialsVerb
{
    private const string Issuer = "http://localhost:5080", Audience = "orders";

    // More than fit into a processor's own caches: a check finds the table as cold as a request does.
    private const int Sample = 50_000;

    private const int WarmUp = 3;

    private static readonly DateTimeOffset ForgetAt = DateTimeOffset.UtcNow + TimeSpan.FromHours(5);

    public static Command Create()
    {
        var entries = new Option<int>("--entries") { Description = "Live denials, 100,000 or more", DefaultValueFactory = _ => 1_000_000 };
        var rounds = new Option<int>("--rounds") { Description = "Rounds of each measurement of time", DefaultValueFactory = _ => 15 };
        var verb = new Command("denials",
            """
            Measures a denylist that is full, half with sessions and half with tokens, and one that is full of subjects: its memory, what it takes to ask it,
            what a check of an ES256 token takes with it, with an empty one and without any, in turns, and how long the service needs to read the log from SQLite at
            its start. Exits 1 when an entry of a session or token takes more than 48 bytes.
            """)
        {
            entries, rounds,
        };
        verb.SetAction(parsed => RunAsync(parsed.GetValue(entries), parsed.GetValue(rounds)));
        return verb;
    }

    private static async Task<int> RunAsync(int entries, int rounds)
    {
        string directory = Directory.CreateTempSubdirectory("jwtauth-").FullName;
        try
        {
            Line($"| {entries:N0} denials | figure |");
            Line($"|---|---|");
            (Denylist both, Asked[] sessions, Asked[] tokens, double bytes) = Fill(entries);
            Lookups(both, sessions, tokens, rounds);
            Denylist subjects = FillSubjects(entries, rounds);
            await using (WebApplication app = Build(directory))
            {
                await app.PrepareAsync();
                Checks(app.Services, both, rounds);
                await WriteAsync(app.Services, entries);
            }
            await LoadAsync(directory);
            GC.KeepAlive(subjects);
            return bytes <= 48 ? 0 : 1;
        }
        finally
        {
            Microsoft.Data.Sqlite.SqliteConnection.ClearAllPools();
            Directory.Delete(directory, recursive: true);
        }
    }

    private static (Denylist Full, Asked[] Sessions, Asked[] Tokens, double Bytes) Fill(int entries)
    {
        Asked[] sessions = Strangers(), tokens = Strangers();
        var full = new Denylist(TimeProvider.System, TimeSpan.FromDays(1));
        full.CompleteAsOf(TimeProvider.System.GetTimestamp());
        double bytes = BytesOf(entries, () =>
        {
            for (int number = 0; number < entries / 2; number++)
            {
                full.Add(Denial.OfSession(number < Sample ? sessions[number].SessionId : TokenIssuer.NewId(), ForgetAt));
                (string subject, string jwtId) = number < Sample ? (tokens[number].Subject, tokens[number].JwtId) : (TokenIssuer.NewId(), TokenIssuer.NewId());
                full.Add(Denial.OfToken(subject, jwtId, ForgetAt));
            }
        });
        Line($"| memory, a session or token | {bytes:F1} bytes: 20 a slot (16 of the identifier, 4 of its time), {bytes / 20:F2} slots an entry |");
        return (full, sessions, tokens, bytes);
    }

    private static void Lookups(Denylist full, Asked[] sessions, Asked[] tokens, int rounds)
    {
        var empty = new Denylist(TimeProvider.System, TimeSpan.FromDays(1));
        Asked[] strangers = Strangers();
        Line($"| asked, of what is not denied | {Time(full, strangers, expected: 0, rounds)} ({Time(empty, strangers, expected: 0, rounds)} while the list is empty) |");
        Line($"| asked, of a denied session | {Time(full, sessions, Sample, rounds)} |");
        Line($"| asked, of a denied token | {Time(full, tokens, Sample, rounds)} |");
    }

    private static Denylist FillSubjects(int entries, int rounds)
    {
        Asked[] denied = Strangers();
        var full = new Denylist(TimeProvider.System, TimeSpan.FromDays(1));
        double bytes = BytesOf(entries, () =>
        {
            for (int number = 0; number < entries; number++)
                full.Add(Denial.OfSubject(number < Sample ? denied[number].Subject : TokenIssuer.NewId(), 1, exceptSessionId: null, ForgetAt));
        });
        Line($"| memory, a subject | {bytes:F1} bytes |");
        Line($"| asked, of what is not denied, among subjects | {Time(full, Strangers(), expected: 0, rounds)} |");
        Line($"| asked, of a denied subject | {Time(full, denied, Sample, rounds)} |");
        return full;
    }

    private static double BytesOf(int entries, Action fill)
    {
        long before = GC.GetTotalMemory(forceFullCollection: true);
        fill();
        return (double)(GC.GetTotalMemory(forceFullCollection: true) - before) / entries;
    }

    // The median of small portions: what interrupts one portion is not in the figure.
    private static string Time(Denylist denylist, Asked[] asked, int expected, int rounds)
    {
        List<double> times = [];
        for (int round = 0; round < rounds + WarmUp; round++)
        {
            List<double> portions = [];
            int denied = 0;
            foreach (Asked[] portion in asked.Chunk(500))
            {
                long start = Stopwatch.GetTimestamp();
                foreach (Asked token in portion)
                    denied += denylist.Denies(token.Subject, token.JwtId, token.SessionId, 0, "kid") ? 1 : 0;
                portions.Add(Stopwatch.GetElapsedTime(start).TotalNanoseconds / portion.Length);
            }
            if (denied != expected)
                throw new InvalidOperationException($"{denied} denied, not {expected}");
            if (round >= WarmUp)
                times.Add(Median(portions));
        }
        return Spread(times, "F0", " ns");
    }

    private static void Checks(IServiceProvider services, Denylist full, int rounds)
    {
        TokenIssuer issuer = services.GetRequiredService<TokenIssuer>();
        var account = new AccountSnapshot(TokenIssuer.NewId(), "alice", "", true, 0, [], DateTimeOffset.UnixEpoch);
        string[] tokens = [.. Enumerable.Range(0, 1000).Select(_ => issuer.Issue(account with { Subject = TokenIssuer.NewId() }, Audience, [], TokenIssuer.NewId()).Value)];
        var empty = new Denylist(TimeProvider.System, TimeSpan.FromDays(1));
        empty.CompleteAsOf(TimeProvider.System.GetTimestamp());
        TokenValidator[] validators = [ValidatorOf(services, null), ValidatorOf(services, empty), ValidatorOf(services, full)];
        List<double>[] times = [[], [], []];
        for (int round = 0; round < rounds + WarmUp; round++)
        {
            List<double>[] checks = [[], [], []];
            // In turns, each first as often as the others: what else the machine does hits all alike.
            for (int turn = 0; turn < 3 * tokens.Length; turn++)
            {
                int which = (turn + (turn / 3) + round) % 3;
                long start = Stopwatch.GetTimestamp();
                if (!validators[which].TryValidate(tokens[turn / 3], out _, out TokenRejection? rejection))
                    throw new InvalidOperationException($"{rejection}");
                checks[which].Add(Stopwatch.GetElapsedTime(start).TotalMicroseconds);
            }
            for (int which = 0; which < 3 && round >= WarmUp; which++)
                times[which].Add(Median(checks[which]));
        }
        Line($"| a whole check, ES256: without a denylist | {Spread(times[0], "F1", " µs")} |");
        Line($"| … with an empty one | {Spread(times[1], "F1", " µs")}, {Spread([.. times[1].Zip(times[0], (one, none) => one / none)], "F3", " times")} |");
        Line($"| … with a full one | {Spread(times[2], "F1", " µs")}, {Spread([.. times[2].Zip(times[0], (one, none) => one / none)], "F3", " times")} |");
    }

    private static TokenValidator ValidatorOf(IServiceProvider services, Denylist? denylist)
    {
        var options = new JwtAuthBearerOptions { Authority = Issuer };
        options.Audiences.Add(Audience);
        return new TokenValidator(options, services.GetRequiredService<IVerificationKeys>(), TimeProvider.System, denylist is null ? null : new Source(denylist));
    }

    private static async Task WriteAsync(IServiceProvider services, int entries)
    {
        for (int written = 0; written < entries; written += 10_000)
        {
            await using AsyncServiceScope scope = services.CreateAsyncScope();
            Db db = scope.ServiceProvider.GetRequiredService<Db>();
            await using WriteTransaction transaction = await db.BeginWriteAsync();
            for (int number = written; number < Math.Min(entries, written + 10_000); number++)
            {
                db.Denials.Add(DenialRow.Of(number % 2 == 0
                    ? Denial.OfSession(TokenIssuer.NewId(), ForgetAt) : Denial.OfToken(TokenIssuer.NewId(), TokenIssuer.NewId(), ForgetAt)));
            }
            await db.SaveChangesAsync();
            await transaction.CommitAsync();
        }
    }

    // As at a start: a service that has read nothing before.
    private static async Task LoadAsync(string directory)
    {
        await using WebApplication app = Build(directory);
        await app.PrepareAsync(serves: false);
        DenialTail tail = app.Services.GetRequiredService<DenialTail>();
        long start = Stopwatch.GetTimestamp();
        await tail.BeginAsync();
        TimeSpan time = Stopwatch.GetElapsedTime(start);
        double megabytes = Directory.GetFiles(directory, "jwtauth.db*").Sum(file => new FileInfo(file).Length) / 1e6;
        Line($"| read at the start, {tail.Denylist.Count:N0} from SQLite | {time.TotalSeconds:F1} s; the database has {megabytes:F0} MB |");
    }

    private static WebApplication Build(string directory) => Composition.Build(
    [
        "--environment=Development", $"--contentRoot={directory}", $"--JwtAuth:DataDirectory={directory}", $"--JwtAuth:Issuer={Issuer}",
        $"--JwtAuth:Audiences={Audience}", "--JwtAuth:Passwords:WorkFactor=10", "--JwtAuth:SigningKeys:Algorithm=ES256", "--Logging:LogLevel:Default=Warning",
    ]);

    private static Asked[] Strangers() => [.. Enumerable.Range(0, Sample).Select(_ => new Asked(TokenIssuer.NewId(), TokenIssuer.NewId(), TokenIssuer.NewId()))];

    private static string Spread(List<double> values, string format, string unit)
    {
        string Text(double value) => value.ToString(format, CultureInfo.InvariantCulture);
        return $"{Text(Median(values))}{unit} ({Text(values.Min())} to {Text(values.Max())})";
    }

    private static double Median(List<double> values) => values.Order().ElementAt(values.Count / 2);

    private static void Line(FormattableString text) => Console.WriteLine(text.ToString(CultureInfo.InvariantCulture));

    private sealed record Asked(string Subject, string JwtId, string SessionId);

    private sealed class Source(Denylist denylist) : IDenialSource
    {
        public Denylist Denylist => denylist;

        public Task CatchUpAsync() => Task.CompletedTask;
    }
}
