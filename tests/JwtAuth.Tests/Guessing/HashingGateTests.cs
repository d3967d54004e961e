using System.Net;
using JwtAuth.Server.Guessing;
using JwtAuth.Tests.Hosting;
using JwtAuth.Tests.Revocation;

namespace JwtAuth.Tests.Guessing;

public sealed class HashingGateTests : IDisposable
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
    public async Task One_network_leaves_places_in_the_queue_to_others()
    {
        using var wide = new HashingGate(
            new HashingSettings(MaxConcurrentHashes: 2, QueueLimit: 10, MaxQueueWait: TimeSpan.FromSeconds(10)), time);
        List<Task<IDisposable?>> flood =
            [.. Enumerable.Range(0, 30).Select(_ => wide.EnterAsync(TestContext.Current.CancellationToken, IPAddress.Loopback))];
        flood.Count(task => !task.IsCompleted).Should().Be(6, "it has two places and six of the ten that may wait");

        Task<IDisposable?>[] others = [.. Enumerable.Range(1, 4)
            .Select(host => wide.EnterAsync(TestContext.Current.CancellationToken, new IPAddress([192, 0, 2, (byte)host])))];
        others.Should().OnlyContain(task => !task.IsCompleted, "they wait instead of being turned away");

        foreach (Task<IDisposable?> place in flood)
            (await place)?.Dispose();
        foreach (Task<IDisposable?> place in others)
        {
            IDisposable? entered = await place;
            entered.Should().NotBeNull();
            entered!.Dispose();
        }
        (await wide.EnterAsync(TestContext.Current.CancellationToken, IPAddress.Loopback))
            .Should().NotBeNull("who leaves gives the place back");
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
        await host.AddAccountAsync("alice");
        using HttpClient client = host.Connect(), bearer = host.Connect(await host.LoginAsync("alice"));
        IDisposable? busy = await host.Get<HashingGate>().EnterAsync(TestContext.Current.CancellationToken);
        Task<Reply>[] logins = [.. Enumerable.Range(0, 10).Select(_ => client.LoginAsync("alice", ServerHost.Password))];

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

    public void Dispose() => gate.Dispose();
}
