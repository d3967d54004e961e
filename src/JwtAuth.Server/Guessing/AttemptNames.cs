using System.Buffers.Text;
using System.Net;
using System.Text;
using JwtAuth.Bearer.Keys;

namespace JwtAuth.Server.Guessing;

/// <summary>
/// The names under which attempts are counted, in memory and in the database: MACs of 96 bits. They do not say which account somebody
/// guesses at, whether it exists, or where the guess comes from.
/// </summary>
/// <param name="key">The key of the MACs, the same in all processes.</param>
internal sealed class AttemptNames(MacKey key)
{
    private const int Length = 12;

    public string Of(string what)
    {
        Span<byte> mac = stackalloc byte[32];
        key.Compute(Encoding.UTF8.GetBytes(what), mac);
        return Base64Url.EncodeToString(mac[..Length]);
    }

    /// <summary>The names of the networks that an address stands in.</summary>
    public Network Of(IPAddress? address)
    {
        Network network = Network.Of(address);
        return new Network(Of($"narrow {network.Narrow}"), Of($"middle {network.Middle}"), Of($"wide {network.Wide}"));
    }
}
