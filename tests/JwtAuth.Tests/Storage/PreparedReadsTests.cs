using JwtAuth.Server.Storage;
using JwtAuth.Tests.Hosting;
using Microsoft.Data.Sqlite;

namespace JwtAuth.Tests.Storage;

/// <summary>Connections that stay open for reading, beside the service.</summary>
[SqliteOnly("PostgreSQL's connections are those of its driver's pool")]
public sealed class PreparedReadsTests : IAsyncLifetime
{
    private const string Names = """SELECT "UserName" FROM "AspNetUsers" ORDER BY "UserName" """;

    private readonly ServerHost host = new ServerHost().With("JwtAuth:SigningKeys:Algorithm", "ES256");
    private TracedConnector connector = null!;
    private PreparedReads reads = null!;

    [Fact]
    public async Task Each_question_sees_what_was_committed_before_it_and_asks_on_a_connection_that_is_open()
    {
        (await AskAsync(Names)).Should().Equal("alice");
        await host.AddAccountAsync("bob");

        for (int asked = 0; asked < 10; asked++)
            (await AskAsync(Names)).Should().Equal("alice", "bob");

        connector.Opened.Should().Be(1);
        reads.Answered.Should().Be(11);
    }

    [Fact]
    public async Task Those_that_are_asked_at_once_have_a_connection_each_and_a_bounded_number_stays_open()
    {
        int inside = 0;
        var all = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        async Task<int> AskAsync() => await reads.AskAsync(Names, async reader =>
        {
            if (Interlocked.Increment(ref inside) == 40)
                all.SetResult();
            await all.Task;
            return await reader.ReadAsync() ? 1 : 0;
        }, TestContext.Current.CancellationToken);

        (await Task.WhenAll(Enumerable.Range(0, 40).Select(_ => AskAsync()))).Should().OnlyContain(found => found == 1);
        connector.Opened.Should().Be(40);

        (inside, all) = (0, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));
        await Task.WhenAll(Enumerable.Range(0, 40).Select(_ => AskAsync()));
        connector.Opened.Should().Be(40 + 24, "sixteen were kept");
    }

    [Fact]
    public async Task A_connection_that_has_failed_is_not_used_again_and_one_whose_asker_has_gone_is()
    {
        await AskAsync(Names);
        await this.Invoking(_ => AskAsync("SELECT * FROM \"Nothing\"")).Should().ThrowAsync<SqliteException>();
        await AskAsync(Names);
        connector.Opened.Should().Be(2);

        using var gone = new CancellationTokenSource();
        await gone.CancelAsync();
        await reads.Invoking(own => own.AskAsync(Names, reader => reader.ReadAsync(), gone.Token))
            .Should().ThrowAsync<OperationCanceledException>();
        await AskAsync(Names);
        connector.Opened.Should().Be(2);
    }

    [Fact]
    public async Task What_is_forgotten_is_opened_anew_also_if_it_was_in_use()
    {
        await AskAsync(Names);
        reads.Forget();
        await AskAsync(Names);
        connector.Opened.Should().Be(2);

        await reads.AskAsync(Names, reader =>
        {
            reads.Forget();
            return reader.ReadAsync();
        }, TestContext.Current.CancellationToken);
        await AskAsync(Names);
        connector.Opened.Should().Be(3);
    }

    [Fact]
    public async Task A_database_that_is_gone_is_said_to_be_gone_and_none_is_made_in_its_place()
    {
        string elsewhere = Path.Combine(host.Directory, "elsewhere.db");
        using var none = new PreparedReads(new TracedConnector($"Data Source={elsewhere}"));

        await none.Invoking(own => own.AskAsync(Names, reader => reader.ReadAsync(), TestContext.Current.CancellationToken))
            .Should().ThrowAsync<SqliteException>().Where(fault => fault.SqliteErrorCode == 14, "CANTOPEN");

        File.Exists(elsewhere).Should().BeFalse();
        (await AskAsync(Names)).Should().Equal("alice");
    }

    private Task<List<string>> AskAsync(string statement) => reads.AskAsync(statement, async reader =>
    {
        List<string> names = [];
        while (await reader.ReadAsync())
            names.Add(reader.GetString(0));
        return names;
    }, TestContext.Current.CancellationToken);

    public async ValueTask InitializeAsync()
    {
        await host.AddAccountAsync("alice");
        connector = new TracedConnector(TestedStore.ConnectionString(host.Directory));
        reads = new PreparedReads(connector);
    }

    public ValueTask DisposeAsync()
    {
        reads.Dispose();
        return host.DisposeAsync();
    }
}
