using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Nodes;
using JwtAuth.Tests.Attacks;
using JwtAuth.Tests.Hosting;

namespace JwtAuth.Tests.Commands;

/// <summary>The commands of the real program, beside a service that runs on the same database.</summary>
public sealed class CommandTests : IDisposable
{
    private readonly string directory = Directory.CreateTempSubdirectory("jwtauth-").FullName;
    private readonly Dictionary<string, string> settings = new() { ["JwtAuth:SigningKeys:Algorithm"] = "ES256" };

    [Fact]
    public async Task An_administrator_added_on_the_command_line_logs_in_and_administers_and_what_is_wrong_is_one_line()
    {
        (int code, string output, string error) = await RunAsync(["users", "add", "root", "--role", "admin"], ServerHost.Password + "\n");
        (code, error).Should().Be((0, ""));
        output.Should().MatchRegex(@"\A[A-Za-z0-9_-]{22} root admin\n\z").And.NotContain(ServerHost.Password);

        await using ServerProcess server = await ServerProcess.StartAsync(directory, settings);
        string token = await LoginAsync(server, "root", server.Address.ToString().TrimEnd('/'));
        JsonNode users = JsonNode.Parse(await GetAsync(server, "/admin/users", token, HttpStatusCode.OK))!["users"]!;
        $"{users.AsArray().Single()!["username"]}".Should().Be("root");
        await GetAsync(server, "/admin/users", await LoginAsync(server, "root", "orders"), HttpStatusCode.Forbidden);

        foreach ((string[] args, string input) in new (string[], string)[]
        {
            (["users", "add", "weak"], "short\n"),
            (["users", "add", "ROOT"], ServerHost.Password + "\n"),
            (["users", "add", "shouting", "--role", "Admin!"], ServerHost.Password + "\n"),
        })
        {
            (code, output, error) = await RunAsync(args, input);
            (code, output).Should().Be((1, ""), string.Join(' ', args));
            error.Should().MatchRegex(@"\Aerror: [^\n]+\n\z").And.NotContain(ServerHost.Password);
        }
        JsonNode.Parse(await GetAsync(server, "/admin/users", token, HttpStatusCode.OK))!["users"]!.AsArray().Should().HaveCount(1);
    }

    [Fact]
    public async Task A_running_service_follows_what_the_key_commands_change_and_live_tokens_stay_good()
    {
        await using ServerProcess server = await ServerProcess.StartAsync(directory, settings);
        await RegisterAsync(server, "alice");
        string live = await LoginAsync(server, "alice");
        string first = KidOf(live);
        (await ListAsync()).Should().ContainSingle().Which.Should().StartWith($"{first} ES256 signs ");

        // Announced: in the JWKS before it signs.
        (int code, string output, _) = await RunAsync(["keys", "rotate"]);
        code.Should().Be(0);
        string announced = output.Split(' ')[0];
        await UntilAsync(async () => (await PublishedAsync(server)).Contains(announced));
        KidOf(await LoginAsync(server, "alice")).Should().Be(first);
        (await ListAsync()).Should().Contain(line => line.StartsWith($"{announced} ES256 announced ", StringComparison.Ordinal));

        (code, output, _) = await RunAsync(["keys", "rotate", "--now"]);
        code.Should().Be(0);
        string second = output.Split(' ')[0];
        await UntilAsync(async () => KidOf(await LoginAsync(server, "alice")) == second);
        (await PublishedAsync(server)).Should().Contain(first).And.Contain(second).And.NotContain(announced);
        await GetAsync(server, "/me", live, HttpStatusCode.OK);

        string file = Path.Combine(directory, "own.pem");
        using (ECDsa own = ECDsa.Create(ECCurve.NamedCurves.nistP256))
            await File.WriteAllTextAsync(file, own.ExportPkcs8PrivateKeyPem(), TestContext.Current.CancellationToken);
        (code, output, _) = await RunAsync(["keys", "import", file, "--now"]);
        code.Should().Be(0);
        string imported = output.Split(' ')[0];
        await UntilAsync(async () => KidOf(await LoginAsync(server, "alice")) == imported);

        string lateLive = await LoginAsync(server, "alice");
        (code, output, _) = await RunAsync(["keys", "retire", imported]);
        (code, output).Should().Be((0, $"{imported} retired\n"));
        await UntilAsync(async () => KidOf(await LoginAsync(server, "alice")) != imported);
        await GetAsync(server, "/me", live, HttpStatusCode.OK);
        await GetAsync(server, "/me", lateLive, HttpStatusCode.OK);
        (await ListAsync()).Count(line => line.Contains(" signs ", StringComparison.Ordinal)).Should().Be(1);

        foreach (string[] args in new[] { ["keys", "retire", imported], new[] { "keys", "import", file } })
        {
            (code, output, string error) = await RunAsync(args);
            (code, output).Should().Be((1, ""), string.Join(' ', args));
            error.Should().MatchRegex(@"\Aerror: [^\n]+\n\z").And.NotContain("PRIVATE KEY");
        }
    }

