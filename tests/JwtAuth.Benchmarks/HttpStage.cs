using System.Diagnostics;
using System.Net;
using System.Net.Http.Headers;
using System.Text;
using JwtAuth.Bearer.Keys;

namespace JwtAuth.Benchmarks;

/// <summary>How much of everything there is to be.</summary>
internal sealed record HttpScene(int Tokens, int Connections, int Denials, TimeSpan Turn);

/// <summary>An endpoint of one of the APIs, under load when it is its turn.</summary>
/// <param name="name">What it is called in the figures.</param>
/// <param name="service">Its process.</param>
/// <param name="load">The load.</param>
/// <param name="turn">How long a turn is.</param>
/// <param name="note">Is told after each turn what the load has worked, and how much time has passed.</param>
internal sealed class HttpPlayer(
    string name, ServiceProcess service, Load load, TimeSpan turn, Action<TimeSpan, TimeSpan>? note = null) : IDisposable
{
    private TimeSpan worked;
    private long answeredAtFirst;

    public string Name => name;

    public long Answered => load.Answered;

    /// <summary>What the API's process has worked for one request since <see cref="Begin"/>.</summary>
    public TimeSpan ProcessorTime { get; private set; }

    public void Begin() => (worked, answeredAtFirst) = (TimeSpan.Zero, load.Answered);

    public double Run()
    {
        TimeSpan before = service.ProcessorTime, loadBefore = Environment.CpuUsage.TotalTime;
        long start = Stopwatch.GetTimestamp();
        double rate = load.Run(turn);
        note?.Invoke(Environment.CpuUsage.TotalTime - loadBefore, Stopwatch.GetElapsedTime(start));
        // Endpoints of one process take turns: what it worked for others is not counted.
        worked += service.ProcessorTime - before;
        ProcessorTime = worked / (load.Answered - answeredAtFirst);
        return rate;
    }

    public Candidate AsCandidate() => new(name, _ => new(new Sample(Run())));

    public void Dispose() => load.Dispose();
}

/// <summary>The APIs that are compared, each in a process of its own, beside their issuers.</summary>
internal sealed class HttpStage : IAsyncDisposable
{
    public const string Ours = "JwtAuth.Bearer", Full = "JwtAuth.Bearer, denylist full", Constant = "constant identity",
        Anonymous = "anonymous endpoint", Stock = "stock JwtBearer";

    private const string SampleApi = "JwtAuth.SampleApi", Benchmarks = "JwtAuth.Benchmarks";

    private readonly Stack<IAsyncDisposable> started = new();

    public List<HttpPlayer> Players { get; } = [];

    public static async Task<HttpStage> StartAsync(HttpScene scene, SignatureAlgorithm algorithm)
    {
        var stage = new HttpStage();
        try
        {
            await stage.BeginAsync(scene, algorithm);
            return stage;
        }
        catch
        {
            await stage.DisposeAsync();
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        Players.ForEach(player => player.Dispose());
        while (started.TryPop(out IAsyncDisposable? last))
            await last.DisposeAsync();
    }

    private async Task BeginAsync(HttpScene scene, SignatureAlgorithm algorithm)
    {
        LoopbackIssuer issuer = await LoopbackIssuer.StartAsync(algorithm);
        started.Push(issuer);
        LoopbackIssuer fullIssuer = await LoopbackIssuer.StartAsync(algorithm);
        started.Push(fullIssuer);
        await fullIssuer.DenyAsync(scene.Denials);
        string[] tokens = issuer.Issue(scene.Tokens), tokensOfFull = fullIssuer.Issue(scene.Tokens);

        ServiceProcess ours = await StartAsync(SampleApi, [], "health", issuer);
        ServiceProcess full = await StartAsync(SampleApi, [], "health", fullIssuer);
        ServiceProcess constant = await StartAsync(Benchmarks, [ServeVerb.Name, ServeVerb.Constant], "public", issuer);
        ServiceProcess stock = await StartAsync(Benchmarks, [ServeVerb.Name, ServeVerb.Stock], "public", issuer);
        foreach (ServiceProcess strict in (ServiceProcess[])[ours, full, stock])
            await ExpectUnauthorizedAsync(strict);

        Add(Ours, ours, "/orders", "Authorization", tokens);
        Add(Full, full, "/orders", "Authorization", tokensOfFull);
        Add(Constant, constant, "/orders", "Authorization", tokens);
        Add(Anonymous, ours, "/public", "X-Unread-Text", tokens); // as long as the other name
        Add(Stock, stock, "/orders", "Authorization", tokens);

        void Add(string name, ServiceProcess service, string path, string header, string[] tokens) => Players.Add(new HttpPlayer(
            name, service,
            new Load(service.Address, [.. tokens.Select(token => Encoding.ASCII.GetBytes(
                $"GET {path} HTTP/1.1\r\nHost: {service.Address.Authority}\r\n{header}: Bearer {token}\r\n\r\n"))], scene.Connections),
            scene.Turn));
    }

    private async Task<ServiceProcess> StartAsync(string program, IReadOnlyList<string> args, string readyPath, LoopbackIssuer issuer)
    {
        ServiceProcess service = await ServiceProcess.StartAsync(program, args, readyPath, _ => issuer.ApiSettings);
        started.Push(service);
        return service;
    }

    // What is compared does check: a token of nobody is refused.
    private static async Task ExpectUnauthorizedAsync(ServiceProcess service)
    {
        using var client = new HttpClient();
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(service.Address, "orders"));
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", "e30.e30.");
        using HttpResponseMessage reply = await client.SendAsync(request);
        if (reply.StatusCode != HttpStatusCode.Unauthorized)
            throw new InvalidOperationException($"a token of nobody was answered by {(int)reply.StatusCode}");
    }
}
