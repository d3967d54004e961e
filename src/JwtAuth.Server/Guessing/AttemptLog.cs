using System.Data.Common;
using System.Net;
using JwtAuth.Server.Observability;
using JwtAuth.Server.Storage;

namespace JwtAuth.Server.Guessing;

/// <summary>
/// The attempts of all processes on one database. Whoever may be near a limit is judged in turn: first what others have written is read,
/// then it is decided and written, and no other process does so meanwhile. Those who come during a turn share the next one. Where the store
/// cannot be written, this process counts by itself, and writes what it has counted with the next turn.
/// </summary>
internal sealed class AttemptLog(
    Connector connector, Engine engine, NewsListener news, TimeProvider time, ILogger<AttemptLog> log) : BackgroundService
{
    /// <summary>How long an attempt is kept. The longest that a bucket remembers one.</summary>
    public static readonly TimeSpan Lifetime = TimeSpan.FromDays(1);

    /// <summary>How many are kept. Beyond it the oldest are forgotten.</summary>
    public const int Capacity = 100_000;

    private const string Payer = "attempts", Highest = """SELECT coalesce(max("Number"), 0) FROM "Attempts" """;

    private const int MostUnwritten = 10_000;

    private static readonly TimeSpan LookEvery = TimeSpan.FromSeconds(1), Patience = TimeSpan.FromSeconds(2);

    private readonly Lock guard = new();
    private readonly Dictionary<string, Action<AttemptRow, TimeSpan>> counters = new(StringComparer.Ordinal);
    private readonly List<AttemptTurn> waiting = [];
    private readonly List<AttemptRow> unwritten = [];
    private PreparedConnection? connection;
    private long lastNumber;
    private bool isRunning, isTold;

    /// <summary>Says who counts the attempts of a kind that other processes have written.</summary>
    /// <param name="kind">The kind.</param>
    /// <param name="count">Counts one that is so old.</param>
    public void Follow(string kind, Action<AttemptRow, TimeSpan> count)
    {
        lock (guard)
            counters.Add(kind, count);
    }

    /// <inheritdoc cref="Follow(string, Action{AttemptRow, TimeSpan})"/>
    public void Follow(string kind, NetworkLimit limit) => Follow(kind, limit.Count);

    /// <summary>Takes over what was counted before this process began. Call it when everybody follows.</summary>
    public async Task LoadAsync()
    {
        using var opened = new PreparedConnection(await connector.OpenAsync());
        lastNumber = Math.Max(0, await opened.AskAsync<long>(Highest) - Capacity);
        await ReadNewsAsync(opened);
    }

    /// <summary>Reads what other processes have written. Does not throw.</summary>
    public Task ReadAsync() => RunAsync(null);

    /// <summary>Decides in turn, with all in view that other processes have written. Throws only what the decision throws.</summary>
    /// <param name="judge">Decides, and returns what counts. It is called once.</param>
    public Task JudgeAsync(Func<IReadOnlyList<AttemptRow>> judge) => RunAsync(judge);

    /// <summary>Writes what was counted here already. Does not throw.</summary>
    public Task WriteAsync(string kind, string names, bool isTakenBack = false) => JudgeAsync(() => [RowOf(kind, names, isTakenBack)]);

    /// <summary>Counts one of a network, of which the first few need no question: other processes are told afterwards.</summary>
    /// <returns>How long it must wait, if none was counted.</returns>
    public async Task<TimeSpan?> EnterAsync(NetworkLimit limit, string kind, IPAddress? address)
    {
        if (limit.WaitOf(address) is { } known)
            return known;
        bool isPressed = limit.IsPressed(address);
        if (isPressed)
            await ReadAsync();
        if (limit.Enter(address) is { } wait)
            return wait;
        // All before this one are written with it.
        Task written = WriteAsync(kind, limit.NamesOf(address));
        if (isPressed)
            await written;
        return null;
    }

    public AttemptRow RowOf(string kind, string names, bool isTakenBack = false) =>
        new() { At = time.GetUtcNow(), Kind = kind, Names = names, IsTakenBack = isTakenBack };

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        news.Add(News.Attempts, ReadAsync);
        using var timer = new PeriodicTimer(LookEvery, time);
        while (await timer.WaitForNextTickAsync(stoppingToken))
            await ReadAsync();
    }

    public override void Dispose()
    {
        base.Dispose();
        connection?.Dispose();
    }

    private Task RunAsync(Func<IReadOnlyList<AttemptRow>>? judge)
    {
        var turn = new AttemptTurn(judge);
        lock (guard)
        {
            waiting.Add(turn);
            if (isRunning)
                return turn.Done.Task;
            isRunning = true;
        }
        _ = Task.Run(RunAllAsync);
        return turn.Done.Task;
    }

    private async Task RunAllAsync()
    {
        while (true)
        {
            AttemptTurn[] turns;
            lock (guard)
            {
                turns = [.. waiting];
                waiting.Clear();
                isRunning = turns.Length > 0;
            }
            if (turns.Length == 0)
                return;
            try
            {
                bool writes = unwritten.Count > 0 || Array.Exists(turns, turn => turn.Judge is not null);
                await (writes ? WriteTurnsAsync(turns) : ReadTurnAsync());
                isTold = false;
            }
            catch (Exception fault)
            {
                Close();
                if (!isTold)
                    log.AttemptsNotShared(fault);
                isTold = true;
            }
            foreach (AttemptTurn turn in turns)
                unwritten.AddRange(turn.JudgeOnce()); // those that had no turn count here
            if (unwritten.Count > MostUnwritten)
                unwritten.RemoveRange(0, unwritten.Count - MostUnwritten);
            foreach (AttemptTurn turn in turns)
                turn.End();
        }
    }

    private async Task ReadTurnAsync()
    {
        await ReadNewsAsync(await ConnectAsync());
        LetGo();
    }

    private async Task WriteTurnsAsync(AttemptTurn[] turns)
    {
        WriteLane lane = connector.LaneOf(Payer);
        await EnterAsync(lane);
        try
        {
            PreparedConnection present = await ConnectAsync();
            await connector.BeginAttemptsAsync(present);
            await ReadNewsAsync(present);
            foreach (AttemptTurn turn in turns)
                unwritten.AddRange(turn.JudgeOnce());
            long last = lastNumber;
            foreach (AttemptRow row in unwritten)
                last = await InsertAsync(present, row);
            await present.ExecuteAsync("COMMIT");
            lastNumber = last;
            if (unwritten.Count > 0)
                engine.Tell(News.Attempts);
            unwritten.Clear();
            LetGo();
        }
        finally
        {
            lane.Leave();
        }
    }

    // Whoever writes at the moment may be another process, which does not share the service's clock. A place that comes too late is given
    // back.
    private static async Task EnterAsync(WriteLane lane)
    {
        Task place = lane.EnterAsync(Urgency.Usual, Payer);
        try
        {
            await place.WaitAsync(Patience, TimeProvider.System);
        }
        catch (TimeoutException)
        {
            _ = place.ContinueWith(
                _ => lane.Leave(), CancellationToken.None, TaskContinuationOptions.OnlyOnRanToCompletion, TaskScheduler.Default);
            throw;
        }
    }

    // Numbers are drawn under a lock that is held until the commit. So what is after the last one is all that is new.
    private async Task ReadNewsAsync(PreparedConnection present)
    {
        DateTimeOffset now = time.GetUtcNow();
        await using DbDataReader reader = await present.ReadAsync(
            AttemptRow.After, default, ("@number", lastNumber), ("@since", (now - Lifetime).ToStored()));
        while (await reader.ReadAsync())
        {
            var row = AttemptRow.Read(reader);
            lastNumber = row.Number;
            TimeSpan age = now - row.At;
            if (counters.TryGetValue(row.Kind, out Action<AttemptRow, TimeSpan>? count))
                count(row, age > TimeSpan.Zero ? age : TimeSpan.Zero);
        }
    }

    private static async Task<long> InsertAsync(PreparedConnection present, AttemptRow row)
    {
        await using DbDataReader reader = await present.ReadAsync(AttemptRow.Insert, default,
            ("@at", row.At.ToStored()), ("@kind", row.Kind), ("@back", row.IsTakenBack), ("@names", row.Names));
        await reader.ReadAsync();
        return reader.GetInt64(0);
    }

    private async Task<PreparedConnection> ConnectAsync() =>
        connection ??= new PreparedConnection(await connector.OpenAsync(Patience), Patience);

    private void LetGo()
    {
        if (!connector.KeepsOpen)
            Close();
    }

    private void Close()
    {
        connection?.Dispose(); // what was begun is rolled back
        connection = null;
    }
}
