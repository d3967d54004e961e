using System.Buffers.Text;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using JwtAuth.Bearer.Denials;

namespace JwtAuth.Tests.Denials;

public sealed class DenialTableTests
{
    private const uint All = uint.MaxValue;

    private static readonly DateTimeOffset Now = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);

    [Fact]
    public void A_hundred_thousand_random_identifiers_are_found_and_as_many_others_are_not()
    {
        var random = new Random(1);
        UInt128[] added = [.. Enumerable.Range(0, 100_000).Select(_ => Next(random))],
            others = [.. Enumerable.Range(0, 100_000).Select(_ => Next(random))];
        var table = new DenialTable();
        table.Contains(DenialKind.Session, added[0]).Should().BeFalse("nothing was added yet");

        foreach (UInt128 id in added)
            table.Add(DenialKind.Session, id, Now.AddHours(1), All);
        foreach (UInt128 id in added[..1000])
            table.Add(DenialKind.Session, id, Now.AddHours(1), All);

        table.Count.Should().Be(added.Length, "what is added twice counts once");
        added.Count(id => table.Contains(DenialKind.Session, id)).Should().Be(added.Length);
        others.Count(id => table.Contains(DenialKind.Session, id)).Should().Be(0);
    }

    [Fact]
    public void An_identifier_with_a_half_of_zeros_or_ones_is_one_like_any_other()
    {
        const ulong Ones = ulong.MaxValue, Some = 0x0123_4567_89AB_CDEF;
        UInt128[] ids =
            [.. from high in new ulong[] { 0, Some, Ones } from low in new ulong[] { 0, 1, Some, Ones } select new UInt128(high, low)];
        foreach (UInt128 id in ids)
        {
            var table = new DenialTable();
            table.Add(DenialKind.Session, id, Now.AddHours(1), All);
            ids.Where(other => table.Contains(DenialKind.Session, other)).Should().Equal(id);
        }
    }

    [Fact]
    public void Identifiers_that_begin_at_one_slot_stand_beside_each_other_also_over_the_end()
    {
        // The place is told by the low half: these begin at the last slot, whatever the size.
        UInt128[] ids = [.. Enumerable.Range(1, 500).Select(high => new UInt128((ulong)high, ulong.MaxValue))];
        var table = new DenialTable();
        foreach (UInt128 id in ids)
            table.Add(DenialKind.Session, id, Now.AddHours(1), All);
        ids.Count(id => table.Contains(DenialKind.Session, id)).Should().Be(500);
        table.Contains(DenialKind.Session, new UInt128(501, ulong.MaxValue)).Should().BeFalse();
    }

    [Fact]
    public void An_identifier_that_differs_only_in_bits_that_no_place_and_no_filter_looks_at_is_another_one()
    {
        var table = new DenialTable();
        UInt128 id = new(0x0123_4567_89AB_CDEF, 0x0123_4567_89AB_CDEF);
        table.Add(DenialKind.Session, id, Now.AddHours(1), All);
        UInt128[] others = [.. Enumerable.Range(0, 128).Select(bit => id ^ (UInt128.One << bit))];
        others.Should().NotContain(other => table.Contains(DenialKind.Session, other));
        others.Should().Contain(other => table.MayContainAny(0, other, 0), "the filter does not tell these apart");
        table.Contains(DenialKind.Session, id).Should().BeTrue();
    }

    [Fact]
    public void The_same_bits_are_another_entry_in_each_kind()
    {
        DenialKind[] kinds = [DenialKind.Token, DenialKind.Session, DenialKind.Subject];
        for (int members = 0; members < 8; members++)
        {
            var table = new DenialTable();
            DenialKind[] added = [.. kinds.Where((_, index) => (members >> index & 1) == 1)];
            foreach (DenialKind kind in added)
                table.Add(kind, 7, Now.AddMinutes(1 + (int)kind), 10 + (uint)kind);
            table.Count.Should().Be(added.Length);
            kinds.Where(kind => table.Contains(kind, 7)).Should().Equal(added);
            foreach (DenialKind kind in added)
                (table.TryFind(kind, 7, out uint below), below).Should().Be((true, 10 + (uint)kind));
            table.Forget(Now.AddMinutes(1));
            kinds.Where(kind => table.Contains(kind, 7))
                .Should().Equal(added.Where(kind => kind != DenialKind.Token), "each is forgotten in its own time");
        }
    }

    [Fact]
    public void The_filter_never_misses_one_in_any_place_and_seldom_takes_a_stranger()
    {
        var random = new Random(6);
        UInt128[] added = [.. Enumerable.Range(0, 40_000).Select(_ => Next(random))];
        var table = new DenialTable();
        table.MayContainAny(added[0], added[1], added[2]).Should().BeFalse("it is empty");
        for (int index = 0; index < added.Length; index++)
            table.Add((DenialKind)(index % 3), added[index], Now.AddHours(1), All);

        foreach (UInt128 id in added)
        {
            UInt128 one = Next(random), other = Next(random);
            (table.MayContainAny(id, one, other) && table.MayContainAny(one, id, other) && table.MayContainAny(one, other, id))
                .Should().BeTrue();
        }
        Enumerable.Range(0, 40_000).Count(_ => table.MayContainAny(Next(random), Next(random), Next(random)))
            .Should().BeLessThan(40_000 / 8);
    }

    [Fact]
    public void An_entry_takes_48_bytes_or_less_whenever_the_table_has_grown_or_forgotten()
    {
        const int Entries = 200_000;
        var random = new Random(7);
        var table = new DenialTable();
        List<double> grown = [], forgotten = [];
        for (int index = 0; index < Entries; index++)
        {
            UInt128 id = Next(random);
            DateTimeOffset forgetAt = Now.AddMinutes(1 + (index % 20));
            if (Allocated(() => table.Add((DenialKind)(index % 3), id, forgetAt, All)) is var bytes && bytes > 20L * table.Count)
                grown.Add((double)bytes / table.Count);
        }
        for (int minute = 1; minute <= 19; minute++)
            forgotten.Add((double)Allocated(() => table.Forget(Now.AddMinutes(minute))) / table.Count);

        table.Count.Should().Be(Entries / 20);
        grown.Should().HaveCountGreaterThan(10, "it is another table each time");
        // What the runtime counts beside, 8 kB at most, is little once the table is large.
        grown[^8..].Concat(forgotten).Should().OnlyContain(bytes => bytes > 30 && bytes <= 48);
        Allocated(() => table.Forget(Now.AddMinutes(19))).Should().BeLessThan(20_000, "nothing more was to be forgotten");

        static long Allocated(Action act)
        {
            long before = GC.GetAllocatedBytesForCurrentThread();
            act();
            return GC.GetAllocatedBytesForCurrentThread() - before;
        }
    }

    [Fact]
    public void A_time_before_the_epoch_is_over_and_the_end_of_time_is_far_off()
    {
        var table = new DenialTable();
        table.Add(DenialKind.Subject, 1, DateTimeOffset.MinValue, All);
        table.Add(DenialKind.Subject, 2, DateTimeOffset.MaxValue, All);
        table.Forget(Now);
        (table.Contains(DenialKind.Subject, 1), table.Contains(DenialKind.Subject, 2)).Should().Be((false, true));
        table.Forget(Now.AddYears(1900));
        table.Contains(DenialKind.Subject, 2).Should().BeTrue();
    }

    [Fact]
    public void What_may_be_forgotten_goes_and_what_may_not_stays()
    {
        var random = new Random(2);
        (UInt128 Id, DateTimeOffset ForgetAt)[] entries =
            [.. Enumerable.Range(0, 20_000).Select(_ => (Next(random), Now.AddSeconds(random.Next(1, 7200))))];
        var table = new DenialTable();
        foreach ((UInt128 id, DateTimeOffset forgetAt) in entries)
            table.Add(DenialKind.Session, id, forgetAt, All);

        foreach (int minutes in new[] { 0, 1, 59, 60, 61, 120 })
        {
            DateTimeOffset now = Now.AddMinutes(minutes);
            table.Forget(now);
            (UInt128 Id, DateTimeOffset ForgetAt)[] kept = [.. entries.Where(entry => entry.ForgetAt > now)];
            table.Count.Should().Be(kept.Length);
            kept.Count(entry => table.Contains(DenialKind.Session, entry.Id)).Should().Be(kept.Length);
            entries.Count(entry => entry.ForgetAt <= now && table.Contains(DenialKind.Session, entry.Id)).Should().Be(0);
        }
        table.Add(DenialKind.Session, entries[0].Id, Now.AddHours(3), All);
        table.Contains(DenialKind.Session, entries[0].Id).Should().BeTrue("what was forgotten can be added again");
    }

    [Fact]
    public void What_is_added_again_is_kept_until_the_later_moment()
    {
        var table = new DenialTable();
        foreach (int minutes in new[] { 1, 5, 2 })
            table.Add(DenialKind.Session, 7, Now.AddMinutes(minutes), All);
        table.Forget(Now.AddMinutes(5).AddSeconds(-1));
        table.Contains(DenialKind.Session, 7).Should().BeTrue();
        table.Forget(Now.AddMinutes(5));
        table.Contains(DenialKind.Session, 7).Should().BeFalse();
    }

    [Fact]
    public async Task Readers_never_miss_what_was_added_while_a_writer_adds_and_forgets()
    {
        var random = new Random(3);
        UInt128[] lasting = [.. Enumerable.Range(0, 30_000).Select(_ => Next(random))],
            brief = [.. Enumerable.Range(0, 30_000).Select(_ => Next(random))];
        UInt128[] never = [.. Enumerable.Range(0, 1000).Select(_ => Next(random))];
        var table = new DenialTable();
        int added = 0;
        long missed = 0, invented = 0, looks = 0;
        bool isOver = false;

        Task[] readers = [.. Enumerable.Range(1, 3).Select(seed => Task.Factory.StartNew(() =>
        {
            var own = new Random(seed);
            while (!Volatile.Read(ref isOver))
            {
                int known = Volatile.Read(ref added);
                if (known > 0 && !table.Contains(DenialKind.Session, lasting[own.Next(known)]))
                    Interlocked.Increment(ref missed);
                if (table.Contains(DenialKind.Session, never[own.Next(never.Length)]))
                    Interlocked.Increment(ref invented);
                Interlocked.Increment(ref looks);
            }
        }, TestContext.Current.CancellationToken, TaskCreationOptions.LongRunning, TaskScheduler.Default))];
        for (int index = 0; index < lasting.Length; index++)
        {
            table.Add(DenialKind.Session, lasting[index], Now.AddHours(1), All);
            Volatile.Write(ref added, index + 1);
            table.Add(DenialKind.Session, brief[index], Now.AddMinutes(1), All);
            if (index % 300 != 0)
                continue;
            table.Forget(Now.AddMinutes(2));
            // However busy the machine is, the readers keep up with the writer.
            for (long until = Interlocked.Read(ref looks) + 20; Interlocked.Read(ref looks) < until;)
                Thread.Yield();
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
            "AAAAAAAAAAAAAAAAAAAAAA", "AAAAAAAAAAAAAAAAAAAAAB", "AAAAAAAAAAAAAAAAAAAA==", "AAAAAAAAAAAAAAAAAAAA!!",
            "AAAAAAAAAAAAAAAAAAAA++", "AAAAAAAAAAAAAAAAAAA A ", " AAAAAAAAAAAAAAAAAAAAA",
            "AAAAAAAAAAAAAAAAAAAA\u00e9A", "\ud800\ud800AAAAAAAAAAAAAAAAAAAA", "A", "AAAAAAAAAAAAAAAAAAAAA", "AAAAAAAAAAAAAAAAAAAAAAA",
            "a-uuid-of-36-letters-123456789012345", "alice", "Alice", "\u00e4lice", new('x', 255),
        ];
        texts.Select(DenialTable.IdOf).Should().OnlyHaveUniqueItems();
        (from first in texts from second in texts select DenialTable.IdOf(DenialTable.IdOf(first), DenialTable.IdOf(second)))
            .Should().OnlyHaveUniqueItems("the order counts");
        texts.Select(DenialTable.IdOf).Should().Equal(texts.Select(DenialTable.IdOf));
    }

    private static UInt128 Next(Random random) =>
        new((ulong)random.NextInt64(long.MinValue, long.MaxValue), (ulong)random.NextInt64(long.MinValue, long.MaxValue));
}
