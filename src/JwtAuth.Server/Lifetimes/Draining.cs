namespace JwtAuth.Server.Lifetimes;

/// <summary>
/// The time between SIGTERM and the end of listening. Every request is answered as ever, but readiness is 503, connections are closed after
/// their answer, and calls of the feed that wait for news are answered at once: so whatever distributes the requests has moved on when
/// nobody listens any more.
/// </summary>
internal sealed class Draining : IDisposable
{
    /// <summary>
    /// How long it lasts: long enough for a proxy that looks each second or two, or keeps a silent connection for two; and with what is
    /// under way still within the ten seconds after which a container is killed.
    /// </summary>
    public static readonly TimeSpan Period = TimeSpan.FromSeconds(5);

    private readonly CancellationTokenSource begun = new();

    public bool HasBegun => begun.IsCancellationRequested;

    /// <summary>Signals when it begins.</summary>
    public CancellationToken Begun => begun.Token;

    /// <summary>Begins it.</summary>
    /// <returns>False if it had begun already.</returns>
    public bool Begin()
    {
        lock (begun)
        {
            if (HasBegun)
                return false;
            _ = begun.CancelAsync(); // whoever has to go on does so elsewhere, not on the thread of the signal
            return true;
        }
    }

    public void Dispose() => begun.Dispose();
}
