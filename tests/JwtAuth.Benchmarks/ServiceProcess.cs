using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

namespace JwtAuth.Benchmarks;

/// <summary>A program that was built beside this one, as a service in a process of its own.</summary>
internal sealed class ServiceProcess : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2), LookEvery = TimeSpan.FromMilliseconds(50);

    private readonly Process process;
    private long loggedBytes;

    private ServiceProcess(Process process, Uri address) => (this.process, Address) = (process, address);

    public Uri Address { get; }

    /// <summary>What the processors have worked for it so far.</summary>
    public TimeSpan ProcessorTime
    {
        get
        {
            process.Refresh();
            return process.TotalProcessorTime;
        }
    }

    /// <summary>Whether it has ended.</summary>
    public bool HasEnded => process.HasExited;

    /// <summary>What it takes of the memory now.</summary>
    public Footprint Footprint => Footprint.Of(process.Id);

    /// <summary>How long its log is by now. Zero if that is not counted.</summary>
    public long LoggedBytes => Interlocked.Read(ref loggedBytes);

    /// <summary>Starts a program and returns when a path answers 200.</summary>
    /// <param name="program">The name of its assembly, or the path to another build of it without <c>.dll</c>.</param>
    /// <param name="args">Its arguments, but for the address.</param>
    /// <param name="readyPath">The path that answers.</param>
    /// <param name="settings">Configuration keys, by the address.</param>
    /// <param name="countsLog">Whether it logs as it does by default, to standard output, where the bytes are counted.</param>
    public static async Task<ServiceProcess> StartAsync(string program, IReadOnlyList<string> args, string readyPath,
        Func<string, Dictionary<string, string>> settings, bool countsLog = false)
    {
        string path = Path.Combine(AppContext.BaseDirectory, $"{program}.dll");
        ServiceProcess started = Begin("dotnet", origin => [path, .. args, "--urls", origin], origin => new(settings(origin))
        {
            ["DOTNET_gcServer"] = "1", // as every web project has it, also for what this program serves
        }, countsLog);
        try
        {
            await started.WaitUntilReadyAsync(readyPath);
            return started;
        }
        catch
        {
            await started.DisposeAsync();
            throw;
        }
    }

    /// <summary>Starts a program and waits for nothing.</summary>
    /// <param name="file">What is executed.</param>
    /// <param name="args">Its arguments, by the address.</param>
    /// <param name="settings">Configuration keys and other variables of its environment, by the address.</param>
    /// <param name="countsLog">Whether it logs as it does by default, to standard output, where the bytes are counted.</param>
    public static ServiceProcess Begin(string file, Func<string, IReadOnlyList<string>> args,
        Func<string, Dictionary<string, string>> settings, bool countsLog = false)
    {
        Uri address = FreeAddress();
        string origin = address.GetLeftPart(UriPartial.Authority);
        ProcessStartInfo start = new(file, args(origin))
        {
            // No settings of whoever stands somewhere.
            WorkingDirectory = Directory.CreateTempSubdirectory("jwtauth-").FullName,
            RedirectStandardOutput = countsLog,
        };
        foreach (string inherited in start.Environment.Keys.Where(name => name.StartsWith("ASPNETCORE_", StringComparison.Ordinal)
            || name.StartsWith("JwtAuth__", StringComparison.Ordinal)).ToList())
        {
            start.Environment.Remove(inherited);
        }

        if (!countsLog)
        {
            start.Environment["Logging__LogLevel__Default"] = "Warning";
            start.Environment["Logging__Console__LogToStandardErrorThreshold"] = "Trace"; // standard output is for figures
        }
        // It is asked before it can be healthy.
        start.Environment["Logging__LogLevel__Microsoft.Extensions.Diagnostics.HealthChecks"] = "None";
        foreach ((string key, string value) in settings(origin))
            start.Environment[key.Replace(":", "__", StringComparison.Ordinal)] = value;
        var started = new ServiceProcess(Process.Start(start)!, address);
        if (countsLog)
            _ = started.CountLogAsync();
        return started;
    }

    /// <summary>An address of this machine at which nobody listens.</summary>
    public static Uri FreeAddress()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return new Uri($"http://127.0.0.1:{((IPEndPoint)listener.LocalEndpoint).Port}");
    }

    /// <summary>Lets it end by itself, as an operator does.</summary>
    public async Task EndAsync()
    {
        using Process kill = Process.Start("kill", ["-TERM", $"{process.Id}"]);
        using var patience = new CancellationTokenSource(Patience);
        await process.WaitForExitAsync(patience.Token);
    }

    public ValueTask DisposeAsync()
    {
        string directory = process.StartInfo.WorkingDirectory;
        if (!process.HasExited)
            process.Kill();
        process.WaitForExit();
        process.Dispose();
        Directory.Delete(directory, recursive: true);
        return ValueTask.CompletedTask;
    }

    // Until it ends.
    private async Task CountLogAsync()
    {
        byte[] buffer = new byte[64 * 1024];
        while (await process.StandardOutput.BaseStream.ReadAsync(buffer) is > 0 and var length)
            Interlocked.Add(ref loggedBytes, length);
    }

    /// <summary>Waits until a path answers 200.</summary>
    public async Task WaitUntilReadyAsync(string path)
    {
        Uri ready = new(Address, path);
        using var client = new HttpClient { Timeout = TimeSpan.FromSeconds(5) };
        for (long start = Stopwatch.GetTimestamp(); Stopwatch.GetElapsedTime(start) < Patience; await Task.Delay(LookEvery))
        {
            if (process.HasExited)
                break;
            try
            {
                using HttpResponseMessage reply = await client.GetAsync(ready);
                if (reply.StatusCode == HttpStatusCode.OK)
                    return;
            }
            catch (Exception fault) when (fault is HttpRequestException or TaskCanceledException)
            {
                // not yet
            }
        }
        throw new InvalidOperationException($"{ready} did not answer 200");
    }
}
