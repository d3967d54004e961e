using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace JwtAuth.Benchmarks.Rivals;

/// <summary>
/// A connection that stays open, for servers whose answers differ in length and framing (RFC 9112 §6): bytes are sent as they are, and of
/// an answer no more is understood than where it ends.
/// </summary>
internal sealed class HttpConnection : IDisposable
{
    private const string Length = "\r\nContent-Length:", Chunked = "\r\nTransfer-Encoding: chunked";

    private readonly Socket socket =
        new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true, ReceiveTimeout = 60_000 };
    private byte[] buffer = new byte[16 * 1024];
    private int received;

    /// <exception cref="SocketException">Nobody listens there.</exception>
    public HttpConnection(Uri address) => socket.Connect(IPAddress.Loopback, address.Port);

    /// <summary>Of the last answer.</summary>
    public int Status { get; private set; }

    /// <summary>Of the last answer, until the next one.</summary>
    public ReadOnlyMemory<byte> Body { get; private set; }

    public void Send(byte[] request) => socket.Send(request);

    /// <summary>Reads one answer.</summary>
    public void Receive()
    {
        received = 0;
        int end;
        while ((end = buffer.AsSpan(0, received).IndexOf("\r\n\r\n"u8)) < 0)
            ReadMore();
        string head = Encoding.ASCII.GetString(buffer, 0, end + 2);
        Status = int.Parse(head.AsSpan("HTTP/1.1 ".Length, 3), CultureInfo.InvariantCulture);
        int body = end + 4;
        if (head.Contains(Chunked, StringComparison.OrdinalIgnoreCase))
        {
            Body = buffer.AsMemory(body, ReadChunks(body));
            return;
        }
        int length = LengthIn(head);
        ReadUntil(body + length);
        Body = buffer.AsMemory(body, length);
    }

    /// <summary>Sends a request and reads its answer, which has to be a success.</summary>
    public ReadOnlyMemory<byte> Exchange(byte[] request)
    {
        Send(request);
        Receive();
        return Status is >= 200 and < 300 ? Body : throw new InvalidOperationException(
            $"{Encoding.UTF8.GetString(request).Split('\r')[0]} was answered by {Status}: {Encoding.UTF8.GetString(Body.Span)}");
    }

    public void Dispose() => socket.Dispose();

    private static int LengthIn(string head)
    {
        int at = head.IndexOf(Length, StringComparison.OrdinalIgnoreCase);
        if (at < 0)
            return 0;
        at += Length.Length;
        return int.Parse(head.AsSpan(at, head.IndexOf('\r', at) - at), CultureInfo.InvariantCulture);
    }

    // Moves the chunks together (RFC 9112 §7.1). Returns how long the body is.
    private int ReadChunks(int body)
    {
        for (int at = body, length = 0; ;)
        {
            int line;
            while ((line = buffer.AsSpan(at, received - at).IndexOf("\r\n"u8)) < 0)
                ReadMore();
            int size = int.Parse(Encoding.ASCII.GetString(buffer, at, line), NumberStyles.HexNumber, CultureInfo.InvariantCulture);
            int data = at + line + 2;
            ReadUntil(at = data + size + 2);
            if (size == 0)
                return length;
            buffer.AsSpan(data, size).CopyTo(buffer.AsSpan(body + length));
            length += size;
        }
    }

    private void ReadUntil(int count)
    {
        while (received < count)
            ReadMore();
    }

    private void ReadMore()
    {
        if (received == buffer.Length)
            Array.Resize(ref buffer, buffer.Length * 2);
        received += socket.Receive(buffer, received, buffer.Length - received, SocketFlags.None) is > 0 and var some
            ? some
            : throw new IOException("the connection was closed");
    }
}
