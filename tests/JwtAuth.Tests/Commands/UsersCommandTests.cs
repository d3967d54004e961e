using System.Text.Json;
using JwtAuth.Tests.Hosting;

namespace JwtAuth.Tests.Commands;

/// <summary>Accounts from the command line of the real program, while a service runs on the same database.</summary>
public sealed class UsersCommandTests : IAsyncLifetime
{
    private const string NewPassword = "the lamp by the window";

    private readonly string directory = Directory.CreateTempSubdirectory("jwtauth-").FullName;
    private readonly Dictionary<string, string> settings = new() { ["JwtAuth:SigningKeys:Algorithm"] = "ES256" };
    private ServerProcess server = null!;
    private HttpClient client = null!;

    /// <summary>The command, what it prints after the sub, and what then lives: access token, refresh token, PAT, a login.</summary>
    private static readonly (string Command, string Says, bool Access, bool Refresh, bool Personal, bool Login)[] Changes =
    [
        ("users disable NAME", "NAME disabled", false, false, false, false),
        ("users logout NAME", "NAME logged out", false, false, true, true),
        ("users password NAME", "NAME has a new password", false, false, false, false),
        ("users role remove NAME clerk", "NAME is without the role clerk", false, true, true, true),
        ("users delete NAME", "NAME deleted", false, false, false, false),
        ("users role add NAME admin", "NAME has the role admin", true, true, true, true),
        ("users enable NAME", "NAME enabled", true, true, true, true),
    ];

    public async ValueTask InitializeAsync()
    {
        server = await ServerProcess.StartAsync(directory, settings);
        client = new HttpClient(new SocketsHttpHandler { UseCookies = false }) { BaseAddress = server.Address };
        (await RunAsync(["users", "add", "root", "--role", "admin"], ServerHost.Password + "\n")).Code.Should().Be(0);
    }

    public async ValueTask DisposeAsync()
    {
        client.Dispose();
        await server.DisposeAsync();
        Directory.Delete(directory, recursive: true);
    }

    [Fact, Trait("row", "ACC-07")]
    public async Task A_command_ends_what_the_same_call_ends_and_the_running_service_hears_of_it()
    {
        (await client.RegisterAsync("bob")).Status.Should().Be(201);
        Credentials bob = await BeginAsync("bob");
        for (int index = 0; index < Changes.Length; index++)
        {
            (string command, string says, bool access, bool refresh, bool personal, bool login) = Changes[index];
            string name = $"alice-{index}";
            (await RunAsync(["users", "add", name, "--role", "clerk"], ServerHost.Password + "\n")).Code.Should().Be(0);
            Credentials alice = await BeginAsync(name);

            (int code, string output, string error) = await RunAsync(
                command.Replace("NAME", name.ToUpperInvariant(), StringComparison.Ordinal).Split(' '), NewPassword + "\n");

            code.Should().Be(0, error);
            output.Should().MatchRegex($@"\A[A-Za-z0-9_-]{{22}} {says.Replace("NAME", name, StringComparison.Ordinal)}\n\z");
            if (!access)
                await Patience.UntilAsync(async () => await StatusOfMeAsync(alice.Access) == 401, "the service looks once a second");
            (await StatusOfMeAsync(alice.Access)).Should().Be(access ? 200 : 401, command);
            (await RefreshAsync(alice.Refresh)).Should().Be(refresh ? 200 : 400, command);
            (await StatusOfMeAsync(alice.Personal)).Should().Be(personal ? 200 : 401, command);
            (await client.LoginAsync(name, ServerHost.Password)).Status.Should().Be(login ? 200 : 401, command);
            (await client.LoginAsync(name, NewPassword)).Status.Should().Be(says.Contains("new password", StringComparison.Ordinal)
                ? 200 : 401, command);
            if (index > 0)
                continue;
            (await RunAsync(["users", "enable", name])).Code.Should().Be(0);
            (await client.LoginAsync(name, ServerHost.Password)).Status.Should().Be(200);
            (await StatusOfMeAsync(alice.Access)).Should().Be(401, "what has ended stays ended");
        }
        (await RefreshAsync(bob.Refresh), await StatusOfMeAsync(bob.Personal)).Should().Be((200, 200), "nobody else's has ended");
    }

