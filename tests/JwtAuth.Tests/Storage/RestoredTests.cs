using System.Text.Json.Nodes;
using JwtAuth.Server.Accounts;
using JwtAuth.Server.Authentication;
using JwtAuth.Tests.Attacks;
using JwtAuth.Tests.Authentication;
using JwtAuth.Tests.Denials;
using JwtAuth.Tests.Hosting;
using JwtAuth.Tests.PersonalAccessTokens;
using JwtAuth.Tests.RefreshTokens;

namespace JwtAuth.Tests.Storage;

/// <summary>A backup is put in the database's place, beside an API that is never restarted.</summary>
[SqliteOnly("it is the file that is put back")]
public sealed class RestoredTests : IAsyncDisposable
{
    private const string Behind = "denials, and the log has given";

    private readonly FeedSetup setup = new();

    private string Database => Path.Combine(setup.Directory, "jwtauth.db");

    private string Backup => Path.Combine(setup.Directory, "backup.db");

    [Theory, Trait("row", "OPS-11")]
    [InlineData("true")]
    [InlineData("false")]
    public async Task After_the_command_nothing_old_lives_and_nothing_new_is_refused_at_the_service_and_at_an_API(string keepsDenylist)
    {
        setup.Settings["JwtAuth:Denylist:Enabled"] = keepsDenylist;
        HttpClient http = setup.Open();
        AccountSnapshot alice = await setup.Service.AddAccountAsync("alice");
        await setup.Service.AddAccountAsync("bob");
        using HttpClient api = setup.NewApi().Connect();
        Tokens kept = await http.BeginAsync("alice"), neighbour = await http.BeginAsync("bob");
        string session = (await setup.Service.BeginCookieAsync(alice, Credentials.Session))!;
        string signed = (await setup.Service.BeginCookieAsync(alice, Credentials.SignedCookie))!;
        MadeToken made = await http.MakeAsync(await AccountTokenAsync(http, "alice"));
        await api.UntilOrdersAsync(kept.Access, 200);
        Copy(Backup);

        // What the backup does not know: endings, an account, a key that signs.
        for (int time = 0; time < 3; time++)
            (await http.AskAsAsync((await http.BeginAsync("alice")).Access, "POST", "/auth/logout/everywhere")).Status.Should().Be(200);
        (await http.AskAsAsync(await AccountTokenAsync(http, "alice"), "DELETE", $"/auth/tokens/{made.Id}")).Status.Should().Be(204);
        await setup.Service.AddAccountAsync("carol");
        Tokens lost = await http.BeginAsync("carol");
        await setup.CommandAsync("keys", "rotate", "--now");
        setup.ServiceTime.Advance(TimeSpan.FromSeconds(2));
        await Patience.UntilAsync(async () => KidOf((await http.BeginAsync("alice")).Access) != KidOf(kept.Access));
        Tokens late = await http.BeginAsync("alice");
        await api.UntilOrdersAsync(late.Access, 200);
        if (keepsDenylist == "true")
            await api.UntilOrdersAsync(kept.Access, 401);

        http.Dispose();
        http = await setup.RestartAsync(() => PutBack(Backup, withHistory: false));
        setup.Time.Advance(TimeSpan.FromSeconds(2));
        (await http.LivesAsync(made.Token)).Should().BeTrue("the backup has brought it back");
        (await http.MeByCookieAsync(session)).Should().Be(200);
        Tokens between = await http.BeginAsync("alice");
        if (keepsDenylist == "true")
        {
            await Patience.UntilAsync(() => Task.FromResult(setup.Service.Lines("SECURITY", Behind, "storage restored") == 1));
            await api.UntilOrdersAsync((await http.BeginAsync("bob")).Access, 200);
            (await api.OrdersAsync(between.Access)).Should().Be(401, "the API has heard of a later generation");
        }

        await setup.CommandAsync("storage", "restored");
        setup.ServiceTime.Advance(TimeSpan.FromSeconds(2));

        await Patience.UntilAsync(async () => await http.MeByCookieAsync(signed) == 401);
        (await http.MeByCookieAsync(session)).Should().Be(401);
        (await http.LivesAsync(made.Token)).Should().BeFalse();
        foreach (Tokens old in new[] { kept, neighbour, lost, late, between })
        {
            await Patience.UntilAsync(async () => await http.MeAsync(old.Access) == 401);
            await api.UntilOrdersAsync(old.Access, 401);
            (await http.RefreshAsync(old.Refresh)).ShouldBeInvalidGrant();
            (await http.AskAsAsync(old.Access, "POST", "/auth/logout")).Status.Should().Be(401);
        }
        foreach (string username in new[] { "alice", "bob" })
        {
            Tokens fresh = await http.BeginAsync(username);
            (await http.MeAsync(fresh.Access)).Should().Be(200);
            await api.UntilOrdersAsync(fresh.Access, 200);
            fresh = await http.RotateAsync(fresh);
            await api.UntilOrdersAsync(fresh.Access, 200);
            (await http.AskAsAsync(fresh.Access, "POST", "/auth/logout")).Status.Should().Be(200);
            if (keepsDenylist == "true")
                await api.UntilOrdersAsync(fresh.Access, 401, "what ends now is heard");
        }
        MadeToken next = await http.MakeAsync(await AccountTokenAsync(http, "alice"));
        (await http.LivesAsync(next.Token)).Should().BeTrue();
        alice = (await setup.Service.AskStoreAsync(
            (AccountSnapshots accounts) => accounts.FindByNameAsync("alice", TestContext.Current.CancellationToken)))!;
        foreach (string credential in new[] { Credentials.Session, Credentials.SignedCookie })
            (await http.MeByCookieAsync((await setup.Service.BeginCookieAsync(alice, credential))!)).Should().Be(200);
        setup.Service.Lines(Behind).Should().BeLessThanOrEqualTo(1);
        http.Dispose();
    }

