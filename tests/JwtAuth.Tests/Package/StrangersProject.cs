using System.Diagnostics;
using System.Text.RegularExpressions;
using JwtAuth.Tests.Hosting;

namespace JwtAuth.Tests.Package;

/// <summary>
/// Somebody's API that knows nothing of this repository: it takes the package as it is packed here, and is a program of its own.
/// </summary>
internal sealed class StrangersProject : IDisposable
{
    private static readonly string Configuration = new DirectoryInfo(AppContext.BaseDirectory).Parent!.Name;

    private readonly string version = $"0.0.0-check.{Guid.NewGuid():n}";
    private readonly string directory = Directory.CreateTempSubdirectory("jwtauth-package-").FullName;

    /// <summary>The package, once it is packed.</summary>
    public string Package => Path.Combine(Feed, $"JwtAuth.Bearer.{version}.nupkg");

    private string Feed => Path.Combine(directory, "feed");

    private string Project => Path.Combine(directory, "shop");

    /// <summary>Packs the library as it was built with the tests.</summary>
    public async Task PackAsync()
    {
        (int exitCode, string output) = await RunToEndAsync(
            Repository.Root, "dotnet", "pack", "src/JwtAuth.Bearer", "-c", Configuration, "--no-build", "-o", Feed,
            $"-p:PackageVersion={version}");
        exitCode.Should().Be(0, output);
    }

    /// <summary>Writes the project: the package, one line, and what its configuration says.</summary>
    /// <param name="properties">Properties of MSBuild, as <c>name=value</c>.</param>
    public void Write(params string[] properties)
    {
        Directory.CreateDirectory(Project);
        IEnumerable<string> lines = properties.Select(property => property.Split('=')).Select(pair => $"<{pair[0]}>{pair[1]}</{pair[0]}>");
        File.WriteAllText(Path.Combine(Project, "shop.csproj"), $"""
            <Project Sdk="Microsoft.NET.Sdk.Web">
              <PropertyGroup>
                <TargetFramework>net10.0</TargetFramework>
                <ImplicitUsings>enable</ImplicitUsings>
                <RestoreAdditionalProjectSources>{Feed}</RestoreAdditionalProjectSources>
                {string.Concat(lines)}
              </PropertyGroup>
              <ItemGroup>
                <PackageReference Include="JwtAuth.Bearer" Version="{version}" />
              </ItemGroup>
            </Project>
            """);
        File.WriteAllText(Path.Combine(Project, "Program.cs"), """
            using JwtAuth.Bearer;

            var builder = WebApplication.CreateSlimBuilder(args);
            builder.Services.AddAuthentication().AddJwtAuthBearer();
            var app = builder.Build();
            app.MapGet("/orders", () => "open sesame").RequireAuthorization();
            app.MapGet("/orders/new", [RequiredScope("orders:write")] () => "open sesame");
            app.Run();
            """);
    }

    /// <summary>Runs a command of the SDK there.</summary>
    public Task<(int ExitCode, string Output)> DotnetAsync(params string[] args) => RunToEndAsync(Project, "dotnet", args);

    /// <summary>Runs what was built until it ends.</summary>
    /// <param name="line">Its name, below the project, and its arguments.</param>
    public Task<(int ExitCode, string Output)> RunAsync(params string[] line) => RunToEndAsync(Project, line[0], line[1..]);

    /// <summary>Starts what was built.</summary>
    /// <param name="settings">Its configuration.</param>
    /// <param name="line">Its name, below the project, and its arguments.</param>
    public Task<StrangersApi> StartAsync(IReadOnlyDictionary<string, string> settings, params string[] line)
    {
        ProcessStartInfo start = StartOf(Project, line[0], line[1..]);
        foreach ((string key, string value) in settings)
            start.Environment[key.Replace(":", "__", StringComparison.Ordinal)] = value;
        return StrangersApi.StartAsync(start);
    }

    public void Dispose()
    {
        Directory.Delete(directory, recursive: true);
        string packages = Environment.GetEnvironmentVariable("NUGET_PACKAGES")
            ?? Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".nuget", "packages");
        if (Path.Combine(packages, "jwtauth.bearer", version) is var restored && Directory.Exists(restored))
            Directory.Delete(restored, recursive: true);
    }

    private static async Task<(int ExitCode, string Output)> RunToEndAsync(string workingDirectory, string program, params string[] args)
    {
        using Process process = Process.Start(StartOf(workingDirectory, program, args))!;
        Task<string> output = process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        Task<string> error = process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        return (process.ExitCode, await output + await error);
    }

    private static ProcessStartInfo StartOf(string workingDirectory, string program, string[] args) =>
        new(program.Contains('/') ? Path.Combine(workingDirectory, program) : program, args)
        {
            WorkingDirectory = workingDirectory,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            Environment =
            {
                ["MSBUILDDISABLENODEREUSE"] = "1",
                ["DOTNET_CLI_UI_LANGUAGE"] = "en",
                ["ASPNETCORE_ENVIRONMENT"] = "Development",
                ["ASPNETCORE_URLS"] = "http://127.0.0.1:0",
            },
        };
}

/// <summary>The API while it runs.</summary>
internal sealed partial class StrangersApi : IDisposable
{
    private readonly Process process;

    private StrangersApi(Process process, Uri address) => (this.process, Client) = (process, new HttpClient { BaseAddress = address });

    /// <summary>A client that calls it.</summary>
    public HttpClient Client { get; }

    /// <summary>Returns when it listens.</summary>
    public static async Task<StrangersApi> StartAsync(ProcessStartInfo start)
    {
        Process process = Process.Start(start)!;
        var address = new TaskCompletionSource<string>(TaskCreationOptions.RunContinuationsAsynchronously);
        process.OutputDataReceived += (_, line) =>
        {
            if (line.Data is null)
                address.TrySetException(new InvalidOperationException("it ended before it listened"));
            else if (Listening().Match(line.Data) is { Success: true } found)
                address.TrySetResult(found.Groups[1].Value);
        };
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        return new StrangersApi(process, new Uri(await address.Task.WaitAsync(Patience.Limit)));
    }

    public void Dispose()
    {
        Client.Dispose();
        process.Kill();
        process.WaitForExit();
        process.Dispose();
    }

    [GeneratedRegex("Now listening on: (http://\\S+)")]
    private static partial Regex Listening();
}
