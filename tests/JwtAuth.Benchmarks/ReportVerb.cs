using System.CommandLine;
using System.Diagnostics;
using System.Text;

namespace JwtAuth.Benchmarks;

/// <summary>
/// <c>report</c>: runs the other verbs, each in a process of its own, and writes what they found into docs/performance.md.
/// </summary>
internal static class ReportVerb
{
    /// <summary>The verbs whose figures the page has, what makes them quick, and whether they draw.</summary>
    public static readonly IReadOnlyList<Part> Parts =
    [
        new("http", ["--rounds", "2", "--turns", "2", "--milliseconds", "200", "--denials", "20000"], Draws: true),
        new("seen", ["--rounds", "3"], Draws: true),
        new("tokens", ["--rounds", "3", "--tokens", "500"], Draws: false),
        new("denials", ["--rounds", "3", "--entries", "300000"], Draws: false),
        new("logout", ["--logouts", "50"], Draws: true),
        new("credentials", ["--rounds", "2", "--turns", "1", "--people", "4", "--rows", "1000"], Draws: true),
        new("refresh", ["--sessions", "1000", "--rounds", "2", "--turns", "1", "--milliseconds", "300", "--warm-up", "2"], Draws: false),
        new("crowd", ["--logins", "5"], Draws: false),
        new("lane", ["--rounds", "2", "--calls", "100"], Draws: false),
        new("sweep", ["--rows", "20000"], Draws: false),
        new("rivals", ["--people", "2", "--rounds", "1", "--turns", "1", "--milliseconds", "300", "--warm-up", "0"], Draws: false),
        new("start", ["--rounds", "2", "--settle", "500"], Draws: false),
    ];

    public static Command Create()
    {
        var parts =
            new Argument<string[]>("parts") { Description = "Only these; all, where none is named", Arity = ArgumentArity.ZeroOrMore };
        parts.AcceptOnlyFromAmong([.. Parts.Select(part => part.Verb)]);
        var quick =
            new Option<bool>("--quick") { Description = "Small counts, to see that it works: figures of no worth, and the page says so" };
        var verb = new Command("report",
            """
            Runs the verbs that measure speed, each in a process of its own, and writes what they found into docs/performance.md and the
            pictures beside it: between the marks of each part, so that no figure there is written by hand. The machine has to be quiet.
            Exits 1 when a part could not be measured.
            """)
        {
            parts, quick,
        };
        verb.SetAction((parsed, stopping) => RunAsync(parsed.GetValue(parts)!, parsed.GetValue(quick), stopping));
        return verb;
    }

    /// <summary>What a verb that draws is told by the report.</summary>
    public static Option<DirectoryInfo?> PicturesOption() => new("--pictures") { Description = "The directory to put pictures into" };

    private static async Task<int> RunAsync(string[] named, bool quick, CancellationToken stopping)
    {
        bool all = true;
        foreach (Part part in Parts.Where(part => named.Length == 0 || named.Contains(part.Verb)))
        {
            string machine = Machine.Describe();
            (int exitCode, string output) = await MeasureAsync(part, quick, stopping);
            if (exitCode is not (0 or 1) || !output.Contains('|', StringComparison.Ordinal))
            {
                await Console.Error.WriteLineAsync($"{part.Verb} could not be measured (exit code {exitCode})");
                all = false;
                continue;
            }
            await WriteAsync(part, $"{(quick ? "**A quick run: figures of no worth.** " : "")}{machine}\n\n{output.Trim()}", stopping);
        }
        return all ? 0 : 1;
    }

    private static async Task<(int ExitCode, string Output)> MeasureAsync(Part part, bool quick, CancellationToken stopping)
    {
        string[] draw = part.Draws ? ["--pictures", Path.Combine(Root, "docs", "performance")] : [];
        string[] args = [typeof(ReportVerb).Assembly.Location, part.Verb, .. quick ? part.Quick : [], .. draw];
        using Process process = Process.Start(new ProcessStartInfo("dotnet", args) { RedirectStandardOutput = true })!;
        var output = new StringBuilder();
        while (await process.StandardOutput.ReadLineAsync(stopping) is { } line)
        {
            Console.WriteLine(line);
            output.Append(line).Append('\n');
        }
        await process.WaitForExitAsync(stopping);
        return (process.ExitCode, output.ToString());
    }

    private static async Task WriteAsync(Part part, string text, CancellationToken stopping)
    {
        string path = Path.Combine(Root, "docs", "performance.md"), page = await File.ReadAllTextAsync(path, stopping);
        int begin = page.IndexOf(part.Begin, StringComparison.Ordinal), end = page.IndexOf(part.End, StringComparison.Ordinal);
        if (begin < 0 || end < begin)
            throw new InvalidOperationException($"docs/performance.md lacks the marks {part.Begin} and {part.End}");
        await File.WriteAllTextAsync(path, $"{page[..(begin + part.Begin.Length)]}\n{text}\n{page[end..]}", stopping);
    }

    /// <summary>Where the repository is.</summary>
    public static string Root
    {
        get
        {
            DirectoryInfo? directory = new(AppContext.BaseDirectory);
            while (directory is not null && !File.Exists(Path.Combine(directory.FullName, "JwtAuth.sln")))
                directory = directory.Parent;
            return directory?.FullName ?? throw new InvalidOperationException("there is no JwtAuth.sln above this program");
        }
    }

    /// <summary>A verb whose figures the page has.</summary>
    internal sealed record Part(string Verb, string[] Quick, bool Draws)
    {
        public string Begin => $"<!-- {Verb}: written by the command -->";

        public string End => $"<!-- {Verb}: end -->";
    }
}
