using JwtAuth.Tests.Hosting;

namespace JwtAuth.Tests.Authentication;

/// <summary>Basic is one more door to the same bcrypt: what is guessed there counts at all of them.</summary>
public sealed class BasicGuessingTests
{
    [Theory, Trait("row", "PAT-10"), Trait("row", "PWD-19")]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Guesses_by_Basic_and_by_login_are_counted_together(bool basicGuesses)
    {
        await using ServerHost host = BasicHost.Made();
        await host.AddAccountAsync("alice");
        await host.AddAccountAsync("bob");
        using HttpClient client = host.Connect();

        for (int guess = 0; guess < 5; guess++)
        {
            Reply wrong = basicGuesses
                ? await client.MeByBasicAsync("alice", "a wrong password")
                : await client.LoginAsync("alice", "a wrong password");
            (wrong.Status, wrong.Code).Should().Be((401, "invalid_credentials"));
        }

        foreach (Reply limited in (Reply[])[await client.MeByBasicAsync("alice"), await client.LoginAsync("ALICE", ServerHost.Password)])
        {
            (limited.Status, limited.Code, limited.Header("Retry-After")).Should().Be((429, "too_many_attempts", "1"));
            limited.Header("WWW-Authenticate").Should().BeEmpty();
        }
        (await client.MeByBasicAsync("bob")).Status.Should().Be(200);
        (await client.LoginAsync("bob", ServerHost.Password)).Status.Should().Be(200);
        host.Time.Advance(TimeSpan.FromSeconds(1));
        (await client.MeByBasicAsync("alice")).Status.Should().Be(200, "the wait that was told is enough");
        host.Time.Advance(TimeSpan.FromSeconds(1));
        (await client.LoginAsync("alice", ServerHost.Password)).Status.Should().Be(200, "the five stay counted");
    }

    [Fact, Trait("row", "PAT-10"), Trait("row", "PWD-19")]
    public async Task Who_has_guessed_too_often_does_not_learn_the_password_from_what_is_remembered_of_its_owner()
    {
        await using ServerHost host = BasicHost.Made().With("JwtAuth:Proxy:TrustedNetworks", "127.0.0.1");
        await host.AddAccountAsync("alice");
        using HttpClient client = host.Connect();
        (string, string) home = ("X-Forwarded-For", "192.0.2.7"), stranger = ("X-Forwarded-For", "198.51.100.66");
        (await client.MeByBasicAsync("alice", ServerHost.Password, home)).Status.Should().Be(200);
        (await client.MeByBasicAsync("alice", ServerHost.Password, stranger)).Status
            .Should().Be(200, "nobody has guessed yet, and it is right");
        for (int guess = 0; guess < 5; guess++)
            (await client.MeByBasicAsync("alice", $"wrong password {guess}", stranger)).Status.Should().Be(401);

        Reply wrong = await client.MeByBasicAsync("alice", "another wrong password", stranger),
            right = await client.MeByBasicAsync("alice", ServerHost.Password, stranger);

        wrong.Status.Should().Be(429);
        right.Bytes.Should().Be(wrong.Bytes);
        (await client.MeByBasicAsync("alice", ServerHost.Password, home)).Status.Should().Be(200, "the owner is not shut out");
    }

    [Fact]
    public async Task An_address_that_was_only_ever_answered_from_memory_is_its_owners_all_the_same()
    {
        await using ServerHost host = BasicHost.Made().With("JwtAuth:Proxy:TrustedNetworks", "127.0.0.1");
        await host.AddAccountAsync("alice");
        using HttpClient client = host.Connect();
        (string, string) home = ("X-Forwarded-For", "192.0.2.7"), office = ("X-Forwarded-For", "192.0.2.200");
        (await client.MeByBasicAsync("alice", ServerHost.Password, home)).Status.Should().Be(200);
        (await client.MeByBasicAsync("alice", ServerHost.Password, office)).Status.Should().Be(200);

        int limited = 0;
        for (int stranger = 1; stranger <= 20; stranger++)
            limited += (await client.MeByBasicAsync("alice", "a wrong password",
                ("X-Forwarded-For", $"198.51.100.{stranger}"))).Status == 429 ? 1 : 0;

        limited.Should().BePositive("strangers wait");
        (await client.MeByBasicAsync("alice", ServerHost.Password, home)).Status.Should().Be(200);
        (await client.MeByBasicAsync("alice", ServerHost.Password, office)).Status.Should().Be(200);
        (await client.MeByBasicAsync("alice", ServerHost.Password, ("X-Forwarded-For", "198.51.100.99"))).Status
            .Should().Be(429, "nobody knows that this one is hers");
    }

    [Fact, Trait("row", "PAT-10")]
    public async Task Sixty_four_at_once_with_wrong_pairs_guess_no_more_often_than_the_limit_lets_them()
    {
        await using ServerHost host = BasicHost.Made();
        await host.AddAccountAsync("alice");
        using HttpClient client = host.Connect();

        Reply[] replies =
            await Task.WhenAll(Enumerable.Range(0, 64).Select(racer => client.MeByBasicAsync("alice", $"wrong password {racer % 16}")));

        replies.Should().OnlyContain(reply => reply.Status == 401 || reply.Status == 429 || reply.Status == 503);
        host.Log.All.Count(line => line.Contains("invalid credentials", StringComparison.Ordinal)).Should().BeLessThanOrEqualTo(5);
    }

    [Fact, Trait("row", "PAT-10")]
    public async Task What_bcrypt_has_no_place_for_is_told_to_come_back_and_was_no_guess()
    {
        await using ServerHost host = BasicHost.Made();
        await host.AddAccountAsync("alice");
        using HttpClient client = host.Connect();

        using (await host.HoldHashingAsync())
        {
            for (int attempt = 0; attempt < 10; attempt++)
            {
                Reply busy = await client.MeByBasicAsync("alice");
                (busy.Status, busy.Code, busy.Header("Retry-After"), busy.Header("WWW-Authenticate")).Should().Be((503, "busy", "2", ""));
            }
        }
        (await client.MeByBasicAsync("alice")).Status.Should().Be(200);
    }
}
