using System.CommandLine;
using JwtAuth.Benchmarks.Rivals;

namespace JwtAuth.Benchmarks;

/// <summary>How each is asked.</summary>
internal sealed record RivalScene(int People, TimeSpan Turn, TimeSpan WarmUp);

/// <summary><c>rivals</c>: what the service and others that do such work make in a second, each on its own stores.</summary>
internal static class RivalsVerb
{
    // What costs a slow hash fills the processors with few.
    private const int PeopleWhoLogIn = 4;

    public static Command Create()
    {
        var people = new Option<int>("--people")
        {
            Description = "Accounts of each, one to a connection; four of them log in",
            DefaultValueFactory = _ => 24,
        };
        var rounds = new Option<int>("--rounds") { Description = "Rounds that count", DefaultValueFactory = _ => 5 };
        var turns = new Option<int>("--turns") { Description = "Turns of each candidate in a round", DefaultValueFactory = _ => 2 };
        var time = new Option<int>("--milliseconds") { Description = "Of a turn", DefaultValueFactory = _ => 2_000 };
        var warmUp = new Option<int>("--warm-up") { Description = "Seconds of each, before each operation", DefaultValueFactory = _ => 8 };
        Option<DirectoryInfo?> artifacts = Arena.ArtifactsOption();
        var verb = new Command("rivals",
            """
            Logins, refreshes, checks, introspections and tokens for programs, as many in a second as each makes that has them: the service
            on both engines, ASP.NET Core Identity's API, OpenIddict, better-auth, oidc-provider. Each is a process of its own with a
            database of its own, and they take turns. What is missing on this machine is left out and named. Exits 1 when a figure is not
            what it must be.
            """)
        {
            people, rounds, turns, time, warmUp, artifacts,
        };
        verb.SetAction((parsed, stopping) => RunAsync(
            new RivalScene(Math.Max(Load.Threads, parsed.GetValue(people)), TimeSpan.FromMilliseconds(parsed.GetValue(time)),
                TimeSpan.FromSeconds(parsed.GetValue(warmUp))),
            new Rounds(parsed.GetValue(rounds), parsed.GetValue(turns), warmUp: TimeSpan.Zero),
            parsed.GetValue(artifacts), stopping));
        return verb;
    }

    private static async Task<int> RunAsync(
        RivalScene scene, Rounds rounds, DirectoryInfo? artifacts, CancellationToken stopping)
    {
        await using Arena arena = await Arena.MakeAsync(artifacts, stopping);
        await using var stage = new RivalStage(scene);
        string ours = await arena.Builds.BuildAsync(Builds.Ours, stopping);
        foreach (Contender contender in (Contender[])[
            new OurService(Arena.Sqlite, ours, arena.NewDirectory()),
            .. await arena.OursOnPostgresAsync(Arena.Postgres, ours),
            new IdentityApi(Arena.Identity, await arena.Builds.BuildAsync(Builds.IdentityApi, stopping), arena.NewDirectory()),
            new OpenIddictServer(Arena.OpenIddict, await arena.Builds.BuildAsync(Builds.OpenIddict, stopping), arena.NewDirectory()),
            .. await arena.OfNodeAsync()])
        {
            await stage.AddAsync(contender);
        }

        Dictionary<Operation, Measured> measured = [];
        foreach ((Operation operation, int people) in ((Operation, int)[])[
            (Operation.Login, PeopleWhoLogIn), (Operation.Refresh, scene.People), (Operation.Check, scene.People),
            (Operation.Introspection, scene.People), (Operation.ClientCredentials, scene.People)])
        {
            measured[operation] = await stage.MeasureAsync(operation, people, rounds);
        }
        int exitCode = Tell(measured, stage).Publish(directory: null);
        foreach (string line in (string[])[.. stage.Remarks, .. arena.LeftOut])
            Console.WriteLine($"\n{line}");
        return exitCode;
    }

    private static Findings Tell(Dictionary<Operation, Measured> measured, RivalStage stage)
    {
        var findings = new Findings("a second (least to most)", "logins", "refreshes", "checks at its own `/me`", "introspections",
            "client_credentials", "resident after it, MB", "its share, MB");
        foreach ((string name, Footprint memory) in stage.Footprints)
        {
            findings.Add([name, .. measured.Values.Select(
                figures => figures.Figures.Any(figure => figure.Name == name) ? Findings.Text(figures[name].Value) : "none"),
                Findings.Text(memory.Resident), Findings.Text(memory.Share)]);
        }
        Want(Operation.Refresh, "refreshes, of OpenIddict's", 8, Arena.OpenIddict);
        Want(Operation.Check, "checks, of the Identity API's", 1, Arena.Identity);
        Want(Operation.Check, "checks, of OpenIddict's", 1, Arena.OpenIddict);
        Want(Operation.Introspection, "introspections, of OpenIddict's", 2, Arena.OpenIddict);
        double resident = stage.Footprints[Arena.Sqlite].Resident / stage.Footprints[Arena.Identity].Resident;
        findings.WantAtMost(
            1.1, $"{Arena.Sqlite}: resident after it, of the Identity API's", new Spread(resident, resident, resident));
        findings.Want("answers that were no success", "none", $"{stage.Refused:N0}", stage.Refused == 0);
        return findings;

        void Want(Operation operation, string what, double bound, string rival)
        {
            foreach (string ours in stage.Footprints.Keys.Intersect([Arena.Sqlite, Arena.Postgres]))
                findings.WantAtLeast(bound, $"{ours}: {what}", measured[operation].Ratio(ours, rival));
        }
    }
}
