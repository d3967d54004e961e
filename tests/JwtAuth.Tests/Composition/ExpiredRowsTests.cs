using JwtAuth.Server.Accounts;
using JwtAuth.Server.Authentication;
using JwtAuth.Server.Composition;
using JwtAuth.Server.Storage;
using JwtAuth.Server.Storage.Sqlite;
using JwtAuth.Tests.Authentication;
using JwtAuth.Tests.Hosting;
using JwtAuth.Tests.PersonalAccessTokens;
using JwtAuth.Tests.RefreshTokens;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace JwtAuth.Tests.Composition;

/// <summary>What is over is deleted without keeping anybody waiting.</summary>
[SqliteOnly("it looks at the query plans of SQLite")]
public sealed class ExpiredRowsTests : IAsyncLifetime
{
    private const int Many = 250;

    private readonly QueryPlans plans = new();
    private readonly ServerHost host;
    private AccountSnapshot alice = null!;

    public ExpiredRowsTests() => host = new ServerHost().With("JwtAuth:SigningKeys:Algorithm", "ES256")
        .With(services => services.ConfigureDbContext<SqliteDb>(options => options.AddInterceptors(plans)));

    public async ValueTask InitializeAsync()
    {
        alice = await host.AddAccountAsync("alice");
        using HttpClient client = host.Connect();
    }

    public ValueTask DisposeAsync() => host.DisposeAsync();

    [Fact]
    public async Task All_that_is_over_goes_by_statements_of_which_none_reads_a_whole_table_and_what_lives_stays()
    {
        using HttpClient client = host.Connect();
        Tokens living = await client.BeginAsync("alice");
        string cookie = (await host.BeginCookieAsync(alice, Credentials.Session))!;
        MadeToken personal = await client.MakeAsync(await host.LoginAsync("alice", host.Issuer));
        Fill();
        plans.Clear();

        await DeleteExpiredAsync();

        using var database = new DatabaseFile(host.Directory);
        foreach ((string table, int left) in
            (IEnumerable<(string, int)>)[("Sessions", 2), ("PersonalAccessTokens", 1), ("KnownNetworks", 1), ("Denials", 1)])
        {
            database.Number($"SELECT count(*) FROM {table}").Should().Be(left, table);
            plans.Steps.Where(step => step.Statement.StartsWith($"DELETE FROM \"{table}\"", StringComparison.Ordinal)
                && step.Step.StartsWith("SEARCH", StringComparison.Ordinal))
                .Should().NotBeEmpty().And.OnlyContain(step =>
                    step.Step.Contains("autoindex") || step.Step.Contains("PRIMARY KEY"), "each lot is deleted by its keys alone");
        }
        plans.Slow.Should().BeEmpty();
        (await client.MeByCookieAsync(cookie)).Should().Be(200);
        (await client.RefreshAsync(living.Refresh)).Status.Should().Be(200);
        (await client.LivesAsync(personal.Token)).Should().BeTrue();

        plans.Clear();
        await host.AskStoreAsync((Db db) => db.Sessions.CountAsync(row => row.Agent == "a column without an index"));
        plans.Slow.Should().ContainSingle("a statement that reads a whole table is seen");
    }

    [Fact]
    public async Task No_ending_reads_a_whole_table_of_accounts_sessions_tokens_or_denials()
    {
        await host.AddAccountAsync("root", "admin");
        using HttpClient client = host.Connect();
        string root = await host.LoginAsync("root", host.Issuer), user = $"/admin/users/{alice.Subject}";
        Tokens[] logins = [.. await Task.WhenAll(Enumerable.Range(0, 5).Select(_ => client.BeginAsync("alice", audience: host.Issuer)))];
        MadeToken personal = await client.MakeAsync(logins[0].Access);
        plans.Clear();

        (string Bearer, string Method, string Path, object? Body)[] endings =
        [
            (logins[0].Access, "POST", "/auth/revoke", new { token = logins[1].Access }),
            (logins[0].Access, "DELETE", $"/auth/sessions/{logins[2].SessionId}", null),
            (logins[3].Access, "POST", "/auth/logout", null),
            (logins[0].Access, "DELETE", $"/auth/tokens/{personal.Id}", null),
            (logins[0].Access, "POST", "/auth/logout/others", null),
            (root, "PUT", $"{user}/roles/clerk", null),
            (root, "DELETE", $"{user}/roles/clerk", null),
            (root, "POST", $"{user}/logout", null),
            (root, "POST", $"{user}/disable", null),
            (root, "DELETE", user, null),
        ];
        foreach ((string bearer, string method, string path, object? body) in endings)
            (await client.AskAsAsync(bearer, method, path, body)).Status.Should().BeOneOf([200, 204], path);

        plans.Steps.Should().Contain(step => step.Step.Contains("USING", StringComparison.Ordinal));
        plans.Slow.Where(step => !step.Statement.Contains("ORDER BY", StringComparison.Ordinal)).Should().BeEmpty();
    }

