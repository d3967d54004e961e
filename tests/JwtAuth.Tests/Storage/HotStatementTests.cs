using JwtAuth.Server.Accounts;
using JwtAuth.Server.Storage;
using JwtAuth.Server.Storage.Sqlite;
using JwtAuth.Tests.Authentication;
using JwtAuth.Tests.Composition;
using JwtAuth.Tests.Hosting;
using JwtAuth.Tests.PersonalAccessTokens;
using JwtAuth.Tests.RefreshTokens;
using Microsoft.Data.Sqlite;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;

namespace JwtAuth.Tests.Storage;

/// <summary>What is sent to the database for the requests that come most.</summary>
[SqliteOnly("it looks at the statements and query plans of SQLite")]
public sealed class HotStatementTests : IAsyncLifetime
{
    private readonly QueryPlans plans = new();
    private readonly ServerHost host;
    private readonly TracedConnector connector;
    private HttpClient client = null!;
    private AccountSnapshot alice = null!;

    public HotStatementTests()
    {
        host = new ServerHost().With("JwtAuth:SigningKeys:Algorithm", "ES256").With("JwtAuth:Basic:Enabled", "true");
        connector = new TracedConnector(TestedStore.ConnectionString(host.Directory));
        host.With(services => services.AddSingleton<Connector>(connector)
            .ConfigureDbContext<SqliteDb>(options => options.AddInterceptors(plans)));
    }

    [Theory]
    [InlineData("a session's cookie", "SELECT")]
    [InlineData("a personal access token", "SELECT")]
    [InlineData("HTTP Basic", "SELECT")]
    [InlineData("a login", "SELECT")]
    [InlineData("a refresh", "SELECT BEGIN UPDATE COMMIT")]
    [InlineData("a refresh that comes again", "SELECT")]
    [InlineData("a refresh that comes again, whose access token lives longer", "SELECT BEGIN UPDATE COMMIT")]
    [InlineData("an access token for a personal one", "SELECT")]
    public async Task A_request_sends_as_few_statements_as_can_be_and_none_reads_a_whole_table_or_sorts(string what, string expected)
    {
        Func<Task> ask = await PrepareAsync(what);
        connector.Clear();
        plans.Clear();

        await ask();

        // Attempts of other processes are read each second, and one case lets time pass.
        bool letsTimePass = what.EndsWith("longer", StringComparison.Ordinal);
        string[] statements = [.. connector.Statements
            .Where(statement => !letsTimePass || !statement.Contains("\"Attempts\"", StringComparison.Ordinal))];
        statements.Select(statement => statement.Split(' ', '\n')[0]).Should().Equal(expected.Split(' '));
        plans.Steps.Where(step => !step.Statement.Contains("\"Denials\"", StringComparison.Ordinal)) // read when somebody has written
            .Should().BeEmpty("EF Core has no part in it");
        statements.Where(statement => statement.Contains('"', StringComparison.Ordinal)).SelectMany(StepsOf)
            .Should().NotBeEmpty().And.NotContain(
                step => step.StartsWith("SCAN", StringComparison.Ordinal) || step.Contains("TEMP B-TREE", StringComparison.Ordinal));
    }

    [Fact]
    public async Task The_statements_are_found_again_and_not_prepared_anew_on_connections_that_stay_open()
    {
        Func<Task> ask = await PrepareAsync("a session's cookie");
        int opened = connector.Opened;

        for (int asked = 0; asked < 50; asked++)
            await ask();

        connector.Opened.Should().Be(opened);
    }

    [Fact]
    public async Task An_account_is_read_alike_by_its_name_by_its_subject_and_in_a_page()
    {
        AccountSnapshots accounts = host.Get<AccountSnapshots>();
        await host.AddAccountAsync("a_b");
        await host.AddAccountAsync("axb");
        await host.AddAccountAsync("o'brien+100%@example.com", "zulu", "alpha", "mike");
        CancellationToken cancellation = TestContext.Current.CancellationToken;

        IReadOnlyList<AccountSnapshot> page = await accounts.ListAsync(null, null, 10, cancellation);

        page.Select(account => account.Username).Should().Equal("alice", "axb", "a_b", "o'brien+100%@example.com");
        page[3].Roles.Should().Equal("alpha", "mike", "zulu");
        foreach (AccountSnapshot account in page)
        {
            (await accounts.FindBySubjectAsync(account.Subject, cancellation)).Should().BeEquivalentTo(account);
            (await accounts.FindByNameAsync(account.Username.ToUpperInvariant(), cancellation)).Should().BeEquivalentTo(account);
        }
        page[0].Should().BeEquivalentTo(alice);
        (await NamesAsync("A_B", null, 10)).Should().Equal("a_b");
        (await NamesAsync("%", null, 10)).Should().Equal("o'brien+100%@example.com");
        (await NamesAsync("\\", null, 10)).Should().BeEmpty();
        (await NamesAsync(null, "alice", 2)).Should().Equal("axb", "a_b");
        (await accounts.FindByNameAsync("nobody", cancellation)).Should().BeNull();
        (await accounts.FindBySubjectAsync("nobody", cancellation)).Should().BeNull();

        async Task<IEnumerable<string>> NamesAsync(string? search, string? after, int limit) =>
            (await accounts.ListAsync(search, after, limit, cancellation)).Select(account => account.Username);
    }

