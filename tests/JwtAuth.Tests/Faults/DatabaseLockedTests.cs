using JwtAuth.Server.Storage;
using JwtAuth.Tests.Hosting;
using JwtAuth.Tests.Revocation;
using Microsoft.Data.Sqlite;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;

namespace JwtAuth.Tests.Faults;

[SqliteOnly("it locks the whole database, and looks at the settings of its connections")]
public sealed class DatabaseLockedTests
{
    [Fact, Trait("row", "OPS-07")]
    public async Task While_another_process_writes_readers_go_on_and_writers_wait_and_are_then_told_to_come_back()
    {
        await using ServerHost host = new();
        host.With("JwtAuth:Storage:ConnectionString", $"Data Source={Path.Combine(host.Directory, "jwtauth.db")};Default Timeout=1");
        await host.AddAccountAsync("alice");
        await host.AddAccountAsync("root", "admin");
        string victim = (await host.AddAccountAsync("victim")).Subject;
        using HttpClient client = host.Connect(), administrator = host.Connect(await host.LoginAsync("root", host.Issuer));
        using var other = new SqliteConnection($"Data Source={Path.Combine(host.Directory, "jwtauth.db")};Pooling=False");
        other.Open();
        Execute(other, "BEGIN EXCLUSIVE");

        Task<Reply>[] writers =
        [
            client.RegisterAsync("bob"), client.RegisterAsync("carol"),
            administrator.AskAsync("PUT", $"/admin/users/{victim}/roles/clerk"),
            administrator.AskAsync("POST", $"/admin/users/{victim}/disable"),
        ];
        (await client.LoginAsync("alice", ServerHost.Password)).Status.Should().Be(200, "a login only reads");
        (await client.AskAsync("GET", "/health/ready")).Status.Should().Be(200);
        (await administrator.AskAsync("GET", "/admin/users")).Status.Should().Be(200);

        foreach (Reply refused in await Task.WhenAll(writers))
        {
            (refused.Status, refused.Code).Should().Be((503, "busy"));
            refused.Header("Retry-After").Should().MatchRegex("^[1-9][0-9]*$");
        }
        Execute(other, "ROLLBACK");
        (await client.RegisterAsync("bob")).Status.Should().Be(201);
        (await administrator.AskAsync("PUT", "/admin/users/nobody/roles/clerk")).Status.Should().Be(404);
        host.Log.All.Should().NotContain(line => line.Contains("A request failed", StringComparison.Ordinal));
    }

    [Fact, Trait("row", "OPS-07")]
    public async Task A_writer_that_waits_is_let_in_when_the_lock_is_released()
    {
        await using ServerHost host = new();
        using HttpClient client = host.Connect();
        using var other = new SqliteConnection($"Data Source={Path.Combine(host.Directory, "jwtauth.db")};Pooling=False");
        other.Open();
        Execute(other, "BEGIN EXCLUSIVE");

        Task<Reply> waiting = client.RegisterAsync("bob");
        (await client.LoginAsync("nobody", ServerHost.Password)).Status.Should().Be(401);
        waiting.IsCompleted.Should().BeFalse();
        Execute(other, "ROLLBACK");

        (await waiting).Status.Should().Be(201);
    }

    [Theory, Trait("row", "OPS-07")]
    [InlineData("", 5)]
    [InlineData(";Default Timeout=9", 9)]
    public async Task The_wait_for_another_writer_has_one_bound(string setting, int seconds)
    {
        await using ServerHost host = new();
        host.With("JwtAuth:Storage:ConnectionString", $"Data Source={Path.Combine(host.Directory, "jwtauth.db")}{setting}");
        _ = host.Connect();
        await using AsyncServiceScope scope = host.Services.CreateAsyncScope();
        Db db = scope.ServiceProvider.GetRequiredService<Db>();
        await db.Database.OpenConnectionAsync(TestContext.Current.CancellationToken);
        var connection = (SqliteConnection)db.Database.GetDbConnection();

        connection.DefaultTimeout.Should().Be(seconds);
        Ask(connection, "PRAGMA busy_timeout").Should().Be(seconds * 1000L);
        Ask(connection, "PRAGMA synchronous").Should().Be(2L, "FULL");
        Ask(connection, "PRAGMA journal_mode").Should().Be("wal");
    }

    private static object? Ask(SqliteConnection connection, string question)
    {
        using SqliteCommand command = connection.CreateCommand();
        command.CommandText = question;
        return command.ExecuteScalar();
    }

    private static void Execute(SqliteConnection connection, string statement)
    {
        using SqliteCommand command = connection.CreateCommand();
        command.CommandText = statement;
        command.ExecuteNonQuery();
    }
}
