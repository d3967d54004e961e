using System.Buffers;
using System.Buffers.Text;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;

namespace JwtAuth.Bearer.Denials;

/// <summary>
/// A set of identifiers, each with the minute at which it may be forgotten: 20 bytes an entry, open addressing, half to three quarters full once it has grown.
/// Readers take no lock; writers take turns. An entry is never changed into another one: what is forgotten goes when the table is built anew.
/// </summary>
internal sealed class DenialTable
{
    private const int SmallestCapacity = 64;

    private readonly Lock writing = new();
    private volatile Slots slots = new(SmallestCapacity);

    public int Count => slots.Count;

    /// <summary>Whether the identifier is there. Lock-free.</summary>
    public bool Contains(UInt128 id) => slots.Count > 0 && slots.Find(id) >= 0;

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
        // Zero is an empty slot, so an identifier of zero is stored as one.
        private readonly ulong[] high = new ulong[capacity];
        private readonly ulong[] low = new ulong[capacity];
        private readonly uint[] forgetAt = new uint[capacity];

        public int Count { get; private set; }

        public bool HasRoom => Count < high.Length / 4 * 3;

        public int Find(UInt128 id)
        {
            (ulong wantedHigh, ulong wantedLow) = Split(id);
            for (int slot = Start(wantedLow); ; slot = Next(slot))
            {
                // The high half is written last, so whoever sees it sees the rest.
                ulong found = Volatile.Read(ref high[slot]);
                if (found == 0)
                    return -1;
                if (found == wantedHigh && low[slot] == wantedLow)
                    return slot;
            }
        }

        public void Add(UInt128 id, uint minute)
        {
            if (Find(id) is var known and >= 0)
            {
                forgetAt[known] = Math.Max(forgetAt[known], minute);
                return;
            }

            (ulong newHigh, ulong newLow) = Split(id);
            int slot = Start(newLow);
            while (high[slot] != 0)
                slot = Next(slot);
            (low[slot], forgetAt[slot]) = (newLow, minute);
            Volatile.Write(ref high[slot], newHigh);
            Count++;
        }

        public int CountBefore(uint minute)
        {
            int count = 0;
            for (int slot = 0; slot < high.Length; slot++)
                count += high[slot] != 0 && forgetAt[slot] < minute ? 1 : 0;
            return count;
        }

        /// <summary>A table, half full, of those that are kept.</summary>
        public Slots Rebuilt(uint keepFrom)
        {
            var rebuilt = new Slots(Math.Max(SmallestCapacity, 2 * (Count - CountBefore(keepFrom))));
            for (int slot = 0; slot < high.Length; slot++)
            {
                if (high[slot] != 0 && forgetAt[slot] >= keepFrom)
                    rebuilt.Add(new UInt128(high[slot], low[slot]), forgetAt[slot]);
            }
            return rebuilt;
        }

        private static (ulong High, ulong Low) Split(UInt128 id) => ((ulong)(id >> 64) is var top && top == 0 ? 1 : top, (ulong)id);

        // Identifiers are random: their low half is a hash as good as any.
        private int Start(ulong hash) => (int)Math.BigMul(hash, (ulong)high.Length, out _);

        private int Next(int slot) => ++slot == high.Length ? 0 : slot;
    }
}
