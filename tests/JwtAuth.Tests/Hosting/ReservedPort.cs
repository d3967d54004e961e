using System.Net;
using System.Net.Sockets;

namespace JwtAuth.Tests.Hosting;

/// <summary>
/// A loopback port that nobody else is given until a service listens on it. It is bound and not listened on: the system chooses
/// it for no other socket, and the service may still bind it. On Linux .NET lets TCP addresses be reused, which only a listener forbids.
/// </summary>
internal sealed class ReservedPort : IDisposable
{
    private readonly Socket socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);

    public ReservedPort()
    {
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        Number = ((IPEndPoint)socket.LocalEndPoint!).Port;
    }

    public int Number { get; }

    public void Dispose() => socket.Dispose();
}
