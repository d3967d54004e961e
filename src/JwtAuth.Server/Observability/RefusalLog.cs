namespace JwtAuth.Server.Observability;

/// <summary>
/// Keeps anybody from filling the log with what costs nothing to cause. The first refusals of a network in each minute are logged one by
/// one. The rest are counted, and told in one line when the minute is over. At most so many networks are counted apart; all others
/// together are one more.
/// </summary>
internal sealed class RefusalLog(TimeProvider time, ILogger<RefusalLog> log) : BackgroundService
{
    /// <summary>How many refused requests of a network are logged one by one in a minute.</summary>
    public const int First = 5;

    /// <summary>How many networks are counted apart.</summary>
    public const int MaximumNetworks = 1000;

    private const string Others = "other networks";

    // What the framework says of a credential that was not accepted.
    private static readonly HashSet<string> OfTheFramework =
    [
        "TokenValidationFailed", "AuthenticationSchemeNotAuthenticatedWithFailure", "AuthenticationSchemeChallenged",
        "AuthenticationSchemeForbidden",
    ];

    private static readonly TimeSpan Every = TimeSpan.FromMinutes(1);

    private readonly Lock guard = new();
    private Dictionary<string, int> refusals = new(StringComparer.Ordinal);

    /// <summary>Whether a line is one that anybody can cause at will: of ours, one whose name ends in Refused.</summary>
    public static bool IsRefusal(EventId line) =>
        line.Name is { } name && (name.EndsWith("Refused", StringComparison.Ordinal) || OfTheFramework.Contains(name));

    /// <summary>Counts a refused request of this network. False if its lines are not to be logged.</summary>
    public bool Admits(string network)
    {
        lock (guard)
        {
            if (refusals.Count >= MaximumNetworks && !refusals.ContainsKey(network))
                network = Others;
            int count = refusals.GetValueOrDefault(network) + 1;
            refusals[network] = count;
            return count <= First;
        }
    }

    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        await base.StopAsync(cancellationToken);
        Tell();
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Every, time);
        while (await timer.WaitForNextTickAsync(stoppingToken))
            Tell();
    }

    private void Tell()
    {
        Dictionary<string, int> told;
        lock (guard)
            (told, refusals) = (refusals, new(StringComparer.Ordinal));
        foreach ((string network, int count) in told.Where(pair => pair.Value > First))
            log.RefusalsCounted(count - First, network);
    }
}