    [Fact, Trait("row", "OPS-11")]
    public async Task A_secret_that_APIs_share_stays_and_what_it_signed_before_is_dead()
    {
        const string Secret = "4rQm8XzT0vY2kJ7sPbN5wLhG9dCfA1eUoI6xZtR3yqM=";
        setup.Settings["JwtAuth:SigningKeys:Algorithm"] = "HS256";
        setup.Settings["JwtAuth:SigningKeys:Hs256Secret"] = Secret;
        using HttpClient http = setup.Open();
        await setup.Service.AddAccountAsync("alice");
        using HttpClient api = setup.NewApi(options => options.SharedSecrets.Add(Secret)).Connect();
        Tokens before = await http.BeginAsync("alice");
        await api.UntilOrdersAsync(before.Access, 200);

        await setup.CommandAsync("storage", "restored");
        setup.ServiceTime.Advance(TimeSpan.FromSeconds(2));

        await Patience.UntilAsync(async () => await http.MeAsync(before.Access) == 401);
        await api.UntilOrdersAsync(before.Access, 401);
        await Patience.UntilAsync(async () => KidOf((await http.BeginAsync("alice")).Access) != KidOf(before.Access));
        Tokens after = await http.BeginAsync("alice");
        (await http.MeAsync(after.Access)).Should().Be(200);
        await api.UntilOrdersAsync(after.Access, 200);
        using HttpClient again = await setup.RestartAsync();
        (await again.MeAsync(after.Access)).Should().Be(200, "the secret is not one that was revoked");
    }

