using System.Globalization;

namespace JwtAuth.Benchmarks;

/// <summary>What a verb found, in Markdown: a table of figures, and beside what was wanted what was reached; and pictures of it.</summary>
internal sealed class Findings(params string[] columns)
{
    private readonly List<string[]> rows = [];
    private readonly List<(string What, string Wanted, string Reached, bool IsKept)> goals = [];
    private readonly List<Picture> pictures = [];

    public void Add(params string[] cells) => rows.Add(cells);

    public void WantAtLeast(double bound, string what, Spread reached) =>
        Want(what, $"{Text(bound)} at least", Text(reached), reached.Median >= bound);

    public void WantAtMost(double bound, string what, Spread reached, string unit = "") =>
        Want(what, $"{Text(bound)}{unit} at most", $"{Text(reached)}{unit}", reached.Median <= bound);

    public void Want(string what, string wanted, string reached, bool isKept) => goals.Add((what, wanted, reached, isKept));

    public void Draw(Picture picture) => pictures.Add(picture);

    /// <summary>Prints what was found, and puts the pictures into a directory if there is one.</summary>
    /// <returns>The exit code: 0 where everything is as it is wanted.</returns>
    public int Publish(DirectoryInfo? directory)
    {
        Table(columns, rows);
        Console.WriteLine();
        Table(["", "wanted", "reached", ""], goals.Select(
            goal => (string[])[goal.What, goal.Wanted, goal.Reached, goal.IsKept ? "yes" : "**no**"]));
        directory?.Create();
        foreach (Picture picture in pictures)
        {
            if (directory is not null)
                File.WriteAllText(Path.Combine(directory.FullName, picture.FileName), picture.ToSvg());
        }
        return goals.All(goal => goal.IsKept) ? 0 : 1;
    }

    public static string Text(Spread spread) => $"{Text(spread.Median)} ({Text(spread.Least)} to {Text(spread.Most)})";

    /// <summary>With as many digits as tell something.</summary>
    public static string Text(double value) =>
        value.ToString(value switch { >= 1000 => "N0", >= 100 => "F0", >= 10 => "F1", _ => "F2" }, CultureInfo.InvariantCulture);

    private static void Table(IReadOnlyList<string> head, IEnumerable<string[]> body)
    {
        Console.WriteLine($"| {string.Join(" | ", head)} |");
        Console.WriteLine($"|{string.Concat(head.Select(_ => "---|"))}");
        foreach (string[] cells in body)
            Console.WriteLine($"| {string.Join(" | ", cells)} |");
    }
}
