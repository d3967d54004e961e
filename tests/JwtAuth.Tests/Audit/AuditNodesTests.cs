using JwtAuth.Tests.Hosting;
using JwtAuth.Tests.RefreshTokens;

namespace JwtAuth.Tests.Audit;

/// <summary>One trail of several nodes on one PostgreSQL.</summary>
public sealed class AuditNodesTests : IAsyncLifetime
{
    private const int Racers = 64;

    private SharedDatabase database = null!;

    public async ValueTask InitializeAsync() => database = await SharedDatabase.MakeAsync();

    [Fact]
    public async Task Two_nodes_that_write_at_once_make_one_chain_without_a_gap()
    {
        (string, string)[] settings = [("JwtAuth:Passwords:QueueLimit", "1000"), ("JwtAuth:Passwords:MaxQueueWait", "00:01:00")];
        await using ServerProcess first = await database.StartNodeAsync(settings), second = await database.StartNodeAsync(settings);
        using HttpClient one = new() { BaseAddress = first.Address }, other = new() { BaseAddress = second.Address };
        (await one.RegisterAsync("alice")).Status.Should().Be(201);

        string[] ended = await Task.WhenAll(Enumerable.Range(0, Racers).Select(async racer =>
        {
            HttpClient here = racer % 2 == 0 ? one : other, there = racer % 2 == 0 ? other : one;
            Tokens tokens = await here.BeginAsync("alice");
            await Patience.UntilAsync(async () => await there.MeAsync(tokens.Access) == 200);
            (await there.AskAsAsync(tokens.Access, "POST", "/auth/logout")).Status.Should().Be(200);
            return tokens.SessionId;
        }));

        ended.Should().OnlyHaveUniqueItems();
        foreach (string what in (string[])["session.began", "session.ended"])
            (await database.ExecuteAsync($"SELECT count(DISTINCT \"Object\") FROM \"AuditRecords\" WHERE \"Event\" = '{what}'"))
                .Should().Be((long)Racers);
        (await database.ExecuteAsync("SELECT max(\"Number\") - count(*) FROM \"AuditRecords\"")).Should().Be(0L);
        (int code, string output, string error) = await database.CommandAsync("audit", "verify");
        code.Should().Be(0, error);
        output.Should().Contain("the audit trail is whole");
        await database.ExecuteAsync("UPDATE \"AuditRecords\" SET \"Address\" = '192.0.2.1' WHERE \"Number\" = 40");
        (await database.CommandAsync("audit", "verify")).StandardError.Should().Contain("error: record 40 was changed");
    }

    public ValueTask DisposeAsync() => database.DisposeAsync();
}