    [Fact, Trait("row", "OPS-11")]
    public async Task A_database_that_is_behind_what_was_written_before_does_not_start_until_the_command_was_run()
    {
        HttpClient http = setup.Open();
        await setup.Service.AddAccountAsync("alice");
        Tokens tokens = await http.BeginAsync("alice");
        (await http.AskAsAsync((await http.BeginAsync("alice")).Access, "POST", "/auth/logout")).Status.Should().Be(200);
        await setup.Service.DisposeAsync();
        Copy(Backup);
        http = await setup.RestartAsync(); // the same state: nothing was lost
        (await http.AskAsAsync(tokens.Access, "POST", "/auth/logout")).Status.Should().Be(200);
        await setup.Service.DisposeAsync();

        for (int restoration = 1; restoration <= 2; restoration++)
        {
            PutBack(Backup, withHistory: true);
            (int code, _, string error) = await ServerProcess.RunAsync(setup.Directory, [], "", setup.ProcessSettings);
            (code, error).Should().Be((1, $"error: The database {Database} is older than what was written to it before: "
                + "a backup was put in its place; run the command: storage restored.\n"), $"restoration {restoration}");

            (code, string output, error) =
                await ServerProcess.RunAsync(setup.Directory, ["storage", "restored"], "", setup.ProcessSettings);
            (code, error).Should().Be((0, ""));
            output.Should().Contain("ended: 1 sessions, 0 personal access tokens");
            http = await setup.RestartAsync();
            (await http.RefreshAsync(tokens.Refresh)).ShouldBeInvalidGrant();
            (await http.MeAsync((await http.BeginAsync("alice")).Access)).Should().Be(200);
            await setup.Service.DisposeAsync();
        }
        File.ReadAllLines(Database + ".history").Should().HaveCount(3, "one line for each history");
    }

    [Fact]
    public async Task Generations_go_on_above_those_of_a_restoration_of_the_same_backup()
    {
        using HttpClient http = setup.Open();
        await setup.Service.AddAccountAsync("alice");
        long first = await RestoredAsync(), second = await RestoredAsync();

        first.Should().BeGreaterThan(1_700_000_000).And.BeLessThan(uint.MaxValue);
        second.Should().BeGreaterThan(first);

        async Task<long> RestoredAsync()
        {
            setup.ServiceTime.Advance(TimeSpan.FromSeconds(1));
            await setup.Service.AskStoreAsync((Server.Composition.Restoration restoration) => restoration.RunAsync());
            return (await setup.Service.AskStoreAsync(
                (AccountSnapshots accounts) => accounts.FindByNameAsync("alice", TestContext.Current.CancellationToken)))!.Generation;
        }
    }

    [Theory]
    [InlineData("no", 1)]
    [InlineData("", 1)]
    [InlineData("yes", 0)]
    public async Task At_a_terminal_it_asks_first_and_without_a_yes_nothing_changes(string answer, int exitCode)
    {
        const string Python = "/usr/bin/python3";
        Assert.SkipUnless(File.Exists(Python), "Nothing here opens a terminal: apt-get install python3.");
        HttpClient http = setup.Open();
        await setup.Service.AddAccountAsync("alice");
        Tokens tokens = await http.BeginAsync("alice");

        (int code, string output, _) = await ServerProcess.RunAsync(
            setup.Directory, ["storage", "restored"], answer + "\n", setup.ProcessSettings,
            Python, "-c", "import pty, sys; sys.exit(pty.spawn(sys.argv[1:]) >> 8)");

        code.Should().Be(exitCode, output);
        output.Should().Contain($"of {Database}. Was a backup put there? (yes/no)");
        (await http.RefreshAsync(tokens.Refresh)).Status.Should().Be(exitCode == 0 ? 400 : 200);
    }

    private void Copy(string to)
    {
        using var database = new DatabaseFile(setup.Directory);
        database.Execute($"VACUUM INTO '{to}'");
    }

    // What SQLite keeps beside the file belongs to the old one.
    private void PutBack(string from, bool withHistory)
    {
        Microsoft.Data.Sqlite.SqliteConnection.ClearAllPools();
        foreach (string file in Directory.GetFiles(setup.Directory, "jwtauth.db*"))
        {
            if (!withHistory || !file.EndsWith(".history", StringComparison.Ordinal))
                File.Delete(file);
        }
        File.Copy(from, Database);
    }

    private async Task<string> AccountTokenAsync(HttpClient http, string username) =>
        (await http.AskAsync("POST", "/auth/login", new
        {
            username,
            password = ServerHost.Password,
            audience = setup.Line.Address,
        })).Json.GetProperty("access_token").GetString()!;

    private static string KidOf(string token) => $"{JsonNode.Parse(Forge.Decode(token.Split('.')[0]))!["kid"]}";

    public ValueTask DisposeAsync() => setup.DisposeAsync();
}
