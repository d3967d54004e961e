using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

namespace JwtAuth.Benchmarks;

/// <summary>Somebody on a connection that stays open, with one request under way at a time.</summary>
internal interface ICaller : IDisposable
{
    /// <summary>Sends the next request.</summary>
    void Ask();

    /// <summary>Waits for the whole answer.</summary>
    /// <returns>Whether it is what was wanted.</returns>
    bool Hear();
}

/// <summary>
/// Requests over connections that stay open, with as little work as can be, since it is done on the processors that are to serve: two
/// threads send bytes that lie ready, or nearly so; where all answers are of one length, only their bytes are counted. On each connection
/// one request is under way; a thread waits for its oldest.
/// </summary>
internal sealed class Load : IDisposable
{
    /// <summary>Those that send.</summary>
    public const int Threads = 2;

    private readonly ICaller[][] callers;

    /// <param name="address">Where to send to.</param>
    /// <param name="requests">What is sent, in turns; each is answered by 200 and the same number of bytes.</param>
    /// <param name="count">Connections.</param>
    public Load(Uri address, byte[][] requests, int count) : this(address, InTurns(requests), count)
    {
    }

    /// <param name="address">Where to send to.</param>
    /// <param name="next">The next request of a thread; each is answered by 200 and the same number of bytes.</param>
    /// <param name="count">Connections.</param>
    public Load(Uri address, Func<int, byte[]> next, int count) : this([.. Enumerable.Range(0, count / Threads * Threads)
        .Select(number => new Connection(address, () => next(number % Threads)))])
    {
    }

    /// <param name="callers">They are shared out among the threads.</param>
    public Load(IReadOnlyList<ICaller> callers) => this.callers = [.. Enumerable.Range(0, Threads)
        .Select(thread => callers.Where((_, number) => number % Threads == thread).ToArray())];

    /// <summary>Requests that were answered as they should be.</summary>
    public long Answered { get; private set; }

    /// <summary>Requests that were answered otherwise.</summary>
    public long Refused { get; private set; }

    /// <summary>Answers in a second.</summary>
    public double Run(TimeSpan duration)
    {
        long start = Stopwatch.GetTimestamp(), until = start + (long)(duration.TotalSeconds * Stopwatch.Frequency);
        Task<(long Answered, long Refused)>[] walks = [.. callers.Select(own => Task.Factory.StartNew(
            () => Walk(own, until), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default))];
        long answered = 0;
        foreach (Task<(long Answered, long Refused)> walk in walks)
        {
            (long well, long otherwise) = walk.GetAwaiter().GetResult();
            (answered, Refused) = (answered + well, Refused + otherwise);
        }
        Answered += answered;
        return answered / Stopwatch.GetElapsedTime(start).TotalSeconds;
    }

    public void Dispose()
    {
        foreach (ICaller caller in callers.SelectMany(own => own))
            caller.Dispose();
    }

    private static (long Answered, long Refused) Walk(ICaller[] own, long until)
    {
        long answered = 0, refused = 0;
        foreach (ICaller caller in own)
            caller.Ask();
        do
        {
            foreach (ICaller caller in own)
            {
                Hear(caller);
                caller.Ask();
            }
        }
        while (Stopwatch.GetTimestamp() < until);
        foreach (ICaller caller in own)
            Hear(caller);
        return (answered, refused);

        void Hear(ICaller caller)
        {
            if (caller.Hear())
                answered++;
            else
                refused++;
        }
    }

    private static Func<int, byte[]> InTurns(byte[][] requests)
    {
        int[] last = [.. Enumerable.Range(0, Threads).Select(thread => thread * requests.Length / Threads)];
        return thread => requests[last[thread] = (last[thread] + 1) % requests.Length];
    }

    // All answers are as long as the first.
    private sealed class Connection : ICaller
    {
        private readonly Socket socket =
            new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true, ReceiveTimeout = 30_000 };
        private readonly byte[] answer = new byte[4096];
        private readonly Func<byte[]> next;
        private readonly int length;

        public Connection(Uri address, Func<byte[]> next)
        {
            this.next = next;
            socket.Connect(IPAddress.Loopback, address.Port);
            Ask();
            // The end of a chunked body (RFC 9112 §7.1).
            do
                length += socket.Receive(answer, length, answer.Length - length, SocketFlags.None);
            while (!answer.AsSpan(0, length).EndsWith("\r\n0\r\n\r\n"u8));
            Check();
        }

        public void Ask() => socket.Send(next());

        public bool Hear()
        {
            int received = 0;
            do
                received += socket.Receive(answer, received, length - received, SocketFlags.None) is > 0 and var some
                    ? some
                    : throw new IOException("the connection was closed");
            while (received < length);
            Check();
            return true;
        }

        public void Dispose() => socket.Dispose();

        private void Check()
        {
            if (!answer.AsSpan().StartsWith("HTTP/1.1 200 "u8))
                throw new InvalidOperationException($"the answer is {System.Text.Encoding.ASCII.GetString(answer, 0, 12)}");
        }
    }
}
