using System.Globalization;
using System.Net;
using JwtAuth.Server.Guessing;
using JwtAuth.Tests.Hosting;

namespace JwtAuth.Tests.Guessing;

public sealed class GuessingLimitTests
{
    private static readonly IPAddress Stranger = IPAddress.Parse("198.51.100.66"), Home = IPAddress.Parse("192.0.2.7");

    private readonly ManualTime time = new();
    private readonly GuessingLimit limit;

    public GuessingLimitTests() => limit = new GuessingLimit(time);

    [Fact, Trait("row", "PWD-14")]
    public void One_address_guesses_five_times_at_one_account_and_then_ever_slower()
    {
        Admitted("ALICE", Stranger, 20).Should().Be(5);
        limit.Enter("ALICE", Home).Should().BeNull("another address is not shut out");

        TimeSpan last = TimeSpan.Zero;
        for (int attempt = 0; attempt < 4; attempt++)
        {
            TimeSpan wait = limit.Enter("ALICE", Stranger)!.Value;
            wait.Should().BeGreaterThan(last);
            last = wait;
            time.Advance(wait);
            limit.Enter("ALICE", Stranger).Should().BeNull("the wait that was told is enough");
        }
        limit.Enter("BOB", Stranger).Should().BeNull();
    }

    [Fact, Trait("row", "PWD-14")]
    public void Many_addresses_guess_ten_times_at_one_account_and_the_owner_is_spared()
    {
        limit.Enter("ALICE", Home).Should().BeNull();
        limit.Succeed("ALICE", Home);

        int admitted = Enumerable.Range(1, 200).Count(host => limit.Enter("ALICE", IPAddress.Parse($"198.51.100.{host}")) is null);

        admitted.Should().Be(10);
        limit.Enter("ALICE", Home).Should().BeNull("the owner has logged in from there before");
        limit.Enter("ALICE", IPAddress.Parse("203.0.113.1")).Should().NotBeNull("a new address has not");
        time.Advance(TimeSpan.FromDays(31));
        admitted = Enumerable.Range(1, 200).Count(host => limit.Enter("ALICE", IPAddress.Parse($"198.51.100.{host}")) is null);
        admitted.Should().Be(10);
        limit.Enter("ALICE", Home).Should().NotBeNull("a success is not remembered for ever");
    }

    [Fact, Trait("row", "PWD-14")]
    public void A_spared_address_still_guesses_no_faster_than_others()
    {
        limit.Enter("ALICE", Home);
        limit.Succeed("ALICE", Home);

        Admitted("ALICE", Home, 20).Should().Be(5);
    }

    [Fact]
    public void Asking_for_the_wait_takes_no_attempt_and_tells_what_an_attempt_would_be_told()
    {
        for (int asked = 0; asked < 20; asked++)
            limit.WaitOf("ALICE", Stranger).Should().BeNull();
        Admitted("ALICE", Stranger, 20).Should().Be(5);

        limit.WaitOf("ALICE", Stranger).Should().Be(limit.Enter("ALICE", Stranger)).And.NotBeNull();
        limit.WaitOf("ALICE", Home).Should().BeNull();
    }

    [Fact, Trait("row", "PWD-17")]
    public void Spraying_five_thousand_names_from_one_address_is_stopped()
    {
        int admitted = Enumerable.Range(0, 5000).Count(name => limit.Enter($"NAME-{name}", Stranger) is null);

        admitted.Should().Be(100);
        limit.Enter("NAME-1", Home).Should().BeNull();
        time.Advance(TimeSpan.FromMinutes(6));
        limit.Enter("ANOTHER", Stranger).Should().BeNull("it is forgotten in time");
    }

    [Theory, Trait("row", "PWD-17")]
    [InlineData("2001:db8:1:2::1", "2001:db8:1:2:ffff:ffff:ffff:ffff", true)]
    [InlineData("2001:db8:1:2::1", "2001:db8:1:3::1", false)]
    [InlineData("198.51.100.66", "::ffff:198.51.100.66", true)]
    [InlineData("198.51.100.66", "198.51.100.67", false)]
    [InlineData("::ffff:198.51.100.66", "::ffff:198.51.100.67", false)]
    [InlineData("fe80::1%1", "fe80::1%2", true)]
    public void An_address_is_an_IPv4_address_or_an_IPv6_network(string one, string other, bool isSame)
    {
        Admitted("ALICE", IPAddress.Parse(one), 20).Should().Be(5);

        limit.Enter("ALICE", IPAddress.Parse(other)).HasValue.Should().Be(isSame);
    }

