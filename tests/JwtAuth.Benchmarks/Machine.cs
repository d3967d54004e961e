using System.Globalization;
using System.Runtime.InteropServices;

namespace JwtAuth.Benchmarks;

/// <summary>What figures depend on, without a name of the machine.</summary>
internal static class Machine
{
    public static string Describe()
    {
        double gigabytes = GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / (double)(1 << 30);
        string load = File.Exists("/proc/loadavg") ? $", load {File.ReadAllText("/proc/loadavg").Split(' ')[0]} before it began" : "";
        return string.Create(CultureInfo.InvariantCulture,
            $"{DateTime.UtcNow:yyyy-MM-dd}: {Processor()}, {Environment.ProcessorCount} processors, "
                + $"{gigabytes:F0} GB, {RuntimeInformation.OSDescription}, {RuntimeInformation.FrameworkDescription}{load}.");
    }

    private static string Processor()
    {
        const string Information = "/proc/cpuinfo", Key = "model name";
        string? line = File.Exists(Information)
            ? File.ReadLines(Information).FirstOrDefault(line => line.StartsWith(Key, StringComparison.Ordinal))
            : null;
        return line?.Split(':')[1].Trim() ?? $"{RuntimeInformation.ProcessArchitecture}";
    }
}
