using System.Globalization;
using System.Net;
using JwtAuth.Bearer.Keys;
using JwtAuth.Server.Guessing;
using JwtAuth.Tests.Hosting;

namespace JwtAuth.Tests.Guessing;

public sealed class GuessingLimitTests
{
    private const string Subject = "a subject";

    private static readonly IPAddress Stranger = IPAddress.Parse("198.51.100.66"), Home = IPAddress.Parse("192.0.2.7");

    private readonly ManualTime time = new();
    private readonly GuessingLimit limit;

    public GuessingLimitTests() => limit = Made();

    [Fact, Trait("row", "PWD-14")]
    public void One_address_guesses_five_times_at_one_account_and_then_ever_slower()
    {
        Admitted("ALICE", Stranger, 20).Should().Be(5);
        Wait("ALICE", Home).Should().BeNull("another address is not shut out");

        TimeSpan last = TimeSpan.Zero;
        for (int attempt = 0; attempt < 4; attempt++)
        {
            TimeSpan wait = Wait("ALICE", Stranger)!.Value;
            wait.Should().BeGreaterThan(last - TimeSpan.FromMilliseconds(1));
            last = wait;
            time.Advance(wait);
            Wait("ALICE", Stranger).Should().BeNull("the wait that was told is enough");
        }
        last.Should().BeGreaterThan(TimeSpan.FromSeconds(8));
        Wait("BOB", Stranger).Should().BeNull();
    }

    [Fact, Trait("row", "PWD-14")]
    public void Many_addresses_guess_ten_times_at_one_account_and_the_owner_is_spared()
    {
        Succeed("ALICE", Home);

        AdmittedFromEachNetwork("ALICE", 200).Should().Be(10);

        Wait("ALICE", Home).Should().BeNull("the owner has logged in from there before");
        Wait("ALICE", IPAddress.Parse("203.0.113.1")).Should().NotBeNull("a new address has not");
        time.Advance(TimeSpan.FromDays(31));
        AdmittedFromEachNetwork("ALICE", 200).Should().Be(10);
        Wait("ALICE", Home).Should().NotBeNull("a success is not remembered for ever");
    }

    [Fact, Trait("row", "PWD-14")]
    public void Where_strangers_go_on_guessing_the_owner_at_a_new_address_still_has_some_tries_and_they_get_no_more_than_before()
    {
        IPAddress[] strangers = [.. Enumerable.Range(1, 12).Select(number => IPAddress.Parse($"198.18.{number}.1"))];
        int guesses = 0;
        for (int second = 0; second < 3600; second++)
        {
            guesses += strangers.Count(stranger => Wait("ALICE", stranger) is null);
            time.Advance(TimeSpan.FromSeconds(1));
        }
        guesses.Should().BeLessThan(10 + 16 + 60, "ten, some at growing distances, and then one a minute");

        strangers.Count(stranger => Wait("ALICE", stranger) is null).Should().BeLessThanOrEqualTo(1, "one may be due this very second");
        strangers.Should().NotContain(stranger => Wait("ALICE", stranger) == null, "they have failed, so what is left is not theirs");
        Admitted("ALICE", Home, 5).Should().Be(2, "the owner's network has not failed here");
        Succeed("ALICE", IPAddress.Parse("203.0.113.9")).Should().BeTrue("nor has another");
    }

    [Fact]
    public void A_thousand_networks_of_one_48_have_failed_as_one()
    {
        for (int number = 0; number < 10; number++)
            Wait("ALICE", IPAddress.Parse($"2001:db8:0:{number:x}::1"));

        Wait("ALICE", IPAddress.Parse("2001:db8:0:ffff::1")).Should().NotBeNull("its /48 has failed too often");
        Wait("ALICE", IPAddress.Parse("2001:db8:1:ffff::1")).Should().BeNull("another /48 has not");
    }

    [Fact]
    public void A_device_of_the_owner_is_spared_wherever_it_is_and_guesses_no_faster_than_others()
    {
        AdmittedFromEachNetwork("ALICE", 200).Should().Be(10);
        Admitted("ALICE", Home, 20).Should().Be(0);

        Enumerable.Range(0, 20).Count(_ => limit.Enter(new Guess("ALICE", Home, "a device"), out TimeSpan _) is not null).Should().Be(5);
        Enumerable.Range(0, 20).Count(_ => limit.Enter(new Guess("ALICE", Home, "another"), out TimeSpan _) is not null).Should().Be(5);
    }

    [Fact, Trait("row", "PWD-14")]
    public void A_spared_address_still_guesses_no_faster_than_others()
    {
        Succeed("ALICE", Home);

        Admitted("ALICE", Home, 20).Should().Be(5);
    }

    [Fact]
    public void Asking_for_the_wait_takes_no_attempt_and_tells_what_an_attempt_would_be_told()
    {
        for (int asked = 0; asked < 20; asked++)
            limit.WaitOf(new Guess("ALICE", Stranger)).Should().BeNull();
        Admitted("ALICE", Stranger, 20).Should().Be(5);

        limit.WaitOf(new Guess("ALICE", Stranger)).Should().Be(Wait("ALICE", Stranger)).And.NotBeNull();
        limit.WaitOf(new Guess("ALICE", Home)).Should().BeNull();
    }

