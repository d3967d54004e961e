using System.Diagnostics;

namespace JwtAuth.Benchmarks;

/// <summary>What one turn showed: a time, a rate, whatever the candidates are compared by.</summary>
/// <param name="Value">For one operation.</param>
/// <param name="Allocated">Bytes of the heap for one operation, where that is known.</param>
internal readonly record struct Sample(double Value, double Allocated = 0);

/// <summary>One of several that do the same work.</summary>
/// <param name="Name">What it is called in the figures.</param>
/// <param name="Turn">Does the work of one turn, whose number it is told.</param>
internal sealed record Candidate(string Name, Func<int, ValueTask<Sample>> Turn)
{
    /// <summary>An operation of this process, in microseconds.</summary>
    /// <param name="name">What it is called in the figures.</param>
    /// <param name="portion">Operations in one turn.</param>
    /// <param name="operation">
    /// Is told which item to work on: those of a turn follow one another, and no two turns of a round have one in common.
    /// </param>
    public static Candidate InProcess(string name, int portion, Action<int> operation) => new(name, turn =>
    {
        long allocated = GC.GetAllocatedBytesForCurrentThread(), start = Stopwatch.GetTimestamp();
        for (int item = turn * portion; item < (turn + 1) * portion; item++)
            operation(item);
        TimeSpan time = Stopwatch.GetElapsedTime(start);
        return new(new Sample(time.TotalMicroseconds / portion, (double)(GC.GetAllocatedBytesForCurrentThread() - allocated) / portion));
    });
}

/// <summary>A median and how far what it was taken from lay apart.</summary>
internal sealed record Spread(double Median, double Least, double Most)
{
    public static Spread Of(IEnumerable<double> values)
    {
        double[] ordered = [.. values.Order()];
        return new(MedianOf(ordered), ordered[0], ordered[^1]);
    }

    /// <summary>What this share of them does not exceed: the least of which that is true.</summary>
    public static double At(double share, double[] ordered) => ordered[Math.Max(0, (int)Math.Ceiling(share * ordered.Length) - 1)];

    public static double MedianOf(double[] ordered) => (ordered[(ordered.Length - 1) / 2] + ordered[ordered.Length / 2]) / 2;
}

/// <summary>One candidate's figures.</summary>
/// <param name="Name">The candidate's.</param>
/// <param name="Rounds">One value for each round: the median of its turns.</param>
/// <param name="Allocated">Bytes of the heap for one operation.</param>
internal sealed record Figure(string Name, IReadOnlyList<double> Rounds, double Allocated)
{
    public Spread Value => Spread.Of(Rounds);
}

/// <summary>The figures of candidates that took turns.</summary>
internal sealed record Measured(string Title, IReadOnlyList<Figure> Figures)
{
    public Figure this[string name] => Figures.First(figure => figure.Name == name);

    /// <summary>How many times the other's value one candidate's is, round by round: what slows a whole round slows both.</summary>
    public Spread Ratio(string name, string to) => Spread.Of(this[name].Rounds.Zip(this[to].Rounds, (value, other) => value / other));
}

/// <summary>Lets candidates take turns, so that what else the machine does meets all alike.</summary>
/// <param name="count">Rounds that count.</param>
/// <param name="turns">Turns of each candidate in a round.</param>
/// <param name="warmUp">How long rounds are discarded at first; at least one is.</param>
internal sealed class Rounds(int count, int turns, TimeSpan warmUp)
{
    public async Task<Measured> RunAsync(string title, params IReadOnlyList<Candidate> candidates)
    {
        long start = Stopwatch.GetTimestamp();
        do
            await RoundAsync(candidates, 0);
        while (Stopwatch.GetElapsedTime(start) < warmUp);

        List<Sample>[] rounds = [.. candidates.Select(_ => new List<Sample>(count))];
        for (int round = 0; round < count; round++)
        {
            Sample[] samples = await RoundAsync(candidates, round);
            for (int which = 0; which < candidates.Count; which++)
                rounds[which].Add(samples[which]);
        }
        return new Measured(title,
            [.. candidates.Zip(rounds, (candidate, samples) => new Figure(
                candidate.Name, [.. samples.Select(sample => sample.Value)],
                Spread.Of(samples.Select(sample => sample.Allocated)).Median))]);
    }

    private async Task<Sample[]> RoundAsync(IReadOnlyList<Candidate> candidates, int round)
    {
        Sample[][] samples = [.. candidates.Select(_ => new Sample[turns])];
        GC.Collect();
        for (int turn = 0; turn < turns; turn++)
        {
            for (int place = 0; place < candidates.Count; place++)
            {
                // Each comes first as often as the others.
                int which = (place + turn + round) % candidates.Count;
                samples[which][turn] = await candidates[which].Turn(turn);
            }
        }
        return [.. samples.Select(own =>
            new Sample(Spread.Of(own.Select(sample => sample.Value)).Median, Spread.Of(own.Select(sample => sample.Allocated)).Median))];
    }
}
