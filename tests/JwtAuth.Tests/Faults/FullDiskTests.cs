using System.Diagnostics;
using JwtAuth.Tests.Hosting;
using JwtAuth.Tests.RefreshTokens;

namespace JwtAuth.Tests.Faults;

/// <summary>No file of the service's process can grow: its limit for the size of files says what a full disk says.</summary>
[SqliteOnly("the disk is that of the process")]
public sealed class FullDiskTests : IAsyncLifetime
{
    private const string Told = "The store cannot be written or read";

    private readonly string directory = Directory.CreateTempSubdirectory("jwtauth-").FullName;
    private ServerProcess server = null!;
    private HttpClient client = null!;

    [Fact]
    public async Task Where_the_disk_is_full_what_writes_is_503_and_readiness_says_so_and_the_log_once_until_there_is_room_again()
    {
        (await client.RegisterAsync("alice")).Status.Should().Be(201);
        Tokens tokens = await client.BeginAsync("alice");
        (await ReadyAsync()).Should().Be(200);

        await LimitAsync("0");
        for (int attempt = 0; attempt < 3; attempt++)
        {
            Reply login = await client.AskAsync(
                "POST", "/auth/login", new { username = "alice", password = ServerHost.Password, scope = "offline_access" });
            (login.Status, login.Code).Should().Be((503, "busy"));
            login.Header("Retry-After").Should().Be("30");
            (await client.RefreshAsync(tokens.Refresh)).Status.Should().Be(503);
            (await client.RegisterAsync("bob")).Status.Should().Be(503);
            (await ReadyAsync()).Should().Be(503);
        }
        (await client.AskAsync("GET", "/health/live")).Status.Should().Be(200);
        (await client.LoginAsync("alice", ServerHost.Password)).Status.Should().Be(200, "a login only reads");
        (await client.MeAsync(tokens.Access)).Should().Be(200);

        await LimitAsync("unlimited");
        await Patience.UntilAsync(async () => await ReadyAsync() == 200, "it tries again every five seconds");
        (await client.RefreshAsync(tokens.Refresh)).Status.Should().Be(200, "nothing was used up");
        await server.SaysAsync("The store can be written and read again");
        server.StandardOutput.Split(Told).Should().HaveCount(2, "the cause is told once");
        server.StandardOutput.Should().NotContain("A request failed");
    }

    [Fact]
    public async Task Where_the_disk_is_full_those_that_would_share_a_commit_are_all_503_and_nothing_is_half_done()
    {
        (await client.RegisterAsync("alice")).Status.Should().Be(201);
        Tokens[] tokens = [.. await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => client.BeginAsync("alice")))];
        using var database = new DatabaseFile(directory);

        await LimitAsync("0");
        for (int attempt = 0; attempt < 3; attempt++)
        {
            foreach (Reply reply in await Task.WhenAll(tokens.Select(own => client.RefreshAsync(own.Refresh))))
                (reply.Status, reply.Code, reply.Header("Retry-After")).Should().Be((503, "busy", "30"));
        }
        database.Number("SELECT sum(Counter) FROM Sessions").Should().Be(0);

        await LimitAsync("unlimited");
        await Patience.UntilAsync(async () => await ReadyAsync() == 200);
        foreach (Reply reply in await Task.WhenAll(tokens.Select(own => client.RefreshAsync(own.Refresh))))
            reply.Status.Should().Be(200, "nothing was used up");
        database.Number("SELECT sum(Counter) FROM Sessions").Should().Be(20);
        server.StandardOutput.Should().NotContain("A request failed");
    }

    [Fact]
    public async Task Readiness_finds_a_full_disk_also_where_nobody_logs_in()
    {
        (await ReadyAsync()).Should().Be(200);
        await LimitAsync("0");
        await Patience.UntilAsync(async () => await ReadyAsync() == 503, "it writes every five seconds");
        await LimitAsync("unlimited");
        await Patience.UntilAsync(async () => await ReadyAsync() == 200);
    }

    private async Task<int> ReadyAsync() => (await client.AskAsync("GET", "/health/ready")).Status;

    private async Task LimitAsync(string bytes)
    {
        using Process limit = Process.Start("prlimit", ["--pid", $"{server.Id}", $"--fsize={bytes}:unlimited"]);
        await limit.WaitForExitAsync(TestContext.Current.CancellationToken);
        limit.ExitCode.Should().Be(0);
    }

    public async ValueTask InitializeAsync()
    {
        Assert.SkipUnless(File.Exists("/usr/bin/prlimit"), "There is no prlimit; install util-linux.");
        // Without this the signal that comes with the limit would end the process.
        server = await ServerProcess.StartAsync(directory, new Dictionary<string, string>
        {
            ["JwtAuth:SigningKeys:Algorithm"] = "ES256",
        }, "env", "--ignore-signal=XFSZ");
        client = new HttpClient { BaseAddress = server.Address, Timeout = Patience.Limit };
    }

    public async ValueTask DisposeAsync()
    {
        client?.Dispose();
        if (server is not null)
            await server.DisposeAsync();
        Directory.Delete(directory, recursive: true);
    }
}
