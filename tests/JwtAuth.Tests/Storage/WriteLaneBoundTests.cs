using JwtAuth.Server.Storage;
using JwtAuth.Server.Storage.Sqlite;
using JwtAuth.Tests.Hosting;

namespace JwtAuth.Tests.Storage;

public sealed class WriteLaneBoundTests
{
    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(5);

    private readonly ManualTime time = new();
    private readonly WriteLane lane;

    public WriteLaneBoundTests() => lane = new WriteLane(Bound, time);

    [Fact, Trait("row", "OPS-07")]
    public async Task A_writer_waits_for_the_bound_by_the_services_clock_and_is_then_told_to_come_back()
    {
        await lane.EnterAsync(Urgency.Usual, "alice");
        Task tired = lane.EnterAsync(Urgency.Usual, "alice");
        time.Advance(Bound / 2);
        Task patient = lane.EnterAsync(Urgency.Usual, "alice");
        time.Advance(Bound / 2 - TimeSpan.FromTicks(1));
        (tired.IsCompleted, patient.IsCompleted).Should().Be((false, false));

        time.Advance(TimeSpan.FromTicks(1));

        await tired.Invoking(task => task).Should().ThrowAsync<StorageBusyException>();
        patient.IsCompleted.Should().BeFalse();
        lane.Leave();
        await patient;
        lane.Leave();
        await lane.EnterAsync(Urgency.Usual, "alice");
    }

    [Fact, Trait("row", "OPS-07")]
    public async Task Writers_of_one_account_are_let_in_one_at_a_time_and_in_their_order()
    {
        await lane.EnterAsync(Urgency.Usual, "alice");
        Task[] waiting = [.. Enumerable.Range(0, 3).Select(_ => lane.EnterAsync(Urgency.Usual, "alice"))];
        for (int next = 0; next < waiting.Length; next++)
        {
            waiting[next..].Should().OnlyContain(task => !task.IsCompleted);
            lane.Leave();
            await waiting[next];
        }
    }

    [Theory, Trait("row", "OPS-07")]
    [InlineData("", 5)]
    [InlineData(";Default Timeout=9", 9)]
    public void The_connection_string_says_how_long(string setting, int seconds) =>
        SqliteDb.PatienceOf($"Data Source=jwtauth.db{setting}").Should().Be(TimeSpan.FromSeconds(seconds));
}