    [Fact]
    public async Task The_list_has_every_account_and_what_cannot_be_done_is_one_line()
    {
        (await client.RegisterAsync("alice")).Status.Should().Be(201);
        (await client.RegisterAsync("bob")).Status.Should().Be(201);
        (await RunAsync(["users", "disable", "bob"])).Code.Should().Be(0);

        (int code, string output, string error) = await RunAsync(["users", "list"]);

        (code, error).Should().Be((0, ""));
        string[] lines = output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        lines.Should().HaveCount(3);
        lines[0].Should().MatchRegex(@"\A[A-Za-z0-9_-]{22} alice enabled \d{4}-\d\d-\d\d \d\d:\d\d:\d\dZ\z");
        lines[1].Should().MatchRegex(@"\A[A-Za-z0-9_-]{22} bob disabled [^a-z]+Z\z");
        lines[2].Should().MatchRegex(@"\A[A-Za-z0-9_-]{22} root enabled [^a-z]+Z admin\z");
        (await RunAsync(["users", "list", "--search", "LIC"])).Output.Split('\n').Should().HaveCount(2);

        foreach ((string command, string part) in new[]
        {
            ("users disable nobody", "no account of this name"),
            ("users password nobody", "no account of this name"),
            ("users disable root", "nobody would be left to administer"),
            ("users delete root", "nobody would be left to administer"),
            ("users role remove root admin", "nobody would be left to administer"),
            ("users role add alice Admin!", "A role has"),
            ("users list --search \u0001", "a part of user names"),
        })
        {
            (code, output, error) = await RunAsync(command.Split(' '), NewPassword + "\n");
            (code, output).Should().Be((1, ""), command);
            error.Should().MatchRegex(@"\Aerror: [^\n]+\n\z").And.Contain(part);
        }
        (code, _, error) = await RunAsync(["users", "password", "alice"], "short\n");
        (code, error).Should().Be((1, "error: A password has at least 12 characters.\n"));
        (await RunAsync(["users", "list"])).Output.Split('\n')[2].Should().EndWith(" admin", "nothing has changed");
    }

    [Fact]
    public async Task A_role_that_is_new_is_made_and_told_and_one_that_is_known_is_not_told()
    {
        (int code, _, string error) = await RunAsync(["users", "role", "add", "root", "auditor"]);
        (code, error.StartsWith("note: the role auditor is new", StringComparison.Ordinal)).Should().Be((0, true));

        foreach (string known in (string[])["auditor", "clerk"])
        {
            (code, _, error) = await RunAsync(["users", "role", "add", "root", known]);
            (code, error).Should().Be((0, ""), known);
        }
    }

    private sealed record Credentials(string Access, string Refresh, string Personal);

    private async Task<Credentials> BeginAsync(string username)
    {
        JsonElement tokens = (await client.AskAsync("POST", "/auth/login",
            new { username, password = ServerHost.Password, scope = "offline_access orders:read" })).Json;
        string account = (await client.AskAsync("POST", "/auth/login",
            new { username, password = ServerHost.Password, audience = server.Address.ToString().TrimEnd('/') })).Json
            .GetProperty("access_token").GetString()!;
        Reply made = await client.AskAsync(
            "POST", "/auth/tokens", new { name = "script", scope = "orders:read" }, ("Authorization", $"Bearer {account}"));
        return new(tokens.GetProperty("access_token").GetString()!, tokens.GetProperty("refresh_token").GetString()!,
            made.Json.GetProperty("token").GetString()!);
    }

    private async Task<int> StatusOfMeAsync(string bearer) =>
        (await client.AskAsync("GET", "/me", null, ("Authorization", $"Bearer {bearer}"))).Status;

    private async Task<int> RefreshAsync(string token) =>
        (await client.AskAsync("POST", "/auth/refresh", new { refresh_token = token })).Status;

    private async Task<(int Code, string Output, string Error)> RunAsync(string[] args, string standardInput = "") =>
        await ServerProcess.RunAsync(directory, args, standardInput, settings);
}
