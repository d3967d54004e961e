using System.Globalization;
using System.Net;
using JwtAuth.Server.Guessing;
using JwtAuth.Tests.Hosting;
using JwtAuth.Tests.Passwords;
using JwtAuth.Tests.Revocation;

namespace JwtAuth.Tests.Guessing;

public sealed class HashingGateTests
{
    // A gate that lets nobody in or turns nobody away would leave a test waiting for ever.
    private const int Forever = 60_000;

    private readonly ManualTime time = new();
    private readonly HashingGate gate;

    public HashingGateTests() => gate = new HashingGate(
        new HashingSettings(MaxConcurrentHashes: 2, QueueLimit: 3, MaxQueueWait: TimeSpan.FromSeconds(10)), time);

    [Fact(Timeout = Forever), Trait("row", "PWD-21")]
    public async Task So_many_are_in_so_many_wait_and_the_rest_are_turned_away()
    {
        CancellationToken ended = TestContext.Current.CancellationToken;
        IDisposable? first = await gate.EnterAsync(ended), second = await gate.EnterAsync(ended);
        Task<IDisposable?>[] waiting = [gate.EnterAsync(ended), gate.EnterAsync(ended), gate.EnterAsync(ended)];

        (await gate.EnterAsync(ended)).Should().BeNull("the queue is full");

        waiting.Should().OnlyContain(task => !task.IsCompleted);
        first!.Dispose();
        IDisposable? third = await waiting[0];
        third.Should().NotBeNull("the oldest is next");
        waiting[1].IsCompleted.Should().BeFalse();
        second!.Dispose();
        (await waiting[1]).Should().NotBeNull();
        third!.Dispose();
        (await waiting[2]).Should().NotBeNull();
    }

    [Fact(Timeout = Forever), Trait("row", "PWD-21")]
    public async Task Whoever_comes_from_another_network_is_next_however_many_of_one_network_wait()
    {
        HashingGate wide = Gate(places: 1, queue: 100);
        Turns turns = new(wide);
        turns.Come("one", "2001:db8:0:1::1", times: 60);
        turns.Come("another", "198.51.100.7");
        turns.Come("a third", "2001:db8:1::1", times: 2);

        (await turns.ServeAsync(7, TestContext.Current.CancellationToken))
            .Should().Equal("one", "another", "a third", "one", "a third", "one", "one");
    }

    [Theory(Timeout = Forever), Trait("row", "PWD-21")]
    [InlineData("2001:db8:0:{0:x}::1")] // the /64s of one /56
    [InlineData("2001:db8:0:{0:x}00::1")] // the /56s of one /48
    [InlineData("192.0.2.{0}")]
    public async Task A_network_of_many_networks_has_the_turns_of_one_and_in_it_they_take_turns(string addresses)
    {
        HashingGate wide = Gate(places: 1, queue: 100);
        Turns turns = new(wide);
        for (int number = 1; number <= 20; number++)
            turns.Come("many", Address(addresses, number));
        turns.Come("the first again", Address(addresses, 1));
        turns.Come("another", "198.51.100.7", times: 2);

        List<string> served = await turns.ServeAsync(23, TestContext.Current.CancellationToken);

        served.Take(5).Should().Equal("many", "another", "many", "another", "many");
        served[^1].Should().Be("the first again", "its /64, or its address, had its turn already");
    }

    [Fact(Timeout = Forever), Trait("row", "PWD-21")]
    public async Task When_the_queue_is_full_the_last_one_of_the_network_with_the_most_waiting_goes_and_others_still_come_in()
    {
        HashingGate wide = Gate(places: 1, queue: 10);
        Turns turns = new(wide);
        turns.Come("many", "192.0.2.1", times: 30);
        turns.TurnedAway.Should().HaveCount(19, "one is in and ten wait");

        for (int number = 1; number <= 5; number++)
            turns.Come($"other {number}", $"198.51.{number}.7");

        await Turns.UntilAsync(() => turns.TurnedAway.Count() == 24, TestContext.Current.CancellationToken);
        turns.TurnedAway.Should().OnlyContain(name => name == "many");
        (await turns.ServeAsync(11, TestContext.Current.CancellationToken)).Should().Equal(
            "many", "other 1", "other 2", "other 3", "other 4", "other 5", "many", "many", "many", "many", "many");
        turns.Come("many", "192.0.2.1", times: 11);
        turns.TurnedAway.Should().HaveCount(24, "who leaves gives the place back");
    }

