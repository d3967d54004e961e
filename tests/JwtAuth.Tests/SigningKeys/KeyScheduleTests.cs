using System.Security.Cryptography;
using JwtAuth.Bearer.Keys;
using JwtAuth.Server.Sealing;
using JwtAuth.Server.SigningKeys;
using JwtAuth.Server.Storage;
using JwtAuth.Tests.Hosting;

namespace JwtAuth.Tests.SigningKeys;

/// <summary>The rules of the ring, on a list of rows and a clock that is moved.</summary>
public sealed class KeyScheduleTests
{
    private static readonly TimeSpan RotateEvery = TimeSpan.FromDays(90);
    private static readonly TimeSpan PublishAhead = TimeSpan.FromHours(1);
    private static readonly TimeSpan Tick = TimeSpan.FromMilliseconds(1);

    private readonly ManualTime time = new();
    private readonly MasterKey masterKey = new(RandomNumberGenerator.GetBytes(32));
    private readonly List<SigningKeyRow> ring = [];

    private KeySchedule Schedule(SignatureAlgorithm algorithm = SignatureAlgorithm.ES256, byte[]? secret = null) =>
        new(new SigningKeySettings(algorithm, RotateEvery, PublishAhead, secret), masterKey, time);

    private SigningKeyRow? Signer => Schedule().SignerOf(ring, forAccount: true);

    [Fact]
    public void An_empty_ring_gets_one_key_that_signs_at_once_and_bringing_again_changes_nothing()
    {
        Schedule().Advance(ring);
        Schedule().Advance(ring);
        ring.Should().ContainSingle().Which
            .Should().Match<SigningKeyRow>(row => row.SignsFrom == time.GetUtcNow() && row.RetiredAt == null);
        Signer.Should().BeSameAs(ring[0]);
    }

    [Fact]
    public void A_successor_is_published_ahead_takes_over_when_its_time_comes_and_the_old_key_is_retired_and_then_forgotten()
    {
        Schedule().Advance(ring);
        SigningKeyRow first = ring[0];

        time.Advance(RotateEvery - PublishAhead - Tick);
        Schedule().Advance(ring);
        ring.Should().Equal(first);

        time.Advance(Tick);
        Schedule().Advance(ring);
        Schedule().Advance(ring);
        ring.Should().HaveCount(2, "it is published once");
        SigningKeyRow successor = ring[1];
        successor.SignsFrom.Should().Be(time.GetUtcNow() + PublishAhead);

        time.Advance(PublishAhead - Tick);
        Schedule().Advance(ring);
        Signer.Should().BeSameAs(first);
        first.RetiredAt.Should().BeNull();

        time.Advance(Tick);
        Signer.Should().BeSameAs(successor, "it takes over by the clock, whoever brings the ring later");
        Schedule().Advance(ring);
        first.RetiredAt.Should().Be(time.GetUtcNow());
        first.SealedPrivateKey.Should().BeNull("nobody signs with it again");
        first.PublicKey.Should().NotBeNull("it still verifies");
        successor.SealedPrivateKey.Should().NotBeNull();

        time.Advance(KeySchedule.Retention - Tick);
        Schedule().Advance(ring);
        ring.Should().Contain(first);
        time.Advance(Tick);
        Schedule().Advance(ring);
        ring.Should().Equal(successor);
    }

    [Fact]
    public void A_ring_that_nobody_brought_for_years_still_has_one_signer()
    {
        Schedule().Advance(ring);
        SigningKeyRow first = ring[0];
        time.Advance(RotateEvery * 20);
        Signer.Should().BeSameAs(first);
        Schedule().Advance(ring);
        Signer.Should().BeSameAs(first, "the successor is published before it signs");
        time.Advance(PublishAhead);
        Schedule().Advance(ring);
        Signer.Should().NotBeSameAs(first);
        ring.Count(row => row.RetiredAt is null).Should().Be(1);
    }

    [Fact]
    public void Retiring_the_signer_brings_a_new_one_at_once_and_retiring_again_or_a_stranger_is_false()
    {
        Schedule().Advance(ring);
        SigningKeyRow first = ring[0];
        Schedule().Retire(ring, "nobody").Should().BeFalse();
        Schedule().Retire(ring, first.KeyId).Should().BeTrue();
        Schedule().Retire(ring, first.KeyId).Should().BeFalse();
        (first.RetiredAt, first.SealedPrivateKey).Should().Be((time.GetUtcNow(), null));
        Signer.Should().NotBeNull().And.NotBeSameAs(first);
    }

    [Fact]
    public void Retiring_the_signer_lets_its_announced_successor_sign_at_once_and_retiring_the_successor_leaves_the_signer()
    {
        Schedule().Advance(ring);
        SigningKeyRow first = ring[0];
        Schedule().TryAdd(ring, SigningKey.Generate(SignatureAlgorithm.ES256), time.GetUtcNow() + PublishAhead).Should().BeTrue();
        SigningKeyRow announced = ring[1];
        Signer.Should().BeSameAs(first);
        Schedule().Retire(ring, announced.KeyId).Should().BeTrue();
        Signer.Should().BeSameAs(first);

        Schedule().TryAdd(ring, SigningKey.Generate(SignatureAlgorithm.ES256), time.GetUtcNow() + PublishAhead).Should().BeTrue();
        Schedule().Retire(ring, first.KeyId).Should().BeTrue();
        Signer.Should().BeSameAs(ring[^1]).And.NotBeSameAs(announced);
    }

