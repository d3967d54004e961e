using System.Text.RegularExpressions;
using JwtAuth.Server.Errors;
using Microsoft.Playwright;

namespace JwtAuth.Browser.Tests;

/// <summary>jwtauth.d.ts says of jwtauth.js what it is.</summary>
public sealed partial class SpaDeclarationTests(Chromium chromium)
{
    private static readonly string Declarations = File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "wwwroot", "jwtauth.d.ts"));

    [Fact]
    public async Task The_declarations_name_what_the_module_exports_and_nothing_else()
    {
        await using SpaPages application = await SpaPages.OpenAsync(chromium);
        IPage tab = application.Tabs[0];

        string[] classes = await tab.EvaluateAsync<string[]>("import('/jwtauth.js').then(module => Object.keys(module))");
        string[] members =
            await tab.EvaluateAsync<string[]>("import('/jwtauth.js').then(module => Reflect.ownKeys(module.JwtAuthClient.prototype))");
        string[] ofErrors = await tab.EvaluateAsync<string[]>(
            "import('/jwtauth.js').then(module => Object.keys(new module.JwtAuthError('code', 'message')))");
        string[] writable = await tab.EvaluateAsync<string[]>(
            "Object.entries(Object.getOwnPropertyDescriptors(client.constructor.prototype))"
                + ".filter(([, property]) => property.set).map(([name]) => name)");

        classes.Should().BeEquivalentTo(Class().Matches(Declarations).Select(match => match.Groups[1].Value)).And.HaveCount(2);
        // Those of its listeners are EventTarget's, declared anew for the events' names.
        members.Should().BeEquivalentTo(MembersOf("JwtAuthClient").Except(["addEventListener", "removeEventListener"]));
        ofErrors.Should().BeEquivalentTo(MembersOf("JwtAuthError").Except(["constructor"]).Append("name"), "name is every error's");
        writable.Should().BeEmpty("what is declared readonly is");
    }

    [Fact]
    public async Task The_declared_options_and_events_are_the_modules()
    {
        await using SpaPages application = await SpaPages.OpenAsync(chromium);
        string module = await File.ReadAllTextAsync(
            Path.Combine(AppContext.BaseDirectory, "wwwroot", "jwtauth.js"), TestContext.Current.CancellationToken);

        string options = Options().Match(module).Groups[1].Value;
        string[] read = await application.Tabs[0].EvaluateAsync<string[]>("""
            () => {
              const read = [];
              new client.constructor(new Proxy({}, { get: (_, name) => void read.push(name) })).close();
              return read;
            }
            """);

        read.Should().BeEquivalentTo(MembersOf("JwtAuthOptions")).And.OnlyContain(name => options.Contains(name, StringComparison.Ordinal));
        MembersOf("JwtAuthEventMap").Should().BeEquivalentTo(EventName().Matches(module).Select(match => match.Value).Distinct());
        MembersOf("JwtAuthEnded").Should().BeEquivalentTo("refresh_token", "access_token", "session", "signed_cookie", "live_until");
    }

    [Fact]
    public async Task The_declared_codes_are_the_modules_and_the_services()
    {
        string module = await File.ReadAllTextAsync(
            Path.Combine(AppContext.BaseDirectory, "wwwroot", "jwtauth.js"), TestContext.Current.CancellationToken);

        CodesOf("JwtAuthClientCode").Should().BeEquivalentTo(OwnCode().Matches(module).Select(match => match.Groups[1].Value).Distinct());
        CodesOf("JwtAuthServiceCode").Should().BeSubsetOf(ErrorCode.All.Select(error => error.Code))
            .And.Contain(["invalid_credentials", "too_many_attempts", "busy"]);
        MembersOf("JwtAuthLoginOptions").Should().BeEquivalentTo(LoginOptions().Match(module).Groups[1].Value);
    }

    private static IEnumerable<string> CodesOf(string type) =>
        Regex.Matches(Regex.Match(Declarations, $@"(?s)type {type} =(.*?);").Groups[1].Value, @"'(\w+)'")
            .Select(match => match.Groups[1].Value);

    private static IEnumerable<string> MembersOf(string type) =>
        Member().Matches(Regex.Match(Declarations, $@"(?s)(?:class|interface) {type}\b.*?\n\}}").Value)
            .Select(match => match.Groups[1].Value).Distinct();

    [GeneratedRegex(@"^export class (\w+)", RegexOptions.Multiline)]
    private static partial Regex Class();

    [GeneratedRegex(@"^  (?:readonly )?(\w+)[?(<:]", RegexOptions.Multiline)]
    private static partial Regex Member();

    [GeneratedRegex(@"constructor\(\{(.*)\} = \{\}\)")]
    private static partial Regex Options();

    [GeneratedRegex(@"(?:JwtAuthError\(|code = )'(\w+)'")]
    private static partial Regex OwnCode();

    [GeneratedRegex(@"login\(username, password, \{ (\w+) = true \} = \{\}\)")]
    private static partial Regex LoginOptions();

    [GeneratedRegex("(?<=')(loggedin|loggedout|refreshed)(?=')")]
    private static partial Regex EventName();
}
