using System.Diagnostics;
using System.IO.Compression;
using System.Xml.Linq;
using JwtAuth.Tests.Hosting;

namespace JwtAuth.Tests.Package;

/// <summary>The package as a stranger gets it: packed, restored and used by a project that knows nothing of this repository.</summary>
public sealed class PackageTests : IDisposable
{
    private static readonly string Configuration = new DirectoryInfo(AppContext.BaseDirectory).Parent!.Name;
    private static readonly string Version = $"0.0.0-check.{Guid.NewGuid():n}";

    private readonly string directory = Directory.CreateTempSubdirectory("jwtauth-package-").FullName;

    public void Dispose()
    {
        Directory.Delete(directory, recursive: true);
        string packages = Environment.GetEnvironmentVariable("NUGET_PACKAGES")
            ?? Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".nuget", "packages");
        if (Path.Combine(packages, "jwtauth.bearer", Version) is var restored && Directory.Exists(restored))
            Directory.Delete(restored, recursive: true);
    }

    [Fact]
    public async Task A_strangers_project_needs_the_package_and_one_line()
    {
        string feed = Path.Combine(directory, "feed"), project = Path.Combine(directory, "shop");
        await RunAsync(
            Repository.Root, ["pack", "src/JwtAuth.Bearer", "-c", Configuration, "--no-build", "-o", feed, $"-p:PackageVersion={Version}"]);

        HashSet<string> files = Entries(Path.Combine(feed, $"JwtAuth.Bearer.{Version}.nupkg"));
        files.Should().Contain(["README.md", "LICENSE", "lib/net10.0/JwtAuth.Bearer.dll", "lib/net10.0/JwtAuth.Bearer.xml"]);
        Entries(Path.Combine(feed, $"JwtAuth.Bearer.{Version}.snupkg")).Should().Contain("lib/net10.0/JwtAuth.Bearer.pdb");
        XElement nuspec = Nuspec(Path.Combine(feed, $"JwtAuth.Bearer.{Version}.nupkg"));
        Text(nuspec, "license").Should().Be("MIT");
        Text(nuspec, "readme").Should().Be("README.md");
        nuspec.Descendants().Where(element => element.Name.LocalName == "dependency").Select(element => (string)element.Attribute("id")!)
            .Should().Contain("Microsoft.AspNetCore.Authentication.JwtBearer")
            .And.NotContain(id => id.Contains("EntityFramework") || id.Contains("Identity.EntityFramework") || id.Contains("Sqlite"));

        WriteProject(project, feed);
        await RunAsync(project, ["build", "-c", "Release", "-o", "out", "--disable-build-servers"]);
        (int exitCode, string output) = await RunToEndAsync(project, ["out/shop.dll"]);
        exitCode.Should().NotBe(0);
        output.Should().Contain("JwtAuth:Denials must be said: Feed, with");
        (exitCode, output) = await RunToEndAsync(project, ["out/shop.dll", "--JwtAuth:Denials=None"]);
        output.Should().Contain("401 Bearer");
        exitCode.Should().Be(0, output);
    }

    // A program that starts, asks itself without a token, and ends.
    private static void WriteProject(string project, string feed)
    {
        Directory.CreateDirectory(project);
        File.WriteAllText(Path.Combine(project, "shop.csproj"), $"""
            <Project Sdk="Microsoft.NET.Sdk.Web">
              <PropertyGroup>
                <TargetFramework>net10.0</TargetFramework>
                <ImplicitUsings>enable</ImplicitUsings>
                <RestoreAdditionalProjectSources>{feed}</RestoreAdditionalProjectSources>
              </PropertyGroup>
              <ItemGroup>
                <PackageReference Include="JwtAuth.Bearer" Version="{Version}" />
              </ItemGroup>
            </Project>
            """);
        File.WriteAllText(Path.Combine(project, "Program.cs"), """
            var builder = WebApplication.CreateBuilder(args);
            builder.WebHost.UseUrls("http://127.0.0.1:0");
            builder.Services.AddAuthentication().AddJwtAuthBearer(options =>
            {
                options.Authority = "http://127.0.0.1:9";
                options.Audiences.Add("shop");
            });
            var app = builder.Build();
            app.MapGet("/", () => "open sesame").RequireAuthorization();
            await app.StartAsync();
            using var client = new HttpClient();
            using var reply = await client.GetAsync(app.Urls.Single());
            Console.WriteLine($"{(int)reply.StatusCode} {reply.Headers.WwwAuthenticate}");
            await app.StopAsync();
            """);
    }

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

    private static async Task RunAsync(string workingDirectory, string[] args)
    {
        (int exitCode, string output) = await RunToEndAsync(workingDirectory, args);
        exitCode.Should().Be(0, output);
    }

    private static async Task<(int ExitCode, string Output)> RunToEndAsync(string workingDirectory, string[] args)
    {
        using Process process = Process.Start(new ProcessStartInfo("dotnet", args)
        {
            WorkingDirectory = workingDirectory,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            Environment = { ["MSBUILDDISABLENODEREUSE"] = "1", ["DOTNET_CLI_UI_LANGUAGE"] = "en" },
        })!;
        Task<string> output = process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        Task<string> error = process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        return (process.ExitCode, await output + await error);
    }
}
