using JwtAuth.Server.Storage;
using JwtAuth.Tests.Hosting;
using Microsoft.Data.Sqlite;

namespace JwtAuth.Tests.Storage;

/// <summary>Writes that share a commit, on a database of their own.</summary>
[SqliteOnly("it counts the commits of SQLite")]
public sealed class GroupedWritesTests : IDisposable
{
    private readonly string directory = Directory.CreateTempSubdirectory("jwtauth-").FullName;
    private readonly WriteLane lane = new(Patience.Limit, TimeProvider.System);
    private readonly TracedConnector connector;
    private readonly GroupedWrites writes;
    private readonly DatabaseFile database;

    public GroupedWritesTests()
    {
        string connection = $"Data Source={Path.Combine(directory, "jwtauth.db")}";
        database = Made(connection);
        connector = new TracedConnector($"{connection};Default Timeout=1", lane);
        writes = new GroupedWrites(connector);
    }

    [Fact]
    public async Task Those_that_wait_together_share_one_commit_and_each_is_answered_what_it_has_brought()
    {
        await lane.EnterAsync(Urgency.Usual, "somebody");
        Task<int>[] waiting = [.. Enumerable.Range(1, 20).Select(number => AddAsync(number, returned: number * 10))];
        waiting.Should().OnlyContain(write => !write.IsCompleted);

        lane.Leave();

        (await Task.WhenAll(waiting)).Should().Equal(Enumerable.Range(1, 20).Select(number => number * 10));
        Commits.Should().Be(1);
        Count.Should().Be(20);
        await AddAsync(21);
        Commits.Should().Be(2, "who comes alone commits alone");
    }

    [Fact]
    public async Task None_is_answered_before_the_last_of_its_group_is_committed()
    {
        var isReached = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var mayGoOn = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await lane.EnterAsync(Urgency.Usual, "somebody");
        Task<int> first = AddAsync(1);
        Task<int> last = writes.RunAsync(Urgency.Usual, "alice", async connection =>
        {
            isReached.SetResult();
            await mayGoOn.Task;
            return await connection.ExecuteAsync(Insert, ("@id", 2L), ("@value", 2L));
        });
        lane.Leave();
        await isReached.Task;
        Count.Should().Be(0, "nobody sees what is not committed");
        first.IsCompleted.Should().BeFalse();

        mayGoOn.SetResult();

        await Task.WhenAll(first, last);
        Count.Should().Be(2);
        Commits.Should().Be(1);
    }

    [Fact]
    public async Task One_that_fails_fails_alone_and_nothing_of_it_stays()
    {
        await lane.EnterAsync(Urgency.Usual, "somebody");
        Task<int> before = AddAsync(1);
        Task<int> failing = writes.RunAsync(Urgency.Usual, "alice", async connection =>
        {
            await connection.ExecuteAsync(Insert, ("@id", 2L), ("@value", 2L));
            return await connection.ExecuteAsync(Insert, ("@id", 1L), ("@value", 1L)); // taken
        });
        Task<int> odd = writes.RunAsync<int>(Urgency.Usual, "alice", _ => throw new FormatException("no statement at all"));
        Task<int> after = AddAsync(3);

        lane.Leave();

        await Task.WhenAll(before, after);
        await failing.Invoking(write => write).Should().ThrowAsync<SqliteException>().Where(fault => fault.SqliteErrorCode == Constraint);
        await odd.Invoking(write => write).Should().ThrowAsync<FormatException>();
        Ids.Should().Be("1 3");
        Commits.Should().Be(1);
    }

    [Fact]
    public async Task One_that_comes_alone_and_fails_leaves_nothing_either()
    {
        await writes.Invoking(own => own.RunAsync(Urgency.Usual, "alice", async connection =>
        {
            await connection.ExecuteAsync(Insert, ("@id", 1L), ("@value", 1L));
            return await connection.ExecuteAsync(Insert, ("@id", 1L), ("@value", 1L));
        })).Should().ThrowAsync<SqliteException>();

        Ids.Should().BeEmpty();
        await AddAsync(1);
        Ids.Should().Be("1");
    }

    [Theory]
    [InlineData("the commit")]
    [InlineData("the engine in the middle")]
    public async Task Where_the_whole_cannot_be_kept_all_fail_and_the_next_group_is_served(string failing)
    {
        await lane.EnterAsync(Urgency.Usual, "somebody");
        Task<int>[] group =
        [
            AddAsync(1),
            failing == "the commit" ? OrphanAsync() : AddAsync(666), // a trigger rolls everything back
            AddAsync(2),
        ];

        lane.Leave();

        foreach (Task<int> write in group)
            await write.Invoking(own => own).Should().ThrowAsync<SqliteException>()
                .Where(fault => fault.SqliteErrorCode == Constraint, "that is the cause, and not what follows from it");
        Ids.Should().BeEmpty();
        await lane.EnterAsync(Urgency.Usual, "somebody");
        Task<int>[] next = [AddAsync(3), AddAsync(4)];
        lane.Leave();
        await Task.WhenAll(next);
        Ids.Should().Be("3 4");
    }

    [Fact]
    public async Task While_another_process_writes_a_group_waits_and_then_fails_as_busy_with_nothing_done()
    {
        await AddAsync(1);
        database.Execute("BEGIN IMMEDIATE");
        await lane.EnterAsync(Urgency.Usual, "somebody");
        Task<int>[] group = [AddAsync(2), AddAsync(3)];

        lane.Leave();

        foreach (Task<int> write in group)
            await write.Invoking(own => own).Should().ThrowAsync<SqliteException>().Where(fault => fault.SqliteErrorCode == 5);
        database.Execute("ROLLBACK");
        await AddAsync(4);
        Ids.Should().Be("1 4");
    }