    [Fact]
    public void A_success_clears_the_pair_and_costs_the_address_nothing()
    {
        for (int round = 0; round < 500; round++)
        {
            limit.Enter("ALICE", Home).Should().BeNull();
            limit.Succeed("ALICE", Home);
        }
        Admitted("ALICE", Home, 4).Should().Be(4);
        limit.Enter("ALICE", Home);
        limit.Succeed("ALICE", Home);
        Admitted("ALICE", Home, 20).Should().Be(5);
    }

    [Fact]
    public void What_was_withdrawn_does_not_count()
    {
        for (int round = 0; round < 500; round++)
        {
            limit.Enter("ALICE", Home).Should().BeNull();
            limit.Withdraw("ALICE", Home);
        }
        Admitted("ALICE", Home, 20).Should().Be(5);
    }

    [Fact]
    public void A_name_cannot_be_made_to_look_like_another_pair()
    {
        Admitted("A B", Home, 20).Should().Be(5);

        limit.Enter("B", Home).Should().BeNull();
        limit.Enter("A", Home).Should().BeNull();
        limit.Enter("A B", null).Should().BeNull();
    }

    [Fact, Trait("row", "PWD-15")]
    public async Task Guesses_made_at_once_are_counted_before_they_are_checked()
    {
        int admitted = 0;

        await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Task.Run(() =>
        {
            for (int guess = 0; guess < 1000; guess++)
            {
                if (limit.Enter("ALICE", Stranger) is null)
                    Interlocked.Increment(ref admitted);
            }
        })));

        admitted.Should().Be(5);
    }

    [Fact, Trait("row", "PWD-15")]
    public async Task Of_a_hundred_guesses_at_once_five_reach_bcrypt_and_the_right_password_waits_as_well()
    {
        await using ServerHost host = new();
        await host.AddAccountAsync("alice");
        using HttpClient client = host.Connect();

        Reply[] replies = await Task.WhenAll(Enumerable.Range(0, 100).Select(guess => client.LoginAsync("alice", $"guess number {guess}")));

        replies.Count(reply => reply.Status == 401).Should().Be(5);
        replies.Where(reply => reply.Status != 401).Should().OnlyContain(reply => reply.Status == 429 && reply.Code == "too_many_attempts");
        replies.Where(reply => reply.Status == 429).Should().OnlyContain(reply => reply.Header("Retry-After") == "1");
        host.Log.All.Count(line => line.Contains("invalid credentials", StringComparison.Ordinal)
            && line.Contains("Login refused", StringComparison.Ordinal)).Should().Be(5);
        (await client.LoginAsync("alice", ServerHost.Password)).Status.Should().Be(429, "the right password is slowed as well");
        host.Time.Advance(TimeSpan.FromSeconds(1));
        (await client.LoginAsync("alice", ServerHost.Password)).Status.Should().Be(200);
    }

    [Fact, Trait("row", "PWD-14")]
    public async Task Retry_After_tells_the_truth_and_an_unknown_name_is_slowed_alike()
    {
        await using ServerHost host = new();
        await host.AddAccountAsync("alice");
        using HttpClient client = host.Connect();

        foreach (int round in Enumerable.Range(0, 9))
        {
            Reply known = await client.LoginAsync("alice", "a wrong password"),
                unknown = await client.LoginAsync("nobody", "a wrong password");
            unknown.Bytes.Should().Be(known.Bytes);
            known.Status.Should().Be(round < 5 ? 401 : 429);
            if (known.Status != 429)
                continue;
            TimeSpan wait = TimeSpan.FromSeconds(int.Parse(known.Header("Retry-After"), CultureInfo.InvariantCulture));
            host.Time.Advance(wait - TimeSpan.FromMilliseconds(1));
            (await client.LoginAsync("alice", "a wrong password")).Status.Should().Be(429);
            host.Time.Advance(TimeSpan.FromMilliseconds(1));
            (await client.LoginAsync("alice", "a wrong password")).Status.Should().Be(401, "admitted");
            (await client.LoginAsync("nobody", "a wrong password")).Status.Should().Be(401, "admitted");
        }
        host.Time.Advance(TimeSpan.FromMinutes(5));
        (await client.LoginAsync("alice", ServerHost.Password)).Status.Should().Be(200, "the owner is never shut out for good");
    }

    private int Admitted(string account, IPAddress address, int attempts) =>
        Enumerable.Range(0, attempts).Count(_ => limit.Enter(account, address) is null);
}