    [Fact(Timeout = Forever), Trait("row", "PWD-21")]
    public async Task One_network_alone_has_every_place_and_where_others_come_too_it_leaves_them_one()
    {
        Turns turns = new(Gate(places: 3, queue: 100));
        turns.Come("one", "192.0.2.1", times: 8);
        turns.Inside.Should().Equal("one", "one", "one");

        turns.Come("another", "198.51.100.7");
        turns.Inside.Should().Equal(["one", "one", "one"], "there is no place left");
        turns.Leave("one");
        await Turns.UntilAsync(() => turns.Inside.Contains("another"), TestContext.Current.CancellationToken);
        turns.Leave("another");
        turns.Come("another", "198.51.100.7");
        turns.Inside.Should().Equal(["one", "one", "another"], "the place was kept for others, though some of the one network wait");

        time.Advance(TimeSpan.FromMinutes(2));
        turns.Leave("another");
        await Turns.UntilAsync(() => turns.Inside.Count() == 3, TestContext.Current.CancellationToken);
        turns.Inside.Should().Equal(["one", "one", "one"], "nobody else has come for a minute");
    }

    [Theory(Timeout = Forever), Trait("row", "PWD-21")]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public async Task Whoever_comes_and_goes_no_more_are_in_and_wait_than_may_and_nothing_is_kept_of_those_who_left(int seed)
    {
        var random = new Random(seed);
        HashingGate wide = Gate(places: 3, queue: 20);
        Turns turns = new(wide);
        for (int step = 0; step < 2000; step++)
        {
            switch (random.Next(4))
            {
                case 0 or 1:
                    turns.Come("anybody", $"2001:db8:{random.Next(3)}:{random.Next(3)}0{random.Next(3)}::1", random.Next(1, 5));
                    break;
                case 2 when turns.Inside.Any():
                    turns.Leave("anybody");
                    break;
                default:
                    await turns.GoAwayAsync(random);
                    break;
            }
            turns.Inside.Count().Should().BeLessThanOrEqualTo(3);
            await Turns.UntilAsync(() => turns.Waiting <= 20, TestContext.Current.CancellationToken);
        }

        while (turns.Waiting > 0 || turns.Inside.Any())
        {
            await Turns.UntilAsync(() => turns.Inside.Any() || turns.Waiting == 0, TestContext.Current.CancellationToken);
            if (turns.Inside.Any())
                turns.Leave("anybody");
        }
        HeldTexts.In(wide).Should().NotContain(text => text.StartsWith("20010DB8", StringComparison.Ordinal) && text.Length > 12);
        wide.EnterAsync(TestContext.Current.CancellationToken).IsCompleted.Should().BeTrue("no place was lost");
    }

    [Fact(Timeout = Forever), Trait("row", "PWD-21")]
    public async Task Nobody_waits_longer_than_configured()
    {
        CancellationToken ended = TestContext.Current.CancellationToken;
        using IDisposable? first = await gate.EnterAsync(ended), second = await gate.EnterAsync(ended);
        Task<IDisposable?> waiting = gate.EnterAsync(ended);

        time.Advance(TimeSpan.FromSeconds(10) - TimeSpan.FromTicks(1));
        waiting.IsCompleted.Should().BeFalse();
        time.Advance(TimeSpan.FromTicks(1));

        (await waiting).Should().BeNull();
    }

    [Fact(Timeout = Forever), Trait("row", "PWD-21")]
    public async Task Who_goes_away_gives_the_place_in_the_queue_back()
    {
        CancellationToken ended = TestContext.Current.CancellationToken;
        IDisposable? first = await gate.EnterAsync(ended);
        using IDisposable? second = await gate.EnterAsync(ended);
        using var gone = new CancellationTokenSource();
        Task<IDisposable?>[] abandoned = [gate.EnterAsync(gone.Token), gate.EnterAsync(gone.Token), gate.EnterAsync(gone.Token)];
        (await gate.EnterAsync(ended)).Should().BeNull();

        await gone.CancelAsync();

        foreach (Task<IDisposable?> task in abandoned)
            await task.Awaiting(one => one).Should().ThrowAsync<OperationCanceledException>();
        Task<IDisposable?> waiting = gate.EnterAsync(ended);
        waiting.IsCompleted.Should().BeFalse("there is room in the queue again");
        first!.Dispose();
        (await waiting).Should().NotBeNull("and no place at bcrypt was lost");
    }

