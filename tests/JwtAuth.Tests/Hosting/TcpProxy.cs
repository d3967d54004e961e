using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;

namespace JwtAuth.Tests.Hosting;

/// <summary>A line to a service that can be cut, or swallow everything without a word.</summary>
internal sealed class TcpProxy : IAsyncDisposable
{
    private readonly TcpListener listener = new(IPAddress.Loopback, 0);
    private readonly ConcurrentDictionary<Socket, bool> open = new();
    private readonly CancellationTokenSource ended = new();
    private readonly Task accepting;
    private volatile State state;
    private volatile Uri? target;

    public TcpProxy()
    {
        listener.Start();
        Address = $"http://127.0.0.1:{((IPEndPoint)listener.LocalEndpoint).Port}";
        accepting = AcceptAsync();
    }

    private enum State
    {
        Passing,
        Cut,
        Swallowing,
    }

    public string Address { get; }

    /// <summary>Passes everything on to there; lines that were open before are closed.</summary>
    public void PassTo(string service)
    {
        target = new Uri(service);
        Pass();
    }

    public void Pass() => Become(State.Passing);

    /// <summary>Resets what is open and what comes.</summary>
    public void Cut() => Become(State.Cut);

    /// <summary>Takes everything, passes nothing on, and closes nothing.</summary>
    public void Swallow() => state = State.Swallowing;

    public async ValueTask DisposeAsync()
    {
        await ended.CancelAsync();
        Cut();
        await accepting;
        listener.Dispose();
        ended.Dispose();
    }

    private void Become(State next)
    {
        state = next;
        foreach (Socket socket in open.Keys)
            Reset(socket);
    }

    private async Task AcceptAsync()
    {
        List<Task> lines = [];
        try
        {
            while (true)
                lines.Add(CarryAsync(await listener.AcceptSocketAsync(ended.Token)));
        }
        catch (OperationCanceledException)
        {
            await Task.WhenAll(lines);
        }
    }

    private async Task CarryAsync(Socket caller)
    {
        using var service = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        using (caller)
        {
            open[caller] = open[service] = true;
            try
            {
                if (state == State.Cut || target is not { } there)
                    return;
                await service.ConnectAsync(IPAddress.Loopback, there.Port, ended.Token);
                await Task.WhenAny(PumpAsync(caller, service), PumpAsync(service, caller));
            }
            catch (Exception fault) when (fault is SocketException or ObjectDisposedException or OperationCanceledException)
            {
                // it is over
            }
            finally
            {
                open.TryRemove(caller, out _);
                open.TryRemove(service, out _);
                Reset(caller);
            }
        }
    }

    private async Task PumpAsync(Socket from, Socket to)
    {
        try
        {
            byte[] bytes = new byte[16 * 1024];
            while (await from.ReceiveAsync(bytes, ended.Token) is var count and > 0)
            {
                for (int sent = 0; sent < count && state != State.Swallowing;)
                    sent += await to.SendAsync(bytes.AsMemory(sent, count - sent), ended.Token);
            }
        }
        catch (Exception fault) when (fault is SocketException or ObjectDisposedException or OperationCanceledException)
        {
            // it is over
        }
    }

    private static void Reset(Socket socket)
    {
        try
        {
            socket.LingerState = new LingerOption(enable: true, seconds: 0);
        }
        catch (Exception fault) when (fault is SocketException or ObjectDisposedException)
        {
            // closed already
        }
        socket.Dispose();
    }
}
