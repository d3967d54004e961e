using System.IO.Compression;
using System.Runtime.InteropServices;
using System.Text.RegularExpressions;
using System.Xml.Linq;
using JwtAuth.Tests.Denials;
using JwtAuth.Tests.Hosting;
using Microsoft.Extensions.DependencyInjection;

namespace JwtAuth.Tests.Package;

/// <summary>The package as a stranger gets it: packed, restored and used by a project that knows nothing of this repository.</summary>
public sealed class PackageTests : IDisposable
{
    private readonly StrangersProject project = new();

    public void Dispose() => project.Dispose();

    [Fact]
    public async Task A_strangers_project_needs_the_package_and_one_line_and_no_JSON_by_reflection()
    {
        await project.PackAsync();

        HashSet<string> files = Entries(project.Package);
        files.Should().Contain(["README.md", "LICENSE", "lib/net10.0/JwtAuth.Bearer.dll", "lib/net10.0/JwtAuth.Bearer.xml"]);
        Entries(Path.ChangeExtension(project.Package, "snupkg")).Should().Contain("lib/net10.0/JwtAuth.Bearer.pdb");
        XElement nuspec = Nuspec(project.Package);
        Text(nuspec, "license").Should().Be("MIT");
        Text(nuspec, "readme").Should().Be("README.md");
        nuspec.Descendants().Where(element => element.Name.LocalName == "dependency").Select(element => (string)element.Attribute("id")!)
            .Should().Contain("Microsoft.AspNetCore.Authentication.JwtBearer")
            .And.NotContain(id => id.Contains("EntityFramework") || id.Contains("Identity.EntityFramework") || id.Contains("Sqlite"));

        project.Write("JsonSerializerIsReflectionEnabledByDefault=false");
        (int exitCode, string output) = await project.DotnetAsync("build", "-c", "Release", "-o", "out", "--disable-build-servers");
        exitCode.Should().Be(0, output);
        (exitCode, output) = await project.RunAsync(
            "dotnet", "out/shop.dll", "--JwtAuth:Authority=http://127.0.0.1:9", "--JwtAuth:Audience=orders");
        exitCode.Should().NotBe(0);
        output.Should().Contain("JwtAuth:Denials must be said: Feed, with").And.NotContain("   at ", "a stack helps nobody");
        await ShouldHearOfEndingsAsync("dotnet", "out/shop.dll");
    }

    [Theory]
    [InlineData("PublishAot")]
    [InlineData("PublishTrimmed")]
    public async Task An_API_that_is_trimmed_or_compiled_ahead_of_time_does_all_of_that_and_no_warning_names_the_package(string how)
    {
        Assert.SkipUnless(
            how != "PublishAot" || HasLinker(),
            "There is neither clang nor gcc on this machine, which link what is compiled ahead of time; apt-get install gcc libc6-dev.");
        await project.PackAsync();
        project.Write($"{how}=true", "SelfContained=true", "TrimmerSingleWarn=false");
        string system = RuntimeInformation.RuntimeIdentifier;
        (int exitCode, string output) = await project.DotnetAsync("restore", "-r", system, "--disable-build-servers");
        Assert.SkipWhen(
            Regex.IsMatch(output, @"NU110[123]: Unable to find package (Microsoft|runtime)\."),
            $"The registry does not serve what {how} takes; let it serve the packages that this names: {output}");
        exitCode.Should().Be(0, output);

        (exitCode, output) = await project.DotnetAsync(
            "publish", "-c", "Release", "-r", system, "-o", "out", "--no-restore", "--disable-build-servers");

        exitCode.Should().Be(0, output);
        output.Split('\n').Should().NotContain(line => line.Contains("warning IL") && line.Contains("JwtAuth"));
        await ShouldHearOfEndingsAsync("out/shop");
    }

    // Of the real service. Its answers are told by source-generated JSON, and what JwtBearer and the framework do around them works.
    private async Task ShouldHearOfEndingsAsync(params string[] program)
    {
        await using ServerHost service = new ServerHost().With(services => services.AddSingleton(TimeProvider.System));
        TestClient client = service.AddClient("shop", may: "denials");
        await service.AddAccountAsync("alice");
        string token = await service.LoginAsync("alice", "orders"), twin = await service.LoginAsync("alice", "orders");
        using StrangersApi api = await project.StartAsync(new Dictionary<string, string>
        {
            ["JwtAuth:Authority"] = service.Issuer,
            ["JwtAuth:Audience"] = "orders",
            ["JwtAuth:Denials"] = "Feed",
            ["JwtAuth:ClientId"] = client.Id,
            ["JwtAuth:ClientSecret"] = client.Secret,
        }, program);

        Reply bare = await api.Client.AskAsync("GET", "/orders"), foreign = await api.Client.AskOrdersAsync("jpat_misplaced");
        (bare.Status, bare.Header("WWW-Authenticate"), ReasonOf(bare)).Should().Be((401, "Bearer", "no_token"));
        (foreign.Status, ReasonOf(foreign)).Should().Be((401, "personal_access_token"));
        await api.Client.UntilOrdersAsync(token, 200, "it hears of keys and denials when it has started");
        Reply narrow = await api.Client.AskAsync("GET", "/orders/new", null, ("Authorization", $"Bearer {token}"));
        (narrow.Status, narrow.Header("WWW-Authenticate"))
            .Should().Be((403, "Bearer error=\"insufficient_scope\", scope=\"orders:write\""));

        using HttpClient own = service.Connect(token);
        (await own.AskAsync("POST", "/auth/logout")).Status.Should().Be(200);

        await Patience.UntilAsync(async () =>
        {
            Reply answer = await api.Client.AskOrdersAsync(token);
            answer.Status.Should().BeOneOf(200, 401);
            return answer.Status == 401 && ReasonOf(answer) == "denied";
        });
        (await api.Client.AskOrdersAsync(twin)).Status.Should().Be(200);
    }

    private static string? ReasonOf(Reply refusal) => refusal.Json.GetProperty("reason").GetString();

    private static bool HasLinker() => (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator)
        .Any(place => File.Exists(Path.Combine(place, "clang")) || File.Exists(Path.Combine(place, "gcc")));

    private static HashSet<string> Entries(string package)
    {
        using ZipArchive zip = ZipFile.OpenRead(package);
        return [.. zip.Entries.Select(entry => entry.FullName)];
    }

    private static XElement Nuspec(string package)
    {
        using ZipArchive zip = ZipFile.OpenRead(package);
        using Stream stream = zip.Entries.Single(entry => entry.FullName.EndsWith(".nuspec", StringComparison.Ordinal)).Open();
        return XElement.Load(stream);
    }

    private static string Text(XElement nuspec, string name) =>
        nuspec.Descendants().Single(element => element.Name.LocalName == name).Value;
}
