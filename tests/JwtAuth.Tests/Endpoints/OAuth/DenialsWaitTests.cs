using System.Net.Sockets;
using System.Text;
using JwtAuth.Bearer.Denials;
using JwtAuth.Server.Denials;
using JwtAuth.Server.SigningKeys;
using JwtAuth.Tests.Denials;
using JwtAuth.Tests.Hosting;
using JwtAuth.Tests.RefreshTokens;
using JwtAuth.Tests.Revocation;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace JwtAuth.Tests.Endpoints.OAuth;

/// <summary>
/// How a reader of the feed waits for news: the clock stands still where a test does not move it, so that what
/// answers has not just run out of time.
/// </summary>
public sealed class DenialsWaitTests : IAsyncDisposable
{
    private static readonly TimeSpan Long = TimeSpan.FromSeconds(30);

    private readonly ServerHost host = new ServerHost().With("JwtAuth:SigningKeys:Algorithm", "ES256");
    private readonly CountingTime time;
    private readonly TestClient api;
    private readonly HttpClient http;
    private string cursor = "";

    public DenialsWaitTests()
    {
        time = new CountingTime(host.Time, Long);
        host.With(services => services.AddSingleton<TimeProvider>(time));
        api = host.AddClient("orders-api", may: "denials");
        http = host.Connect();
    }

    [Fact]
    public async Task A_denial_is_told_at_once_to_all_who_wait()
    {
        await host.AddAccountAsync("alice");
        Tokens tokens = await http.BeginAsync("alice");
        Task<Reply>[] waiting = [await WaitAsync(), await WaitAsync(), await WaitAsync()];
        waiting.Should().NotContain(task => task.IsCompleted);

        (await http.AskAsAsync(tokens.Access, "POST", "/auth/logout")).Status.Should().Be(200);

        foreach (Task<Reply> task in waiting)
            (await AnswerOf(task)).Json.GetProperty("denials").EnumerateArray().Single().GetProperty("sid").GetString()
                .Should().Be(tokens.SessionId);
    }

    [Fact]
    public async Task Where_nothing_happens_the_answer_comes_when_its_time_is_up_and_tells_until_when_it_is_known()
    {
        cursor = (await http.AskAsync("GET", "/denials", null, api.Basic)).Json.GetProperty("cursor").GetString()!;
        Task<Reply> waiting = AskAsync(seconds: 5);
        Denylist denylist = host.Get<DenialTail>().Denylist;
        var passed = TimeSpan.Zero;
        while (!waiting.IsCompleted)
        {
            host.Time.Advance(TimeSpan.FromMilliseconds(250));
            passed += TimeSpan.FromMilliseconds(250);
            // The log is read each second. On a busy machine, our clock would be far ahead of the reading.
            await Patience.UntilAsync(() => Task.FromResult(denylist.Age < TimeSpan.FromSeconds(2)));
            (await http.AskAsync("GET", "/health/live")).Status.Should().Be(200);
        }

        Reply reply = await waiting;
        reply.Status.Should().Be(200);
        (reply.Json.GetProperty("denials").GetArrayLength(), reply.Json.GetProperty("cursor").GetString()).Should().Be((0, cursor));
        passed.Should().BeGreaterThanOrEqualTo(TimeSpan.FromSeconds(5));
        reply.Json.GetProperty("waited_ms").GetInt64().Should().BePositive().And.BeLessThanOrEqualTo((long)passed.TotalMilliseconds);
    }

    [Fact]
    public async Task One_who_goes_away_is_waited_for_no_longer()
    {
        Task<Reply> stays = await WaitAsync();
        using (var connection = new TcpClient())
        {
            await connection.ConnectAsync("127.0.0.1", new Uri(host.Issuer).Port, TestContext.Current.CancellationToken);
            (string name, string value) = api.Basic;
            await connection.GetStream().WriteAsync(Encoding.ASCII.GetBytes(
                $"GET /denials?wait=30&cursor={cursor} HTTP/1.1\r\nHost: {new Uri(host.Issuer).Authority}\r\n"
                    + $"{name}: {value}\r\n\r\n"), TestContext.Current.CancellationToken);
            await UntilAsync(() => time.Waiting == 2);
        }

        await UntilAsync(() => time.Waiting == 1);

        stays.IsCompleted.Should().BeFalse("nobody has told it anything");
        await new DenialLog(host.Directory).WriteAsync(Denial.OfSession("news", host.Time.GetUtcNow().AddHours(5)));
        host.Time.Advance(TimeSpan.FromMilliseconds(250));
        (await AnswerOf(stays)).Status.Should().Be(200);
    }