    [Fact(Timeout = Forever), Trait("row", "PWD-21")]
    public async Task Logins_beyond_the_bound_are_told_to_come_back_and_bearers_are_answered_meanwhile()
    {
        await using ServerHost host = new ServerHost()
            .With("JwtAuth:Passwords:MaxConcurrentHashes", "1").With("JwtAuth:Passwords:QueueLimit", "2");
        foreach (string name in (string[])["alice", .. Enumerable.Range(0, 10).Select(number => $"user-{number}")])
            await host.AddAccountAsync(name);
        using HttpClient client = host.Connect(), bearer = host.Connect(await host.LoginAsync("alice"));
        IDisposable? busy = await host.Get<HashingGate>().EnterAsync(TestContext.Current.CancellationToken);
        Task<Reply>[] logins = [.. Enumerable.Range(0, 10).Select(number => client.LoginAsync($"user-{number}", ServerHost.Password))];

        // Eight of them have an answer while bcrypt is held: two may wait.
        List<Reply> refused = [];
        List<Task<Reply>> open = [.. logins];
        while (open.Count > 2)
        {
            Task<Reply> done = await Task.WhenAny(open);
            open.Remove(done);
            refused.Add(await done);
        }

        refused.Should().OnlyContain(reply => reply.Status == 503 || reply.Status == 429);
        refused.Where(reply => reply.Status == 503)
            .Should().NotBeEmpty().And.OnlyContain(reply => reply.Code == "busy" && reply.Header("Retry-After") == "2");
        Reply registration = await client.RegisterAsync("newcomer");
        (registration.Status, registration.Code, registration.Header("Retry-After")).Should().Be((503, "busy", "2"));
        (await bearer.AskAsync("GET", "/me")).Status.Should().Be(200);
        (await client.AskAsync("GET", "/health/ready")).Status.Should().Be(200);
        busy!.Dispose();
        foreach (Task<Reply> login in open)
            (await login).Status.Should().Be(200);
        (await client.RegisterAsync("newcomer")).Status.Should().Be(201);
    }

    private static string Address(string form, int number) => string.Format(CultureInfo.InvariantCulture, form, number);

    private HashingGate Gate(int places, int queue) =>
        new(new HashingSettings(places, queue, MaxQueueWait: TimeSpan.FromHours(1)), time);

    /// <summary>Who comes to a gate, and in which order they are served.</summary>
    private sealed class Turns(HashingGate gate)
    {
        private readonly List<(string Name, Task<IDisposable?> Place)> all = [];
        private readonly Dictionary<Task<IDisposable?>, CancellationTokenSource> ways = [];

        public IEnumerable<string> Inside => Entered.Select(one => one.Name);

        public int Waiting => all.Count(one => !one.Place.IsCompleted);

        public IEnumerable<string> TurnedAway =>
            all.Where(one => one.Place is { IsCompletedSuccessfully: true, Result: null }).Select(one => one.Name);

        public void Come(string name, string address, int times = 1)
        {
            for (int time = 0; time < times; time++)
            {
                var gone = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
                Task<IDisposable?> place = gate.EnterAsync(gone.Token, IPAddress.Parse(address));
                all.Add((name, place));
                ways[place] = gone;
            }
        }

        /// <summary>One of those who wait disconnects.</summary>
        public async Task GoAwayAsync(Random random)
        {
            Task<IDisposable?>[] waiting = [.. all.Select(one => one.Place).Where(place => !place.IsCompleted)];
            if (waiting.Length > 0)
                await ways[waiting[random.Next(waiting.Length)]].CancelAsync();
        }

        public void Leave(string name)
        {
            (string Name, Task<IDisposable?> Place) one = Entered.First(entered => entered.Name == name);
            all.Remove(one);
            one.Place.Result!.Dispose();
        }

        /// <summary>Lets so many leave, one after the other, as they are let in.</summary>
        public async Task<List<string>> ServeAsync(int count, CancellationToken cancellation)
        {
            List<string> served = [];
            while (served.Count < count)
            {
                await UntilAsync(() => Entered.Any(), cancellation);
                served.Add(Inside.First());
                Leave(served[^1]);
            }
            return served;
        }

        // Whoever is let in or turned away hears of it a moment later.
        public static async Task UntilAsync(Func<bool> isReached, CancellationToken cancellation)
        {
            while (!isReached())
            {
                cancellation.ThrowIfCancellationRequested();
                await Task.Yield();
            }
        }

        private IEnumerable<(string Name, Task<IDisposable?> Place)> Entered =>
            all.Where(one => one.Place is { IsCompletedSuccessfully: true, Result: not null });
    }
}
