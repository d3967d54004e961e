using System.Reflection;
using System.Text.RegularExpressions;
using JwtAuth.Bearer.AccessTokens;
using JwtAuth.Server.Storage;
using JwtAuth.Tests.Hosting;

namespace JwtAuth.Tests;

/// <summary>
/// The folders of the house and the arrows between them, read from the compiled assemblies. An arrow that is not in the table is a defect.
/// </summary>
public sealed class ArrowTests
{
    internal const string Root = "the root";

    private static readonly string[] Everything = ["*"];

    /// <summary>Each folder of the package, with those that it may refer to.</summary>
    private static readonly Dictionary<string, string[]> Bearer = new()
    {
        ["Observability"] = [],
        ["Clocks"] = [],
        ["Keys"] = ["Clocks", "Observability"],
        ["Denials"] = ["Keys", "Clocks", "Observability"],
        ["AccessTokens"] = ["Denials", "Keys"],
        [Root] = Everything,
    };

    /// <summary>Each folder of the server, with those that it may refer to, from the lowest to the highest.</summary>
    internal static readonly Dictionary<string, string[]> Server = new()
    {
        ["Configuration"] = [],
        ["Descriptions"] = [],
        ["Errors"] = [],
        ["Observability"] = [],
        ["Lifetimes"] = ["Observability"],
        ["Sealing"] = ["Configuration", "Observability"],
        ["Storage"] = ["Sealing", "Configuration", "Observability"],
        ["Audit"] = ["Storage", "Sealing", "Configuration", "Observability"],
        ["Denials"] = ["Audit", "Storage", "Configuration", "Observability"],
        ["Accounts"] = ["Denials", "Audit", "Storage"],
        ["SigningKeys"] = ["Denials", "Audit", "Storage", "Sealing", "Configuration", "Observability"],
        ["DenialFeed"] = ["SigningKeys", "Denials", "Audit", "Storage", "Observability"],
        ["AccessTokens"] = ["SigningKeys", "Accounts", "Configuration"],
        ["Sessions"] = ["AccessTokens", "Accounts", "Denials", "Audit", "Storage", "Sealing", "Configuration", "Observability"],
        ["RefreshTokens"] = ["Sessions", "AccessTokens", "Accounts", "Audit", "Storage", "Sealing"],
        ["Guessing"] = ["Storage", "Configuration", "Observability"],
        ["Logins"] = ["Accounts", "Audit"],
        ["Passwords"] = ["Logins", "Accounts", "Guessing", "Storage", "Configuration", "Observability"],
        ["PersonalAccessTokens"] =
            ["Sessions", "AccessTokens", "Accounts", "Denials", "Guessing", "Audit", "Storage", "Sealing", "Observability"],
        ["Grants"] =
            ["Logins", "RefreshTokens", "PersonalAccessTokens", "Sessions", "AccessTokens", "Accounts", "Audit", "Storage",
                "Observability"],
        ["Clients"] = ["AccessTokens", "Passwords", "Guessing", "Audit", "Configuration", "Observability"],
        ["Authentication"] =
        [
            "Clients", "PersonalAccessTokens", "Passwords", "Logins", "RefreshTokens", "Sessions", "AccessTokens", "Accounts", "Guessing",
            "Audit", "Storage", "Sealing", "Configuration", "Observability", "Errors",
        ],
        ["Pipeline"] =
            ["Authentication", "PersonalAccessTokens", "Passwords", "AccessTokens", "SigningKeys", "Audit", "Storage", "Configuration",
                "Lifetimes", "Observability", "Errors", "Descriptions"],
        ["Endpoints"] =
        [
            "Authentication", "Grants", "Logins", "Clients", "PersonalAccessTokens", "Passwords", "RefreshTokens", "Sessions",
            "AccessTokens", "Accounts", "SigningKeys", "Guessing", "DenialFeed", "Denials", "Audit", "Storage", "Lifetimes",
            "Observability", "Errors", "Descriptions",
        ],
        ["Lab"] =
        [
            "Endpoints", "Pipeline", "Authentication", "Passwords", "AccessTokens", "Guessing", "Denials", "Configuration", "Errors",
        ],
        ["Composition"] = Everything,
        ["Commands"] = Everything,
        [Root] = Everything,
    };

    [Fact]
    public void The_folders_of_the_package_refer_to_each_other_as_its_table_says() =>
        Faults(typeof(TokenValidator).Assembly, "JwtAuth.Bearer", Bearer).Should().BeEmpty();

    [Fact]
    public void The_folders_of_the_server_refer_to_each_other_as_their_table_says() =>
        Faults(typeof(Db).Assembly, "JwtAuth.Server", Server).Should().BeEmpty();

    [Fact]
    public void No_folder_stands_in_a_circle()
    {
        InCircles(Arrows(typeof(TokenValidator).Assembly, "JwtAuth.Bearer")).Should().BeEmpty();
        InCircles(Arrows(typeof(Db).Assembly, "JwtAuth.Server")).Should().BeEmpty();
    }

