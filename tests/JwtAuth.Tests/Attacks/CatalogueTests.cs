using System.Reflection;
using JwtAuth.Tests.Hosting;

namespace JwtAuth.Tests.Attacks;

/// <summary>The catalogue of attacks against what is tested here: no row is forgotten without a word.</summary>
public sealed class CatalogueTests
{
    [Fact]
    public void Every_row_is_tested_or_stands_in_the_table_of_what_is_not_tested_yet() =>
        Catalogue().Where(row => !Tested().Contains(row) && !NotYet().ContainsKey(row)).Should().BeEmpty();

    [Fact]
    public void The_table_of_what_is_not_tested_yet_names_rows_of_the_catalogue_that_are_not_tested_with_a_reason()
    {
        NotYet().Keys.Should().BeSubsetOf(Catalogue());
        NotYet().Keys.Should().NotIntersectWith(Tested(), "what is tested leaves the table");
        NotYet().Values.Should().OnlyContain(reason => reason.Length > 10);
    }

    [Fact]
    public void Every_case_names_a_row_of_the_catalogue_and_has_a_title_of_its_own()
    {
        Catalogue().Should().HaveCountGreaterThan(200).And.OnlyHaveUniqueItems();
        Tested().Should().BeSubsetOf(Catalogue());
        Attack.All.Select(attack => attack.Title).Should().OnlyHaveUniqueItems();
    }

    [Fact]
    public void The_rows_of_a_catalogue_elsewhere_are_in_this_one_or_tested_or_in_the_table_too()
    {
        string path = Path.GetFullPath(
            Environment.GetEnvironmentVariable("JWTAUTH_ATTACKS") ?? Path.Combine(Repository.Root, "..", "shared", "attacks.tsv"));
        Assert.SkipUnless(
            File.Exists(path), "There is no other catalogue. Name one in JWTAUTH_ATTACKS: a heading, then a row's id in the first column.");

        RowsOf(File.ReadAllText(path)).Except(Catalogue()).Where(row => !Tested().Contains(row) && !NotYet().ContainsKey(row))
            .Should().BeEmpty("a new row is taken over into catalogue.tsv, and tested or listed");
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

    private static List<string> Catalogue() => RowsOf(Embedded("catalogue.tsv"));

    private static Dictionary<string, string> NotYet() =>
        LinesOf(Embedded("not-yet.tsv")).Select(line => line.Split('\t')).ToDictionary(cells => cells[0], cells => cells[1]);

    private static List<string> RowsOf(string table) => [.. LinesOf(table).Skip(1).Select(line => line.Split('\t')[0])];

    private static string[] LinesOf(string table) => table.Split('\n', StringSplitOptions.RemoveEmptyEntries);

    private static string Embedded(string name)
    {
        using var reader = new StreamReader(typeof(CatalogueTests).Assembly.GetManifestResourceStream(name)!);
        return reader.ReadToEnd();
    }
}
