using System.Buffers;
using System.Buffers.Text;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;

namespace JwtAuth.Bearer.Denials;

/// <summary>
/// A set of identifiers, each with the minute at which it may be forgotten: 20 bytes an entry, open addressing, half to two thirds full once it has grown.
/// Readers take no lock; writers take turns. An entry is never changed into another one: what is forgotten goes when the table is built anew.
/// </summary>
internal sealed class DenialTable
{
    private const int SmallestCapacity = 64;

    private readonly Lock writing = new();
    private volatile Slots slots = new(SmallestCapacity);

    public int Count => slots.Count;

    public bool IsEmpty => slots.Count == 0;

    /// <summary>Whether the identifier is there. Lock-free.</summary>
    public bool Contains(UInt128 id) => slots.Find(id) >= 0;

    /// <summary>Adds an identifier, or lets it be kept longer.</summary>
    public void Add(UInt128 id, DateTimeOffset forgetAt)
    {
        uint minute = checked((uint)Math.Ceiling((forgetAt - DateTimeOffset.UnixEpoch).TotalMinutes));
        lock (writing)
        {
            if (!slots.HasRoom)
                slots = slots.Rebuilt(keepFrom: 0);
            slots.Add(id, minute);
        }
    }

    /// <summary>Drops what may be forgotten by <paramref name="now"/>.</summary>
    public void Forget(DateTimeOffset now)
    {
        long minute = (long)Math.Floor((now - DateTimeOffset.UnixEpoch).TotalMinutes);
        lock (writing)
        {
            uint keepFrom = (uint)Math.Clamp(minute + 1, 0, uint.MaxValue);
            if (slots.CountBefore(keepFrom) > 0)
                slots = slots.Rebuilt(keepFrom);
        }
    }

    /// <summary>128 bits of an identifier: the very bits where it is one of ours (22 characters of base64url), else of its SHA-256.</summary>
    public static UInt128 IdOf(string text)
    {
        Span<byte> bits = stackalloc byte[16];
        if (text.Length != 22 || Base64Url.DecodeFromChars(text, bits, out _, out int length) != OperationStatus.Done || length != 16)
            SHA256.HashData(Encoding.UTF8.GetBytes(text)).AsSpan(0, 16).CopyTo(bits);
        return MemoryMarshal.Read<UInt128>(bits);
    }

    /// <summary>128 bits that stand for two identifiers together, in this order.</summary>
    public static UInt128 IdOf(string first, string second) => UInt128.RotateLeft(IdOf(first), 64) ^ IdOf(second);

    private sealed class Slots(int capacity)
    {
        private readonly Id[] ids = new Id[capacity];
        private readonly uint[] forgetAt = new uint[capacity];

        public int Count { get; private set; }

        public bool HasRoom => Count < ids.Length / 3 * 2;

        public int Find(UInt128 id)
        {
            Id wanted = Id.Of(id);
            for (int slot = Start(wanted); ; slot = Next(slot))
            {
                ref Id found = ref ids[slot];
                // The high half is written last, so whoever sees it sees the rest.
                ulong high = Volatile.Read(ref found.High);
                if (high == 0)
                    return -1;
                if (high == wanted.High && found.Low == wanted.Low)
                    return slot;
            }
        }

        public void Add(UInt128 id, uint minute)
        {
            if (Find(id) is var known and >= 0)
                forgetAt[known] = Math.Max(forgetAt[known], minute);
            else
                Add(Id.Of(id), minute);
        }

        public int CountBefore(uint minute)
        {
            int count = 0;
            for (int slot = 0; slot < ids.Length; slot++)
                count += ids[slot].High != 0 && forgetAt[slot] < minute ? 1 : 0;
            return count;
        }

        /// <summary>A table, half full, of those that are kept.</summary>
        public Slots Rebuilt(uint keepFrom)
        {
            var rebuilt = new Slots(Math.Max(SmallestCapacity, 2 * (Count - CountBefore(keepFrom))));
            for (int slot = 0; slot < ids.Length; slot++)
            {
                if (ids[slot].High != 0 && forgetAt[slot] >= keepFrom)
                    rebuilt.Add(ids[slot], forgetAt[slot]);
            }
            return rebuilt;
        }

        private void Add(Id id, uint minute)
        {
            int slot = Start(id);
            while (ids[slot].High != 0)
                slot = Next(slot);
            (ids[slot].Low, forgetAt[slot]) = (id.Low, minute);
            Volatile.Write(ref ids[slot].High, id.High);
            Count++;
        }

        // Identifiers are random: their low half is a hash as good as any.
        private int Start(Id id) => (int)Math.BigMul(id.Low, (ulong)ids.Length, out _);

        private int Next(int slot) => ++slot == ids.Length ? 0 : slot;
    }

    // Both halves in one line of the cache. A high half of zero is an empty slot, so that of an identifier is stored as one.
    private struct Id
    {
        public ulong High;
        public ulong Low;

        public static Id Of(UInt128 id) => new() { High = (ulong)(id >> 64) is var high && high == 0 ? 1 : high, Low = (ulong)id };
    }
}
