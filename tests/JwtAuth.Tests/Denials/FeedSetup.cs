using JwtAuth.Bearer;
using JwtAuth.Tests.Hosting;
using Microsoft.AspNetCore.Authentication.JwtBearer;
using Microsoft.Extensions.DependencyInjection;

namespace JwtAuth.Tests.Denials;

/// <summary>
/// The real service, the real sample API that hears of its denials, and between them a line that can be cut. Their clocks
/// run, and each can be moved ahead.
/// </summary>
internal sealed class FeedSetup : IAsyncDisposable
{
    private readonly List<ApiHost> apis = [];
    private readonly string atRest;
    private ServerHost? opened;

    public FeedSetup()
    {
        (string secret, atRest) = Server.Clients.ClientSecret.Make();
        Client = new TestClient("orders-api", secret);
        Service = NewService();
    }

    public static TimeSpan MaximumSilence { get; } = TimeSpan.FromSeconds(10);

    public string Directory { get; } = System.IO.Directory.CreateTempSubdirectory("jwtauth-").FullName;

    public TestClient Client { get; }

    public TcpProxy Line { get; } = new();

    /// <summary>The clock of the APIs.</summary>
    public RunningTime Time { get; } = new();

    public RunningTime ServiceTime { get; } = new();

    public ServerHost Service { get; private set; }

    /// <summary>What the service is configured with besides; each that is begun.</summary>
    public Dictionary<string, string> Settings { get; } = [];

    /// <summary>The service's settings as a process of its own reads them.</summary>
    public Dictionary<string, string> ProcessSettings => new(Settings)
    {
        ["JwtAuth:SigningKeys:Algorithm"] = Settings.GetValueOrDefault("JwtAuth:SigningKeys:Algorithm", "ES256"),
        ["JwtAuth:Issuer"] = Line.Address,
        [$"JwtAuth:Clients:{Client.Id}:Secrets:0"] = atRest,
        [$"JwtAuth:Clients:{Client.Id}:Audiences:0"] = "orders",
        [$"JwtAuth:Clients:{Client.Id}:May"] = "denials revoke",
    };

    /// <summary>Starts the service, and leads the line to it.</summary>
    public HttpClient Open()
    {
        if (opened == Service)
            return Service.Connect();
        foreach ((string key, string value) in Settings)
            Service.With(key, value);
        HttpClient http = Service.Connect();
        Line.PassTo(Service.Issuer);
        opened = Service;
        return http;
    }

    /// <summary>Ends the service, and begins another one on the same directory, or what became of it meanwhile.</summary>
    public async Task<HttpClient> RestartAsync(Action? meanwhile = null)
    {
        await Service.DisposeAsync();
        meanwhile?.Invoke();
        Service = NewService();
        return Open();
    }

    public ApiHost NewApi(Action<JwtAuthBearerOptions>? configure = null)
    {
        ApiHost api = new ApiHost(Line.Address) { Time = Time }
            .With("JwtAuth:Denials", "Feed").With("JwtAuth:ClientId", Client.Id).With("JwtAuth:ClientSecret", Client.Secret)
            .With(services => services.Configure<JwtAuthBearerOptions>(JwtBearerDefaults.AuthenticationScheme, options =>
            {
                options.MaximumSilence = MaximumSilence;
                configure?.Invoke(options);
            }));
        apis.Add(api);
        return api;
    }

    public async Task CommandAsync(params string[] args)
    {
        (int code, _, string error) = await ServerProcess.RunAsync(Directory, args, "", ProcessSettings);
        code.Should().Be(0, error);
    }

    public async ValueTask DisposeAsync()
    {
        foreach (ApiHost api in apis)
            await api.DisposeAsync();
        await Service.DisposeAsync();
        await Line.DisposeAsync();
        Microsoft.Data.Sqlite.SqliteConnection.ClearAllPools();
        System.IO.Directory.Delete(Directory, recursive: true);
    }

    private ServerHost NewService()
    {
        ServerHost made = new ServerHost(Directory).With("JwtAuth:SigningKeys:Algorithm", "ES256").With("JwtAuth:Issuer", Line.Address)
            .With(services => services.AddSingleton<TimeProvider>(ServiceTime));
        made.AddClient(Client, atRest, may: "denials revoke");
        return made;
    }
}

internal static class FeedCalls
{
    /// <summary>The status of the API's protected <c>GET /orders</c>.</summary>
    public static async Task<int> OrdersAsync(this HttpClient api, string token) => (await api.AskOrdersAsync(token)).Status;

    public static Task<Reply> AskOrdersAsync(this HttpClient api, string token) =>
        api.AskAsync("GET", "/orders", null, ("Authorization", $"Bearer {token}"));

    public static Task UntilOrdersAsync(this HttpClient api, string token, int status, string because = "") =>
        Patience.UntilAsync(async () => await api.OrdersAsync(token) == status, because);

    /// <summary>How many lines of the API's log hold this.</summary>
    public static int Lines(this ApiHost api, string part) => api.Log.All.Count(line => line.Contains(part, StringComparison.Ordinal));
}
