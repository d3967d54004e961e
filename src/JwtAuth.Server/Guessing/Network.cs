using System.Net;

namespace JwtAuth.Server.Guessing;

/// <summary>
/// The networks that an address stands in. A customer of a provider gets an IPv6 network of any length from /64 to /48, so none of them
/// alone says who it is: each is counted.
/// </summary>
/// <param name="Narrow">An IPv6 /64, or a single IPv4 address.</param>
/// <param name="Middle">An IPv6 /56, or the IPv4 address again.</param>
/// <param name="Wide">An IPv6 /48, or an IPv4 /24.</param>
internal readonly record struct Network(string Narrow, string Middle, string Wide)
{
    private const int IPv4Length = 4;

    /// <summary>The networks of an address. Where there is none, the caller is this machine itself.</summary>
    public static Network Of(IPAddress? address)
    {
        if (address is null)
            return new("-", "-", "-");
        byte[] bytes = BytesOf(address);
        return bytes.Length == IPv4Length ? new(Hex(4), Hex(4), Hex(3)) : new(Hex(8), Hex(7), Hex(6));

        string Hex(int length) => Convert.ToHexString(bytes, 0, length);
    }

    /// <summary>The narrow network of an address, as people write it.</summary>
    public static string TextOf(IPAddress? address)
    {
        if (address is null)
            return "-";
        byte[] bytes = BytesOf(address);
        return bytes.Length == IPv4Length
            ? $"{new IPAddress(bytes)}"
            : $"{new IPAddress((byte[])[.. bytes.AsSpan(0, 8), .. new byte[8]])}/64";
    }

    // An IPv4 address may come in an IPv6 one.
    private static byte[] BytesOf(IPAddress address) => (address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address).GetAddressBytes();
}
