using System.Globalization;

namespace JwtAuth.Benchmarks;

/// <summary>What a process takes of the memory, as Linux counts it.</summary>
/// <param name="Resident">Megabytes of its pages that are in memory (VmRSS), also those that other processes have too.</param>
/// <param name="Share">The same, but a page that n processes have counts for an nth (PSS).</param>
internal readonly record struct Footprint(double Resident, double Share)
{
    public static Footprint Of(int process) =>
        new(Read($"/proc/{process}/status", "VmRSS:"), Read($"/proc/{process}/smaps_rollup", "Pss:"));

    // Lines such as "VmRSS:     97012 kB".
    private static double Read(string path, string key) => double.Parse(
        File.ReadLines(path).First(line => line.StartsWith(key, StringComparison.Ordinal))
            .Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture) / 1024;
}
