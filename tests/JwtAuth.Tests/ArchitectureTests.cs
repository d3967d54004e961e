using System.Globalization;
using System.Reflection;
using System.Runtime.CompilerServices;
using System.Text.RegularExpressions;
using JwtAuth.Bearer.AccessTokens;
using JwtAuth.Server.Storage;
using JwtAuth.Server.Storage.Postgres;
using JwtAuth.Server.Storage.Sqlite;
using JwtAuth.Tests.Hosting;
using Microsoft.EntityFrameworkCore;

namespace JwtAuth.Tests;

/// <summary>The arrows: Server to Bearer, HTTP to rules, nothing back.</summary>
public sealed partial class ArchitectureTests
{
    private static readonly string[] HttpFolders =
        ["Errors", "Authentication", "Pipeline", "Endpoints", "Lab", "Composition", "Commands"];

    // Every folder of the server's table that is not there to speak HTTP: a new one is among them.
    private static readonly string[] RuleFolders =
    [
        "JwtAuth.Bearer/AccessTokens", "JwtAuth.Bearer/Denials", "JwtAuth.Bearer/Keys", "JwtAuth.Bearer/Observability",
        "JwtAuth.Bearer/Clocks",
        .. ArrowTests.Server.Keys.Except([.. HttpFolders, ArrowTests.Root]).Select(folder => $"JwtAuth.Server/{folder}"),
    ];

    private static readonly string[] Generated = ["bin", "obj", "Migrations", "node_modules"];

    [Fact]
    public void The_bearer_package_knows_no_server_no_database_and_no_accounts()
    {
        string[] forbidden = ["JwtAuth.Server", "Microsoft.EntityFrameworkCore", "Microsoft.Data.Sqlite", "SQLitePCLRaw", "Npgsql",
            "Microsoft.AspNetCore.Identity", "Microsoft.Extensions.Identity"];
        References(typeof(TokenValidator).Assembly)
            .Should().NotContain(name => forbidden.Any(start => name.StartsWith(start, StringComparison.Ordinal)));
        References(typeof(Db).Assembly).Should().Contain("JwtAuth.Bearer")
            .And.Contain(name => name.StartsWith("Microsoft.EntityFrameworkCore", StringComparison.Ordinal));

        static string[] References(Assembly assembly) => [.. assembly.GetReferencedAssemblies().Select(name => name.Name!)];
    }

    [Fact]
    public void Rules_know_no_http()
    {
        Matches(RuleFolders, Http()).Should().BeEmpty();
        Matches(["JwtAuth.Server/Endpoints", "JwtAuth.Server/Authentication", "JwtAuth.Server/Pipeline", "JwtAuth.Server/Errors"], Http())
            .Should().NotBeEmpty("that is where it is known");
        // The SDK for the web imports these namespaces by itself, so the types are looked for too.
        Matches(RuleFolders, HttpTypes()).Should().BeEmpty();
        Matches(["JwtAuth.Server/Pipeline"], HttpTypes()).Should().NotBeEmpty();
    }

    [Fact]
    public void Who_issues_tokens_makes_sure_first_that_the_key_was_read_lately()
    {
        string[] issuing = [.. Directory.GetFiles(Path.Combine(Repository.Root, "src", "JwtAuth.Server", "Grants"), "*.cs")
            .Where(file => File.ReadAllText(file).Contains("issuer.Issue(", StringComparison.Ordinal))];
        issuing.Should().HaveCountGreaterThan(2)
            .And.OnlyContain(file => File.ReadAllText(file).Contains("await issuer.BeginAsync();", StringComparison.Ordinal));
    }

    [Fact]
    public void Nobody_but_the_issuer_signs_save_an_imported_key_that_proves_itself() =>
        Matches(["JwtAuth.Server", "JwtAuth.Bearer"], Signing()).Select(match => match.Split(':')[0]).Distinct()
            .Should().BeEquivalentTo("JwtAuth.Server/SigningKeys/SigningKey.cs", "JwtAuth.Server/AccessTokens/TokenIssuer.cs",
                "JwtAuth.Server/SigningKeys/KeyImport.cs");

    [Fact]
    public void Time_comes_from_a_time_provider_and_nobody_sleeps()
    {
        Matches(["JwtAuth.Server", "JwtAuth.Bearer"], Clock()).Should().BeEmpty();
        Clock().IsMatch("var now = DateTime.UtcNow;").Should().BeTrue();
        Clock().IsMatch("await Task.Delay(500);").Should().BeTrue();
    }

