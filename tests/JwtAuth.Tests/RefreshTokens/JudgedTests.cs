using JwtAuth.Server.Accounts;
using JwtAuth.Server.Storage;
using JwtAuth.Tests.Hosting;

namespace JwtAuth.Tests.RefreshTokens;

/// <summary>A refresh token is judged by a reading, and something happens before its rotation has its turn to write.</summary>
public sealed class JudgedTests : IAsyncLifetime
{
    private readonly ServerHost host = new ServerHost().With("JwtAuth:SigningKeys:Algorithm", "ES256");
    private HttpClient client = null!;
    private AccountSnapshot alice = null!;
    private Tokens tokens = null!;

    [Theory]
    [InlineData("nothing", 200)]
    [InlineData("the session is ended", 400)]
    [InlineData("the account is disabled", 400)]
    [InlineData("the account is disabled and nothing else is changed", 400)]
    [InlineData("the account is at another generation and the session is not", 400)]
    [InlineData("the session goes on with the account's new generation", 200)]
    [InlineData("another request rotates", 200)]
    [InlineData("two other requests rotate", 400)]
    [InlineData("the session reaches its absolute end", 400)]
    [InlineData("the session was idle for too long", 400)]
    public async Task What_is_committed_before_it_is_what_counts(string meanwhile, int status)
    {
        using var database = new DatabaseFile(host.Directory);
        Task<Reply> refresh;
        WriteLane lane = host.Get<Connector>().LaneOf(alice.Subject);
        await lane.EnterAsync(Urgency.Ending, "somebody");
        try
        {
            long asked = host.Get<PreparedReads>().Answered;
            refresh = client.RefreshAsync(tokens.Refresh);
            await Patience.UntilAsync(() => Task.FromResult(host.Get<PreparedReads>().Answered > asked));
            Happen(meanwhile, database);
        }
        finally
        {
            lane.Leave();
        }

        (await refresh).Status.Should().Be(status);
        if (status == 200)
            Tokens.Of(await refresh).SessionId.Should().Be(tokens.SessionId);
        bool isGone = meanwhile is "the session is ended" or "two other requests rotate";
        database.CounterOf(tokens.SessionId).Should().Be(isGone ? null : status == 200 ? 1 : 0);
    }

    [Fact]
    public async Task A_repetition_of_a_session_that_has_ended_meanwhile_brings_nothing()
    {
        Tokens next = await client.RotateAsync(tokens), twin = await client.BeginAsync("alice"), twinNext = await client.RotateAsync(twin);
        host.Time.Advance(TimeSpan.FromSeconds(2)); // its access token would live longer, which has to be written down
        Task<Reply> ended, standing;
        WriteLane lane = host.Get<Connector>().LaneOf(alice.Subject);
        await lane.EnterAsync(Urgency.Ending, "somebody");
        using (var database = new DatabaseFile(host.Directory))
        {
            long asked = host.Get<PreparedReads>().Answered;
            (ended, standing) = (client.RefreshAsync(tokens.Refresh), client.RefreshAsync(twin.Refresh));
            await Patience.UntilAsync(() => Task.FromResult(host.Get<PreparedReads>().Answered >= asked + 2));
            database.Execute("DELETE FROM Sessions WHERE SessionId = $p", tokens.SessionId);
        }
        lane.Leave();

        (await ended).ShouldBeInvalidGrant();
        Tokens.Of(await standing).Refresh.Should().Be(twinNext.Refresh);
        (await client.RefreshAsync(next.Refresh)).ShouldBeInvalidGrant();
    }

    private void Happen(string what, DatabaseFile database)
    {
        switch (what)
        {
            case "the session is ended":
                database.Execute("DELETE FROM Sessions WHERE SessionId = $p", tokens.SessionId);
                break;
            case "the account is disabled":
                database.Execute("UPDATE AspNetUsers SET DisabledAt = 1, Generation = Generation + 1 WHERE Id = $p", alice.Subject);
                database.Execute("UPDATE Sessions SET Generation = Generation + 1 WHERE Subject = $p", alice.Subject);
                break;
            case "the account is disabled and nothing else is changed":
                database.Execute("UPDATE AspNetUsers SET DisabledAt = 1 WHERE Id = $p", alice.Subject);
                break;
            case "the account is at another generation and the session is not":
                database.Execute("UPDATE AspNetUsers SET Generation = Generation + 1 WHERE Id = $p", alice.Subject);
                break;
            case "the session goes on with the account's new generation":
                database.Execute("UPDATE AspNetUsers SET Generation = Generation + 1 WHERE Id = $p", alice.Subject);
                database.Execute("UPDATE Sessions SET Generation = Generation + 1 WHERE Subject = $p", alice.Subject);
                break;
            case "another request rotates":
                Rotate(1);
                break;
            case "two other requests rotate":
                Rotate(2);
                break;
            case "the session reaches its absolute end":
                Set("ExpiresAt", TimeSpan.Zero);
                break;
            case "the session was idle for too long":
                Set("RotatedAt", TimeSpan.FromDays(7));
                break;
        }

        // The clock stays, or the writers would have waited for too long.
        void Set(string column, TimeSpan ago) => database.Execute(
            $"UPDATE Sessions SET {column} = {(host.Time.GetUtcNow() - ago).ToUnixTimeMilliseconds()} WHERE SessionId = $p",
            tokens.SessionId);

        void Rotate(int times) => database.Execute(
            $"UPDATE Sessions SET Counter = {times}, RotatedAt = {host.Time.GetUtcNow().ToUnixTimeMilliseconds()} WHERE SessionId = $p",
            tokens.SessionId);
    }

    public async ValueTask InitializeAsync()
    {
        alice = await host.AddAccountAsync("alice");
        client = host.Connect();
        tokens = await client.BeginAsync("alice");
    }

    public ValueTask DisposeAsync()
    {
        client.Dispose();
        return host.DisposeAsync();
    }
}
