using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using JwtAuth.Bearer;
using JwtAuth.Bearer.AccessTokens;
using JwtAuth.Bearer.Clocks;
using JwtAuth.Bearer.Denials;
using JwtAuth.Bearer.Keys;
using JwtAuth.Server.AccessTokens;
using JwtAuth.Server.Composition;
using JwtAuth.Server.Denials;
using JwtAuth.Server.Storage;
using JwtAuth.Tests.Hosting;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;

namespace JwtAuth.Benchmarks;

/// <summary><c>denials</c>: what a denylist costs that is full.</summary>
internal static class DenialsVerb
{
    private const string Issuer = "http://localhost:5080", Audience = "orders";

    // Denied ones that are asked about: many times what a processor's own caches hold.
    private const int Sample = 100_000;

    private const int WarmUp = 3;

    private const double MostBytes = 48, MostNanoseconds = 100;

    private static readonly DateTimeOffset ForgetAt = DateTimeOffset.UtcNow + TimeSpan.FromHours(5);

    public static Command Create()
    {
        var entries = new Option<int>("--entries") { Description = "Live denials, 300,000 or more", DefaultValueFactory = _ => 1_000_000 };
        var rounds = new Option<int>("--rounds") { Description = "Rounds of each measurement of time", DefaultValueFactory = _ => 15 };
        var verb = new Command("denials",
            """
            Measures a denylist full of sessions, of tokens, of subjects, and of subjects with an exception: the memory of each. Then one
            that holds the first three kinds alike: what it takes to ask it (a fence before and after each question, so that the processor
            cannot begin with the next one early), what a check of an ES256 token takes with it, with an empty one and without any, in
            turns, and how long the service needs to read the log from SQLite at its start. Exits 1 when a session, token or subject takes
            more than 48 bytes at the worst, or a question about a live token 100 ns or more.
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
            bool asPromised = Memory(entries);
            Denylist full = Lookups(entries, rounds, ref asPromised);
            await using (WebApplication app = Build(directory))
            {
                await app.PrepareAsync();
                Checks(app.Services, full, rounds);
                await WriteAsync(app.Services, entries);
            }
            await LoadAsync(directory);
            return asPromised ? 0 : 1;
        }
        finally
        {
            Microsoft.Data.Sqlite.SqliteConnection.ClearAllPools();
            Directory.Delete(directory, recursive: true);
        }
    }

    private static bool Memory(int entries)
    {
        double session = MemoryOf("a session", entries, OfSession), token = MemoryOf("a token", entries, OfToken),
            subject = MemoryOf("a subject", entries, OfSubject);
        MemoryOf("a subject of which one session is spared", entries, OfOthers);
        return Math.Max(session, Math.Max(token, subject)) <= MostBytes;
    }

    private static double MemoryOf(string what, int entries, Func<Asked, Denial> denialOf)
    {
        long before = GC.GetTotalMemory(forceFullCollection: true);
        Denylist full = New();
        for (int number = 0; number < entries; number++)
            full.Add(denialOf(NewAsked()));
        double grown = Held();
        // What forgets is as empty afterwards as a table may be.
        full.Add(Denial.OfSession("over", DateTimeOffset.UnixEpoch));
        full.Forget(DateTimeOffset.UtcNow);
        double worst = Held();
        Line($"| memory, {what} | {grown:F1} bytes, {worst:F1} at the worst |");
        return worst;

        double Held() => (double)(GC.GetTotalMemory(forceFullCollection: true) - before) / full.Count;
    }

    private static Denylist Lookups(int entries, int rounds, ref bool asPromised)
    {
        Asked[] sessions = NewSample(), tokens = NewSample(), subjects = NewSample();
        Denylist full = New();
        Line($"| asked about a live token, 0 denials | {Spread(DenialQuestions.AboutLive(full, rounds), "F0", " ns")} |");
        for (int number = 0; number < entries; number++)
        {
            if (number == 1000)
                Line($"| … 1,000 denials | {Spread(DenialQuestions.AboutLive(full, rounds), "F0", " ns")} |");
            int turn = number / 3;
            full.Add((number % 3) switch
            {
                0 => OfSession(turn < Sample ? sessions[turn] : NewAsked()),
                1 => OfToken(turn < Sample ? tokens[turn] : NewAsked()),
                _ => OfSubject(turn < Sample ? subjects[turn] : NewAsked()),
            });
        }
        List<double> times = DenialQuestions.AboutLive(full, rounds);
        Line($"| … {entries:N0} denials | {Spread(times, "F0", " ns")} |");
        Denied("session", DenialKind.Session, sessions, names => names.Session);
        Denied("token", DenialKind.Token, tokens, names => names.Token);
        Denied("subject", DenialKind.Subject, subjects, names => names.Subject);
        List<double> naming =
            DenialQuestions.Naming([.. sessions.Select(token => (token.Subject, token.JwtId, token.SessionId))], rounds);
        Line($"| the names of a token, made once for it | {Spread(naming, "F0", " ns")} |");
        asPromised &= Median(times) < MostNanoseconds;
        full.CompleteAsOf(ClockReading.Of(TimeProvider.System));
        return full;

        void Denied(string what, DenialKind kind, Asked[] asked, Func<TokenIdentifiers, UInt128> idOf)
        {
            List<double> denied = DenialQuestions.AboutDenied(full, kind, [.. asked.Select(token => idOf(token.Names))], rounds);
            Line($"| … about a denied {what} | {Spread(denied, "F0", " ns")} |");
        }
    }

    private static void Checks(IServiceProvider services, Denylist full, int rounds)
    {
        TokenIssuer issuer = services.GetRequiredService<TokenIssuer>();
        var account = Accounts.Snapshot(TokenIssuer.NewId());
        string[] tokens = [.. Enumerable.Range(0, 1000)
            .Select(_ => issuer.Issue(Grant.To(account with { Subject = TokenIssuer.NewId() }, Audience, [], TokenIssuer.NewId())).Value)];
        Denylist empty = New();
        empty.CompleteAsOf(ClockReading.Of(TimeProvider.System));
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
        Line($"| … with an empty one | {Spread(times[1], "F1", " µs")}, {Spread(Ratios(times[1]), "F3", " times")} |");
        Line($"| … with a full one | {Spread(times[2], "F1", " µs")}, {Spread(Ratios(times[2]), "F3", " times")} |");

        List<double> Ratios(List<double> ones) => [.. ones.Zip(times[0], (one, none) => one / none)];
    }

    private static TokenValidator ValidatorOf(IServiceProvider services, Denylist? denylist)
    {
        var options = new JwtAuthBearerOptions { Authority = Issuer };
        options.Audiences.Add(Audience);
        return new TokenValidator(options.Rules, services.GetRequiredService<IVerificationKeys>(), TimeProvider.System,
            denylist is null ? null : new Source(denylist));
    }

    private static async Task WriteAsync(IServiceProvider services, int entries)
    {
        for (int written = 0; written < entries; written += 10_000)
        {
            await using AsyncServiceScope scope = services.CreateAsyncScope();
            Db db = scope.ServiceProvider.GetRequiredService<Db>();
            await using WriteTransaction transaction = await db.BeginWriteAsync(Urgency.Usual, "a benchmark", Extent.OneStatement);
            for (int number = written; number < Math.Min(entries, written + 10_000); number++)
            {
                db.Denials.Add(DenialRow.Of(number % 2 == 0
                    ? Denial.OfSession(TokenIssuer.NewId(), ForgetAt)
                        : Denial.OfToken(TokenIssuer.NewId(), TokenIssuer.NewId(), ForgetAt)));
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

    private static WebApplication Build(string directory) => ServiceBuilder.Build(
    [
        "--environment=Development", $"--contentRoot={directory}", $"--JwtAuth:DataDirectory={directory}", $"--JwtAuth:Issuer={Issuer}",
        $"--JwtAuth:Audiences={Audience}", "--JwtAuth:Passwords:WorkFactor=10", "--JwtAuth:SigningKeys:Algorithm=ES256",
        "--Logging:LogLevel:Default=Warning",
    ]);

    private static Denylist New() => new(TimeProvider.System, TimeSpan.FromDays(1));

    private static Asked NewAsked() => new(TokenIssuer.NewId(), TokenIssuer.NewId(), TokenIssuer.NewId());

    private static Asked[] NewSample() => [.. Enumerable.Range(0, Sample).Select(_ => NewAsked())];

    private static Denial OfSession(Asked token) => Denial.OfSession(token.SessionId, ForgetAt);

    private static Denial OfToken(Asked token) => Denial.OfToken(token.Subject, token.JwtId, ForgetAt);

    private static Denial OfSubject(Asked token) => Denial.OfSubject(token.Subject, 1, exceptSessionId: null, ForgetAt);

    private static Denial OfOthers(Asked token) => Denial.OfSubject(token.Subject, 1, token.SessionId, ForgetAt);

    private static string Spread(List<double> values, string format, string unit)
    {
        string Text(double value) => value.ToString(format, CultureInfo.InvariantCulture);
        return $"{Text(Median(values))}{unit} ({Text(values.Min())} to {Text(values.Max())})";
    }

    private static double Median(List<double> values) => values.Order().ElementAt(values.Count / 2);

    private static void Line(FormattableString text) => Console.WriteLine(text.ToString(CultureInfo.InvariantCulture));

    private sealed record Asked(string Subject, string JwtId, string SessionId)
    {
        public TokenIdentifiers Names => new(Subject, JwtId, SessionId, generation: 0, "kid");
    }

    private sealed class Source(Denylist denylist) : IDenialSource
    {
        public Denylist Denylist => denylist;

        public Task CatchUpAsync() => Task.CompletedTask;
    }
}
