using JwtAuth.Server.Guessing;
using JwtAuth.Tests.Hosting;

namespace JwtAuth.Tests.Guessing;

public sealed class AttemptBucketsTests
{
    private readonly ManualTime time = new();

    [Fact, Trait("row", "PWD-14")]
    public void After_the_free_attempts_the_delay_doubles_up_to_the_longest()
    {
        AttemptBuckets buckets = Buckets(free: 3, longestDelay: TimeSpan.FromSeconds(20));
        List<double> delays = [];
        for (int attempt = 0; attempt < 10; attempt++)
        {
            TimeSpan wait = buckets.WaitOf("a");
            delays.Add(wait.TotalSeconds);
            time.Advance(wait);
            buckets.WaitOf("a").Should().Be(TimeSpan.Zero, "the wait that was told is enough");
            buckets.Add("a");
        }

        delays.Should().Equal(0, 0, 0, 1, 2, 4, 8, 16, 20, 20);
        buckets.WaitOf("b").Should().Be(TimeSpan.Zero);
    }

    [Fact, Trait("row", "PWD-14")]
    public void One_instant_before_the_wait_is_over_it_is_not()
    {
        AttemptBuckets buckets = Buckets(free: 1);
        buckets.Add("a");
        TimeSpan wait = buckets.WaitOf("a");

        time.Advance(wait - TimeSpan.FromTicks(1));
        buckets.WaitOf("a").Should().BePositive();
        time.Advance(TimeSpan.FromTicks(1));
        buckets.WaitOf("a").Should().Be(TimeSpan.Zero);
    }

    [Fact, Trait("row", "PWD-14")]
    public void Nobody_is_told_to_wait_longer_than_until_the_attempts_are_forgotten()
    {
        AttemptBuckets buckets = Buckets(free: 3, forgetOneEvery: TimeSpan.FromSeconds(3));
        for (int attempt = 0; attempt < 8; attempt++)
            buckets.Add("a");

        buckets.WaitOf("a").Should().Be(TimeSpan.FromSeconds(18), "six of them, and not the 32 seconds of the fifth beyond");
        time.Advance(TimeSpan.FromSeconds(18));
        buckets.WaitOf("a").Should().Be(TimeSpan.Zero);
    }

    [Fact]
    public void Attempts_are_forgotten_one_by_one()
    {
        AttemptBuckets buckets = Buckets(free: 2, forgetOneEvery: TimeSpan.FromMinutes(1));
        for (int attempt = 0; attempt < 5; attempt++)
            buckets.Add("a");

        buckets.WaitOf("a").Should().Be(TimeSpan.FromSeconds(8));
        time.Advance(TimeSpan.FromMinutes(4));
        buckets.WaitOf("a").Should().Be(TimeSpan.Zero, "four of five are forgotten");
        buckets.CountOf("a").Should().Be(1);
        buckets.Add("a");
        buckets.WaitOf("a").Should().Be(TimeSpan.FromSeconds(1), "two stand, and two are free");
        time.Advance(TimeSpan.FromMinutes(2));
        buckets.CountOf("a").Should().Be(0);
    }

    [Fact]
    public void What_is_kept_for_others_is_waited_for_until_enough_is_forgotten()
    {
        AttemptBuckets buckets = Buckets(free: 4, forgetOneEvery: TimeSpan.FromMinutes(1));
        for (int attempt = 0; attempt < 3; attempt++)
            buckets.Add("a");

        buckets.WaitOf("a").Should().Be(TimeSpan.Zero, "one of four is free");
        buckets.WaitOf("a", keptForOthers: 1).Should().Be(TimeSpan.FromMinutes(1));
        buckets.WaitOf("a", keptForOthers: 3).Should().Be(TimeSpan.FromMinutes(3));
        time.Advance(TimeSpan.FromMinutes(1) - TimeSpan.FromTicks(1));
        buckets.WaitOf("a", keptForOthers: 1).Should().BePositive();
        time.Advance(TimeSpan.FromTicks(1));
        buckets.WaitOf("a", keptForOthers: 1).Should().Be(TimeSpan.Zero);
        buckets.WaitOf("b", keptForOthers: 3).Should().Be(TimeSpan.Zero);
    }

    [Fact]
    public void A_clock_that_is_set_changes_nothing()
    {
        AttemptBuckets buckets = Buckets(free: 1);
        buckets.Add("a");
        TimeSpan wait = buckets.WaitOf("a");

        time.SetClock(time.GetUtcNow().AddDays(400));
        buckets.WaitOf("a").Should().Be(wait);
        time.SetClock(time.GetUtcNow().AddDays(-4000));
        buckets.WaitOf("a").Should().Be(wait);
    }

    [Fact]
    public void An_attempt_taken_back_was_never_made()
    {
        AttemptBuckets buckets = Buckets(free: 2);
        buckets.Add("a");
        buckets.Add("a");
        buckets.WaitOf("a").Should().BePositive();

        buckets.TakeBack("a");
        buckets.WaitOf("a").Should().Be(TimeSpan.Zero);
        buckets.TakeBack("a");
        buckets.TakeBack("a");
        buckets.TakeBack("never seen");
        buckets.Add("a");
        buckets.Add("a");
        buckets.WaitOf("a").Should().BePositive("nothing is owed below zero");
    }

    [Fact, Trait("row", "PWD-17")]
    public void A_flood_of_keys_is_bounded_and_does_not_wash_out_the_guessed_account()
    {
        AttemptBuckets buckets = Buckets(free: 3, forgetOneEvery: TimeSpan.FromHours(1), capacity: 10_000);
        for (int attempt = 0; attempt < 8; attempt++)
            buckets.Add("guessed");
        TimeSpan wait = buckets.WaitOf("guessed");

        for (int key = 0; key < 1_000_000; key++)
        {
            buckets.Add($"flood {key}");
            if (buckets.Count > 10_000)
                Assert.Fail("it has grown beyond its capacity");
        }

        buckets.WaitOf("guessed").Should().Be(wait).And.BePositive();
    }

    private AttemptBuckets Buckets(int free, TimeSpan? forgetOneEvery = null, TimeSpan? longestDelay = null, int capacity = 100) =>
        new(time, free, forgetOneEvery ?? TimeSpan.FromDays(100), longestDelay ?? TimeSpan.FromHours(1), capacity);
}
