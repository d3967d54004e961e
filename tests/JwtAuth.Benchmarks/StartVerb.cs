using System.CommandLine;
using JwtAuth.Benchmarks.Rivals;

namespace JwtAuth.Benchmarks;

/// <summary><c>start</c>: how long the service and its rivals take to their first answer, and what they take of the memory then.</summary>
internal static class StartVerb
{
    private const string Unseen = ", that does not look at its tables";

    public static Command Create()
    {
        var rounds = new Option<int>("--rounds") { Description = "Starts of each that count", DefaultValueFactory = _ => 11 };
        var settle = new Option<int>("--settle")
        {
            Description = "Milliseconds from the first answer to the measuring of memory",
            DefaultValueFactory = _ => 3_000,
        };
        Option<DirectoryInfo?> artifacts = Arena.ArtifactsOption();
        var verb = new Command("start",
            """
            Starts the service and others that do such work, in turns, each on a database that it has used before, and asks it from the
            beginning about a token from before: until it is good. Published for this system and as dotnet build makes them, which this
            command does itself. Exits 1 when a figure is not what it must be.
            """)
        {
            rounds, settle, artifacts,
        };
        verb.SetAction((parsed, stopping) => RunAsync(
            new Rounds(parsed.GetValue(rounds), turns: 1, warmUp: TimeSpan.Zero),
            TimeSpan.FromMilliseconds(parsed.GetValue(settle)), parsed.GetValue(artifacts), stopping));
        return verb;
    }

    private static async Task<int> RunAsync(Rounds rounds, TimeSpan settle, DirectoryInfo? artifacts, CancellationToken stopping)
    {
        await using Arena arena = await Arena.MakeAsync(artifacts, stopping);
        List<Starter> starters = [];
        foreach (Contender contender in await ContendersAsync(arena, stopping))
            starters.Add(await Starter.PrepareAsync(contender, settle));
        Measured measured = await rounds.RunAsync("start", [.. starters.Select(starter => starter.AsCandidate())]);
        int exitCode = Tell(measured, starters).Publish(directory: null);
        foreach (string line in arena.LeftOut)
            Console.WriteLine($"\n{line}");
        return exitCode;
    }

    private static async Task<List<Contender>> ContendersAsync(Arena arena, CancellationToken stopping)
    {
        string ours = await arena.Builds.PublishAsync(Builds.Ours, stopping);
        string identity = await arena.Builds.PublishAsync(Builds.IdentityApi, stopping);
        return
        [
            new OurService(Arena.Sqlite + Arena.Published, ours, arena.NewDirectory()),
            .. await arena.OursOnPostgresAsync(Arena.Postgres + Arena.Published, ours),
            new OurService(Arena.Sqlite + Arena.Built, await arena.Builds.BuildAsync(Builds.Ours, stopping), arena.NewDirectory()),
            new IdentityApi(Arena.Identity + Arena.Published, identity, arena.NewDirectory()),
            new IdentityApi(Arena.Identity + Arena.Published + Unseen, identity, arena.NewDirectory(), looksAtTables: false),
            new IdentityApi(Arena.Identity + Arena.Built, await arena.Builds.BuildAsync(Builds.IdentityApi, stopping),
                arena.NewDirectory()),
            new OpenIddictServer(Arena.OpenIddict + Arena.Published, await arena.Builds.PublishAsync(Builds.OpenIddict, stopping),
                arena.NewDirectory()),
            .. await arena.OfNodeAsync(),
        ];
    }

    private static Findings Tell(Measured measured, List<Starter> starters)
    {
        var findings = new Findings("", "to the first answer, ms (least to most)", $"of {Arena.Sqlite}{Arena.Published}",
            "processor time until then, ms", "resident, MB", "its share, MB");
        Starter first = starters[0];
        foreach (Starter starter in starters)
        {
            findings.Add(starter.Name, Findings.Text(measured[starter.Name].Value),
                starter == first ? "" : Findings.Text(measured.Ratio(starter.Name, first.Name)),
                Findings.Text(starter.Of(start => start.Worked.TotalMilliseconds).Median),
                Findings.Text(starter.Of(start => start.Memory.Resident).Median),
                Findings.Text(starter.Of(start => start.Memory.Share).Median));
        }
        foreach (string way in (string[])[Arena.Published, Arena.Built])
        {
            string ours = Arena.Sqlite + way, identity = Arena.Identity + way;
            findings.WantAtMost(1.3, $"{ours}, of {identity}: start", measured.Ratio(ours, identity));
            findings.WantAtMost(1.1, $"{ours}, of {identity}: resident", Find(ours).Ratio(Find(identity), start => start.Memory.Resident));
            findings.WantAtMost(1.1, $"{ours}, of {identity}: its share", Find(ours).Ratio(Find(identity), start => start.Memory.Share));
        }
        findings.WantAtMost(1, $"{first.Name}, of {Arena.OpenIddict}{Arena.Published}: start",
            measured.Ratio(first.Name, Arena.OpenIddict + Arena.Published));
        return findings;

        Starter Find(string name) => starters.Single(starter => starter.Name == name);
    }
}
