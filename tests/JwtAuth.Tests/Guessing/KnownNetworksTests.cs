using System.Net;
using JwtAuth.Bearer.Keys;
using JwtAuth.Server.Accounts;
using JwtAuth.Server.Guessing;
using JwtAuth.Server.Storage;
using JwtAuth.Tests.Hosting;
using JwtAuth.Tests.Passwords;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;

namespace JwtAuth.Tests.Guessing;

public sealed class KnownNetworksTests
{
    private readonly ManualTime time = new();
    private readonly KnownNetworks known;

    public KnownNetworksTests() => known = new KnownNetworks(new MacKey(new byte[32]), time);

    [Fact]
    public void A_network_is_known_for_thirty_days_after_the_last_login_from_it()
    {
        known.Add("ALICE", "a subject", "home");

        time.Advance(KnownNetworks.Lifetime - TimeSpan.FromTicks(1));
        known.Holds("ALICE", "home").Should().BeTrue();
        known.Holds("ALICE", "work").Should().BeFalse();
        known.Holds("BOB", "home").Should().BeFalse();
        time.Advance(TimeSpan.FromTicks(1));
        known.Holds("ALICE", "home").Should().BeFalse();
    }

    [Fact]
    public void Of_one_account_the_last_twenty_are_known_and_nobody_else_loses_any()
    {
        known.Add("BOB", "another subject", "home");
        for (int number = 0; number < 1000; number++)
        {
            time.Advance(TimeSpan.FromSeconds(1));
            known.Add("ALICE", "a subject", $"network {number}");
        }

        Enumerable.Range(0, 1000).Where(number => known.Holds("ALICE", $"network {number}")).Should().Equal(Enumerable.Range(980, 20));
        known.Holds("BOB", "home").Should().BeTrue();
    }

    [Fact]
    public void However_many_accounts_there_are_memory_is_bounded_and_those_used_longest_ago_go()
    {
        known.Add("FIRST", "a subject", "home");
        for (int number = 0; number < KnownNetworks.Capacity + 5000; number++)
        {
            time.SetClock(time.GetUtcNow().AddMilliseconds(1));
            known.Add($"NAME-{number}", $"subject {number}", "home");
        }

        known.Count.Should().BeLessThanOrEqualTo(KnownNetworks.Capacity);
        known.TakeUnwritten(int.MaxValue).Count.Should().BeLessThanOrEqualTo(KnownNetworks.Capacity);
        known.Holds("FIRST", "home").Should().BeFalse();
        known.Holds($"NAME-{KnownNetworks.Capacity + 4999}", "home").Should().BeTrue();
    }

    [Fact]
    public void Only_what_is_new_is_written_and_what_could_not_be_written_is_tried_again()
    {
        known.Add("ALICE", "a subject", "home");
        known.Add("ALICE", "a subject", "home");
        IReadOnlyList<KnownNetworkRow> rows = known.TakeUnwritten(100);
        rows.Should().ContainSingle();
        known.TakeUnwritten(100).Should().BeEmpty();
        known.GiveBack(rows);
        known.TakeUnwritten(100).Should().BeEquivalentTo(rows);

        time.Advance(TimeSpan.FromHours(23));
        known.Add("ALICE", "a subject", "home");
        known.TakeUnwritten(100).Should().BeEmpty("it was written within the day");
        time.Advance(TimeSpan.FromHours(1));
        known.Add("ALICE", "a subject", "home");
        known.TakeUnwritten(100).Should().ContainSingle();
    }

    [Fact]
    public void No_network_is_kept_in_clear()
    {
        known.Add("ALICE", "a subject", "192.0.2.7");

        List<string> held = [.. HeldTexts.In(known)];

        held.Should().Contain("ALICE", "the search finds what is there").And.NotContain(text => text.Contains("192.0.2.7"));
    }

    [Fact, Trait("row", "PWD-14")]
    public async Task After_a_restart_the_owner_logs_in_from_where_it_has_before_while_strangers_guess()
    {
        string directory = Directory.CreateTempSubdirectory("jwtauth-").FullName;
        try
        {
            await using (ServerHost before = Host(directory))
            {
                await before.AddAccountAsync("alice");
                using HttpClient owner = before.Connect();
                (await LogInAsync(owner, "192.0.2.7")).Status.Should().Be(200);
                (await RowsAsync(before)).Should().BeEmpty("a login writes nothing");
            }

            await using ServerHost after = Host(directory);
            using HttpClient client = after.Connect();
            (await RowsAsync(after)).Should().ContainSingle("it was written down by the end");
            for (int number = 1; number <= 10; number++)
                (await LogInAsync(client, $"198.19.{number}.1", "a guess")).Status.Should().Be(401);
            (await LogInAsync(client, "198.19.11.1")).Status.Should().Be(429);
            (await LogInAsync(client, "192.0.2.7")).Status.Should().Be(200);
        }
        finally
        {
            Microsoft.Data.Sqlite.SqliteConnection.ClearAllPools();
            Directory.Delete(directory, recursive: true);
        }
    }

    [Fact]
    public async Task What_is_new_is_written_within_seconds_twenty_for_each_account_and_goes_with_the_account()
    {
        await using ServerHost host = new();
        AccountSnapshot alice = await host.AddAccountAsync("alice"), root = await host.AddAccountAsync("root", "admin");
        GuessingLimit limit = host.Get<GuessingLimit>();
        for (int number = 1; number <= 30; number++)
        {
            host.Time.SetClock(host.Time.GetUtcNow().AddSeconds(1));
            limit.Recognize(new Guess("ALICE", IPAddress.Parse($"192.0.2.{number}")), alice.Subject);
        }
        limit.Recognize(new Guess("ROOT", IPAddress.Parse("192.0.2.1")), root.Subject);
        limit.Recognize(new Guess("GONE", IPAddress.Parse("192.0.2.1")), "no account any more");

        await host.Get<KnownNetworkStore>().WriteAsync();
        await host.Get<KnownNetworkStore>().WriteAsync();

        List<KnownNetworkRow> rows = await RowsAsync(host);
        rows.Where(row => row.Subject == alice.Subject).Should().HaveCount(20);
        rows.Where(row => row.Subject != alice.Subject).Should().ContainSingle().Which.Subject.Should().Be(root.Subject);
        await using AsyncServiceScope scope = host.Services.CreateAsyncScope();
        (await scope.ServiceProvider.GetRequiredService<AccountStore>()
            .DeleteAsync(new Caller(root.Subject, root.Generation, "a login", Token: null), alice.Subject)).Should().Be(AccountChange.Done);
        (await RowsAsync(host)).Should().ContainSingle();
    }

    private static ServerHost Host(string directory) => new ServerHost(directory).With("JwtAuth:Proxy:TrustedNetworks", "127.0.0.1");

    private static Task<Reply> LogInAsync(HttpClient client, string address, string password = ServerHost.Password) =>
        client.AskAsync("POST", "/auth/login", new { username = "alice", password }, ("X-Forwarded-For", address));

    private static async Task<List<KnownNetworkRow>> RowsAsync(ServerHost host)
    {
        _ = host.Get<KnownNetworks>();
        await using AsyncServiceScope scope = host.Services.CreateAsyncScope();
        return await scope.ServiceProvider.GetRequiredService<Db>().KnownNetworks.AsNoTracking()
            .ToListAsync(TestContext.Current.CancellationToken);
    }
}
