using System.Net;
using System.Net.Sockets;

namespace JwtAuth.Server.Guessing;

/// <summary>Which addresses count as one network: a single IPv4 address, or an IPv6 /64.</summary>
internal static class NetworkPrefix
{
    public static string Of(IPAddress? address)
    {
        if (address is null)
            return "-";
        if (address.IsIPv4MappedToIPv6)
            address = address.MapToIPv4();
        return address.AddressFamily == AddressFamily.InterNetworkV6
            ? Convert.ToHexString(address.GetAddressBytes().AsSpan(0, 8))
            : address.ToString();
    }
}
