using System.Diagnostics;
using System.Net.Sockets;

namespace JwtAuth.Benchmarks.Rivals;

/// <summary>One start.</summary>
/// <param name="Worked">What the processors had worked for it when it gave its first answer.</param>
/// <param name="Memory">What it took of the memory when it had settled.</param>
internal readonly record struct Started(TimeSpan Worked, Footprint Memory);

/// <summary>A contender that is started again and again, on a database that it has used before.</summary>
internal sealed class Starter
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2), LookEvery = TimeSpan.FromMilliseconds(2);

    private readonly Contender contender;
    private readonly byte[] request;
    private readonly TimeSpan settle;
    private readonly List<Started> starts = [];

    private Starter(Contender contender, byte[] request, TimeSpan settle) =>
        (this.contender, this.request, this.settle) = (contender, request, settle);

    public string Name => contender.Name;

    /// <summary>Lets it make its database, with somebody in it who has logged in.</summary>
    public static async Task<Starter> PrepareAsync(Contender contender, TimeSpan settle)
    {
        await using ServiceProcess service = contender.Begin();
        await service.WaitUntilReadyAsync(contender.ReadyPath);
        using var connection = new HttpConnection(service.Address);
        byte[] request = contender.FirstRequest(contender.Prepare(connection, person: 0));
        connection.Exchange(request);
        await service.EndAsync();
        return new Starter(contender, request, settle);
    }

    /// <summary>In milliseconds, until it has answered.</summary>
    public Candidate AsCandidate() => new(Name, async _ =>
    {
        long start = Stopwatch.GetTimestamp();
        await using ServiceProcess service = contender.Begin();
        AwaitAnswer(service);
        TimeSpan time = Stopwatch.GetElapsedTime(start), worked = service.ProcessorTime;
        await Task.Delay(settle);
        starts.Add(new Started(worked, service.Footprint));
        await service.EndAsync();
        return new Sample(time.TotalMilliseconds);
    });

    /// <summary>Of the starts that count.</summary>
    public Spread Of(Func<Started, double> value) => Spread.Of(starts.Skip(1).Select(value));

    /// <summary>How many times the other's value this one's is, round by round.</summary>
    public Spread Ratio(Starter other, Func<Started, double> value) =>
        Spread.Of(starts.Zip(other.starts, (own, others) => value(own) / value(others)).Skip(1));

    private void AwaitAnswer(ServiceProcess service)
    {
        for (long start = Stopwatch.GetTimestamp(); Stopwatch.GetElapsedTime(start) < Patience; Thread.Sleep(LookEvery))
        {
            if (service.HasEnded)
                break;
            try
            {
                using var connection = new HttpConnection(service.Address);
                connection.Send(request);
                connection.Receive();
                if (connection.Status == 200)
                    return;
            }
            catch (SocketException)
            {
                // not yet
            }
        }
        throw new InvalidOperationException($"{Name} did not answer 200 after its start");
    }
}
