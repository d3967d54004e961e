using System.Globalization;

namespace JwtAuth.Benchmarks;

/// <summary>Two samples of times, and whether they can be told apart.</summary>
internal sealed class Comparison(string first, string second)
{
    /// <summary>The bound that leak detection uses for Welch's t.</summary>
    public const double Bound = 4.5;

    private readonly List<double> firstTimes = [], secondTimes = [];

    public void Add(bool isFirst, TimeSpan time) => (isFirst ? firstTimes : secondTimes).Add(time.TotalMicroseconds);

    /// <summary>Prints the figures; true where the two look the same.</summary>
    public bool Report()
    {
        // Interrupts and collections lie far out and hide a small difference: the slowest 5 % of both together
        // go, by one bound for both alike.
        double[] pooled = [.. firstTimes.Concat(secondTimes).Order()];
        double bound = pooled[(int)(pooled.Length * 0.95)];
        double[] one = [.. firstTimes.Where(time => time <= bound).Order()], two = [.. secondTimes.Where(time => time <= bound).Order()];
        double t = (one.Average() - two.Average()) / Math.Sqrt((VarianceOf(one) / one.Length) + (VarianceOf(two) / two.Length));
        Line($"  cropped above the pooled 95th percentile, {bound:F2} µs");
        Line($"  {first,-24} n {one.Length,6}  mean {one.Average(),12:F3} µs  median {one[one.Length / 2],12:F3} µs");
        Line($"  {second,-24} n {two.Length,6}  mean {two.Average(),12:F3} µs  median {two[two.Length / 2],12:F3} µs");
        bool alike = Math.Abs(t) < Bound;
        Line($"  Welch's t {t:F2}: {(alike ? "no difference to be seen" : "DIFFERENT")} (bound {Bound})");
        return alike;
    }

    private static double VarianceOf(double[] sample)
    {
        double mean = sample.Average();
        return sample.Sum(value => (value - mean) * (value - mean)) / (sample.Length - 1);
    }

    private static void Line(FormattableString text) => Console.WriteLine(text.ToString(CultureInfo.InvariantCulture));
}