    [Fact]
    [Trait("row", "KEY-05")]
    public async Task Two_services_that_start_at_once_on_an_empty_directory_end_with_one_key_and_take_each_others_tokens()
    {
        settings["JwtAuth:Issuer"] = "http://localhost:5080";
        ServerProcess[] servers =
            await Task.WhenAll(ServerProcess.StartAsync(directory, settings), ServerProcess.StartAsync(directory, settings));
        await using ServerProcess one = servers[0], two = servers[1];
        await RegisterAsync(one, "alice");
        string ofOne = await LoginAsync(one, "alice"), ofTwo = await LoginAsync(two, "alice");
        KidOf(ofOne).Should().Be(KidOf(ofTwo));
        (await PublishedAsync(one)).Should().Be(await PublishedAsync(two));
        await GetAsync(two, "/me", ofOne, HttpStatusCode.OK);
        await GetAsync(one, "/me", ofTwo, HttpStatusCode.OK);
        await GetAsync(one, "/me", ofTwo[..^4], HttpStatusCode.Unauthorized);
        (await ListAsync()).Should().ContainSingle();
    }

    [Fact]
    public async Task After_a_sudden_death_and_a_start_with_another_algorithm_old_tokens_live_and_new_ones_are_of_the_new_kind()
    {
        settings["JwtAuth:Issuer"] = "http://localhost:5080";
        settings["JwtAuth:SigningKeys:Algorithm"] = "RS256";
        string old;
        await using (ServerProcess before = await ServerProcess.StartAsync(directory, settings))
        {
            await RegisterAsync(before, "alice");
            old = await LoginAsync(before, "alice");
            before.Kill();
        }

        settings["JwtAuth:SigningKeys:Algorithm"] = "ES256";
        await using ServerProcess after = await ServerProcess.StartAsync(directory, settings);
        string fresh = await LoginAsync(after, "alice");
        (HeaderOf(old, "alg"), HeaderOf(fresh, "alg")).Should().Be(("RS256", "ES256"));
        await GetAsync(after, "/me", old, HttpStatusCode.OK);
        await GetAsync(after, "/me", fresh, HttpStatusCode.OK);
    }

    [Fact]
    public async Task A_row_among_the_keys_that_somebody_else_wrote_is_listed_as_such_keeps_its_kid_from_import_and_is_discarded()
    {
        string file = Path.Combine(directory, "own.pem");
        using ECDsa own = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        await File.WriteAllTextAsync(file, own.ExportPkcs8PrivateKeyPem(), TestContext.Current.CancellationToken);
        string kid = (await RunAsync(["keys", "import", file, "--now"])).StandardOutput.Split(' ')[0];
        using (var database = new DatabaseFile(directory))
            database.Execute("UPDATE SigningKeys SET CreatedAt = CreatedAt + 1 WHERE KeyId = $p", kid);

        (int code, string output, string error) = await RunAsync(["keys", "list"]);
        (code, error).Should().Be((0, ""));
        output.Should().Contain($"{kid} not used: this service did not write it, see: keys discard")
            .And.Contain($"SECURITY: the signing key {kid} in the database is not used: its seal does not fit");
        (code, _, error) = await RunAsync(["keys", "import", file]);
        (code, error).Should().Be((1, "error: the database has a row with this kid that this service did not write; "
            + "see: keys list, keys discard\n"));

        (await RunAsync(["keys", "discard"])).StandardOutput.Should().EndWith("discarded: 1\n");
        (await RunAsync(["keys", "discard"])).StandardOutput.Should().Be("discarded: 0\n");
        (await RunAsync(["keys", "import", file])).StandardOutput.Should().StartWith($"{kid} ES256 signs from ");
    }

    public void Dispose() => Directory.Delete(directory, recursive: true);

    private Task<(int ExitCode, string StandardOutput, string StandardError)> RunAsync(string[] args, string standardInput = "") =>
        ServerProcess.RunAsync(directory, args, standardInput, settings);

    private async Task<string[]> ListAsync()
    {
        (int code, string output, string error) = await RunAsync(["keys", "list"]);
        (code, error).Should().Be((0, ""));
        return output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
    }

    private static Task UntilAsync(Func<Task<bool>> condition) => Patience.UntilAsync(condition, "the service looks once a second");

    private static Task<string> PublishedAsync(ServerProcess server) => GetAsync(server, "/.well-known/jwks.json", null, HttpStatusCode.OK);

    private static async Task<string> GetAsync(ServerProcess server, string path, string? bearer, HttpStatusCode expected)
    {
        using var client = new HttpClient { BaseAddress = server.Address };
        if (bearer is not null)
            client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", bearer);
        using HttpResponseMessage reply = await client.GetAsync(path, TestContext.Current.CancellationToken);
        reply.StatusCode.Should().Be(expected);
        return await reply.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
    }

    private static async Task RegisterAsync(ServerProcess server, string username)
    {
        using var client = new HttpClient { BaseAddress = server.Address };
        using HttpResponseMessage reply = await client.PostAsJsonAsync(
            "/auth/register", new { username, password = ServerHost.Password }, TestContext.Current.CancellationToken);
        reply.StatusCode.Should().Be(HttpStatusCode.Created);
    }

    private static async Task<string> LoginAsync(ServerProcess server, string username, string audience = "orders")
    {
        using var client = new HttpClient { BaseAddress = server.Address };
        using HttpResponseMessage reply = await client.PostAsJsonAsync(
            "/auth/login", new { username, password = ServerHost.Password, audience }, TestContext.Current.CancellationToken);
        reply.StatusCode.Should().Be(HttpStatusCode.OK);
        return (await reply.Content.ReadFromJsonAsync<JsonElement>(TestContext.Current.CancellationToken))
            .GetProperty("access_token").GetString()!;
    }

    private static string KidOf(string token) => HeaderOf(token, "kid");

    private static string HeaderOf(string token, string name) => $"{JsonNode.Parse(Forge.Decode(token.Split('.')[0]))![name]}";
}