    [Fact]
    public void A_second_announced_key_takes_the_first_ones_place_and_the_signer_goes_on()
    {
        Schedule().Advance(ring);
        SigningKeyRow first = ring[0];
        SigningKey one = SigningKey.Generate(SignatureAlgorithm.ES256), two = SigningKey.Generate(SignatureAlgorithm.ES256);
        Schedule().TryAdd(ring, one, time.GetUtcNow() + PublishAhead).Should().BeTrue();
        Schedule().TryAdd(ring, one, time.GetUtcNow() + PublishAhead).Should().BeFalse("it is there");
        Schedule().TryAdd(ring, two, time.GetUtcNow() + PublishAhead).Should().BeTrue();
        ring.Select(row => row.KeyId).Should().Equal(first.KeyId, two.KeyId);
        Signer.Should().BeSameAs(first);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(-2)]
    [Trait("row", "KEY-06")]
    public void A_key_added_for_now_signs_now_also_in_the_same_moment_and_after_the_clock_stepped_back(int hours)
    {
        Schedule().Advance(ring);
        SigningKeyRow first = ring[0];
        time.SetClock(time.GetUtcNow() + TimeSpan.FromHours(hours));
        SigningKey key = SigningKey.Generate(SignatureAlgorithm.ES256);
        Schedule().TryAdd(ring, key, time.GetUtcNow()).Should().BeTrue();
        Signer!.KeyId.Should().Be(key.KeyId);
        ring.Should().Contain(first, "its tokens live");
        first.RetiredAt.Should().Be(time.GetUtcNow());
        time.Advance(TimeSpan.FromHours(3));
        Signer!.KeyId.Should().Be(key.KeyId, "what was replaced does not come back");
    }

    [Fact]
    [Trait("row", "KEY-06")]
    public void A_key_announced_after_the_clock_stepped_back_leaves_the_signer_in_place()
    {
        Schedule().Advance(ring);
        SigningKeyRow first = ring[0];
        time.SetClock(time.GetUtcNow() - TimeSpan.FromHours(2));
        SigningKey key = SigningKey.Generate(SignatureAlgorithm.ES256);
        Schedule().TryAdd(ring, key, time.GetUtcNow() + PublishAhead).Should().BeTrue();
        Signer.Should().BeSameAs(first);
        time.Advance(PublishAhead);
        Schedule().Advance(ring);
        Signer!.KeyId.Should().Be(key.KeyId);
        ring.Should().Contain(first);
    }

    [Fact]
    public void A_clock_that_stepped_back_leaves_a_key_that_signs_and_its_own_successor()
    {
        Schedule().Advance(ring);
        SigningKeyRow first = ring[0];
        time.SetClock(time.GetUtcNow() - TimeSpan.FromDays(400));
        Signer.Should().BeSameAs(first, "better the earliest key than none");
        Schedule().Advance(ring);
        ring.Should().Equal(first);
        first.SignsFrom.Should().Be(time.GetUtcNow());
        time.Advance(RotateEvery - PublishAhead);
        Schedule().Advance(ring);
        ring.Should().HaveCount(2);

        time.SetClock(time.GetUtcNow() - TimeSpan.FromDays(400));
        Schedule().Advance(ring);
        Signer.Should().BeSameAs(first);
        ring[1].RetiredAt.Should().BeNull("a successor that was published is still the next");
    }

    [Fact]
    [Trait("row", "KEY-06")]
    public void A_thousand_rotations_give_a_thousand_keys_and_one_signer_after_each()
    {
        HashSet<string> seen = [];
        for (int turn = 0; turn < 1_000; turn++)
        {
            SigningKey key = SigningKey.Generate(turn % 2 == 0 ? SignatureAlgorithm.ES256 : SignatureAlgorithm.HS256);
            Schedule(key.Algorithm).TryAdd(ring, key, time.GetUtcNow()).Should().BeTrue();
            seen.Add(key.KeyId).Should().BeTrue();
            Schedule(key.Algorithm).SignerOf(ring, forAccount: true)!.KeyId.Should().Be(key.KeyId);
            ring.Count(row => row.RetiredAt is null && row.Algorithm == key.Algorithm).Should().Be(1);
            time.Advance(TimeSpan.FromSeconds(turn % 3));
        }
        seen.Should().HaveCount(1_000);
        Schedule(ring[^1].Algorithm).Begin(ring);
        time.Advance(KeySchedule.Retention);
        Schedule(ring[^1].Algorithm).Advance(ring);
        ring.Should().ContainSingle("rows are bounded");
    }

