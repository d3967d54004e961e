using System.Security.Cryptography;
using System.Text.Json.Nodes;
using JwtAuth.Tests.Attacks;
using JwtAuth.Tests.Hosting;
using JwtAuth.Tests.Revocation;

namespace JwtAuth.Tests.Commands;

/// <summary>The end of a key that somebody else may have, by the command beside a running service.</summary>
public sealed class KeyRevocationTests : IDisposable
{
    private readonly string directory = Directory.CreateTempSubdirectory("jwtauth-").FullName;
    private readonly Dictionary<string, string> settings = new() { ["JwtAuth:SigningKeys:Algorithm"] = "ES256" };

    [Fact, Trait("row", "KEY-04")]
    public async Task All_that_a_revoked_key_signed_is_dead_at_once_and_sessions_go_on_with_a_successor()
    {
        string file = Path.Combine(directory, "own.pem");
        using (ECDsa own = ECDsa.Create(ECCurve.NamedCurves.nistP256))
            await File.WriteAllTextAsync(file, own.ExportPkcs8PrivateKeyPem(), TestContext.Current.CancellationToken);
        string stolen = (await RunAsync(0, "keys", "import", file, "--now")).Split(' ')[0];
        await using ServerProcess server = await ServerProcess.StartAsync(directory, settings);
        using HttpClient client = new() { BaseAddress = server.Address };
        (await client.RegisterAsync("alice")).Status.Should().Be(201);
        (string access, string refresh) = await LoginAsync(client);
        KidOf(access).Should().Be(stolen);
        (await client.StatusOfMeAsync(access)).Should().Be(200);
        (await client.AskAsync("GET", "/.well-known/jwks.json")).Body.Should().Contain(stolen);

        (await RunAsync(0, "keys", "revoke", stolen))
            .Should().Be($"{stolen} revoked: the service takes nothing that it signed from now on\n");

        await Patience.UntilAsync(async () => await client.StatusOfMeAsync(access) == 401);
        await Patience.UntilAsync(
            async () => !(await client.AskAsync("GET", "/.well-known/jwks.json")).Body.Contains(stolen, StringComparison.Ordinal));
        Reply refreshed = await client.AskAsync("POST", "/auth/refresh", new { refresh_token = refresh });
        refreshed.Status.Should().Be(200, "the session is not to blame");
        string next = refreshed.Json.GetProperty("access_token").GetString()!;
        KidOf(next).Should().NotBe(stolen).And.Be(KidOf((await LoginAsync(client)).Access));
        (await client.StatusOfMeAsync(next)).Should().Be(200);

        (await RunAsync(0, "keys", "list"))
            .Should().MatchRegex($"(?m)^{stolen} ES256 revoked ").And.MatchRegex($"(?m)^{KidOf(next)} ES256 signs ");
        (await RunAsync(1, "keys", "revoke", stolen)).Should().BeEmpty();
        (await RunAsync(1, "keys", "import", file)).Should().BeEmpty();
        await server.SaysAsync($"SECURITY: key {stolen} (ES256) revoked");
    }

    [Fact, Trait("row", "KEY-04")]
    public async Task A_shared_secret_that_was_revoked_gives_way_to_a_key_of_the_rings_own_and_no_service_starts_with_it_again()
    {
        settings["JwtAuth:SigningKeys:Algorithm"] = "HS256";
        settings["JwtAuth:SigningKeys:Hs256Secret"] = "4rQm8XzT0vY2kJ7sPbN5wLhG9dCfA1eUoI6xZtR3yqM=";
        settings["JwtAuth:Issuer"] = "http://localhost:5080";
        await using (ServerProcess server = await ServerProcess.StartAsync(directory, settings))
        {
            using HttpClient client = new() { BaseAddress = server.Address };
            (await client.RegisterAsync("alice")).Status.Should().Be(201);
            (string access, _) = await LoginAsync(client);
            (await client.StatusOfMeAsync(access)).Should().Be(200);

            (await RunAsync(0, "keys", "revoke", KidOf(access))).Should().Contain("set a new JwtAuth:SigningKeys:Hs256Secret");

            await Patience.UntilAsync(async () => await client.StatusOfMeAsync(access) == 401);
            await Patience.UntilAsync(async () => KidOf((await LoginAsync(client)).Access) != KidOf(access));
            (await client.StatusOfMeAsync((await LoginAsync(client)).Access)).Should().Be(200);
        }

        (int code, _, string error) = await ServerProcess.RunAsync(directory, [], "", settings);
        code.Should().Be(1);
        error.Should().MatchRegex(@"\Aerror: JwtAuth:SigningKeys:Hs256Secret was revoked; [^\n]+\n\z")
            .And.NotContain(settings["JwtAuth:SigningKeys:Hs256Secret"]);
        settings["JwtAuth:SigningKeys:Hs256Secret"] = "Nd6jJmV9xU1uyhD8kqkP2vA7q3wL0rT5fHs4GzYcB1E=";
        await using ServerProcess after = await ServerProcess.StartAsync(directory, settings);
        using HttpClient other = new() { BaseAddress = after.Address };
        (await other.StatusOfMeAsync((await LoginAsync(other)).Access)).Should().Be(200);
    }

