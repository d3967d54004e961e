using System.Text.RegularExpressions;
using JwtAuth.Server.Clients;

namespace JwtAuth.Tests.Hosting;

/// <summary>
/// What deploy/compose.yaml makes, without containers: PostgreSQL, two nodes in Production with the settings that stand there, and the
/// real nginx before them.
/// </summary>
internal sealed partial class Cluster : IAsyncDisposable
{
    private readonly SharedDatabase database;
    private readonly (string Key, string Value)[] settings;
    private readonly List<ServerProcess> nodes = [];

    private Cluster(SharedDatabase database, TestClient client, string atRest)
    {
        (this.database, Client) = (database, client);
        settings =
        [
            .. SettingsOfTheFile(), ("environment", "Production"), ("JwtAuth:Proxy:TrustedNetworks:0", "127.0.0.1"),
            ($"JwtAuth:Clients:{client.Id}:Secrets:0", atRest), ($"JwtAuth:Clients:{client.Id}:Audiences:0", "orders"),
            ($"JwtAuth:Clients:{client.Id}:May", "denials introspect"),
        ];
    }

    public TestClient Client { get; }

    public IReadOnlyList<ServerProcess> Nodes => nodes;

    public Nginx Nginx { get; private set; } = null!;

    public SharedDatabase Database => database;

    public static async Task<Cluster> StartAsync()
    {
        (string secret, string atRest) = ClientSecret.Make();
        var made = new Cluster(await SharedDatabase.MakeAsync(), new TestClient("orders-api", secret), atRest);
        made.nodes.AddRange(await Task.WhenAll(made.StartNodeAsync(), made.StartNodeAsync()));
        made.nodes.Should().OnlyContain(node => node.StandardError.Length == 0);
        made.Nginx = await Nginx.StartAsync([.. made.nodes.Select(node => node.Address)]);
        return made;
    }

    /// <summary>Starts the node anew that has ended, at its address.</summary>
    public async Task StartAgainAsync(int index)
    {
        string url = nodes[index].Address.GetLeftPart(UriPartial.Authority);
        await nodes[index].DisposeAsync();
        nodes[index] = await StartNodeAsync(("urls", url));
    }

    /// <summary>Accounts, by the command line: registration is closed in Production.</summary>
    public async Task AddAccountAsync(string username, params string[] more)
    {
        (int code, _, string error) = await database.CommandAsync(["users", "add", username, .. more]);
        code.Should().Be(0, error);
    }

    public async ValueTask DisposeAsync()
    {
        if (Nginx is not null)
            await Nginx.DisposeAsync();
        foreach (ServerProcess node in nodes)
            await node.DisposeAsync();
        await database.DisposeAsync();
    }

    /// <summary>What the nodes of the file have in their environment, as keys.</summary>
    public static IEnumerable<(string Key, string Value)> SettingsOfTheFile() =>
        Setting().Matches(File.ReadAllText(Path.Combine(Repository.Root, "deploy/compose.yaml")))
            .Select(match => (match.Groups[1].Value.Replace("__", ":", StringComparison.Ordinal), match.Groups[2].Value.Trim()));

    private Task<ServerProcess> StartNodeAsync(params (string Key, string Value)[] more) => database.StartNodeAsync([.. settings, .. more]);

    [GeneratedRegex(@"^\s+(JwtAuth__\w+): (.+)$", RegexOptions.Multiline)]
    private static partial Regex Setting();
}