    [Fact]
    public async Task A_writer_that_needs_a_turn_alone_is_let_in_in_its_order_between_two_groups()
    {
        await lane.EnterAsync(Urgency.Usual, "somebody");
        Task<int>[] earlier = [AddAsync(1, payer: "alice"), AddAsync(2, payer: "bob")];
        Task alone = lane.EnterAsync(Urgency.Usual, "carol");
        Task<int> later = AddAsync(3, payer: "dave");

        lane.Leave();

        await Task.WhenAll(earlier);
        await alone;
        (Ids, later.IsCompleted, Commits).Should().Be(("1 2", false, 1));
        lane.Leave();
        await later;
        (Ids, Commits).Should().Be(("1 2 3", 2));
    }

    [Fact]
    public async Task A_group_is_bounded_and_those_who_are_less_urgent_come_into_it_when_they_were_passed_over_eight_times()
    {
        await lane.EnterAsync(Urgency.Usual, "somebody");
        Task<int>[] many = [.. Enumerable.Range(1, WriteLane.TogetherAtMost + 1).Select(number => AddAsync(number))];
        Task tidying = lane.EnterAsync(Urgency.Tidying, "rows");

        lane.Leave();

        await tidying;
        Count.Should().Be(WriteLane.PassedOverAtMost);
        lane.Leave();
        await Task.WhenAll(many);
        Commits.Should().Be(2);

        await lane.EnterAsync(Urgency.Usual, "somebody");
        many = [.. Enumerable.Range(101, WriteLane.TogetherAtMost + 1).Select(number => AddAsync(number))];
        lane.Leave();
        await Task.WhenAll(many);
        Commits.Should().Be(4, "one was left over");
    }

    [Fact]
    public async Task Of_many_that_would_note_the_same_one_does()
    {
        await lane.EnterAsync(Urgency.Usual, "somebody");
        Task<bool>[] notes = [.. Enumerable.Range(0, 10).Select(_ => NoteAsync("alice"))];
        Task<bool> other = NoteAsync("bob");
        lane.Leave();

        (await Task.WhenAll(notes)).Count(isNoted => isNoted).Should().Be(1);
        (await other).Should().BeTrue();
        Count.Should().Be(2);
        (await NoteAsync("alice")).Should().BeTrue("the first one is over");

        Task<bool> NoteAsync(string what) => writes.NoteAsync(what, "alice", connection =>
            connection.ExecuteAsync("INSERT INTO Things (Value) VALUES (@value)", ("@value", 1L)));
    }

    [Fact]
    public async Task However_many_come_at_once_alone_and_in_groups_none_writes_over_another()
    {
        await AddAsync(1, value: 0);

        await Task.WhenAll(Enumerable.Range(0, 1000).Select(number => Task.Run(async () =>
        {
            var urgency = (Urgency)(number % 3);
            string payer = $"account {number % 7}";
            if (number % 5 == 0)
            {
                await lane.EnterAsync(urgency, payer);
                database.Execute("UPDATE Things SET Value = Value + 1"); // one is in at a time
                lane.Leave();
                return;
            }
            // What was read is written back with one more: two at once would lose one.
            await writes.RunAsync(urgency, payer, async connection =>
            {
                long value;
                await using (var reader = await connection.ReadAsync("SELECT Value FROM Things", CancellationToken.None))
                    value = await reader.ReadAsync() ? reader.GetInt64(0) : -1;
                return await connection.ExecuteAsync("UPDATE Things SET Value = @value", ("@value", value + 1));
            });
        }, TestContext.Current.CancellationToken)));

        database.Number("SELECT Value FROM Things").Should().Be(1000);
        Commits.Should().BeLessThan(800, "that is how many came who can share");
        connector.Opened.Should().Be(1);
    }

    private const int Constraint = 19;

    private const string Insert = "INSERT INTO Things (Id, Value) VALUES (@id, @value)";

    private int Commits => connector.Statements.Count(statement => statement == "COMMIT");

    private long Count => database.Number("SELECT count(*) FROM Things");

    private string Ids => database.Text("SELECT ifnull(group_concat(Id, ' '), '') FROM (SELECT Id FROM Things ORDER BY Id)");

    private Task<int> AddAsync(int id, int returned = 0, string payer = "alice", long value = 7) =>
        writes.RunAsync(Urgency.Usual, payer, async connection =>
        {
            await connection.ExecuteAsync(Insert, ("@id", (long)id), ("@value", value));
            return returned;
        });

    // A child without a parent, which is found when it is committed.
    private Task<int> OrphanAsync() => writes.RunAsync(Urgency.Usual, "alice", connection =>
        connection.ExecuteAsync("INSERT INTO Children (Parent) VALUES (@parent)", ("@parent", 4711L)));

    private static DatabaseFile Made(string connection)
    {
        using (var maker = new SqliteConnection($"{connection};Pooling=False"))
        {
            maker.Open();
            using SqliteCommand command = maker.CreateCommand();
            command.CommandText =
                """
                PRAGMA journal_mode=WAL;
                CREATE TABLE Things (Id INTEGER PRIMARY KEY, Value INTEGER NOT NULL);
                CREATE TABLE Children (Parent INTEGER NOT NULL REFERENCES Things (Id) DEFERRABLE INITIALLY DEFERRED);
                CREATE TRIGGER Fault AFTER INSERT ON Things WHEN NEW.Id = 666 BEGIN SELECT RAISE(ROLLBACK, 'worn out'); END;
                """;
            command.ExecuteNonQuery();
        }
        return new DatabaseFile(Path.GetDirectoryName(new SqliteConnectionStringBuilder(connection).DataSource)!);
    }

    public void Dispose()
    {
        writes.Dispose();
        database.Dispose();
        Directory.Delete(directory, recursive: true);
    }
}
