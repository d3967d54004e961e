using System.CommandLine;
using System.Diagnostics;
using JwtAuth.Bearer.Keys;

namespace JwtAuth.Benchmarks;

/// <summary><c>refresh</c>: how many refreshes the service makes in a second, each of them on disk before it is answered.</summary>
internal static class RefreshVerb
{
    private const string Ours = "this build", Other = "the other build";

    public static Command Create()
    {
        var sessions = new Option<int[]>("--sessions")
        {
            Description = "How many sessions the database has, each refreshed as often as the others",
            DefaultValueFactory = _ => [1_000, 10_000, 100_000, 1_000_000],
            AllowMultipleArgumentsPerToken = true,
        };
        var beside = new Option<FileInfo?>("--beside") { Description = "JwtAuth.Server.dll of another build, to measure in the same run" };
        var connections = new Option<int>("--connections") { Description = "Connections to each candidate", DefaultValueFactory = _ => 32 };
        var rounds = new Option<int>("--rounds") { Description = "Rounds that count", DefaultValueFactory = _ => 5 };
        var turns = new Option<int>("--turns") { Description = "Turns of each candidate in a round", DefaultValueFactory = _ => 2 };
        var time = new Option<int>("--milliseconds") { Description = "Of a turn", DefaultValueFactory = _ => 2_000 };
        var warmUp = new Option<int>("--warm-up") { Description = "Seconds of each candidate", DefaultValueFactory = _ => 10 };
        var verb = new Command("refresh",
            """
            Refreshes over HTTP as fast as the service answers, each in turn of as many sessions as the database has, in random order, with
            ES256 and RS256; beside another build of the service if one is given. Each is a process of its own with a database of its own,
            and they take turns. Exits 1 when a figure is not what it must be, or a refresh is not answered by 200.
            """)
        {
            sessions, beside, connections, rounds, turns, time, warmUp,
        };
        verb.SetAction((parsed, stopping) => RunAsync(
            [.. parsed.GetValue(sessions)!.Order()], parsed.GetValue(beside),
            new RefreshScene(parsed.GetValue(connections), TimeSpan.FromMilliseconds(parsed.GetValue(time))),
            new Rounds(parsed.GetValue(rounds), parsed.GetValue(turns), warmUp: TimeSpan.Zero),
            TimeSpan.FromSeconds(parsed.GetValue(warmUp)), stopping));
        return verb;
    }

    private static async Task<int> RunAsync(
        int[] sessions, FileInfo? beside, RefreshScene scene, Rounds rounds, TimeSpan warmUp, CancellationToken stopping)
    {
        await using var stage = new RefreshStage(scene);
        foreach (int count in sessions)
            await stage.AddAsync(NameOf(SignatureAlgorithm.ES256, count, Ours), SignatureAlgorithm.ES256, count, build: null, stopping);
        await stage.AddAsync(NameOf(SignatureAlgorithm.RS256, sessions[0], Ours), SignatureAlgorithm.RS256, sessions[0], null, stopping);
        foreach (SignatureAlgorithm algorithm in beside is null ? [] : new[] { SignatureAlgorithm.ES256, SignatureAlgorithm.RS256 })
            await stage.AddAsync(NameOf(algorithm, sessions[0], Other), algorithm, sessions[0], beside, stopping);
        foreach (HttpPlayer player in stage.Players)
        {
            for (long start = Stopwatch.GetTimestamp(); Stopwatch.GetElapsedTime(start) < warmUp;)
                player.Run();
            player.Begin();
        }
        Measured measured = await rounds.RunAsync("refreshes", [.. stage.Players.Select(player => player.AsCandidate()),
            new Candidate(RefreshStage.Signatures, _ => new(new Sample(stage.SignOnAllProcessors())))]);
        return Tell(measured, stage, sessions, beside is not null).Publish(directory: null);
    }

    private static Findings Tell(Measured measured, RefreshStage stage, int[] sessions, bool isBeside)
    {
        var findings = new Findings("", "refreshes/s (least to most)", "of the other build", "processor time of the service, µs");
        foreach (HttpPlayer player in stage.Players)
        {
            string other = player.Name.Replace(Ours, Other, StringComparison.Ordinal);
            bool hasOther = other != player.Name && stage.Players.Any(candidate => candidate.Name == other);
            findings.Add(player.Name, Findings.Text(measured[player.Name].Value),
                hasOther ? Findings.Text(measured.Ratio(player.Name, other)) : "",
                Findings.Text(player.ProcessorTime.TotalMicroseconds));
        }
        string es256 = NameOf(SignatureAlgorithm.ES256, sessions[0], Ours), rs256 = NameOf(SignatureAlgorithm.RS256, sessions[0], Ours);
        findings.Add(RefreshStage.Signatures, Findings.Text(measured[RefreshStage.Signatures].Value), "", "");
        if (isBeside)
            findings.WantAtLeast(
                8, $"{es256}, of the other build", measured.Ratio(es256, NameOf(SignatureAlgorithm.ES256, sessions[0], Other)));
        // What the load takes of the processors is not there to sign.
        double left = 1 - stage.ShareOfLoad(rs256);
        Spread reached = measured.Ratio(rs256, RefreshStage.Signatures);
        findings.WantAtLeast(
            0.6, $"{rs256}, of the signatures that the processors make beside the load ({Findings.Text(left)} of them)",
            new Spread(reached.Median / left, reached.Least / left, reached.Most / left));
        if (sessions.Length > 1)
            findings.WantAtLeast(
                2.0 / 3, $"ES256, {sessions[^1]:N0} sessions, of {sessions[0]:N0}",
                measured.Ratio(NameOf(SignatureAlgorithm.ES256, sessions[^1], Ours), es256));
        return findings;
    }

    private static string NameOf(SignatureAlgorithm algorithm, int sessions, string build) =>
        $"{algorithm}, {sessions:N0} sessions, {build}";
}
