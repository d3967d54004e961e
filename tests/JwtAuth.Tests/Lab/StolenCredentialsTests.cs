using JwtAuth.Server.Lab;
using JwtAuth.Tests.Hosting;

namespace JwtAuth.Tests.Lab;

public sealed class StolenCredentialsTests
{
    private readonly ManualTime time = new();

    [Fact]
    public void A_copy_is_found_by_its_handle_and_by_no_other()
    {
        using var loot = new StolenCredentials(time);
        string handle = loot.Keep(Copy("one")), other = loot.Keep(Copy("two"));

        loot.Find(handle)!.Reveal().Should().Be("Bearer one");
        loot.Find(other)!.Reveal().Should().Be("Bearer two");
        loot.Find(handle + "x").Should().BeNull();
        handle.Length.Should().Be(22, "128 random bits");
    }

    [Fact]
    public void Of_more_than_a_hundred_the_oldest_go()
    {
        using var loot = new StolenCredentials(time);
        string[] handles = [.. Enumerable.Range(0, StolenCredentials.Capacity + 2).Select(index => loot.Keep(Copy($"{index}")))];

        handles.Select(handle => loot.Find(handle) is not null)
            .Should().Equal([false, false, .. Enumerable.Repeat(true, StolenCredentials.Capacity)]);
    }

    [Fact]
    public void A_copy_is_kept_for_an_hour_also_one_that_got_another_value()
    {
        using var loot = new StolenCredentials(time);
        string handle = loot.Keep(Copy("one"));
        time.Advance(StolenCredentials.Lifetime - TimeSpan.FromSeconds(1));
        string later = loot.Keep(Copy("two"));
        loot.Replace(handle, loot.Find(handle)!.With("Bearer next"));
        loot.Find(handle)!.Reveal().Should().Be("Bearer next");

        time.Advance(TimeSpan.FromSeconds(1));

        loot.Find(handle).Should().BeNull();
        loot.Replace(handle, Copy("late"));
        loot.Find(handle).Should().BeNull();
        loot.Find(later).Should().NotBeNull();
    }

    [Fact]
    public void At_the_end_nothing_is_left_and_no_copy_shows_itself()
    {
        var loot = new StolenCredentials(time);
        string handle = loot.Keep(Copy("one"));
        $"{loot.Find(handle)}".Should().Be("[stolen credential]");
        loot.Find(handle)!.ByteCount.Should().Be("Authorization: Bearer one\r\n".Length);

        loot.Dispose();

        loot.Find(handle).Should().BeNull();
    }

    private static StolenCredential Copy(string value) => new("bearer", "Authorization", "Bearer", $"Bearer {value}");
}
