using System.Collections.Concurrent;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using JwtAuth.Server.AccessTokens;
using JwtAuth.Server.Accounts;
using JwtAuth.Server.Passwords;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Mvc.Testing;
using Microsoft.AspNetCore.TestHost;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace JwtAuth.Tests.Hosting;

/// <summary>
/// The real service in this process: Kestrel on a loopback port of its own, a directory and a database of its own, the top level's
/// appsettings.Development.json, a clock that the test moves. Its hashes are quick, unless a test sets the work factor. Not started
/// before it is first used.
/// </summary>
internal sealed class ServerHost : WebApplicationFactory<TokenIssuer>
{
    public const string Password = "a quiet harbour at dawn";

    // One hash for each work factor: each costs as much as a login.
    private static readonly ConcurrentDictionary<int, string> Hashes = new();

    // bcrypt at the lowest work factor that a service may have is a third of all that the tests would do.
    private const int QuickWorkFactor = 4;

    private readonly Dictionary<string, string> settings = [];
    private readonly ReservedPort port = new();
    private readonly bool ownsDirectory;
    private readonly Lazy<Uri> address;
    private Action<IServiceCollection>? services;

    public ServerHost(string? directory = null)
    {
        ownsDirectory = directory is null;
        Directory = directory ?? System.IO.Directory.CreateTempSubdirectory("jwtauth-").FullName;
        string url = Issuer = $"http://127.0.0.1:{port.Number}";
        address = new(() =>
        {
            if (ownsDirectory)
                TestedStore.Make(Directory);
            // A port given as such is set while the program is starting already: too late now and then.
            UseKestrel(options => options.Listen(IPAddress.Loopback, port.Number));
            StartServer();
            return new Uri(url);
        });
    }

    public string Directory { get; }

    /// <summary>Its own address, unless another process on the same directory has issued under that name already.</summary>
    public string Issuer { get; init; }

    public ManualTime Time { get; init; } = new();

    public string Environment { get; init; } = "Development";

    /// <summary>Every line that was logged, at every level that is not silenced on purpose.</summary>
    public LogLines Log { get; } = new();

    public ServerHost With(string key, string value)
    {
        settings[key] = value;
        return this;
    }

    public ServerHost With(Action<IServiceCollection> configure)
    {
        services += configure;
        return this;
    }

    /// <summary>A client of the running service.</summary>
    public HttpClient Connect(string? bearer = null)
    {
        var client = new HttpClient(new SocketsHttpHandler { UseCookies = false, AllowAutoRedirect = false })
        {
            BaseAddress = address.Value,
            Timeout = Patience.Limit,
        };
        if (bearer is not null)
            client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", bearer);
        return client;
    }

    public T Get<T>() where T : notnull => (address.Value, Services.GetRequiredService<T>()).Item2;

    /// <summary>An account made behind HTTP's back, with roles.</summary>
    public async Task<AccountSnapshot> AddAccountAsync(string username, params string[] roles)
    {
        _ = address.Value;
        await using AsyncServiceScope scope = Services.CreateAsyncScope();
        string hash = Hashes.GetOrAdd(Get<PasswordSettings>().WorkFactor, _ => Get<PasswordHasher>().Hash(Password));
        return await scope.ServiceProvider.GetRequiredService<AccountStore>().AddAsync(username, hash, roles)
            ?? throw new InvalidOperationException("taken");
    }

    /// <summary>Logs in through HTTP and returns the token.</summary>
    public async Task<string> LoginAsync(string username, string? audience = null, string? scope = null)
    {
        using HttpClient client = Connect();
        using HttpResponseMessage reply = await client.PostAsJsonAsync("/auth/login", new Dictionary<string, string?>
        {
            ["username"] = username,
            ["password"] = Password,
            ["audience"] = audience,
            ["scope"] = scope,
        }.Where(pair => pair.Value is not null).ToDictionary());
        reply.StatusCode.Should().Be(HttpStatusCode.OK);
        return (await reply.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("access_token").GetString()!;
    }

    protected override void ConfigureWebHost(IWebHostBuilder builder)
    {
        builder.UseSolutionRelativeContentRoot("");
        builder.UseEnvironment(Environment);
        builder.UseSetting("Logging:LogLevel:Microsoft", "Trace");
        builder.UseSetting("Logging:LogLevel:Microsoft.AspNetCore.Authentication.JwtBearer", "Trace");
        builder.UseSetting("JwtAuth:Issuer", Issuer);
        builder.UseSetting("JwtAuth:DataDirectory", Directory);
        foreach ((string key, string value) in TestedStore.SettingsOf(Directory))
            builder.UseSetting(key, value);
        foreach ((string key, string value) in settings)
            builder.UseSetting(key, value);
        builder.ConfigureLogging(logging => logging.ClearProviders().SetMinimumLevel(LogLevel.Trace).AddProvider(Log));
        builder.ConfigureTestServices(collection =>
        {
            collection.AddSingleton<TimeProvider>(Time);
            if (!settings.ContainsKey("JwtAuth:Passwords:WorkFactor"))
            {
                PasswordSettings chosen =
                    collection.Select(service => service.ImplementationInstance).OfType<PasswordSettings>().Single();
                collection.AddSingleton(chosen with { WorkFactor = QuickWorkFactor });
            }
            services?.Invoke(collection);
        });
    }

    public override async ValueTask DisposeAsync()
    {
        await base.DisposeAsync();
        port.Dispose();
        if (ownsDirectory)
        {
            await TestedStore.LetGoAsync(Directory);
            // The last connection may be closing still, which makes and removes files.
            await Patience.UntilAsync(() => Task.FromResult(IsDeleted()));
        }
    }

    private bool IsDeleted()
    {
        try
        {
            if (System.IO.Directory.Exists(Directory))
                System.IO.Directory.Delete(Directory, recursive: true);
            return true;
        }
        catch (IOException)
        {
            return false;
        }
    }
}
