using System.Diagnostics;
using System.Text.RegularExpressions;
using JwtAuth.Bearer.AccessTokens;
using JwtAuth.Server.Composition;
using JwtAuth.Server.Configuration;
using JwtAuth.Server.Errors;
using JwtAuth.Server.Lab;
using JwtAuth.Tests.Authentication;
using JwtAuth.Tests.Configuration;
using JwtAuth.Tests.Hosting;
using Microsoft.AspNetCore.Mvc.Controllers;
using Microsoft.AspNetCore.Routing;

namespace JwtAuth.Tests;

public sealed partial class DocumentationTests(OneHost fixture) : IClassFixture<OneHost>
{
    [Fact]
    public void Every_error_code_and_every_rejection_has_its_remedy_in_the_errors_page()
    {
        string page = File.ReadAllText(Path.Combine(Repository.Root, "docs/errors.md"));

        foreach (ErrorCode error in ErrorCode.All)
            page.Should().Contain($"| `{error.Code}` | {error.Status} | ");
        foreach (TokenRejection rejection in TokenRejection.All)
            page.Should().Contain($"| `{rejection.Reason}` | ");
        foreach (OAuthErrorCode error in OAuthErrorCode.All)
            Regex.IsMatch(page, $@"\| `{error.Code}` \| [\d, ]*\b{error.Status}\b").Should().BeTrue($"the page has no {error}");
    }

    [Fact]
    public void Every_setting_is_in_the_page_of_the_configuration()
    {
        string page = File.ReadAllText(Path.Combine(Repository.Root, "docs/configuration.md"));

        var values = new SettingValues(Configured.From([]), Configured.Environment("Production"));
        Settings.Read(values);

        values.Names.Should().HaveCountGreaterThan(30);
        foreach (string name in values.Names)
            page.Should().Contain($"`{name}`");
    }

    [Fact]
    public void Every_link_from_page_to_page_leads_to_a_file_and_to_a_heading_in_it()
    {
        string[] pages = [.. Directory.GetFiles(Repository.Root, "*.md"), .. Directory.GetFiles(
            Path.Combine(Repository.Root, "docs"), "*.md", SearchOption.AllDirectories)];
        (string Page, string Target)[] links =
            [.. pages.SelectMany(page => Link().Matches(File.ReadAllText(page)).Select(link => (page, link.Groups[1].Value)))];

        links.Should().HaveCountGreaterThan(60);
        links.Where(link => !Leads(link.Page, link.Target)).Should().BeEmpty();
        Leads(pages[0], "docs/nowhere.md").Should().BeFalse();
        Leads(pages[0], "docs/errors.md#nowhere").Should().BeFalse();

        static bool Leads(string page, string target)
        {
            string[] parts = target.Split('#');
            string file = parts[0].Length == 0 ? page : Path.GetFullPath(parts[0], Path.GetDirectoryName(page)!);
            return parts.Length == 1
                ? Path.Exists(file)
                : File.Exists(file) && File.ReadLines(file).Any(line => line.StartsWith('#') && Anchor(line) == parts[1]);
        }

        // As GitHub makes them: lower case, letters, digits, hyphens and underscores alone, a hyphen for a space.
        static string Anchor(string heading) =>
            string.Concat(heading.TrimStart('#').Trim().ToLowerInvariant().Where(c => char.IsLetterOrDigit(c) || c is ' ' or '-' or '_'))
                .Replace(' ', '-');
    }

    [Fact]
    public async Task The_page_of_figures_names_the_commands_that_there_are_and_has_a_place_for_what_each_writes()
    {
        string page =
            await File.ReadAllTextAsync(Path.Combine(Repository.Root, "docs/performance.md"), TestContext.Current.CancellationToken);
        string program = await File.ReadAllTextAsync(
            Path.Combine(Repository.Root, "tests/JwtAuth.Benchmarks/Program.cs"), TestContext.Current.CancellationToken);

        string[] named = [.. CommandOfTheBenchmarks().Matches(page).Select(match => match.Groups[1].Value).Distinct()];

        named.Should().Contain("report").And.HaveCountGreaterThan(5);
        foreach (string verb in named)
            program.Should().Contain($"--project tests/JwtAuth.Benchmarks -- {verb}\n");
        foreach (string part in named.Except(["report"]))
            page.Should().MatchRegex($"(?s)<!-- {part}: written by the command -->.*<!-- {part}: end -->");
        foreach (Match picture in Picture().Matches(page))
            File.Exists(Path.Combine(Repository.Root, "docs", picture.Groups[1].Value))
                .Should().BeTrue($"the page shows {picture.Groups[1].Value}");
    }

    [Fact]
    public void Every_call_is_in_the_runnable_story()
    {
        string story = File.ReadAllText(Path.Combine(Repository.Root, "docs/jwtauth.http"));

        string[] missing = [.. fixture.Host.Get<EndpointDataSource>().Endpoints.Cast<RouteEndpoint>()
            .Where(endpoint => endpoint.Metadata.GetMetadata<ControllerActionDescriptor>() is { } action
                && action.ControllerTypeInfo.Namespace != typeof(LabController).Namespace)
            .SelectMany(endpoint => endpoint.Metadata.GetMetadata<HttpMethodMetadata>()!.HttpMethods.Except(["HEAD"])
                .Select(method => $"{method} {{{{host}}}}/{endpoint.RoutePattern.RawText!.TrimStart('/')}"))
            .Where(call => !Regex.IsMatch(story, $@"(?m)^{Parameter().Replace(Regex.Escape(call), @"\S+")}(\?.*)?\r?$"))];

        missing.Should().BeEmpty();
    }

    [Fact]
    public async Task What_the_page_says_of_both_modes_is_what_the_script_prints()
    {
        Assert.SkipUnless(
            File.Exists("/usr/bin/curl") || File.Exists("/bin/curl"), "There is no curl; install it with: apt-get install curl");
        string page = await File.ReadAllTextAsync(
            Path.Combine(Repository.Root, "docs/why-revocation-needs-state.md"), TestContext.Current.CancellationToken);

        using ReservedPort one = new(), other = new();
        var start = new ProcessStartInfo("bash", [Path.Combine(Repository.Root, "docs/two-modes.sh"), $"{one.Number}", $"{other.Number}"])
        {
            RedirectStandardOutput = true,
            Environment = { ["JWTAUTH_SERVER"] = Path.Combine(AppContext.BaseDirectory, "JwtAuth.Server.dll") },
        };
        using Process script = Process.Start(start)!;
        string printed = await script.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        await script.WaitForExitAsync(TestContext.Current.CancellationToken);

        script.ExitCode.Should().Be(0);
        printed.Trim().Split('\n').Should().HaveCount(8);
        page.Should().Contain($"```\n{printed.TrimEnd()}\n```");
    }

    [GeneratedRegex(@"(?<=JwtAuth\.Benchmarks |`)-- ([a-z]+)")]
    private static partial Regex CommandOfTheBenchmarks();

    // Not of pictures, not of addresses elsewhere.
    [GeneratedRegex(@"(?<!!)\[[^\]]+\]\((?!https?:)([^)\s]+)\)")]
    private static partial Regex Link();

    // A parameter of a route, after Regex.Escape.
    [GeneratedRegex(@"(?<!\\{)\\{[a-z]+\}(?!\})")]
    private static partial Regex Parameter();

    [GeneratedRegex(@"!\[[^\]]*\]\(([^)]+)\)")]
    private static partial Regex Picture();
}
