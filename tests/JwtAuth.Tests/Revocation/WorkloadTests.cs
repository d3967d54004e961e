using System.Globalization;

namespace JwtAuth.Tests.Revocation;

/// <summary>A day of logins, refreshes, revocations and logouts on a clock that is moved. JWTAUTH_OPERATIONS makes it a busy one.</summary>
public sealed class WorkloadTests(ITestOutputHelper output)
{
    private const int InCi = 5_000;
    private const int Parts = 10;

    // Operations between two moves of the clock: each move wakes all that runs by a timer.
    private const int Burst = 10;

    // From here on the figures of the memory mean something, and are held to a bound.
    private const int Many = 200_000;
    private const long Megabyte = 1 << 20;

    [Fact, Trait("row", "OPS-16")]
    public async Task A_day_leaves_the_living_sessions_and_the_denials_that_are_still_needed_and_nothing_else()
    {
        int operations = Environment.GetEnvironmentVariable("JWTAUTH_OPERATIONS") is { Length: > 0 } number
            ? int.Parse(number, CultureInfo.InvariantCulture)
            : InCi;
        // The store keeps milliseconds.
        TimeSpan pause = TimeSpan.FromMilliseconds(Math.Floor(Burst * TimeSpan.FromDays(1).TotalMilliseconds / operations));
        await using ModelRun run = await ModelRun.StartAsync(hearsDenials: true);
        var workload = new Workload(run, new Random(operations));
        List<long> heaps = [];

        for (int part = 1; part <= Parts; part++)
        {
            for (int operation = 1; operation <= operations / Parts; operation++)
            {
                await workload.OperateAsync();
                if (operation % Burst == 0)
                    run.Time.Advance(pause);
            }
            await run.TidyAsync();
            Figures figures = await workload.MeasureAsync();
            output.WriteLine($"{part} of {Parts}: {figures}");

            figures.SessionRows.Should().Be(workload.LivingSessions);
            figures.DenialRows.Should().Be(workload.NeededDenials(TimeSpan.Zero));
            // In memory they are kept until the end of a minute.
            figures.Denylist.Should().BeInRange(figures.DenialRows, workload.NeededDenials(TimeSpan.FromMinutes(1)));
            heaps.Add(figures.Heap);
        }

        workload.Revoked.Should().BePositive();
        // Denials are kept for four hours and some minutes: after three parts of ten as many go as come.
        if (operations >= Many)
            ((heaps[^1] - heaps[2]) / (operations * 0.7 / 100_000)).Should().BeLessThan(Megabyte, "bytes for each 100,000 operations");
    }
}
