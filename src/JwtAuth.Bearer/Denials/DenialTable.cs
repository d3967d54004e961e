using System.Buffers;
using System.Buffers.Text;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;

namespace JwtAuth.Bearer.Denials;

/// <summary>
/// The sessions, tokens and subjects that are denied. Each has the minute at which it may be forgotten and the generation below which it
/// counts. A slot takes 24 bytes; addressing is open; a table that has grown is 0.53 to 0.8 full. Beside the slots is a Bloom filter with
/// six bits for each. For a million entries it takes a megabyte, which fits in a processor's caches, and a token that is not denied seldom
/// needs more. Readers take no lock. Writers take turns; the caller sees to that. An entry never becomes another one: what is forgotten
/// goes when the table is rebuilt.
/// </summary>
internal sealed class DenialTable
{
    private volatile Slots slots = new(count: 0);

    public int Count => slots.Count;

    /// <summary>False if none of the three is there; true if one may be. Lock-free.</summary>
    public bool MayContainAny(UInt128 first, UInt128 second, UInt128 third)
    {
        Slots read = slots;
        // There is no branch in between, so the processor waits for the memory once instead of three times.
        return read.MayContain(first) | read.MayContain(second) | read.MayContain(third);
    }

    /// <summary>Whether the identifier is there, as one of this kind. Lock-free.</summary>
    public bool Contains(DenialKind kind, UInt128 id) => TryFind(kind, id, out _);

    /// <summary>Finds the generation below which the identifier is denied. Lock-free.</summary>
    public bool TryFind(DenialKind kind, UInt128 id, out uint below)
    {
        Slots read = slots;
        int slot = read.MayContain(id) ? read.Find(kind, id) : -1;
        below = slot < 0 ? 0 : read.Below(slot);
        return slot >= 0;
    }

    /// <summary>Adds an identifier, or changes its generation and lets it be kept longer.</summary>
    public void Add(DenialKind kind, UInt128 id, DateTimeOffset forgetAt, uint below)
    {
        var added = new Slot(kind, id, (long)Math.Ceiling((forgetAt - DateTimeOffset.UnixEpoch).TotalMinutes), below);
        if (slots.Find(kind, id) is var known and >= 0)
        {
            slots.Change(known, added);
            return;
        }
        if (!slots.HasRoom)
            slots = slots.Rebuilt(keepFrom: 0);
        slots.Add(added);
    }

    /// <summary>Drops what may be forgotten by <paramref name="now"/>.</summary>
    public void Forget(DateTimeOffset now)
    {
        long keepFrom = (long)Math.Floor((now - DateTimeOffset.UnixEpoch).TotalMinutes) + 1;
        if (slots.CountBefore(keepFrom) > 0)
            slots = slots.Rebuilt(keepFrom);
    }

    /// <summary>
    /// 128 bits of an identifier: its own bits if it is one of ours (22 characters of base64url), otherwise bits of its SHA-256.
    /// </summary>
    public static UInt128 IdOf(string text)
    {
        Span<byte> bits = stackalloc byte[16];
        if (text.Length != 22 || Base64Url.DecodeFromChars(text, bits, out _, out int length) != OperationStatus.Done || length != 16)
            SHA256.HashData(Encoding.UTF8.GetBytes(text)).AsSpan(0, 16).CopyTo(bits);
        return MemoryMarshal.Read<UInt128>(bits);
    }

    /// <summary>128 bits that stand for two identifiers together, in this order.</summary>
    public static UInt128 IdOf(UInt128 first, UInt128 second) => UInt128.RotateLeft(first, 64) ^ second;

    private sealed class Slots
    {
        private const int SmallestCapacity = 64;

        private readonly Slot[] slots;
        private readonly ulong[] filter;

        /// <summary>Room for this many, and half as many more.</summary>
        public Slots(int count)
        {
            slots = new Slot[Math.Max(SmallestCapacity, count * 15L / 8)];
            filter = new ulong[slots.Length * 6L / 64];
        }

        public int Count { get; private set; }

        public bool HasRoom => Count < slots.Length / 5 * 4;

        public bool MayContain(UInt128 id) => (~filter[Word(id)] & Bits(id)) == 0;

        public int Find(DenialKind kind, UInt128 id)
        {
            for (int index = Start(id); ; index = Next(index))
            {
                // The state is written last, so anyone who sees it sees the rest too.
                uint state = Volatile.Read(ref slots[index].State);
                if (state == Slot.Free)
                    return -1;
                if (Slot.KindOf(state) == kind && slots[index].Is(id))
                    return index;
            }
        }

        public uint Below(int index) => Volatile.Read(ref slots[index].Below);

        public void Change(int index, in Slot latest)
        {
            Volatile.Write(ref slots[index].Below, latest.Below);
            slots[index].State = Math.Max(slots[index].State, latest.State); // of one kind, so the later minute
        }

        public void Add(in Slot added)
        {
            UInt128 id = added.Id;
            int index = Start(id);
            while (slots[index].State != Slot.Free)
                index = Next(index);
            slots[index] = added with { State = Slot.Free };
            Volatile.Write(ref slots[index].State, added.State);
            Volatile.Write(ref filter[Word(id)], filter[Word(id)] | Bits(id));
            Count++;
        }

        public int CountBefore(long minute)
        {
            int count = 0;
            foreach (ref readonly Slot slot in slots.AsSpan())
                count += slot.State != Slot.Free && slot.ForgetAt < minute ? 1 : 0;
            return count;
        }

        /// <summary>A table of the entries that are kept, as small as it may be.</summary>
        public Slots Rebuilt(long keepFrom)
        {
            var rebuilt = new Slots(Count - CountBefore(keepFrom));
            foreach (ref readonly Slot slot in slots.AsSpan())
            {
                if (slot.State != Slot.Free && slot.ForgetAt >= keepFrom)
                    rebuilt.Add(slot);
            }
            return rebuilt;
        }

        // Identifiers are random, so they need no hash. The low half gives the place, the high half the bits of the filter.
        private int Start(UInt128 id) => (int)Math.BigMul((ulong)id, (ulong)slots.Length, out _);

        private int Next(int index) => ++index == slots.Length ? 0 : index;

        private int Word(UInt128 id) => (int)Math.BigMul((ulong)id, (ulong)filter.Length, out _);

        private static ulong Bits(UInt128 id)
        {
            int bits = (int)(id >> 64);
            return (1UL << bits) | (1UL << (bits >> 6)) | (1UL << (bits >> 12)) | (1UL << (bits >> 18)); // modulo 64, each
        }
    }

    private struct Slot
    {
        /// <summary>
        /// The state of an empty slot. Any other state holds the minute, and the kind in its last two bits, so that a session is never
        /// mistaken for a subject.
        /// </summary>
        public const uint Free = 0;

        private const int LastMinute = (1 << 30) - 1;

        // Not a UInt128: its alignment would make the slot longer.
        private readonly ulong high, low;

        public uint State, Below;

        public Slot(DenialKind kind, UInt128 id, long forgetAt, uint below)
        {
            (high, low) = ((ulong)(id >> 64), (ulong)id);
            State = ((uint)Math.Clamp(forgetAt, 0, LastMinute) << 2) | ((uint)kind + 1);
            Below = below;
        }

        public readonly uint ForgetAt => State >> 2;

        public readonly UInt128 Id => new(high, low);

        public static DenialKind KindOf(uint state) => (DenialKind)((state & 3) - 1);

        public readonly bool Is(UInt128 id) => low == (ulong)id && high == (ulong)(id >> 64);
    }
}
