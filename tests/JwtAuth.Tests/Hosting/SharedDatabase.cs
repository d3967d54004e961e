using System.Security.Cryptography;

namespace JwtAuth.Tests.Hosting;

/// <summary>
/// A database on PostgreSQL for several nodes of one issuer, each with a data directory of its own. One that is on a test's own server
/// goes with it: that server may be down when the test ends.
/// </summary>
internal sealed class SharedDatabase(PostgresCluster cluster, string name, bool isDropped) : IAsyncDisposable
{
    private const string Issuer = "http://localhost:5080";

    private readonly List<string> directories = [];
    private readonly string masterKey = Convert.ToBase64String(RandomNumberGenerator.GetBytes(32));

    public PostgresCluster Cluster => cluster;

    public string ConnectionString => cluster.ConnectionString(name);

    /// <summary>One of the shared server, unless another is given.</summary>
    public static async Task<SharedDatabase> MakeAsync(PostgresCluster? cluster = null, bool isEmpty = false)
    {
        var made = new SharedDatabase(
            cluster ?? await PostgresCluster.SharedAsync(), $"nodes_{Guid.NewGuid():N}", isDropped: cluster is null);
        await made.Cluster.MakeDatabaseAsync(made.Name, isEmpty);
        return made;
    }

    private string Name => name;

    /// <summary>A node in this process, with a clock that stands still until the test moves it.</summary>
    public ServerHost NewHost(params (string Key, string Value)[] settings) => NewHost(new ManualTime(), settings);

    /// <summary>The same, with a clock that nodes share.</summary>
    public ServerHost NewHost(ManualTime time, params (string Key, string Value)[] settings)
    {
        var host = new ServerHost(NewDirectory()) { Time = time };
        foreach ((string key, string value) in SettingsOf(settings))
            host.With(key, value);
        return host;
    }

    /// <summary>A node in a process of its own.</summary>
    public Task<ServerProcess> StartNodeAsync(params (string Key, string Value)[] settings) =>
        ServerProcess.StartAsync(NewDirectory(), SettingsOf(settings));

    /// <summary>A command on the database.</summary>
    public Task<(int ExitCode, string StandardOutput, string StandardError)> CommandAsync(params string[] words) =>
        ServerProcess.RunAsync(NewDirectory(), words, ServerHost.Password + "\n", SettingsOf([]));

    public Task<object?> ExecuteAsync(string statement) => cluster.ExecuteAsync(name, statement);

    public async ValueTask DisposeAsync()
    {
        if (isDropped)
            await cluster.DropDatabaseAsync(name);
        foreach (string directory in directories)
            Directory.Delete(directory, recursive: true);
    }

    private Dictionary<string, string> SettingsOf((string Key, string Value)[] settings)
    {
        Dictionary<string, string> all = new()
        {
            ["JwtAuth:Issuer"] = Issuer,
            ["JwtAuth:MasterKey"] = masterKey,
            ["JwtAuth:SigningKeys:Algorithm"] = "ES256",
            ["JwtAuth:RefreshTokens:ReuseWindow"] = "00:01:00",
            ["JwtAuth:Storage:Provider"] = "Postgres",
            ["JwtAuth:Storage:ConnectionString"] = ConnectionString,
        };
        foreach ((string key, string value) in settings)
            all[key] = value;
        return all;
    }

    private string NewDirectory()
    {
        lock (directories)
        {
            directories.Add(Directory.CreateTempSubdirectory("jwtauth-").FullName);
            return directories[^1];
        }
    }
}