    [Theory]
    [InlineData(SignatureAlgorithm.RS256, SignatureAlgorithm.ES256)]
    [InlineData(SignatureAlgorithm.ES256, SignatureAlgorithm.HS256)]
    [InlineData(SignatureAlgorithm.HS256, SignatureAlgorithm.RS256)]
    public void A_change_of_algorithm_retires_the_old_key_which_goes_on_verifying(SignatureAlgorithm before, SignatureAlgorithm after)
    {
        Schedule(before).Advance(ring);
        SigningKeyRow old = ring[0];
        Schedule(after).Advance(ring);
        old.RetiredAt.Should().BeNull("a command, or a service beside this one, may be configured otherwise");
        Schedule(before).SignerOf(ring, forAccount: true).Should().BeSameAs(old);
        Schedule(after).Begin(ring);
        old.RetiredAt.Should().Be(time.GetUtcNow());
        Schedule(before).SignerOf(ring, forAccount: true)
            .Should().NotBeNull("a service that is left without a key of its own signs with the other's").And.NotBeSameAs(old);
        (old.SealedPrivateKey is null).Should().Be(before != SignatureAlgorithm.HS256, "a secret verifies with what it signed with");
        Schedule(after).SignerOf(ring, forAccount: true)!.Algorithm.Should().Be(after);
        Schedule(after).SignerOf(ring, forAccount: false)!.Algorithm.Should().Be(after);
        time.Advance(KeySchedule.Retention);
        Schedule(after).Advance(ring);
        ring.Should().NotContain(old);
    }

    [Fact]
    public void A_shared_secret_signs_for_apis_only_and_a_changed_or_removed_one_is_retired()
    {
        byte[] one = RandomNumberGenerator.GetBytes(32), two = RandomNumberGenerator.GetBytes(32);
        KeySchedule schedule = Schedule(SignatureAlgorithm.HS256, one);
        schedule.Advance(ring);
        schedule.Advance(ring);
        ring.Should().HaveCount(2, "the ring's own key and the shared one");
        SigningKeyRow shared = schedule.SignerOf(ring, forAccount: false)!, own = schedule.SignerOf(ring, forAccount: true)!;
        (shared.ForApisOnly, own.ForApisOnly).Should().Be((true, false));
        schedule.Open(shared).ExportPrivate().Should().Equal(one);
        schedule.Open(own).ExportPrivate().Should().NotEqual(one);

        KeySchedule changed = Schedule(SignatureAlgorithm.HS256, two);
        changed.Advance(ring);
        schedule.SignerOf(ring, forAccount: false).Should().BeSameAs(shared, "it signs for the service that is configured with it");
        changed.Begin(ring);
        shared.RetiredAt.Should().Be(time.GetUtcNow());
        SigningKeyRow second = changed.SignerOf(ring, forAccount: false)!;
        changed.Open(second).ExportPrivate().Should().Equal(two);
        own.RetiredAt.Should().BeNull();

        Schedule(SignatureAlgorithm.HS256).Begin(ring);
        second.RetiredAt.Should().NotBeNull();
        Schedule(SignatureAlgorithm.HS256).SignerOf(ring, forAccount: false).Should().BeSameAs(own);
    }

    [Fact]
    public void A_secret_that_apis_share_never_becomes_a_key_that_signs_for_the_account()
    {
        byte[] secret = RandomNumberGenerator.GetBytes(32);
        Schedule(SignatureAlgorithm.HS256).TryAdd(ring, SigningKey.FromPrivate(SignatureAlgorithm.HS256, secret), time.GetUtcNow())
            .Should().BeTrue("nobody shares it yet");
        SigningKeyRow row = ring.Single(candidate => candidate.RetiredAt is null);
        Schedule(SignatureAlgorithm.HS256).SignerOf(ring, forAccount: true).Should().BeSameAs(row);

        KeySchedule sharing = Schedule(SignatureAlgorithm.HS256, secret);
        sharing.Begin(ring);
        row.ForApisOnly.Should().BeTrue();
        sharing.SignerOf(ring, forAccount: false).Should().BeSameAs(row);
        sharing.SignerOf(ring, forAccount: true).Should().NotBeSameAs(row);
        sharing.TryAdd(ring, SigningKey.FromPrivate(SignatureAlgorithm.HS256, secret), time.GetUtcNow())
            .Should().BeFalse("it is in the ring");
        sharing.TryAdd(ring, SigningKey.Generate(SignatureAlgorithm.HS256), time.GetUtcNow()).Should().BeTrue();
    }

    [Theory]
    [InlineData(SignatureAlgorithm.RS256)]
    [InlineData(SignatureAlgorithm.ES256)]
    public void A_secret_configured_beside_another_algorithm_signs_nothing(SignatureAlgorithm algorithm)
    {
        KeySchedule schedule = Schedule(algorithm, RandomNumberGenerator.GetBytes(32));
        schedule.Advance(ring);
        ring.Should().ContainSingle().Which.Algorithm.Should().Be(algorithm);
    }
}
