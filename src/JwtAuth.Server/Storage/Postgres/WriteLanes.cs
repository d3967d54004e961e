namespace JwtAuth.Server.Storage.Postgres;

/// <summary>
/// The queues of this process's writers, on an engine where many may write at once. A payer's writers are all in one lane, so a payer has
/// one turn at a time, as on SQLite: many calls of one account wait here, and not each on a connection for the same row. The number of
/// lanes bounds the connections that write.
/// </summary>
internal sealed class WriteLanes(TimeSpan patience, TimeProvider time)
{
    /// <summary>How many write at once.</summary>
    public const int Count = 16;

    private readonly WriteLane[] lanes = [.. Enumerable.Range(0, Count).Select(_ => new WriteLane(patience, time))];

    /// <summary>How long a writer waits, in its lane and then for what others have locked.</summary>
    public TimeSpan Patience => patience;

    /// <summary>How many writers wait for their turn, in all lanes.</summary>
    public int Waiting => lanes.Sum(lane => lane.Waiting);

    public WriteLane Of(string payer) => lanes[(uint)payer.GetHashCode(StringComparison.Ordinal) % Count];
}
