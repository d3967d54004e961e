using JwtAuth.Bearer.Denials;
using JwtAuth.Tests.Hosting;

namespace JwtAuth.Tests.Denials;

/// <summary>Readers take no lock: whatever a writer does beside them, a live denial is never missed and a stranger never denied.</summary>
public sealed class DenylistRaceTests
{
    private const int Entries = 30_000, LooksBetween = 101;
    private const string Spared = "the spared session";

    private readonly Denylist denylist = new(new ManualTime(), TimeSpan.FromSeconds(5));
    private readonly DateTimeOffset now = new ManualTime().GetUtcNow();
    private readonly TokenIdentifiers[] denied =
        [.. Enumerable.Range(0, Entries).Select(index => Names($"subject {index}", $"session {index}", 0))];
    private readonly TokenIdentifiers[] alive = [.. Enumerable.Range(0, Entries).Select(index => Names($"subject {index}", Spared, 1))];
    private int added;
    private bool isOver;
    private volatile bool hasFailed; // a reader that ends before the writer
    private long missed, invented, looks;

    [Fact]
    public async Task No_denial_is_missed_while_the_list_grows_forgets_and_makes_exceptions()
    {
        Task[] readers = [.. Enumerable.Range(1, 3).Select(seed => Task.Factory.StartNew(
            () => Read(new Random(seed)), TestContext.Current.CancellationToken, TaskCreationOptions.LongRunning, TaskScheduler.Default))];
        _ = Task.WhenAny(readers).ContinueWith(_ => hasFailed = true, TaskScheduler.Default);
        Write();
        Volatile.Write(ref isOver, true);
        await Task.WhenAll(readers);

        (missed, invented).Should().Be((0, 0));
        looks.Should().BeGreaterThan(10_000);
        denylist.Forget(now.AddMinutes(2));
        denylist.Count.Should().Be(Entries, "the brief ones are gone");
        denied.Should().OnlyContain(names => denylist.Denies(names));
    }

    private void Write()
    {
        for (int index = 0; index < Entries; index++)
        {
            denylist.Add((index % 3) switch
            {
                0 => Denial.OfSession($"session {index}", now.AddHours(1)),
                1 => Denial.OfToken($"subject {index}", "jti", now.AddHours(1)),
                _ => Denial.OfSubject($"subject {index}", 1, exceptSessionId: null, now.AddHours(1)),
            });
            Volatile.Write(ref added, index + 1);
            if (index % 3 == 2)
                denylist.Add(Denial.OfSubject($"subject {index}", 2, Spared, now.AddHours(1)));
            denylist.Add(Denial.OfSession($"brief {index}", now.AddMinutes(1)));
            if (index % 300 != 0)
                continue;
            denylist.Forget(now.AddMinutes(2));
            // However busy the machine is, the readers keep up with the writer.
            for (long until = Interlocked.Read(ref looks) + LooksBetween; Interlocked.Read(ref looks) < until && !hasFailed;)
                Thread.Yield();
        }
    }

    private void Read(Random random)
    {
        while (!Volatile.Read(ref isOver))
        {
            int known = Volatile.Read(ref added);
            if (known == 0)
                continue;
            // What was denied last is what is being changed.
            int index = random.Next(2) == 0 ? known - 1 : random.Next(known);
            if (!denylist.Denies(denied[index]))
                Interlocked.Increment(ref missed);
            if (index % 3 == 2 && denylist.Denies(alive[index]))
                Interlocked.Increment(ref invented);
            if (denylist.Denies(denied[index] with { Session = 1, Token = 2, Generation = 2 }))
                Interlocked.Increment(ref invented);
            Interlocked.Increment(ref looks);
        }
    }

    private static TokenIdentifiers Names(string subject, string session, long generation) =>
        new(subject, "jti", session, generation, "kid");
}
