using JwtAuth.Tests.Hosting;

namespace JwtAuth.Tests.Storage.Postgres;

/// <summary>A PostgreSQL that cannot be used stops the start, with key, fault and remedy on one line.</summary>
public sealed class PostgresStartTests : IDisposable
{
    private const string Secret = "hunter2hunter2";

    private readonly string directory = Directory.CreateTempSubdirectory("jwtauth-").FullName;

    [Theory]
    [InlineData(null, "JwtAuth:Storage:ConnectionString is missing; write it like")]
    [InlineData("Data Source=jwtauth.db", "JwtAuth:Storage:ConnectionString does not name a PostgreSQL server and its database;")]
    [InlineData("Host=127.0.0.1", "JwtAuth:Storage:ConnectionString does not name a PostgreSQL server and its database;")]
    [InlineData("Host=127.0.0.1;Port=many;Database=x", "JwtAuth:Storage:ConnectionString does not name a PostgreSQL server and its")]
    [InlineData($"Host=127.0.0.1;Port=1;Database=x;Password={Secret}",
        "JwtAuth:Storage:ConnectionString: the PostgreSQL database x at 127.0.0.1 cannot be used (")]
    public async Task What_names_no_server_that_answers(string? connectionString, string fault)
    {
        Dictionary<string, string> settings = new()
        {
            ["JwtAuth:Storage:Provider"] = "Postgres",
            ["JwtAuth:Storage:ConnectionString"] = connectionString ?? "",
        };
        if (connectionString is null)
        {
            settings["JwtAuth:DataDirectory"] = directory; // then the driver of the tests names no database
            settings.Remove("JwtAuth:Storage:ConnectionString");
        }

        (int code, _, string error) = await ServerProcess.RunAsync(directory, [], "", settings);

        code.Should().Be(1);
        error.Should().MatchRegex(@"\Aerror: [^\n]+; [^\n]+\n\z").And.StartWith($"error: {fault}").And.NotContain(Secret);
    }

    [Fact]
    public async Task A_database_that_is_not_there_and_one_that_its_user_may_not_write()
    {
        await using SharedDatabase database = await SharedDatabase.MakeAsync(isEmpty: true);
        (await FaultAsync(database.ConnectionString.Replace("nodes_", "no_", StringComparison.Ordinal)))
            .Should().Contain("make the database (createdb)");

        await database.ExecuteAsync("CREATE ROLE \"reader\" LOGIN");
        try
        {
            string asReader = database.ConnectionString.Replace("Username=jwtauth", "Username=reader", StringComparison.Ordinal);
            (await FaultAsync(asReader)).Should().Contain("GRANT CREATE ON SCHEMA public");
            await database.ExecuteAsync("GRANT CREATE ON SCHEMA public TO \"reader\"");
            await using ServerProcess node = await database.StartNodeAsync(("JwtAuth:Storage:ConnectionString", asReader));
            node.StandardError.Should().BeEmpty();
        }
        finally
        {
            await database.ExecuteAsync("DROP OWNED BY \"reader\"");
            await database.ExecuteAsync("DROP ROLE \"reader\"");
        }

        async Task<string> FaultAsync(string connectionString)
        {
            await using ServerProcess node = await database.StartNodeAsync(("JwtAuth:Storage:ConnectionString", connectionString));
            (await node.WaitForExitAsync()).Should().Be(1);
            node.StandardError.Should().MatchRegex(@"\Aerror: JwtAuth:Storage:ConnectionString: [^\n]+; [^\n]+\n\z");
            return node.StandardError;
        }
    }

    public void Dispose() => Directory.Delete(directory, recursive: true);
}