    [Fact, Trait("row", "PWD-17")]
    public void Spraying_five_thousand_names_from_one_address_is_stopped()
    {
        int admitted = Enumerable.Range(0, 5000).Count(name => Wait($"NAME-{name}", Stranger) is null);

        admitted.Should().Be(100);
        Wait("NAME-1", Home).Should().BeNull();
        time.Advance(TimeSpan.FromMinutes(6));
        Wait("ANOTHER", Stranger).Should().BeNull("it is forgotten in time");
    }

    [Theory, Trait("row", "PWD-17")]
    [InlineData("2001:db8:0:{0:x}00::{1:x}", 400)] // the /64s of a /48, each in a /56 of its own
    [InlineData("2001:db8:0:{0:x}::{1:x}", 200)] // the /64s of a /56
    [InlineData("2001:db8:0:1:{0:x}:{1:x}::", 100)] // the addresses of a /64
    [InlineData("192.0.2.{0}", 400)] // the addresses of a /24
    public void Spraying_from_many_addresses_of_one_network_is_stopped(string addresses, int most)
    {
        int admitted = Enumerable.Range(0, 5000).Count(guess => Wait(
            $"NAME-{guess}", IPAddress.Parse(string.Format(CultureInfo.InvariantCulture, addresses, 1 + (guess % 250), guess))) is null);

        admitted.Should().Be(most);
        Wait("NAME-1", IPAddress.Parse("2001:db8:1::1")).Should().BeNull("it is another network");
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

        Wait("ALICE", IPAddress.Parse(other)).HasValue.Should().Be(isSame);
    }

    [Fact]
    public void A_success_gives_its_own_attempt_back_and_no_other()
    {
        for (int round = 0; round < 500; round++)
            Succeed("ALICE", Home).Should().BeTrue();
        Admitted("ALICE", Home, 3).Should().Be(3);

        Succeed("ALICE", Home).Should().BeTrue();

        Admitted("ALICE", Home, 20).Should().Be(2, "the three failures before it stay counted");
    }

    [Fact]
    public void What_was_withdrawn_does_not_count_also_where_the_network_became_known_meanwhile()
    {
        for (int round = 0; round < 500; round++)
            limit.Withdraw(limit.Enter(new Guess("ALICE", Home), out TimeSpan _)!);
        Attempt before = limit.Enter(new Guess("ALICE", Stranger), out TimeSpan _)!;
        Succeed("ALICE", Stranger).Should().BeTrue();
        limit.Withdraw(before);

        Admitted("ALICE", Home, 20).Should().Be(5);
        AdmittedFromEachNetwork("ALICE", 200).Should().Be(5);
    }

    [Fact]
    public void A_name_cannot_be_made_to_look_like_another_pair()
    {
        Admitted("A B", Home, 20).Should().Be(5);

        Wait("B", Home).Should().BeNull();
        Wait("A", Home).Should().BeNull();
        Wait("A B", null).Should().BeNull();
    }

    [Fact, Trait("row", "PWD-15")]
    public async Task Guesses_made_at_once_are_counted_before_they_are_checked()
    {
        int admitted = 0;

        await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Task.Run(() =>
        {
            for (int guess = 0; guess < 1000; guess++)
            {
                if (limit.Enter(new Guess("ALICE", Stranger), out TimeSpan _) is not null)
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

    [Fact]
    public async Task Of_twelve_logins_with_the_right_password_at_once_all_pass_and_they_are_one_guess()
    {
        await using ServerHost host = new();
        await host.AddAccountAsync("alice");
        using HttpClient client = host.Connect();

        Reply[] replies = await Task.WhenAll(Enumerable.Range(0, 12).Select(number =>
            client.LoginAsync(number % 2 == 0 ? "alice" : "ALICE", ServerHost.Password)));

        replies.Should().OnlyContain(reply => reply.Status == 200);
        for (int guess = 0; guess < 5; guess++)
            (await client.LoginAsync("alice", $"guess number {guess}")).Status.Should().Be(401, "no right one was counted");
        (await client.LoginAsync("alice", "one guess more")).Status.Should().Be(429);
    }

    private GuessingLimit Made() =>
        new(new KnownNetworks(new MacKey(new byte[32]), time), new AttemptNames(new MacKey(new byte[32])), time);

    private int Admitted(string account, IPAddress address, int attempts) =>
        Enumerable.Range(0, attempts).Count(_ => Wait(account, address) is null);

    // One attempt from each of so many /24s.
    private int AdmittedFromEachNetwork(string account, int networks) =>
        Enumerable.Range(1, networks).Count(number => Wait(account, IPAddress.Parse($"198.19.{number}.1")) is null);

    private TimeSpan? Wait(string account, IPAddress? address) =>
        limit.Enter(new Guess(account, address), out TimeSpan wait) is null ? wait : null;

    private bool Succeed(string account, IPAddress address)
    {
        if (limit.Enter(new Guess(account, address), out TimeSpan _) is not { } attempt)
            return false;
        limit.TrySucceed(attempt, Subject, out TimeSpan _).Should().BeTrue();
        return true;
    }
}