    [Fact]
    public async Task Whoever_waits_to_write_is_let_in_before_the_next_lot_is_deleted()
    {
        Fill();
        plans.Clear();
        Task deleting, writing;
        long left = 0;
        await using (AsyncServiceScope scope = host.Services.CreateAsyncScope())
        {
            await using WriteTransaction held =
                await scope.ServiceProvider.GetRequiredService<Db>().BeginWriteAsync(Urgency.Usual, "somebody", Extent.Everything);
            deleting = DeleteExpiredAsync();
            await Patience.UntilAsync(async () => (await Task.FromResult(plans.Steps.Count)) > 0, "it looks while somebody writes");
            writing = WriteAsync();
        }

        await writing;

        left.Should().Be(3 * Many, "nothing was deleted before");
        await deleting;
        Count().Should().Be(0);

        async Task WriteAsync()
        {
            await using AsyncServiceScope scope = host.Services.CreateAsyncScope();
            await using WriteTransaction transaction =
                await scope.ServiceProvider.GetRequiredService<Db>().BeginWriteAsync(Urgency.Usual, "somebody else", Extent.Everything);
            left = Count();
        }
    }

    // Sessions at their end, idle ones of both kinds, personal access tokens, known networks and denials. Of the last two also one that
    // may still be needed.
    private void Fill()
    {
        long past = host.Time.GetUtcNow().AddDays(-60).ToUnixTimeMilliseconds(), now = host.Time.GetUtcNow().ToUnixTimeMilliseconds(),
            ahead = host.Time.GetUtcNow().AddDays(30).ToUnixTimeMilliseconds();
        string numbers = $"WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {Many})";
        using var database = new DatabaseFile(host.Directory);
        foreach ((string name, string hash, long used, long end) in ((string, string, long, long)[])
        [
            ("over", "NULL", now, past), ("idle", "NULL", past, ahead), ("cookie", "randomblob(32)", past, ahead),
        ])
        {
            database.Execute(
                $"""
                {numbers} INSERT INTO Sessions (SessionId, Subject, Generation, Audience, CookieHash, Scope, Counter, CreatedAt, RotatedAt,
                    ExpiresAt, TokensUntil, Address, Agent)
                SELECT '{name} ' || i, $p, 0, 'orders', {hash}, '', 0, {past}, {used}, {end}, {past}, '', '' FROM n
                """, alice.Subject);
        }
        database.Execute(
            $"""
            {numbers} INSERT INTO PersonalAccessTokens (Id, Subject, Name, Hash, Scope, CreatedAt, ExpiresAt)
            SELECT 'over ' || i, $p, 'x', randomblob(32), '', {past}, {past} FROM n
            """, alice.Subject);
        database.Execute(
            $"""
            {numbers} INSERT INTO Denials (Kind, Name, TokenSubject, BelowGeneration, ExpiresAt)
            SELECT 'Session', 'over ' || i, $p, 0, {past} FROM n UNION ALL SELECT 'Session', 'needed', $p, 0, {ahead}
            """, alice.Subject);
        database.Execute(
            $"""
            {numbers} INSERT INTO KnownNetworks (Subject, Network, LastAt)
            SELECT $p, 'over ' || i, {past} FROM n UNION ALL SELECT $p, 'known', {now}
            """, alice.Subject);
    }

    private long Count()
    {
        using var database = new DatabaseFile(host.Directory);
        return database.Number("SELECT count(*) FROM Sessions");
    }

    private Task DeleteExpiredAsync() => host.Services.GetServices<IHostedService>().OfType<ExpiredRows>().Single().DeleteAsync();
}
