using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;
using System.Text;

namespace JwtAuth.Bearer.AccessTokens;

/// <summary>
/// Remembers good tokens by their whole text, so that a good signature is not verified again. The clock, the key and the denials may
/// change, so the caller checks those every time. The size is bounded: the tokens that were unused for longest go first.
/// </summary>
/// <param name="size">The most tokens that are kept, give or take those added at the same moment.</param>
internal sealed class TokenCache(int size)
{
    // There are two halves. A token that is used moves to the younger half. When that is full, the whole older half is dropped.
    private readonly int halfSize = size / 2;
    private readonly Lock turning = new();
    private volatile Half younger = new(), older = new();

    /// <summary>How many tokens are held.</summary>
    public int Count => younger.Count + older.Count;

    public bool TryGet(ReadOnlySpan<char> token, [NotNullWhen(true)] out ValidatedToken? seen)
    {
        if (younger.Find(token, out _, out seen))
            return true;
        if (!older.Find(token, out byte[]? text, out seen))
            return false;
        Add(text, seen);
        return true;
    }

    /// <summary>Remembers a token. Call it only after every check has passed.</summary>
    public void Add(string token, ValidatedToken seen)
    {
        // Every good token is ASCII (RFC 7515 §7.1). Other text must not be mistaken for one.
        if (Ascii.IsValid(token))
            Add(Encoding.ASCII.GetBytes(token), seen);
    }

    private void Add(byte[] token, ValidatedToken seen)
    {
        if (halfSize == 0)
            return;
        Half half = younger;
        if (half.Count >= halfSize)
        {
            lock (turning)
            {
                if (half == younger)
                    (older, younger) = (half, new Half());
                half = younger;
            }
        }
        half.Add(token, seen);
    }

    private sealed class Half
    {
        private readonly ConcurrentDictionary<byte[], ValidatedToken> seen = new(WholeToken.Comparer);
        private readonly ConcurrentDictionary<byte[], ValidatedToken>.AlternateLookup<ReadOnlySpan<char>> bySpan;
        private int count;

        public Half() => bySpan = seen.GetAlternateLookup<ReadOnlySpan<char>>();

        // The dictionary's own count takes all its locks.
        public int Count => Volatile.Read(ref count);

        public bool Find(ReadOnlySpan<char> token, [NotNullWhen(true)] out byte[]? text, [NotNullWhen(true)] out ValidatedToken? found) =>
            bySpan.TryGetValue(token, out text, out found);

        public void Add(byte[] token, ValidatedToken added)
        {
            if (seen.TryAdd(token, added))
                Interlocked.Increment(ref count);
        }
    }

    /// <summary>
    /// Two tokens are equal if every character is. They are kept as bytes, which take half the space and time of strings. The end of the
    /// signature tells them apart fastest, and only someone who can sign can choose it.
    /// </summary>
    private sealed class WholeToken : IEqualityComparer<byte[]>, IAlternateEqualityComparer<ReadOnlySpan<char>, byte[]>
    {
        private const int Tail = 24;

        public static readonly WholeToken Comparer = new();

        public bool Equals(byte[]? one, byte[]? other) => one.AsSpan().SequenceEqual(other);

        public bool Equals(ReadOnlySpan<char> one, byte[] other) => Ascii.Equals(other, one);

        public int GetHashCode(byte[] token)
        {
            Span<char> tail = stackalloc char[Math.Min(Tail, token.Length)];
            Encoding.ASCII.GetChars(token.AsSpan(token.Length - tail.Length), tail);
            return GetHashCode(tail);
        }

        public int GetHashCode(ReadOnlySpan<char> token) => string.GetHashCode(token[^Math.Min(Tail, token.Length)..]);

        public byte[] Create(ReadOnlySpan<char> token) => throw new NotSupportedException();
    }
}
