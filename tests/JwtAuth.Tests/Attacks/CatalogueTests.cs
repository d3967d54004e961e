using System.Reflection;
using JwtAuth.Tests.Hosting;

namespace JwtAuth.Tests.Attacks;

/// <summary>The catalogue of attacks, which lies outside the repository, against what is tested here: no row is forgotten without a word.</summary>
public sealed class CatalogueTests
{
    private const string Remedy = "Name the file in JWTAUTH_ATTACKS: a table with a heading and a row's id in its first column.";

    private static readonly string[] Areas = ["ALG", "SIG", "JSN", "CLM", "HTP", "PWD", "BCR", "KEY", "ACC", "NET", "REF", "REV", "WEB", "PAT"];
    private static readonly string[] Others =
    [
        "CLI-01", "CLI-02", "CLI-03", "CLI-05", "CLI-11", "CLI-12", "OPS-01", "OPS-02", "OPS-07", "OPS-13", "OPS-14", "OPS-16",
    ];

    [Fact]
    public void Every_row_is_tested_or_stands_in_the_table_of_what_cannot_be_tested_yet()
    {
        string[] rows = Rows();
        HashSet<string> tested = Tested();

        rows.Where(row => Areas.Contains(row[..3]) || Others.Contains(row))
            .Where(row => !tested.Contains(row) && !NotYet().ContainsKey(row))
            .Should().BeEmpty();
    }

    [Fact]
    public void The_table_of_what_cannot_be_tested_yet_names_rows_of_the_catalogue_that_are_not_tested_with_a_reason()
    {
        NotYet().Keys.Should().BeSubsetOf(Rows());
        NotYet().Keys.Should().NotIntersectWith(Tested(), "what is tested leaves the table");
        NotYet().Values.Should().OnlyContain(reason => reason.Length > 10);
    }

    [Fact]
    public void Every_case_names_a_row_of_the_catalogue_and_has_a_title_of_its_own()
    {
        Tested().Should().BeSubsetOf(Rows());
        Attack.All.Select(attack => attack.Title).Should().OnlyHaveUniqueItems();
    }

    private static HashSet<string> Tested() =>
    [
        .. Attack.All.Select(attack => attack.Row),
        .. from type in typeof(CatalogueTests).Assembly.GetTypes()
           from method in type.GetMethods(BindingFlags.Public | BindingFlags.Instance | BindingFlags.DeclaredOnly)
           from trait in method.GetCustomAttributes<TraitAttribute>()
           where trait.Name == "row"
           select trait.Value,
    ];

    private static string[] Rows()
    {
        string path = Path.GetFullPath(Environment.GetEnvironmentVariable("JWTAUTH_ATTACKS") ?? Path.Combine(Repository.Root, "..", "shared", "attacks.tsv"));
        Assert.SkipUnless(File.Exists(path), $"The catalogue is not there. {Remedy}");
        return [.. File.ReadLines(path).Skip(1).Where(line => line.Length > 0).Select(line => line.Split('\t')[0])];
    }

    private static Dictionary<string, string> NotYet()
    {
        using var reader = new StreamReader(typeof(CatalogueTests).Assembly.GetManifestResourceStream("not-yet.tsv")!);
        return reader.ReadToEnd().Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => line.Split('\t')).ToDictionary(cells => cells[0], cells => cells[1]);
    }
}