    [Fact]
    public void Every_arrow_of_a_table_is_in_use()
    {
        Unused(Server, Arrows(typeof(Db).Assembly, "JwtAuth.Server")).Should().BeEmpty();
        Unused(Bearer, Arrows(typeof(TokenValidator).Assembly, "JwtAuth.Bearer")).Should().BeEmpty();

        static IEnumerable<(string, string)> Unused(Dictionary<string, string[]> table, IEnumerable<(string From, string To)> arrows) =>
            table.Where(row => row.Value != Everything).SelectMany(row => row.Value.Select(to => (row.Key, to))).Except(arrows);
    }

    /// <summary>A constant leaves no trace where it is used, so an arrow to it would not be seen.</summary>
    [Fact]
    public void What_a_folder_takes_from_another_is_no_constant()
    {
        foreach (Assembly assembly in (Assembly[])[typeof(Db).Assembly, typeof(TokenValidator).Assembly])
        {
            string start = assembly.GetName().Name!;
            (string Name, string Folder)[] constants = [.. assembly.GetTypes().Where(type => IsIn(type, start) && !type.IsEnum)
                .SelectMany(type => type.GetFields(BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Static)
                    .Where(field => field is { IsLiteral: true, IsPrivate: false })
                    .Select(field => ($"{type.Name}.{field.Name}", FolderOf(TypeReferences.Outermost(type), start))))];
            Dictionary<string, string[]> table = assembly == typeof(Db).Assembly ? Server : Bearer;
            string root = Path.Combine(Repository.Root, "src", start);

            constants.Should().NotBeEmpty();
            foreach (string file in Directory.EnumerateFiles(root, "*.cs", SearchOption.AllDirectories))
            {
                string from = Path.GetRelativePath(root, file).Split(Path.DirectorySeparatorChar) is [var folder, _, ..] ? folder : Root;
                if (!table.TryGetValue(from, out string[]? allowed) || allowed == Everything)
                    continue;
                string text = File.ReadAllText(file);
                constants.Where(constant => constant.Folder != from && !allowed.Contains(constant.Folder)
                    && Regex.IsMatch(text, $@"\b{Regex.Escape(constant.Name)}\b")).Should().BeEmpty(file);
            }
        }
    }

    /// <summary>What the tests above read is shown on types of this very assembly that stand in a circle on purpose.</summary>
    [Fact]
    public void A_circle_and_an_arrow_that_is_not_in_the_table_are_found_in_fields_bodies_and_attributes()
    {
        IReadOnlyCollection<(string From, string To)> arrows = Arrows(typeof(ArrowTests).Assembly, "JwtAuth.Tests.Planted");

        arrows.Should().BeEquivalentTo([("Above", "Below"), ("Below", "Above"), ("Beside", "Below"), ("Beside", "Above")]);
        InCircles(arrows).Should().BeEquivalentTo("Above", "Below");
        Faults(typeof(ArrowTests).Assembly, "JwtAuth.Tests.Planted", new() { ["Above"] = ["Below"], ["Beside"] = ["Below"] })
            .Should().BeEquivalentTo(
                "Alone is not in the table", "Below is not in the table", "Beside -> Above (Planted_attribute -> Mark)");
    }

    private static IEnumerable<string> Faults(Assembly assembly, string start, Dictionary<string, string[]> table)
    {
        foreach (string folder in assembly.GetTypes().Where(type => IsIn(type, start)).Select(type => FolderOf(type, start)).Distinct()
            .Where(folder => !table.ContainsKey(folder)))
        {
            yield return $"{folder} is not in the table";
        }

        foreach ((Type from, Type to) in Between(assembly, start))
        {
            (string fromFolder, string toFolder) = (FolderOf(from, start), FolderOf(to, start));
            if (table.TryGetValue(fromFolder, out string[]? allowed) && allowed != Everything && !allowed.Contains(toFolder))
                yield return $"{fromFolder} -> {toFolder} ({from.Name} -> {to.Name})";
        }
    }

    private static HashSet<(string From, string To)> Arrows(Assembly assembly, string start) =>
        [.. Between(assembly, start).Select(reference => (FolderOf(reference.From, start), FolderOf(reference.To, start)))];

    private static IEnumerable<(Type From, Type To)> Between(Assembly assembly, string start) => TypeReferences.Of(assembly)
        .Where(reference => IsIn(reference.From, start)
            && IsIn(reference.To, start) && FolderOf(reference.From, start) != FolderOf(reference.To, start));

    private static bool IsIn(Type type, string start) =>
        type.Namespace == start || type.Namespace?.StartsWith(start + ".", StringComparison.Ordinal) == true;

    private static string FolderOf(Type type, string start) =>
        type.Namespace == start ? Root : type.Namespace![(start.Length + 1)..].Split('.')[0];

    // Those that can be come back to from themselves.
    private static string[] InCircles(IReadOnlyCollection<(string From, string To)> arrows) =>
        arrows.Select(arrow => arrow.From).Distinct().Where(folder => ReachedFrom(arrows, folder).Contains(folder)).ToArray();

    private static HashSet<string> ReachedFrom(IReadOnlyCollection<(string From, string To)> arrows, string folder)
    {
        HashSet<string> reached = [];
        Queue<string> next = new([folder]);
        while (next.TryDequeue(out string? at))
        {
            foreach ((_, string to) in arrows.Where(arrow => arrow.From == at && reached.Add(arrow.To)))
                next.Enqueue(to);
        }
        return reached;
    }
}