    [Fact]
    public async Task A_service_that_stops_lets_go_of_those_who_wait()
    {
        Task<Reply> waiting = await WaitAsync();
        waiting.IsCompleted.Should().BeFalse();

        host.Get<IHostApplicationLifetime>().StopApplication();

        Reply reply = await AnswerOf(waiting);
        (reply.Status, reply.Json.GetProperty("denials").GetArrayLength(), reply.Json.GetProperty("cursor").GetString())
            .Should().Be((200, 0, cursor));
    }

    [Fact]
    public async Task What_the_command_line_ends_arrives_and_the_keys_that_came_of_it()
    {
        string revoked = host.Get<SigningKeyRing>().Signer(forAccount: false).KeyId;
        Task<Reply> waiting = await WaitAsync();
        string keys = cursor.Split('.')[2];

        (int code, _, string error) = await ServerProcess.RunAsync(host.Directory, ["keys", "revoke", revoked], "",
            new Dictionary<string, string> { ["JwtAuth:SigningKeys:Algorithm"] = "ES256", ["JwtAuth:Issuer"] = host.Issuer });
        code.Should().Be(0, error);

        List<string> denied = [];
        while (denied.Count == 0 || cursor.Split('.')[2] == keys)
        {
            await UntilAsync(() => waiting.IsCompleted, step: () => host.Time.Advance(TimeSpan.FromMilliseconds(250)));
            Reply reply = await waiting;
            reply.Status.Should().Be(200);
            reply.Json.GetProperty("keys").GetString().Should().Be(reply.Json.GetProperty("cursor").GetString()!.Split('.')[2]);
            denied.AddRange(reply.Json.GetProperty("denials").EnumerateArray().Select(denial => denial.GetProperty("kid").GetString()!));
            cursor = reply.Json.GetProperty("cursor").GetString()!;
            waiting = AskAsync(30);
        }
        denied.Should().Equal(revoked);
    }

    /// <summary>Asks as one who knows everything, and returns when the service waits for news.</summary>
    private async Task<Task<Reply>> WaitAsync()
    {
        if (cursor.Length == 0)
            cursor = (await http.AskAsync("GET", "/denials", null, api.Basic)).Json.GetProperty("cursor").GetString()!;
        int before = time.Waiting;
        Task<Reply> waiting = AskAsync((int)Long.TotalSeconds);
        await UntilAsync(() => time.Waiting > before);
        return waiting;
    }

    private Task<Reply> AskAsync(int seconds) => http.AskAsync("GET", $"/denials?wait={seconds}&cursor={cursor}", null, api.Basic);

    private static Task<Reply> AnswerOf(Task<Reply> waiting) => waiting.WaitAsync(Patience.Limit, TestContext.Current.CancellationToken);

    private async Task UntilAsync(Func<bool> condition, Action? step = null)
    {
        using var patience = new CancellationTokenSource(Patience.Limit);
        while (!condition())
        {
            patience.IsCancellationRequested.Should().BeFalse();
            step?.Invoke();
            await http.AskAsync("GET", "/health/live");
        }
    }

    public async ValueTask DisposeAsync()
    {
        http.Dispose();
        await host.DisposeAsync();
    }

    /// <summary>A clock that tells how many wait for so long now.</summary>
    private sealed class CountingTime(TimeProvider time, TimeSpan span) : TimeProvider
    {
        private int waiting;

        public int Waiting => Volatile.Read(ref waiting);

        public override long TimestampFrequency => time.TimestampFrequency;

        public override DateTimeOffset GetUtcNow() => time.GetUtcNow();

        public override long GetTimestamp() => time.GetTimestamp();

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        {
            ITimer timer = time.CreateTimer(callback, state, dueTime, period);
            return dueTime == span ? new Counted(this, timer) : timer;
        }

        private sealed class Counted : ITimer
        {
            private readonly CountingTime owner;
            private readonly ITimer timer;
            private bool isDisposed;

            public Counted(CountingTime owner, ITimer timer)
            {
                (this.owner, this.timer) = (owner, timer);
                Interlocked.Increment(ref owner.waiting);
            }

            public bool Change(TimeSpan dueTime, TimeSpan period) => timer.Change(dueTime, period);

            public void Dispose()
            {
                if (!Interlocked.Exchange(ref isDisposed, true))
                    Interlocked.Decrement(ref owner.waiting);
                timer.Dispose();
            }

            public ValueTask DisposeAsync()
            {
                Dispose();
                return ValueTask.CompletedTask;
            }
        }
    }
}
