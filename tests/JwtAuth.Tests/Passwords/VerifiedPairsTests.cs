using JwtAuth.Server.Passwords;
using JwtAuth.Tests.Hosting;

namespace JwtAuth.Tests.Passwords;

public sealed class VerifiedPairsTests
{
    private static readonly VerifiedPair Alice = new("alice's subject", "alice's hash", DateTimeOffset.UnixEpoch);

    private readonly ManualTime time = new();
    private readonly VerifiedPairs pairs;

    public VerifiedPairsTests() => pairs = new VerifiedPairs(time);

    [Fact, Trait("row", "PAT-11")]
    public void A_pair_is_remembered_for_a_minute_from_its_verification_however_much_it_is_used()
    {
        pairs.Remember("a", Alice);

        for (int second = 0; second < 60; second++)
        {
            pairs.Find("a").Should().BeSameAs(Alice);
            time.Advance(TimeSpan.FromSeconds(1) - TimeSpan.FromTicks(second == 59 ? 1 : 0));
        }
        pairs.Find("a").Should().BeSameAs(Alice);
        time.SetClock(time.GetUtcNow() + TimeSpan.FromDays(1));
        pairs.Find("a").Should().BeSameAs(Alice, "the wall clock was set, and no time has passed");
        time.Advance(TimeSpan.FromTicks(1));

        pairs.Find("a").Should().BeNull();
        pairs.Count.Should().Be(0);
        pairs.Remember("a", Alice);
        pairs.Find("a").Should().BeSameAs(Alice);
    }

    [Fact, Trait("row", "PAT-11")]
    public void So_many_are_remembered_and_beyond_them_the_oldest_goes()
    {
        for (int number = 0; number < VerifiedPairs.Capacity; number++)
            pairs.Remember($"{number}", Alice);
        pairs.Remember("0", Alice).Should().BeFalse("it is remembered already");
        pairs.Remember("0", Alice with { VerifiedAt = Alice.VerifiedAt.AddSeconds(1) }).Should().BeTrue();
        pairs.Find("1").Should().NotBeNull("all of them have room");

        pairs.Remember("one more", Alice);

        pairs.Count.Should().Be(VerifiedPairs.Capacity);
        pairs.Find("1").Should().BeNull("it is the oldest, since the one before it was verified again");
        foreach (string kept in (string[])["0", "2", "one more"])
            pairs.Find(kept).Should().NotBeNull();
    }

    [Fact]
    public void What_does_not_hold_is_forgotten_and_not_what_was_remembered_since()
    {
        var renewed = new VerifiedPair(Alice.Subject, "another hash", DateTimeOffset.UnixEpoch);
        pairs.Remember("a", Alice);
        pairs.Remember("a", renewed);

        pairs.Forget("a", Alice);
        pairs.Find("a").Should().BeSameAs(renewed);
        pairs.Forget("a", renewed);
        pairs.Find("a").Should().BeNull();
    }

    [Fact]
    public void Every_pair_has_a_MAC_of_its_own_that_no_other_process_would_give_it()
    {
        (string Name, string Password)[] similar =
        [
            ("ALICE", "pw"), ("ALIC", "Epw"), ("ALICEp", "w"), ("ALICE:", "pw"), ("ALICE", ":pw"), ("ALICE", "pw\0"), ("ALICE\0", "pw"),
            ("", "ALICEpw"), ("ALICEpw", ""), ("ALICE", "PW"),
        ];

        similar.Select(pair => pairs.MacOf(pair.Name, new Password(pair.Password))).Should().OnlyHaveUniqueItems();
        pairs.MacOf("ALICE", new Password("pw")).Should().Be(pairs.MacOf("ALICE", new Password("pw")));
        new VerifiedPairs(time).MacOf("ALICE", new Password("pw")).Should().NotBe(pairs.MacOf("ALICE", new Password("pw")));
    }

    [Fact]
    public void Neither_name_nor_password_is_kept_in_clear()
    {
        const string Name = "ALICE.IN.CLEAR";
        string mac = pairs.MacOf(Name, new Password(ServerHost.Password));
        pairs.Remember(mac, Alice);

        List<string> held = [.. HeldTexts.In(pairs)];

        held.Should().Contain([mac, Alice.PasswordHash], "the search finds what is there");
        held.Should().NotContain(text => text.Contains(ServerHost.Password) || text.Contains(Name));
        Alice.ToString().Should().NotContain(Alice.PasswordHash);
    }
}
