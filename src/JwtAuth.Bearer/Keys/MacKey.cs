using System.Security.Cryptography;

namespace JwtAuth.Bearer.Keys;

/// <summary>
/// A key of HMAC-SHA256 (RFC 2104), set up once. The platform's one-shot method would set it up for every message. Safe for concurrent use.
/// </summary>
internal sealed class MacKey(byte[] secret)
{
    private readonly KeyPool<IncrementalHash> lent = new(() => IncrementalHash.CreateHMAC(HashAlgorithmName.SHA256, secret));

    /// <summary>The MAC over <paramref name="input"/>.</summary>
    /// <param name="input">All of it.</param>
    /// <param name="mac">32 bytes.</param>
    public void Compute(ReadOnlySpan<byte> input, Span<byte> mac)
    {
        // Reading the result resets the object to its key alone. If that was not reached, the pool does not get it back.
        IncrementalHash hash = lent.Take();
        hash.AppendData(input);
        hash.GetHashAndReset(mac);
        lent.GiveBack(hash);
    }
}