    [Fact, Trait("row", "KEY-04")]
    public async Task A_key_that_the_command_revokes_is_refused_at_the_services_next_look_and_not_before_it()
    {
        await using ServerHost host = new ServerHost().With("JwtAuth:SigningKeys:Algorithm", "ES256");
        using HttpClient client = host.Connect();
        string live = new Forge(host).Live();
        (await client.StatusOfMeAsync(live)).Should().Be(200);
        settings["JwtAuth:Issuer"] = host.Issuer;

        (int code, _, string error) = await ServerProcess.RunAsync(host.Directory, ["keys", "revoke", KidOf(live)], "", settings);

        code.Should().Be(0, error);
        if (!TestedStore.IsPostgres) // which tells it at once
            (await client.StatusOfMeAsync(live)).Should().Be(200, "no time has passed, and nobody has looked");
        host.Time.Advance(TimeSpan.FromMilliseconds(250));
        await Patience.UntilAsync(async () => await client.StatusOfMeAsync(live) == 401);
    }

    [Fact, Trait("row", "CLI-11")]
    public async Task The_command_clients_secret_prints_a_pair_that_works_and_keeps_nothing()
    {
        string[] lines = (await RunAsync(0, "clients", "secret")).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        lines.Should().HaveCount(2);
        lines[0].Should().StartWith("client_secret: ");
        lines[1].Should().StartWith("configure: sha256:");
        string secret = lines[0].Split(": ")[1], atRest = lines[1].Split(": ")[1];
        Directory.EnumerateFileSystemEntries(directory).Should().BeEmpty("nothing is stored");

        await using ServerHost host = new ServerHost().With("JwtAuth:SigningKeys:Algorithm", "ES256");
        TestClient api = host.AddClient(new TestClient("orders-api", secret), atRest);
        using HttpClient client = host.Connect();
        (await client.IsActiveAsync(api, new Forge(host).Live())).Should().BeTrue();
        (await client.IntrospectAsync(api with { Secret = atRest }, "x")).Status.Should().Be(401, "what is configured opens nothing");
    }

    public void Dispose() => Directory.Delete(directory, recursive: true);

    /// <summary>Runs a command: its output, or one line that says what is wrong.</summary>
    private async Task<string> RunAsync(int expected, params string[] args)
    {
        (int code, string output, string error) = await ServerProcess.RunAsync(directory, args, "", settings);
        code.Should().Be(expected, error);
        error.Should().MatchRegex(expected == 0 ? @"\A\z" : @"\Aerror: [^\n]+\n\z");
        return output;
    }

    private static async Task<(string Access, string Refresh)> LoginAsync(HttpClient client)
    {
        Reply reply = await client.AskAsync(
            "POST", "/auth/login", new { username = "alice", password = ServerHost.Password, scope = "offline_access" });
        reply.Status.Should().Be(200);
        return (reply.Json.GetProperty("access_token").GetString()!, reply.Json.GetProperty("refresh_token").GetString()!);
    }

    private static string KidOf(string token) => $"{JsonNode.Parse(Forge.Decode(token.Split('.')[0]))!["kid"]}";
}