    [Fact]
    public async Task A_row_is_read_by_hand_as_EF_Core_reads_it_also_where_a_moment_lies_outside_the_calendar()
    {
        Tokens tokens = await client.BeginAsync("alice");
        MadeToken personal = await client.MakeAsync(await host.LoginAsync("alice", host.Issuer));
        using var database = new DatabaseFile(host.Directory);
        database.Execute("UPDATE Sessions SET TokensUntil = 9000000000000000, RotatedAt = -9000000000000000");
        database.Execute("UPDATE PersonalAccessTokens SET TokensUntil = NULL, LastUsedAt = 1");

        SessionRow session = await ReadAsync($"""SELECT {SessionRow.Columns} FROM "Sessions" s""", SessionRow.Read);
        PersonalAccessTokenRow token =
            await ReadAsync($"""SELECT {PersonalAccessTokenRow.Columns} FROM "PersonalAccessTokens" t""", PersonalAccessTokenRow.Read);

        session.Should().BeEquivalentTo(await host.AskStoreAsync((Db db) => db.Sessions.AsNoTracking().SingleAsync()));
        token.Should().BeEquivalentTo(await host.AskStoreAsync((Db db) => db.PersonalAccessTokens.AsNoTracking().SingleAsync()));
        (session.SessionId, token.Id, session.RotatedAt).Should().Be((tokens.SessionId, personal.Id, DateTimeOffset.MinValue));
        SessionRow.Columns.Split(',').Should().HaveCount(SessionRow.ColumnCount);
        PersonalAccessTokenRow.Columns.Split(',').Should().HaveCount(PersonalAccessTokenRow.ColumnCount);
    }

    private async Task<Func<Task>> PrepareAsync(string what)
    {
        switch (what)
        {
            case "a session's cookie":
                var browser = new Browser(client, host.Issuer);
                await browser.LogInAsync("session");
                return async () => (await browser.MeAsync()).Should().Be(200);
            case "a personal access token":
                MadeToken personal = await client.MakeAsync(await host.LoginAsync("alice", host.Issuer));
                await client.MeAsync(personal.Token); // the first use is noted
                return async () => (await client.MeAsync(personal.Token)).Should().Be(200);
            case "an access token for a personal one":
                MadeToken changed = await client.MakeAsync(await host.LoginAsync("alice", host.Issuer));
                await client.ChangedAsync(changed.Token);
                return () => client.ChangedAsync(changed.Token);
            case "HTTP Basic":
                (string, string) basic = ("Authorization", BasicRequests.Basic("alice", ServerHost.Password));
                (await client.AskAsync("GET", "/me", null, basic)).Status.Should().Be(200);
                return async () => (await client.AskAsync("GET", "/me", null, basic)).Status.Should().Be(200);
            case "a login":
                return async () => (await client.LoginAsync("alice", ServerHost.Password)).Status.Should().Be(200);
            default:
                Tokens tokens = await client.BeginAsync("alice");
                if (what != "a refresh")
                    await client.RotateAsync(tokens);
                if (what.EndsWith("longer", StringComparison.Ordinal))
                    host.Time.Advance(TimeSpan.FromSeconds(2));
                return () => client.RotateAsync(tokens);
        }
    }

    private async Task<T> ReadAsync<T>(string statement, Func<System.Data.Common.DbDataReader, T> read) =>
        await host.Get<PreparedReads>().AskAsync(
            statement,
            async reader => await reader.ReadAsync() ? read(reader) : throw new InvalidOperationException("there is none"),
            TestContext.Current.CancellationToken);

    private List<string> StepsOf(string statement)
    {
        using var connection = new SqliteConnection(TestedStore.ConnectionString(host.Directory));
        connection.Open();
        using SqliteCommand command = connection.CreateCommand();
        command.CommandText = $"EXPLAIN QUERY PLAN {statement}";
        using SqliteDataReader reader = command.ExecuteReader();
        List<string> steps = [];
        while (reader.Read())
            steps.Add(reader.GetString(3));
        return steps;
    }

    public async ValueTask InitializeAsync()
    {
        alice = await host.AddAccountAsync("alice", "clerk");
        client = host.Connect();
    }

    public ValueTask DisposeAsync()
    {
        client.Dispose();
        return host.DisposeAsync();
    }
}
