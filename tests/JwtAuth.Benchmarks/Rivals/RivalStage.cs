using System.Diagnostics;

namespace JwtAuth.Benchmarks.Rivals;

/// <summary>Contenders that run, each with people who have logged in.</summary>
internal sealed class RivalStage(RivalScene scene) : IAsyncDisposable
{
    private readonly List<(Contender Contender, ServiceProcess Service, Held[] Held)> running = [];
    private readonly List<string> faults = [];

    /// <summary>How many requests were answered otherwise than by 200.</summary>
    public long Refused { get; private set; }

    /// <summary>What each says of itself, and what was answered otherwise than by 200.</summary>
    public IEnumerable<string> Remarks =>
        [string.Join(". ", running.Select(one => $"{one.Contender.Name}: {one.Contender.Remark}")) + ".", .. faults];

    /// <summary>What each takes of the memory now.</summary>
    public IReadOnlyDictionary<string, Footprint> Footprints =>
        running.ToDictionary(one => one.Contender.Name, one => one.Service.Footprint);

    public async Task AddAsync(Contender contender)
    {
        ServiceProcess service = contender.Begin();
        running.Add((contender, service, new Held[scene.People]));
        await service.WaitUntilReadyAsync(contender.ReadyPath);
        using var connection = new HttpConnection(service.Address);
        for (int person = 0; person < scene.People; person++)
            running[^1].Held[person] = contender.Prepare(connection, person);
    }

    /// <summary>Has those that can do something do it, in turns.</summary>
    public async Task<Measured> MeasureAsync(Operation operation, int people, Rounds rounds)
    {
        List<HttpPlayer> players = [];
        List<(string Name, Load Load, Person[] People)> loads = [];
        foreach ((Contender contender, ServiceProcess service, Held[] held) in running)
        {
            if (contender.RequestOf(operation, 0, held[0]) is null)
                continue;
            Person[] own = [.. held.Take(people).Select(
                (holds, number) => new Person(service.Address, contender, operation, number, holds))];
            loads.Add((contender.Name, new Load(own), own));
            players.Add(new HttpPlayer(contender.Name, service, loads[^1].Load, scene.Turn));
        }
        foreach (HttpPlayer player in players)
        {
            for (long start = Stopwatch.GetTimestamp(); Stopwatch.GetElapsedTime(start) < scene.WarmUp;)
                player.Run();
            player.Begin();
        }
        Measured measured = await rounds.RunAsync($"{operation}", [.. players.Select(player => player.AsCandidate())]);
        foreach ((string name, Load load, Person[] own) in loads.Where(one => one.Load.Refused > 0))
        {
            Refused += load.Refused;
            string last = own.Select(person => person.Fault).First(fault => fault.Length > 0);
            faults.Add($"{name}: {load.Refused:N0} of {load.Answered + load.Refused:N0} ({operation}) were answered by: `{last}`.");
        }
        players.ForEach(player => player.Dispose());
        return measured;
    }

    public async ValueTask DisposeAsync()
    {
        foreach ((_, ServiceProcess service, _) in running)
            await service.DisposeAsync();
    }
}
