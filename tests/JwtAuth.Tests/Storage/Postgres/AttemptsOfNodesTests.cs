using System.Globalization;
using System.Net;
using JwtAuth.Server.Guessing;
using JwtAuth.Server.PersonalAccessTokens;
using JwtAuth.Tests.Hosting;

namespace JwtAuth.Tests.Storage.Postgres;

/// <summary>Whoever guesses at several nodes gets no more attempts than at one.</summary>
public sealed class AttemptsOfNodesTests : IAsyncLifetime
{
    private readonly ManualTime time = new();
    private SharedDatabase database = null!;
    private ServerHost first = null!, second = null!;
    private HttpClient one = null!, other = null!;

    public async ValueTask InitializeAsync()
    {
        database = await SharedDatabase.MakeAsync();
        (first, second) = (NewNode(), NewNode());
        (one, other) = (first.Connect(), second.Connect());
        (await one.RegisterAsync("alice")).Status.Should().Be(201);
    }

    [Fact, Trait("row", "PWD-15")]
    public async Task Five_guesses_at_an_account_are_five_whichever_node_is_asked_in_turn()
    {
        int[] statuses = new int[20];
        for (int guess = 0; guess < statuses.Length; guess++)
            statuses[guess] = (await Node(guess).LoginAsync("alice", $"guess number {guess}")).Status;

        statuses.Count(status => status == 401).Should().Be(5);
        statuses.Skip(5).Should().OnlyContain(status => status == 429);
        (await other.LoginAsync("alice", ServerHost.Password)).Status.Should().Be(429, "the right password is slowed there as well");
        (await one.LoginAsync("bob", "a wrong password")).Status.Should().Be(401, "another account is not concerned");
        time.Advance(TimeSpan.FromSeconds(1));
        (await other.LoginAsync("alice", ServerHost.Password)).Status.Should().Be(200);
    }

    [Fact, Trait("row", "PWD-15")]
    public async Task Sixty_four_guesses_at_once_over_two_nodes_are_five()
    {
        Reply[] replies = await Task.WhenAll(
            Enumerable.Range(0, 64).Select(guess => Node(guess).LoginAsync("nobody", $"guess number {guess}")));

        replies.Count(reply => reply.Status == 401).Should().BeLessThanOrEqualTo(5).And.BeGreaterThan(2);
        replies.Where(reply => reply.Status != 401).Should().OnlyContain(reply => reply.Status == 429);
    }

    [Fact]
    public async Task What_counts_is_written_and_names_nobody_and_what_was_right_is_given_back_everywhere()
    {
        (await one.LoginAsync("alice", ServerHost.Password)).Status.Should().Be(200);
        (await CountAsync("password")).Should().Be(0, "a login without a failure writes nothing");
        (await one.LoginAsync("alice", "a wrong password")).Status.Should().Be(401);
        (await one.LoginAsync("nobody-of-that-name", "a wrong password")).Status.Should().Be(401);
        (await CountAsync("password")).Should().Be(2);
        string all = ((string)(await database.ExecuteAsync("SELECT string_agg(\"Names\", ' ') FROM \"Attempts\""))!).ToUpperInvariant();
        all.Should().NotContain("ALICE").And.NotContain("NOBODY-OF-THAT-NAME").And.NotContain("127.0.0.1").And.NotContain("7F000001");

        for (int round = 0; round < 20; round++)
            (await Node(round).LoginAsync("alice", ServerHost.Password)).Status.Should().Be(200);
        for (int guess = 0; guess < 4; guess++)
            (await Node(guess).LoginAsync("alice", $"guess number {guess}")).Status.Should().Be(401, "one failure is counted, no success");
        (await other.LoginAsync("alice", "one more")).Status.Should().Be(429);
    }

    [Fact]
    public async Task A_node_that_starts_knows_what_was_tried_at_the_others()
    {
        for (int guess = 0; guess < 5; guess++)
            (await one.LoginAsync("alice", $"guess number {guess}")).Status.Should().Be(401);

        await using ServerHost third = NewNode();
        using HttpClient newcomer = third.Connect();
        (await newcomer.LoginAsync("alice", "one more")).Status.Should().Be(429);
        (await newcomer.LoginAsync("bob", "a wrong password")).Status.Should().Be(401);
    }

    [Fact]
    public async Task Sixty_accounts_of_a_network_are_sixty_over_two_nodes()
    {
        // The limit is asked itself: bcrypt would take a minute.
        RegistrationLimit[] limits = [first.Get<RegistrationLimit>(), second.Get<RegistrationLimit>()];
        var network = IPAddress.Parse("198.51.100.7");
        int admitted = 0;
        for (int number = 0; number < 80; number++)
            admitted += await limits[number % 2].EnterAsync(network) is null ? 1 : 0;

        admitted.Should().Be(60);
        (await limits[0].EnterAsync(IPAddress.Parse("203.0.113.7"))).Should().BeNull("another network makes its own");
    }

    [Fact]
    public async Task Thirty_wrong_personal_access_tokens_are_thirty_over_two_nodes()
    {
        int refused = 0, slowed = 0;
        for (int number = 0; number < 40; number++)
        {
            int status = (await Node(number).AskAsync(
                "POST", "/auth/login", new { personal_access_token = PersonalAccessToken.Make().Reveal() })).Status;
            (refused, slowed) = (refused + (status == 401 ? 1 : 0), slowed + (status == 429 ? 1 : 0));
        }
        (refused, slowed).Should().Be((30, 10));
    }

    [Fact]
    public async Task Where_the_log_cannot_be_written_each_node_counts_by_itself_and_shares_it_later()
    {
        await database.ExecuteAsync("ALTER TABLE \"Attempts\" RENAME TO \"Elsewhere\"");
        for (int guess = 0; guess < 5; guess++)
            (await one.LoginAsync("alice", $"guess number {guess}")).Status.Should().Be(401);
        (await one.LoginAsync("alice", "one more")).Status.Should().Be(429);
        await database.ExecuteAsync("ALTER TABLE \"Elsewhere\" RENAME TO \"Attempts\"");

        await first.Get<AttemptLog>().WriteAsync("another kind", "a b c");
        await second.Get<AttemptLog>().ReadAsync();

        (await other.LoginAsync("alice", "one more")).Status.Should().Be(429, "what was counted meanwhile was written");
        (await CountAsync("password")).Should().Be(5);
    }

    public async ValueTask DisposeAsync()
    {
        one.Dispose();
        other.Dispose();
        await first.DisposeAsync();
        await second.DisposeAsync();
        await database.DisposeAsync();
    }

    private ServerHost NewNode() => database.NewHost(time, ("JwtAuth:Passwords:MaxQueueWait", "00:01:00"));

    private HttpClient Node(int number) => number % 2 == 0 ? one : other;

    private async Task<long> CountAsync(string kind) => Convert.ToInt64(
        await database.ExecuteAsync($"SELECT count(*) FROM \"Attempts\" WHERE \"Kind\" = '{kind}' AND NOT \"IsTakenBack\""),
        CultureInfo.InvariantCulture);
}
