using JwtAuth.Server.Storage;
using JwtAuth.Tests.Hosting;

namespace JwtAuth.Tests.Storage;

/// <summary>Who is let in before whom, and who is refused where not all can wait.</summary>
public sealed class WriteLaneOrderTests
{
    private readonly WriteLane lane = new(TimeSpan.FromSeconds(5), new ManualTime());
    private readonly List<string> letIn = [];
    private readonly List<Task> waiting = [];

    [Fact]
    public async Task An_account_with_many_waiting_delays_another_by_one_turn()
    {
        await lane.EnterAsync(Urgency.Usual, "somebody");
        for (int number = 1; number <= 4; number++)
            Wait("mallory", Urgency.Usual, $"mallory {number}");
        Wait("alice", Urgency.Usual, "alice 1");
        Wait("bob", Urgency.Usual, "bob 1");
        Wait("alice", Urgency.Usual, "alice 2");

        await FinishAsync();

        letIn.Should().Equal("mallory 1", "alice 1", "bob 1", "mallory 2", "alice 2", "mallory 3", "mallory 4");
    }

    [Fact]
    public async Task Endings_come_first_then_what_people_wait_for_then_the_rest()
    {
        await lane.EnterAsync(Urgency.Tidying, "rows");
        Wait("rows", Urgency.Tidying, "tidying");
        Wait("mallory", Urgency.Usual, "usual 1");
        Wait("mallory", Urgency.Usual, "usual 2");
        Wait("alice", Urgency.Ending, "ending 1");
        Wait("alice", Urgency.Ending, "ending 2");

        await FinishAsync();

        letIn.Should().Equal("ending 1", "ending 2", "usual 1", "usual 2", "tidying");
    }

    [Fact]
    public async Task Whoever_is_less_urgent_is_let_in_after_eight_others_at_the_latest()
    {
        await lane.EnterAsync(Urgency.Ending, "somebody");
        Wait("rows", Urgency.Tidying, "tidying");
        Wait("alice", Urgency.Usual, "usual 1");
        Wait("alice", Urgency.Usual, "usual 2");
        for (int number = 0; number < 30; number++)
            Wait("mallory", Urgency.Ending, "ending");

        await FinishAsync();

        letIn.IndexOf("tidying").Should().Be(WriteLane.PassedOverAtMost);
        letIn.IndexOf("usual 1").Should().Be(WriteLane.PassedOverAtMost + 1);
        letIn.IndexOf("usual 2").Should().Be((2 * WriteLane.PassedOverAtMost) + 2);
    }

    [Fact]
    public async Task Where_the_queue_is_full_the_account_with_the_most_gives_way_and_one_with_as_many_is_refused()
    {
        await lane.EnterAsync(Urgency.Usual, "somebody");
        Task[] many = [.. Enumerable.Range(0, WriteQueue.MaximumWaiting).Select(_ => lane.EnterAsync(Urgency.Usual, "mallory"))];
        Task oneMore = lane.EnterAsync(Urgency.Usual, "mallory");
        await oneMore.Invoking(task => task).Should().ThrowAsync<StorageBusyException>();
        many.Should().OnlyContain(task => !task.IsCompleted);

        Task alice = lane.EnterAsync(Urgency.Usual, "alice");

        await many[^1].Invoking(task => task).Should().ThrowAsync<StorageBusyException>("it came last");
        alice.IsCompleted.Should().BeFalse();
        many[..^1].Should().OnlyContain(task => !task.IsCompleted);
        lane.Leave();
        await many[0];
        lane.Leave();
        await alice;
    }

    [Fact]
    public async Task Where_all_have_one_waiting_and_the_queue_is_full_a_newcomer_is_refused_and_an_ending_is_not()
    {
        await lane.EnterAsync(Urgency.Usual, "somebody");
        Task[] many = [.. Enumerable.Range(0, WriteQueue.MaximumWaiting).Select(number => lane.EnterAsync(Urgency.Usual, $"{number}"))];

        Task newcomer = lane.EnterAsync(Urgency.Usual, "alice"), ending = lane.EnterAsync(Urgency.Ending, "alice");

        await newcomer.Invoking(task => task).Should().ThrowAsync<StorageBusyException>();
        many.Should().OnlyContain(task => !task.IsCompleted);
        lane.Leave();
        await ending;
        lane.Leave();
        await many[0];
    }

    [Fact]
    public async Task However_many_accounts_come_at_once_one_is_in_at_a_time_and_all_are_answered()
    {
        int inside = 0, mostInside = 0, done = 0, refused = 0;
        await Task.WhenAll(Enumerable.Range(0, 3000).Select(number => Task.Run(async () =>
        {
            try
            {
                await lane.EnterAsync((Urgency)(number % 3), $"account {number % 7}");
            }
            catch (StorageBusyException)
            {
                Interlocked.Increment(ref refused);
                return;
            }
            mostInside = Math.Max(mostInside, Interlocked.Increment(ref inside));
            await Task.Yield();
            Interlocked.Decrement(ref inside);
            Interlocked.Increment(ref done);
            lane.Leave();
        }, TestContext.Current.CancellationToken)));

        (mostInside, done + refused).Should().Be((1, 3000));
        await lane.EnterAsync(Urgency.Tidying, "free again");
    }

    private void Wait(string payer, Urgency urgency, string name)
    {
        Task turn = lane.EnterAsync(urgency, payer);
        waiting.Add(NoteAsync());

        async Task NoteAsync()
        {
            await turn;
            letIn.Add(name);
            lane.Leave();
        }
    }

    // One is in at a time, so the list needs no lock.
    private Task FinishAsync()
    {
        lane.Leave();
        return Task.WhenAll(waiting);
    }
}