    [Fact]
    public void No_file_has_more_than_250_lines()
    {
        string[] files = [.. Files("JwtAuth.Server", "JwtAuth.Bearer")];
        files.Should().HaveCountGreaterThan(40);
        files.Where(file => File.ReadLines(file).Count() > 250).Should().BeEmpty();
    }

    [Fact]
    public void No_line_of_code_is_longer_than_the_140_characters_of_the_editorconfig()
    {
        string settings = File.ReadAllText(Path.Combine(Repository.Root, ".editorconfig"));
        int limit = int.Parse(LineLimit().Match(settings).Groups[1].Value, CultureInfo.InvariantCulture);
        string[] files = [.. new[] { "src", "tests" }.SelectMany(folder => WrittenByHand(folder, ".cs", ".js", ".mjs", ".ts"))];

        limit.Should().Be(140);
        files.Should().HaveCountGreaterThan(400).And.ContainSingle(file => file.EndsWith("/wwwroot/jwtauth.js", StringComparison.Ordinal))
            .And.ContainSingle(file => file.EndsWith("/interop/verify.mjs", StringComparison.Ordinal));
        files.SelectMany(LinesOf).Where(line => line.Text.EnumerateRunes().Count() > limit).Select(line => line.Place).Should().BeEmpty();
    }

    [Fact]
    public void No_constructor_takes_more_than_six_parameters()
    {
        ConstructorInfo[] constructors =
        [
            .. new[] { typeof(Db).Assembly, typeof(TokenValidator).Assembly }.SelectMany(assembly => assembly.GetTypes())
                .Where(type => !type.IsDefined(typeof(CompilerGeneratedAttribute)))
                .SelectMany(type => type.GetConstructors(BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance)),
        ];

        constructors.Should().HaveCountGreaterThan(200);
        constructors.Where(constructor => constructor.GetParameters().Length > 6).Select(constructor => constructor.DeclaringType!.Name)
            .Should().BeEmpty();
    }

    [Fact]
    public void The_model_and_its_migrations_agree_on_both_engines()
    {
        using Db sqlite = new SqliteDbFactory().CreateDbContext([]), postgres = new PostgresDbFactory().CreateDbContext([]);
        foreach (Db db in (Db[])[sqlite, postgres])
        {
            db.Database.GetMigrations().Should().NotBeEmpty();
            db.Database.HasPendingModelChanges().Should().BeFalse();
        }
    }

    private static IEnumerable<string> Matches(string[] folders, Regex pattern) =>
        from file in Files(folders)
        from line in LinesOf(file)
        where pattern.IsMatch(line.Text)
        select $"{line.Place["src/".Length..]} {line.Text.Trim()}";

    private static IEnumerable<(string Place, string Text)> LinesOf(string file) =>
        File.ReadLines(file).Select((text, index) => ($"{Path.GetRelativePath(Repository.Root, file)}:{index + 1}", text));

    private static IEnumerable<string> Files(params string[] folders) =>
        folders.SelectMany(folder => WrittenByHand(Path.Combine("src", folder), ".cs"));

    private static IEnumerable<string> WrittenByHand(string folder, params string[] endings) => Directory
        .EnumerateFiles(Path.Combine(Repository.Root, folder), "*", SearchOption.AllDirectories)
        .Where(file => endings.Contains(Path.GetExtension(file))
            && !Path.GetRelativePath(Repository.Root, file).Split('/').Any(Generated.Contains));

    [GeneratedRegex(@"Microsoft\.AspNetCore\.(Http|Mvc|Routing|Authentication)\b|System\.Net\.Http\b")]
    private static partial Regex Http();

    [GeneratedRegex(@"\b(HttpContext|HttpRequest|HttpResponse|IActionResult|ControllerBase|StatusCodes|IHeaderDictionary|"
        + @"RequestDelegate|HttpClient)\b")]
    private static partial Regex HttpTypes();

    [GeneratedRegex(@"^max_line_length = (\d+)$", RegexOptions.Multiline)]
    private static partial Regex LineLimit();

    [GeneratedRegex(@"\.Sign(Data|Hash)?\(")]
    private static partial Regex Signing();

    [GeneratedRegex(
        @"\bDateTime(Offset)?\.(UtcNow|Now|Today)\b|\bThread\.Sleep\b|\bEnvironment\.TickCount|\bStopwatch\b|Task\.Delay\((?!.*\btime\b)")]
    private static partial Regex Clock();
}
