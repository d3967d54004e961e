using System.Diagnostics;
using System.Text;

namespace JwtAuth.Tests.Hosting;

/// <summary>
/// The real program in a process of its own: for what only a process has, an exit code, a standard error, a sudden death, a neighbour.
/// </summary>
internal sealed class ServerProcess : IAsyncDisposable
{
    private readonly Process process;
    private readonly ReservedPort port;
    private readonly StringBuilder standardOutput = new();
    private readonly StringBuilder standardError = new();
    private readonly TaskCompletionSource started = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private ServerProcess(Process process, Uri address, ReservedPort port)
    {
        (this.process, Address, this.port) = (process, address, port);
        process.OutputDataReceived += (_, line) =>
        {
            Keep(standardOutput, line.Data);
            // Null at the end: it will not start any more.
            if (line.Data?.Contains("Application started.", StringComparison.Ordinal) ?? true)
                started.TrySetResult();
        };
        process.ErrorDataReceived += (_, line) => Keep(standardError, line.Data);
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
    }

    public Uri Address { get; }

    public int Id => process.Id;

    public string StandardOutput => Text(standardOutput);

    public string StandardError => Text(standardError);

    /// <summary>
    /// Starts the service and returns when it listens, or has ended. The settings are configuration keys; they win over the driver's own.
    /// </summary>
    /// <param name="directory">The data directory.</param>
    /// <param name="settings">Configuration.</param>
    /// <param name="wrapper">A program that becomes the service, such as <c>env</c>, with its arguments.</param>
    public static async Task<ServerProcess> StartAsync(
        string directory, IReadOnlyDictionary<string, string> settings, params string[] wrapper)
    {
        var port = new ReservedPort();
        string url = $"http://127.0.0.1:{port.Number}";
        var all = new Dictionary<string, string> { ["urls"] = url, ["JwtAuth:Issuer"] = url };
        foreach ((string key, string value) in settings)
            all[key] = value;
        var server = new ServerProcess(Process.Start(StartOf(directory, [], all, wrapper))!, new Uri(all["urls"]), port);
        server.process.StandardInput.Close();

        await server.started.Task.WaitAsync(Patience.Limit);
        return server;
    }

    /// <summary>Runs a command to its end.</summary>
    public static async Task<(int ExitCode, string StandardOutput, string StandardError)> RunAsync(
        string directory, IReadOnlyList<string> args, string standardInput, IReadOnlyDictionary<string, string> settings,
        params string[] wrapper)
    {
        var all = new Dictionary<string, string> { ["JwtAuth:Issuer"] = "http://localhost:5080" };
        foreach ((string key, string value) in settings)
            all[key] = value;
        using Process process = Process.Start(StartOf(directory, args, all, wrapper))!;
        using var patience = new CancellationTokenSource(Patience.Limit);
        try
        {
            await process.StandardInput.WriteAsync(standardInput.AsMemory(), patience.Token);
            process.StandardInput.Close();
        }
        catch (IOException)
        {
            // it ended without reading
        }
        Task<string> output = process.StandardOutput.ReadToEndAsync(patience.Token),
            error = process.StandardError.ReadToEndAsync(patience.Token);
        await process.WaitForExitAsync(patience.Token);
        return (process.ExitCode, await output, await error);
    }

    /// <summary>Returns when it has said this: the console writes behind the answers.</summary>
    public async Task SaysAsync(string text)
    {
        var said = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        void Look(object sender, DataReceivedEventArgs line)
        {
            // Null at the end: it will say nothing more.
            if (line.Data is null || StandardOutput.Contains(text, StringComparison.Ordinal))
                said.TrySetResult();
        }

        process.OutputDataReceived += Look;
        if (StandardOutput.Contains(text, StringComparison.Ordinal))
            said.TrySetResult();
        await said.Task.WaitAsync(Patience.Limit);
        process.OutputDataReceived -= Look;
        StandardOutput.Should().Contain(text);
    }

    public async Task<int> WaitForExitAsync()
    {
        using var patience = new CancellationTokenSource(Patience.Limit);
        await process.WaitForExitAsync(patience.Token);
        return process.ExitCode;
    }

    /// <summary>SIGTERM: it may finish what it has begun.</summary>
    public void Terminate() => Signal("-TERM");

    public void Signal(string signal)
    {
        using var kill = Process.Start("kill", [signal, $"{process.Id}"]);
        kill.WaitForExit();
    }

    /// <summary>SIGKILL: it has no chance to tidy up.</summary>
    public void Kill()
    {
        if (!process.HasExited)
            process.Kill();
        process.WaitForExit();
    }

    public ValueTask DisposeAsync()
    {
        Kill();
        process.Dispose();
        port.Dispose();
        return ValueTask.CompletedTask;
    }

    private static ProcessStartInfo StartOf(
        string directory, IReadOnlyList<string> args, Dictionary<string, string> settings, params string[] wrapper)
    {
        string[] line = [.. wrapper, "dotnet", Path.Combine(AppContext.BaseDirectory, "JwtAuth.Server.dll"), .. args];
        var start = new ProcessStartInfo(line[0], line[1..])
        {
            WorkingDirectory = Repository.Root,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (string inherited in start.Environment.Keys.Where(name => name.StartsWith("ASPNETCORE_", StringComparison.Ordinal)
            || name.StartsWith("JwtAuth__", StringComparison.Ordinal)).ToList())
        {
            start.Environment.Remove(inherited);
        }

        start.Environment["DOTNET_TieredPGO"] = "0"; // as in the tests' own process
        start.Environment["ASPNETCORE_ENVIRONMENT"] = "Development";
        start.Environment["JwtAuth__DataDirectory"] = directory;
        if (!settings.ContainsKey("JwtAuth:DataDirectory") && !settings.ContainsKey("JwtAuth:Storage:ConnectionString"))
        {
            foreach ((string key, string value) in TestedStore.SettingsOf(directory))
                start.Environment[key.Replace(":", "__", StringComparison.Ordinal)] = value;
        }
        start.Environment["Logging__LogLevel__Microsoft.Hosting.Lifetime"] = "Information";
        start.Environment["JwtAuth__Passwords__WorkFactor"] = "10";
        // Keys of the host itself, such as urls, have no section and are read with a prefix. Variables of the system are written $NAME.
        foreach ((string key, string value) in settings)
            start.Environment[key.StartsWith('$') ? key[1..]
                : key.Contains(':', StringComparison.Ordinal) ? key.Replace(":", "__", StringComparison.Ordinal)
                : $"ASPNETCORE_{key.ToUpperInvariant()}"] = value;
        return start;
    }

    private static void Keep(StringBuilder text, string? line)
    {
        if (line is null)
            return;
        lock (text)
            text.Append(line).Append('\n');
    }

    private static string Text(StringBuilder text)
    {
        lock (text)
            return text.ToString();
    }
}
