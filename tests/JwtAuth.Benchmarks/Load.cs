using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

namespace JwtAuth.Benchmarks;

/// <summary>
/// Requests over connections that stay open, with as little work as can be, since it is done on the processors that are to serve: two
/// threads send bytes that lie ready, or nearly so, and count the bytes of answers, which are all of one length. On each connection one
/// request is under way; a thread waits for its oldest.
/// </summary>
internal sealed class Load : IDisposable
{
    /// <summary>Those that send.</summary>
    public const int Threads = 2;

    private readonly Func<int, byte[]> next;
    private readonly Connection[][] connections;

    /// <param name="address">Where to send to.</param>
    /// <param name="requests">What is sent, in turns; each is answered by 200 and the same number of bytes.</param>
    /// <param name="count">Connections.</param>
    public Load(Uri address, byte[][] requests, int count) : this(address, InTurns(requests), count)
    {
    }

    /// <param name="address">Where to send to.</param>
    /// <param name="next">The next request of a thread; each is answered by 200 and the same number of bytes.</param>
    /// <param name="count">Connections.</param>
    public Load(Uri address, Func<int, byte[]> next, int count)
    {
        this.next = next;
        connections = [.. Enumerable.Range(0, Threads)
            .Select(thread => Enumerable.Range(0, count / Threads).Select(_ => new Connection(address, next(thread))).ToArray())];
    }

    /// <summary>Requests that were answered.</summary>
    public long Answered { get; private set; }

    /// <summary>Answers in a second.</summary>
    public double Run(TimeSpan duration)
    {
        long start = Stopwatch.GetTimestamp(), until = start + (long)(duration.TotalSeconds * Stopwatch.Frequency);
        Task<long>[] walks = [.. Enumerable.Range(0, Threads).Select(thread => Task.Factory.StartNew(
            () => Walk(thread, until), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default))];
        long answered = walks.Sum(walk => walk.GetAwaiter().GetResult());
        Answered += answered;
        return answered / Stopwatch.GetElapsedTime(start).TotalSeconds;
    }

    public void Dispose()
    {
        foreach (Connection connection in connections.SelectMany(own => own))
            connection.Dispose();
    }

    private long Walk(int thread, long until)
    {
        long answered = 0;
        foreach (Connection connection in connections[thread])
            connection.Send(next(thread));
        do
        {
            foreach (Connection connection in connections[thread])
            {
                connection.Receive();
                connection.Send(next(thread));
                answered++;
            }
        }
        while (Stopwatch.GetTimestamp() < until);
        foreach (Connection connection in connections[thread])
        {
            connection.Receive();
            answered++;
        }
        return answered;
    }

    private static Func<int, byte[]> InTurns(byte[][] requests)
    {
        int[] last = [.. Enumerable.Range(0, Threads).Select(thread => thread * requests.Length / Threads)];
        return thread => requests[last[thread] = (last[thread] + 1) % requests.Length];
    }

    private sealed class Connection : IDisposable
    {
        private readonly Socket socket =
            new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true, ReceiveTimeout = 30_000 };
        private readonly byte[] answer = new byte[4096];
        private readonly int length;

        public Connection(Uri address, byte[] request)
        {
            socket.Connect(IPAddress.Loopback, address.Port);
            Send(request);
            // The end of a chunked body (RFC 9112 §7.1).
            do
                length += socket.Receive(answer, length, answer.Length - length, SocketFlags.None);
            while (!answer.AsSpan(0, length).EndsWith("\r\n0\r\n\r\n"u8));
            Check();
        }

        public void Send(byte[] request) => socket.Send(request);

        public void Receive()
        {
            int received = 0;
            do
                received += socket.Receive(answer, received, length - received, SocketFlags.None) is > 0 and var some
                    ? some
                    : throw new IOException("the connection was closed");
            while (received < length);
            Check();
        }

        public void Dispose() => socket.Dispose();

        private void Check()
        {
            if (!answer.AsSpan().StartsWith("HTTP/1.1 200 "u8))
                throw new InvalidOperationException($"the answer is {System.Text.Encoding.ASCII.GetString(answer, 0, 12)}");
        }
    }
}
