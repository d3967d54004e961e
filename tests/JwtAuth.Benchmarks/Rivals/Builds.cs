using System.Diagnostics;

namespace JwtAuth.Benchmarks.Rivals;

/// <summary>Builds what is compared, into a directory apart from the working tree, and installs what Node.js runs.</summary>
internal sealed class Builds(string directory)
{
    public const string Ours = "src/JwtAuth.Server", IdentityApi = "tests/rivals/IdentityApi",
        OpenIddict = "tests/rivals/OpenIddictServer";

    private const string Scripts = "tests/rivals/node";

    // What oidc-provider and better-auth ask for.
    private static readonly Version OldestNode = new(20, 19);

    /// <summary>As <c>dotnet build -c Release</c> makes it. Returns the path to the assembly.</summary>
    public async Task<string> BuildAsync(string project, CancellationToken stopping)
    {
        string name = Path.GetFileName(project);
        await RunAsync(["dotnet", "build", Path.Combine(ReportVerb.Root, project), "-c", "Release", .. Quietly], stopping);
        return Path.Combine(directory, "bin", name, "release", $"{name}.dll");
    }

    /// <summary>As docs/deployment.md publishes it, for this system. Returns the path to the assembly.</summary>
    public async Task<string> PublishAsync(string project, CancellationToken stopping)
    {
        string name = Path.GetFileName(project), output = Path.Combine(directory, "published", name);
        await RunAsync(["dotnet", "publish", Path.Combine(ReportVerb.Root, project), "-c", "Release", "--use-current-runtime",
            "-o", output, .. Quietly], stopping);
        return Path.Combine(output, $"{name}.dll");
    }

    /// <summary>The directory of the scripts, with their packages; <see langword="null"/> where Node.js is missing or too old.</summary>
    public static async Task<string?> InstallAsync(CancellationToken stopping)
    {
        string scripts = Path.Combine(ReportVerb.Root, Scripts), installed = Path.Combine(scripts, "node_modules", ".package-lock.json");
        try
        {
            string version = await RunAsync(["node", "--version"], stopping);
            if (!Version.TryParse(version.Trim().TrimStart('v'), out Version? found) || found < OldestNode)
                return null;
            if (File.GetLastWriteTimeUtc(installed) < File.GetLastWriteTimeUtc(Path.Combine(scripts, "package-lock.json")))
                await RunAsync(["npm", "ci", "--prefix", scripts, "--no-audit", "--no-fund"], stopping);
            return scripts;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return null; // there is no such program
        }
    }

    // Apart from the builds of the working tree, which stay as they are.
    private string[] Quietly => ["--artifacts-path", directory, "-v", "q", "--disable-build-servers"];

    private static async Task<string> RunAsync(string[] line, CancellationToken stopping)
    {
        using Process process = Process.Start(new ProcessStartInfo(line[0], line[1..]) { RedirectStandardOutput = true })!;
        string said = await process.StandardOutput.ReadToEndAsync(stopping);
        await process.WaitForExitAsync(stopping);
        return process.ExitCode == 0 ? said : throw new InvalidOperationException($"{string.Join(' ', line)} failed:\n{said}");
    }
}
