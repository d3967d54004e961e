using JwtAuth.Bearer.Clocks;
using JwtAuth.Bearer.Denials;
using JwtAuth.Bearer.Keys;
using JwtAuth.Tests.Hosting;
using Microsoft.Extensions.Logging.Abstractions;

namespace JwtAuth.Tests.Denials;

/// <summary>
/// A machine that was suspended: the monotonic clock and every timer stood still, the wall clock went on, and what was ended meanwhile has
/// not been heard.
/// </summary>
public sealed class SleepTests : IDisposable
{
    private static readonly TimeSpan MaximumSilence = TimeSpan.FromSeconds(10), Night = TimeSpan.FromHours(8);

    private readonly ManualTime time = new();
    private readonly CancellationTokenSource end = new();
    private readonly List<TaskCompletionSource<DenialPage>> calls = [];
    private readonly SemaphoreSlim called = new(0);

    [Fact]
    public async Task After_a_sleep_nothing_is_believed_until_the_feed_was_heard_again_and_that_is_at_once()
    {
        (DenialFeed feed, Task running) = await HeardAsync();

        Sleep();

        feed.Denylist.IsComplete.Should().BeFalse();
        feed.Denylist.Age.Should().Be(Night);
        // The other end hung up long ago, and nothing comes from there.
        Task caughtUp = feed.CatchUpAsync();
        await CallAsync(3);
        calls[1].Task.IsCanceled.Should().BeTrue("it was given up");
        calls[2].SetResult(Page());
        await caughtUp;
        feed.Denylist.IsComplete.Should().BeTrue();
        feed.Fault.Should().BeNull("a sleep is no outage");
        await EndAsync(running);
    }

    [Fact]
    public async Task An_answer_that_lay_there_during_the_sleep_says_nothing_of_what_was_ended_since()
    {
        (DenialFeed feed, Task running) = await HeardAsync();

        Sleep();
        calls[1].SetResult(Page(waited: TimeSpan.FromSeconds(5)));
        await CallAsync(3);

        feed.Denylist.IsComplete.Should().BeFalse("the issuer answered eight hours ago");
        feed.Denylist.Age.Should().Be(Night - TimeSpan.FromSeconds(5));
        calls[2].SetResult(Page());
        await CallAsync(4);
        feed.Denylist.IsComplete.Should().BeTrue();
        await EndAsync(running);
    }

    [Fact]
    public async Task A_call_that_is_under_way_is_waited_for_where_no_sleep_came_between()
    {
        (DenialFeed feed, Task running) = await HeardAsync();

        time.Advance(MaximumSilence);
        Task caughtUp = feed.CatchUpAsync();

        calls.Should().HaveCount(2);
        calls[1].SetResult(Page());
        await caughtUp;
        await CallAsync(3);
        await EndAsync(running);
    }

    [Fact]
    public void Only_silence_while_this_machine_was_awake_lets_a_lenient_API_do_without()
    {
        var denylist = new Denylist(time, MaximumSilence);
        denylist.CompleteAsOf(ClockReading.Of(time));

        Sleep();
        (denylist.IsComplete, denylist.IsOverdue).Should().Be((false, false), "nobody has asked yet");
        time.Advance(MaximumSilence + TimeSpan.FromTicks(1));
        (denylist.IsComplete, denylist.IsOverdue).Should().Be((false, true));
    }

    [Fact]
    public async Task After_a_sleep_the_keys_are_old_and_a_cool_down_is_over()
    {
        int fetches = 0;
        var watched = new WatchedTime();
        var keys = new PublishedKeys((_, _) =>
        {
            fetches++;
            string key = $$"""{"kty":"EC","crv":"P-256","alg":"ES256","kid":"k","x":"{{Coordinate(1)}}","y":"{{Coordinate(2)}}"}""";
            return Task.FromResult(new FetchedKeySet($$"""{"keys":[{{key}}]}""", null));
        }, [], secretsAreAnnounced: false, watched, NullLogger.Instance);
        Task running = keys.RunAsync(end.Token);
        await watched.BegunAsync(TimeSpan.FromSeconds(10));
        (await keys.CatchUpAsync(keys.Version)).Should().BeTrue();
        (await keys.CatchUpAsync(keys.Version)).Should().BeFalse("that was in vain a moment ago");
        fetches.Should().Be(2);

        watched.Manual.SetClock(watched.GetUtcNow() + Night);
        keys.Age.Should().Be(Night);
        (await keys.CatchUpAsync(keys.Version)).Should().BeTrue("that was eight hours ago");
        fetches.Should().Be(3);

        watched.Manual.SetClock(watched.GetUtcNow() + Night);
        watched.Manual.Advance(TimeSpan.FromSeconds(10));
        await Patience.UntilAsync(() => Task.FromResult(fetches == 4), "nobody asked for a key, but the set is older than it may be");
        await end.CancelAsync();
        await running;

        static string Coordinate(int half) => half == 1
            ? "MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4" : "4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM"; // RFC 7517 appendix A.1
    }

    public void Dispose()
    {
        end.Dispose();
        called.Dispose();
    }

    private void Sleep() => time.SetClock(time.GetUtcNow() + Night);

    private async Task<(DenialFeed Feed, Task Running)> HeardAsync()
    {
        var keys = new PublishedKeys(
            (_, _) => throw new HttpRequestException("not asked for here"), [], secretsAreAnnounced: true, time, NullLogger.Instance);
        var feed = new DenialFeed(ReadAsync, keys, MaximumSilence, time, NullLogger.Instance);
        Task running = feed.RunAsync(end.Token);
        await CallAsync(1);
        calls[0].SetResult(Page());
        await CallAsync(2);
        feed.Denylist.IsComplete.Should().BeTrue();
        return (feed, running);
    }

    private Task<DenialPage> ReadAsync(string? cursor, TimeSpan wait, CancellationToken cancellation)
    {
        var call = new TaskCompletionSource<DenialPage>(TaskCreationOptions.RunContinuationsAsynchronously);
        cancellation.Register(() => call.TrySetCanceled(cancellation));
        lock (calls)
            calls.Add(call);
        called.Release();
        return call.Task;
    }

    private async Task CallAsync(int number)
    {
        while (calls.Count < number)
            (await called.WaitAsync(Patience.Limit, TestContext.Current.CancellationToken)).Should().BeTrue("it asks again");
    }

    private async Task EndAsync(Task running)
    {
        await end.CancelAsync();
        await running;
    }

    private static DenialPage Page(TimeSpan waited = default) => new()
    {
        Cursor = "c",
        Denylist = true,
        More = false,
        WaitedMs = (long)waited.TotalMilliseconds,
        Keys = "",
        SharedKeys = [],
        Denials = [],
    };
}
