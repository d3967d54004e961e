using JwtAuth.Server.Guessing;
using JwtAuth.Server.Passwords;
using JwtAuth.Tests.Hosting;

namespace JwtAuth.Tests.Commands;

/// <summary><c>calibrate</c>: what bcrypt costs here, and which limits fit that.</summary>
public sealed class CalibrateTests : IDisposable
{
    private readonly string directory = Directory.CreateTempSubdirectory("jwtauth-").FullName;

    // Each step takes twice as long, and a second processor doubles the logins.
    private static readonly HashingCost[] Costs =
        [.. Enumerable.Range(0, 5).Select(step => new HashingCost(10 + step, TimeSpan.FromMilliseconds(60 << step), 32.0 / (1 << step)))];

    [Fact]
    public async Task It_measures_every_work_factor_marks_the_configured_one_and_leaves_the_store_alone()
    {
        (int code, string output, string error) = await ServerProcess.RunAsync(
            directory, ["calibrate", "--seconds", "0"], "", new Dictionary<string, string> { ["JwtAuth:Passwords:WorkFactor"] = "11" });

        (code, error).Should().Be((0, ""));
        string[] rows = output.Split('\n').Where(line => line.Contains(" ms ", StringComparison.Ordinal)).ToArray();
        rows.Select(row => row.Split(' ', StringSplitOptions.RemoveEmptyEntries)[0]).Should().Equal("10", "11", "12", "13", "14");
        rows.Where(row => row.EndsWith("configured", StringComparison.Ordinal)).Should().ContainSingle().Which.Should().Contain("11  ");
        output.Should().ContainAny("advice: JwtAuth:Passwords:", "what is configured fits this machine");
        Directory.GetFiles(directory, "*.db*").Should().BeEmpty();
    }

    [Theory]
    [InlineData("-1")]
    [InlineData("3600")]
    [InlineData("soon")]
    public async Task A_time_that_makes_no_sense_is_refused(string seconds)
    {
        (int code, _, string error) =
            await ServerProcess.RunAsync(directory, ["calibrate", "--seconds", seconds], "", new Dictionary<string, string>());

        code.Should().Be(1);
        error.Should().Contain("--seconds");
    }

    [Fact]
    public void What_fits_needs_no_advice() => Calibration.Advise(Costs, 12, Limits(queue: 80)).Should().BeEmpty();

    [Fact]
    public void Places_in_the_queue_that_are_not_served_in_time_are_told() =>
        Calibration.Advise(Costs, 12, Limits(queue: 100)).Should().Equal(
            "JwtAuth:Passwords:QueueLimit 80: more are not served within MaxQueueWait, and would wait in vain");

    [Fact]
    public void A_work_factor_that_this_machine_could_raise_or_should_lower_is_told()
    {
        Calibration.Advise(Costs, 10, Limits(queue: 80)).Should().Equal(
            "JwtAuth:Passwords:WorkFactor 12: a hash then takes 240 ms, which nobody notices");
        Calibration.Advise(Costs, 14, Limits(queue: 20)).Should().Equal(
            "JwtAuth:Passwords:WorkFactor 12: with 14 a hash takes 960 ms");
    }

    [Fact]
    public void On_a_slow_machine_the_lowest_work_factor_stays() =>
        Calibration.Advise([.. Costs.Select(cost => cost with { Alone = cost.Alone * 10 })], 10, Limits(queue: 80)).Should().BeEmpty();

    public void Dispose() => Directory.Delete(directory, recursive: true);

    private static HashingSettings Limits(int queue) => new(MaxConcurrentHashes: 2, queue, TimeSpan.FromSeconds(10));
}
