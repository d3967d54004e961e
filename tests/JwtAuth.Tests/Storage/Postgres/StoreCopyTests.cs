using JwtAuth.Tests.Hosting;
using JwtAuth.Tests.PersonalAccessTokens;
using JwtAuth.Tests.RefreshTokens;
using Microsoft.Data.Sqlite;

namespace JwtAuth.Tests.Storage.Postgres;

/// <summary>The command <c>storage copy</c>: an installation on SQLite goes on, on PostgreSQL.</summary>
public sealed class StoreCopyTests : IAsyncLifetime
{
    private readonly string directory = Directory.CreateTempSubdirectory("jwtauth-").FullName;
    private SharedDatabase target = null!;

    private Dictionary<string, string> OnSqlite => new()
    {
        ["JwtAuth:Issuer"] = "http://localhost:5080",
        ["JwtAuth:SigningKeys:Algorithm"] = "ES256",
        ["JwtAuth:Storage:Provider"] = "Sqlite",
        ["JwtAuth:Storage:ConnectionString"] = TestedStore.SqliteFile(directory),
    };

    private Dictionary<string, string> OnPostgres => new(OnSqlite)
    {
        ["JwtAuth:Storage:Provider"] = "Postgres",
        ["JwtAuth:Storage:ConnectionString"] = target.ConnectionString,
    };

    public async ValueTask InitializeAsync() => target = await SharedDatabase.MakeAsync(isEmpty: true);

    [Fact]
    public async Task Accounts_sessions_tokens_keys_and_denials_go_on_where_they_were_and_the_old_installation_stays_as_it_is()
    {
        Tokens alive, ended;
        MadeToken made;
        await using (ServerProcess old = await ServerProcess.StartAsync(directory, OnSqlite))
        {
            using HttpClient client = new() { BaseAddress = old.Address };
            foreach (string name in (string[])["alice", "bob", "carol"])
                (await client.RegisterAsync(name)).Status.Should().Be(201);
            (alive, ended) = (await client.RotateAsync(await client.BeginAsync("alice")), await client.BeginAsync("bob"));
            made = await client.MakeAsync((await client.BeginAsync("alice", audience: "http://localhost:5080")).Access);
            (await client.AskAsAsync(ended.Access, "POST", "/auth/logout")).Status.Should().Be(200);
            (await RunAsync()).Should().Match<(int Code, string, string Error)>(
                run => run.Code == 1 && run.Error.Contains("A service is using"), "it is running still");
        }
        string before = Dump();

        (int code, string output, string error) = await RunAsync();

        code.Should().Be(0, error);
        output.Should().Contain("AspNetUsers: 3 rows, the same in both").And.Contain("Denials: 1 rows, the same in both");
        error.Should().Contain("3/3");
        Dump().Should().Be(before).And.Contain("alice");
        (await RunAsync()).Should().Match<(int Code, string, string Error)>(
            run => run.Code == 1 && run.Error.Contains("The target is not empty"), "what is there is never written over");

        await using ServerProcess node = await ServerProcess.StartAsync(directory, OnPostgres);
        node.StandardError.Should().BeEmpty();
        using HttpClient moved = new() { BaseAddress = node.Address };
        (await moved.MeAsync(alive.Access)).Should().Be(200, "the key came along");
        (await moved.MeAsync(ended.Access)).Should().Be(401, "the denial came along");
        (await moved.RefreshAsync(ended.Refresh)).ShouldBeInvalidGrant();
        (await moved.LivesAsync(made.Token)).Should().BeTrue();
        Tokens next = await moved.RotateAsync(alive);
        (await moved.AskAsAsync(next.Access, "POST", "/auth/logout")).Status.Should().Be(200);
        (await target.ExecuteAsync("SELECT max(\"Number\") FROM \"Denials\"")).Should().Be(2L, "the numbers go on");
        _ = await moved.BeginAsync("carol");
        node.StandardOutput.Should().NotContain("not used");
        output.Should().MatchRegex("AuditRecords: [0-9]+ rows, the same in both").And.Contain("AuditCheckpoints: 0 rows");
        (code, string verified, error) = await ServerProcess.RunAsync(directory, ["audit", "verify"], "", OnPostgres);
        code.Should().Be(0, error);
        verified.Should().Contain("the audit trail is whole", "the chain goes on in the other database");
    }

    [Fact]
    public async Task What_cannot_be_taken_over_is_told_on_one_line_and_nothing_of_it_stays()
    {
        await using (ServerProcess old = await ServerProcess.StartAsync(directory, OnSqlite))
        {
            using HttpClient client = new() { BaseAddress = old.Address };
            (await client.RegisterAsync("alice")).Status.Should().Be(201);
        }
        Change("UPDATE AspNetUsers SET Generation = 'many'");
        (int code, _, string error) = await RunAsync();
        (code, error).Should().Match<(int Code, string Error)>(run => run.Code == 1 && run.Error.Contains("AspNetUsers"));
        (await target.ExecuteAsync("SELECT count(*) FROM \"SigningKeys\"")).Should().Be(0L);

        Change("UPDATE AspNetUsers SET Generation = 0");
        (await RunAsync()).ExitCode.Should().Be(0);

        void Change(string statement)
        {
            using var connection = new SqliteConnection(TestedStore.SqliteFile(directory) + ";Pooling=False");
            connection.Open();
            using SqliteCommand command = connection.CreateCommand();
            command.CommandText = statement;
            command.ExecuteNonQuery().Should().Be(1);
        }
    }

    [Theory]
    [InlineData("/nowhere", null, "--from: there is no database")]
    [InlineData(null, "Data Source=x", "--to does not name a PostgreSQL server")]
    public async Task What_cannot_be_meant_is_refused(string? from, string? to, string fault)
    {
        await using (await ServerProcess.StartAsync(directory, OnSqlite))
        {
            // makes the database
        }
        (int code, _, string error) = await RunAsync(from, to);
        (code, error.StartsWith($"error: {fault}", StringComparison.Ordinal)).Should().Be((1, true), error);
        (await RunAsync()).ExitCode.Should().Be(0, "the same without the fault");
    }

    public async ValueTask DisposeAsync()
    {
        await target.DisposeAsync();
        Directory.Delete(directory, recursive: true);
    }

    // Accounts, sessions and denials as they are on SQLite.
    private string Dump()
    {
        using var connection = new SqliteConnection(TestedStore.SqliteFile(directory) + ";Pooling=False");
        connection.Open();
        var text = new System.Text.StringBuilder();
        foreach (string table in (string[])["AspNetUsers", "Sessions", "PersonalAccessTokens", "SigningKeys", "Denials", "MasterKeyChecks"])
        {
            using SqliteCommand command = connection.CreateCommand();
            command.CommandText = $"SELECT * FROM {table}";
            using SqliteDataReader reader = command.ExecuteReader();
            while (reader.Read())
            {
                for (int column = 0; column < reader.FieldCount; column++)
                    text.Append(reader.GetValue(column) is byte[] bytes ? Convert.ToHexString(bytes) : reader.GetValue(column)).Append('|');
            }
        }
        return text.ToString();
    }

    private Task<(int ExitCode, string StandardOutput, string StandardError)> RunAsync(string? from = null, string? to = null) =>
        ServerProcess.RunAsync(directory,
            ["storage", "copy", "--from", from ?? directory, "--to", to ?? target.ConnectionString], "", OnSqlite);
}
