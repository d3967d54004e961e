using System.Diagnostics;
using JwtAuth.Server.Storage;
using JwtAuth.Tests.Hosting;
using JwtAuth.Tests.RefreshTokens;
using Microsoft.Data.Sqlite;

namespace JwtAuth.Tests.Faults;

/// <summary>A page of the database's file was written over.</summary>
[SqliteOnly("it damages pages of a file of SQLite")]
public sealed class DamagedPageTests : IAsyncDisposable
{
    private const string Told = "The store cannot be written or read";

    private readonly ServerHost host = new ServerHost().With("JwtAuth:SigningKeys:Algorithm", "ES256");

    [Theory]
    [InlineData("AspNetUsers")]
    [InlineData("UserNameIndex")]
    [InlineData("Sessions")]
    public async Task A_login_that_meets_it_is_503_and_readiness_says_so_and_the_log_once_until_it_is_mended(string what)
    {
        await host.AddAccountAsync("alice");
        using HttpClient client = host.Connect();
        await client.BeginAsync("alice");
        (await ReadyAsync(client)).Should().Be(200);
        string kept = await DamageAsync(what);

        // More often than anybody may guess: a login that cannot be checked is no guess.
        for (int attempt = 0; attempt < 12; attempt++)
        {
            Reply login = await LogInAsync(client);
            (login.Status, login.Code).Should().Be((503, "busy"), login.Body);
            login.Body.Should().NotContain("malformed");
            (await ReadyAsync(client)).Should().Be(503);
        }
        host.Lines(Told).Should().Be(1);
        host.Lines("A request failed").Should().Be(0);
        (await client.AskAsync("GET", "/health/live")).Status.Should().Be(200);

        await MendAsync(kept);
        host.Time.Advance(TimeSpan.FromMinutes(1));
        await Patience.UntilAsync(async () => await ReadyAsync(client) == 200, "it reads the store through again");
        (await LogInAsync(client)).Status.Should().Be(200);
        host.Lines("The store can be written and read again").Should().Be(1);
    }

    [Fact]
    public async Task Readiness_finds_it_also_where_nobody_logs_in()
    {
        await host.AddAccountAsync("alice");
        using HttpClient client = host.Connect();
        (await ReadyAsync(client)).Should().Be(200);
        string kept = await DamageAsync("AspNetUsers");
        host.Time.Advance(TimeSpan.FromHours(1)); // a slow first reading puts the next one off
        await Patience.UntilAsync(async () => await ReadyAsync(client) == 503);
        host.Lines(Told).Should().Be(1);

        await MendAsync(kept);
        host.Time.Advance(TimeSpan.FromHours(1));
        await Patience.UntilAsync(async () => await ReadyAsync(client) == 200);
    }

    [Fact]
    public async Task However_often_readiness_is_asked_it_writes_every_five_seconds_at_most()
    {
        using HttpClient client = host.Connect();
        using var database = new DatabaseFile(host.Directory);
        (await ReadyAsync(client)).Should().Be(200);
        long version = database.Number("PRAGMA data_version");

        host.Time.Advance(TimeSpan.FromSeconds(5) - TimeSpan.FromTicks(1));
        for (int asked = 0; asked < 10; asked++)
            (await ReadyAsync(client)).Should().Be(200);
        database.Number("PRAGMA data_version").Should().Be(version);

        host.Time.Advance(TimeSpan.FromTicks(1));
        (await ReadyAsync(client)).Should().Be(200);
        database.Number("PRAGMA data_version").Should().NotBe(version);
        database.Number("SELECT count(*) FROM WriteProbes").Should().Be(0, "nothing of it stays");
    }

    private static async Task<int> ReadyAsync(HttpClient client) => (await client.AskAsync("GET", "/health/ready")).Status;

    private static Task<Reply> LogInAsync(HttpClient client) => client.AskAsync(
        "POST", "/auth/login", new { username = "alice", password = ServerHost.Password, scope = "offline_access" });

    // Writes over the first page of a table or an index. What connections keep in memory would hide it.
    private async Task<string> DamageAsync(string what)
    {
        string file = Path.Combine(host.Directory, "jwtauth.db"), kept = Path.Combine(host.Directory, "kept");
        long page;
        using (var database = new DatabaseFile(host.Directory))
        {
            database.Number("PRAGMA page_size").Should().Be(4096);
            page = database.Number("SELECT rootpage FROM sqlite_master WHERE name = $p", what);
            database.Execute("PRAGMA wal_checkpoint(TRUNCATE)");
        }
        await CopyAsync($"if={file}", $"of={kept}", $"skip={page - 1}");
        await CopyAsync("if=/dev/urandom", $"of={file}", $"seek={page - 1}");
        ForgetPages();
        return $"{page}";
    }

    private async Task MendAsync(string page)
    {
        await CopyAsync($"if={Path.Combine(host.Directory, "kept")}", $"of={Path.Combine(host.Directory, "jwtauth.db")}",
            $"seek={int.Parse(page, System.Globalization.CultureInfo.InvariantCulture) - 1}");
        ForgetPages();
    }

    private void ForgetPages()
    {
        SqliteConnection.ClearAllPools();
        host.Get<PreparedReads>().Forget();
    }

    // By another program: a file of this process that is closed would take SQLite's locks with it.
    private static async Task CopyAsync(params string[] arguments)
    {
        using Process copy = Process.Start("dd", [.. arguments, "bs=4096", "count=1", "conv=notrunc", "status=none"]);
        await copy.WaitForExitAsync(TestContext.Current.CancellationToken);
        copy.ExitCode.Should().Be(0);
    }

    public ValueTask DisposeAsync() => host.DisposeAsync();
}
