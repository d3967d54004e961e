using System.Buffers.Text;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using JwtAuth.Bearer.Denials;

namespace JwtAuth.Tests.Denials;

public sealed class DenialTableTests
{
    private static readonly DateTimeOffset Now = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);

    [Fact]
    public void A_hundred_thousand_random_identifiers_are_found_and_as_many_others_are_not()
    {
        var random = new Random(1);
        UInt128[] added = [.. Enumerable.Range(0, 100_000).Select(_ => Next(random))], others = [.. Enumerable.Range(0, 100_000).Select(_ => Next(random))];
        var table = new DenialTable();
        table.Contains(added[0]).Should().BeFalse("nothing was added yet");

        foreach (UInt128 id in added)
            table.Add(id, Now.AddHours(1));
        foreach (UInt128 id in added[..1000])
            table.Add(id, Now.AddHours(1));

        table.Count.Should().Be(added.Length, "what is added twice counts once");
        added.Count(table.Contains).Should().Be(added.Length);
        others.Count(table.Contains).Should().Be(0);
    }

    [Fact]
    public void An_identifier_with_a_half_of_zeros_or_ones_is_one_like_any_other()
    {
        const ulong Ones = ulong.MaxValue, Some = 0x0123_4567_89AB_CDEF;
        UInt128[] ids = [.. from high in new ulong[] { 0, Some, Ones } from low in new ulong[] { 0, 1, Some, Ones } select new UInt128(high, low)];
        foreach (UInt128 id in ids)
        {
            var table = new DenialTable();
            table.Add(id, Now.AddHours(1));
            ids.Where(table.Contains).Should().Equal(id);
        }
    }

    [Fact]
    public void Identifiers_that_begin_at_one_slot_stand_beside_each_other_also_over_the_end()
    {
        // The place is told by the low half: these begin at the last slot, whatever the size.
        UInt128[] ids = [.. Enumerable.Range(1, 500).Select(high => new UInt128((ulong)high, ulong.MaxValue))];
        var table = new DenialTable();
        foreach (UInt128 id in ids)
            table.Add(id, Now.AddHours(1));
        ids.Count(table.Contains).Should().Be(500);
        table.Contains(new UInt128(501, ulong.MaxValue)).Should().BeFalse();
    }

    [Fact]
    public void What_may_be_forgotten_goes_and_what_may_not_stays()
    {
        var random = new Random(2);
        (UInt128 Id, DateTimeOffset ForgetAt)[] entries = [.. Enumerable.Range(0, 20_000).Select(_ => (Next(random), Now.AddSeconds(random.Next(1, 7200))))];
        var table = new DenialTable();
        foreach ((UInt128 id, DateTimeOffset forgetAt) in entries)
            table.Add(id, forgetAt);

        foreach (int minutes in new[] { 0, 1, 59, 60, 61, 120 })
        {
            DateTimeOffset now = Now.AddMinutes(minutes);
            table.Forget(now);
            (UInt128 Id, DateTimeOffset ForgetAt)[] kept = [.. entries.Where(entry => entry.ForgetAt > now)];
            table.Count.Should().Be(kept.Length);
            kept.Count(entry => table.Contains(entry.Id)).Should().Be(kept.Length);
            entries.Count(entry => entry.ForgetAt <= now && table.Contains(entry.Id)).Should().Be(0);
        }
        table.Add(entries[0].Id, Now.AddHours(3));
        table.Contains(entries[0].Id).Should().BeTrue("what was forgotten can be added again");
    }

    [Fact]
    public void What_is_added_again_is_kept_until_the_later_moment()
    {
        var table = new DenialTable();
        foreach (int minutes in new[] { 1, 5, 2 })
            table.Add(7, Now.AddMinutes(minutes));
        table.Forget(Now.AddMinutes(5).AddSeconds(-1));
        table.Contains(7).Should().BeTrue();
        table.Forget(Now.AddMinutes(5));
        table.Contains(7).Should().BeFalse();
    }

    [Fact]
    public async Task Readers_never_miss_what_was_added_while_a_writer_adds_and_forgets()
    {
        var random = new Random(3);
        UInt128[] lasting = [.. Enumerable.Range(0, 30_000).Select(_ => Next(random))], brief = [.. Enumerable.Range(0, 30_000).Select(_ => Next(random))];
        UInt128[] never = [.. Enumerable.Range(0, 1000).Select(_ => Next(random))];
        var table = new DenialTable();
        int added = 0;
        long missed = 0, invented = 0, looks = 0;
        bool isOver = false;

        Task[] readers = [.. Enumerable.Range(1, 3).Select(seed => Task.Run(() =>
        {
            var own = new Random(seed);
            while (!Volatile.Read(ref isOver))
            {
                int known = Volatile.Read(ref added);
                if (known > 0 && !table.Contains(lasting[own.Next(known)]))
                    Interlocked.Increment(ref missed);
                if (table.Contains(never[own.Next(never.Length)]))
                    Interlocked.Increment(ref invented);
                Interlocked.Increment(ref looks);
            }
        }))];
        for (int index = 0; index < lasting.Length; index++)
        {
            table.Add(lasting[index], Now.AddHours(1));
            Volatile.Write(ref added, index + 1);
            table.Add(brief[index], Now.AddMinutes(1));
            if (index % 300 == 0)
                table.Forget(Now.AddMinutes(2));
        }
        Volatile.Write(ref isOver, true);
        await Task.WhenAll(readers);

        (missed, invented).Should().Be((0, 0));
        looks.Should().BeGreaterThan(1000);
        table.Forget(Now.AddMinutes(2));
        table.Count.Should().Be(lasting.Length);
    }

    [Fact]
    public void Identifiers_of_ours_stand_for_their_own_bits()
    {
        byte[] bits = RandomNumberGenerator.GetBytes(16);
        DenialTable.IdOf(Base64Url.EncodeToString(bits)).Should().Be(MemoryMarshal.Read<UInt128>(bits));
    }

    [Fact]
    public void Any_other_text_is_an_identifier_too_and_none_is_taken_for_another()
    {
        string[] texts =
        [
            "AAAAAAAAAAAAAAAAAAAAAA", "AAAAAAAAAAAAAAAAAAAAAB", "AAAAAAAAAAAAAAAAAAAA==", "AAAAAAAAAAAAAAAAAAAA!!", "AAAAAAAAAAAAAAAAAAAA++", "AAAAAAAAAAAAAAAAAAA A ", " AAAAAAAAAAAAAAAAAAAAA",
            "AAAAAAAAAAAAAAAAAAAA\u00e9A", "\ud800\ud800AAAAAAAAAAAAAAAAAAAA", "A", "AAAAAAAAAAAAAAAAAAAAA", "AAAAAAAAAAAAAAAAAAAAAAA", "a-uuid-of-36-letters-123456789012345", "alice", "Alice", "\u00e4lice", new('x', 255),
        ];
        texts.Select(DenialTable.IdOf).Should().OnlyHaveUniqueItems();
        (from first in texts from second in texts select DenialTable.IdOf(first, second)).Should().OnlyHaveUniqueItems("the order counts");
        texts.Select(DenialTable.IdOf).Should().Equal(texts.Select(DenialTable.IdOf));
    }

    private static UInt128 Next(Random random) => new((ulong)random.NextInt64(long.MinValue, long.MaxValue), (ulong)random.NextInt64(long.MinValue, long.MaxValue));
}
