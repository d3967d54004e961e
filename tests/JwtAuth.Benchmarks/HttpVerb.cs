using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using JwtAuth.Bearer.Keys;

namespace JwtAuth.Benchmarks;

/// <summary><c>http</c>: what checking tokens leaves of an API's speed.</summary>
internal static class HttpVerb
{
    // For each API: until the runtime has compiled for speed what every request runs through.
    private static readonly TimeSpan WarmUp = TimeSpan.FromSeconds(2), LongestWarmUp = TimeSpan.FromSeconds(30);

    private const int WarmUpRequests = 20_000;

    public static Command Create()
    {
        var tokens = new Option<int>("--tokens") { Description = "Different tokens of each algorithm", DefaultValueFactory = _ => 1_000 };
        var rounds = new Option<int>("--rounds") { Description = "Rounds that count", DefaultValueFactory = _ => 9 };
        var turns = new Option<int>("--turns") { Description = "Turns of each candidate in a round", DefaultValueFactory = _ => 4 };
        var time = new Option<int>("--milliseconds") { Description = "Of a turn", DefaultValueFactory = _ => 400 };
        var connections = new Option<int>("--connections") { Description = "Connections to each candidate", DefaultValueFactory = _ => 24 };
        var denials =
            new Option<int>("--denials") { Description = "Denials that one of the APIs holds", DefaultValueFactory = _ => 1_000_000 };
        var algorithms = new Option<SignatureAlgorithm[]>("--algorithm")
        {
            Description = "Only these",
            DefaultValueFactory = _ => Enum.GetValues<SignatureAlgorithm>(),
        };
        Option<DirectoryInfo?> pictures = ReportVerb.PicturesOption();
        var verb = new Command("http",
            """
            Measures, for each algorithm, the requests per second of the sample API's protected endpoint, each request with one of many
            tokens: as the API is, the same with a million denials in memory, behind an authentication that looks at nothing and gives
            everyone the same identity (the framework's own ceiling), and behind JwtBearer set up by the book; and of its anonymous
            endpoint, with the token in a header that nobody reads. Each API is a process of its own; they take turns. Exits 1 when a
            ratio is not what it must be.
            """)
        {
            tokens, rounds, turns, time, connections, denials, algorithms, pictures,
        };
        verb.SetAction(parsed => RunAsync(
            new HttpScene(parsed.GetValue(tokens), parsed.GetValue(connections), parsed.GetValue(denials),
                TimeSpan.FromMilliseconds(parsed.GetValue(time))),
            new Rounds(parsed.GetValue(rounds), parsed.GetValue(turns), warmUp: TimeSpan.Zero), parsed.GetValue(algorithms)!,
            parsed.GetValue(pictures)));
        return verb;
    }

    private static async Task<int> RunAsync(HttpScene scene, Rounds rounds, SignatureAlgorithm[] algorithms, DirectoryInfo? pictures)
    {
        var findings = new Findings("", "requests/s (least to most)", "of the constant identity", "of the anonymous endpoint",
            "of the stock set-up", "processor time, µs");
        List<BarGroup> groups = [];
        foreach (SignatureAlgorithm algorithm in algorithms)
        {
            await using HttpStage stage = await HttpStage.StartAsync(scene, algorithm);
            Prepare(stage.Players);
            Measured measured = await rounds.RunAsync($"{algorithm}", [.. stage.Players.Select(player => player.AsCandidate())]);
            Tell(findings, measured, stage.Players);
            groups.Add(new BarGroup($"{algorithm}", [.. stage.Players.Select(player => new Bar(
                player.Name, measured.Ratio(player.Name, HttpStage.Constant),
                player.Name.StartsWith(HttpStage.Ours, StringComparison.Ordinal), player.Name == HttpStage.Ours ? 0.95 : null))]));
        }
        findings.Draw(new Picture("http.svg", "Requests per second, beside an authentication that looks at nothing (1.00)", "", groups));
        return findings.Publish(pictures);
    }

    private static void Prepare(List<HttpPlayer> players)
    {
        long start = Stopwatch.GetTimestamp();
        while (Stopwatch.GetElapsedTime(start) is var elapsed && elapsed < LongestWarmUp * players.Count
            && (elapsed < WarmUp * players.Count || players.Any(player => player.Answered < WarmUpRequests)))
        {
            players.ForEach(player => player.Run());
        }
        players.ForEach(player => player.Begin());
    }

    private static void Tell(Findings findings, Measured measured, IReadOnlyList<HttpPlayer> players)
    {
        foreach (HttpPlayer player in players)
        {
            findings.Add(
                $"{measured.Title}: {player.Name}", Findings.Text(measured[player.Name].Value), RatioTo(HttpStage.Constant),
                RatioTo(HttpStage.Anonymous), RatioTo(HttpStage.Stock),
                player.ProcessorTime.TotalMicroseconds.ToString("F1", CultureInfo.InvariantCulture));

            string RatioTo(string other) => player.Name == other ? "" : Findings.Text(measured.Ratio(player.Name, other));
        }
        findings.WantAtLeast(0.95, $"{measured.Title}: of the constant identity", measured.Ratio(HttpStage.Ours, HttpStage.Constant));
        Spread full = measured.Ratio(HttpStage.Full, HttpStage.Ours);
        findings.Want(
            $"{measured.Title}: with a full denylist, of without", "1 within the rounds' spread", Findings.Text(full),
            full is { Least: <= 1, Most: >= 1 } || full.Median >= 1);
    }
}
