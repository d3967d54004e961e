using JwtAuth.Bearer.Denials;
using JwtAuth.Tests.Hosting;

namespace JwtAuth.Tests.Denials;

/// <summary>
/// A subject stands in the table with a number, or, where the number is not enough, among the exceptions: nobody can tell which.
/// </summary>
public sealed class DeniedSubjectTests
{
    private readonly ManualTime time = new();
    private readonly Denylist denylist;

    public DeniedSubjectTests() => denylist = new(time, TimeSpan.FromSeconds(5));

    private DateTimeOffset Later => time.GetUtcNow().AddHours(5);

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(uint.MaxValue - 1L)]
    [InlineData((long)uint.MaxValue)]
    [InlineData(uint.MaxValue + 1L)]
    [InlineData(long.MaxValue)]
    public void A_generation_of_any_size_denies_those_below_it_and_no_other(long below)
    {
        denylist.Add(Denial.OfSubject("alice", below, null, Later));
        foreach (long generation in new[] { 0, 1, below / 2, below - 1, below, long.MaxValue }.Where(generation => generation >= 0))
            Denies("alice", "s1", generation).Should().Be(generation < below, $"{generation} is asked");
        Denies("bob", "s1", 0).Should().BeFalse();
        denylist.Count.Should().Be(1);
    }

    [Fact]
    public void A_number_becomes_an_exception_and_what_was_denied_before_stays_so()
    {
        denylist.Add(Denial.OfSubject("alice", 3, null, Later));
        denylist.Add(Denial.OfSubject("bob", 3, null, Later));
        denylist.Add(Denial.OfSubject("alice", 5, "s1", Later));

        (Denies("alice", "s1", 2), Denies("alice", "s1", 3), Denies("alice", "s2", 4), Denies("alice", "s2", 5))
            .Should().Be((true, false, true, false));
        (Denies("bob", "s1", 2), Denies("bob", "s2", 3)).Should().Be((true, false), "his number is as it was");

        denylist.Add(Denial.OfSubject("alice", 7, null, Later));
        (Denies("alice", "s1", 6), Denies("alice", "s1", 7), Denies("alice", "s2", 6), Denies("alice", "s2", 7))
            .Should().Be((true, false, true, false));
        denylist.Count.Should().Be(2);
    }

    [Fact]
    public void An_exception_is_forgotten_with_its_subject_and_what_comes_later_knows_nothing_of_it()
    {
        denylist.Add(Denial.OfSubject("alice", 5, "s1", time.GetUtcNow().AddMinutes(10)));
        denylist.Add(Denial.OfSubject("alice", 6, "s1", time.GetUtcNow().AddMinutes(2)));
        denylist.Add(Denial.OfSubject("bob", 5, "s1", time.GetUtcNow().AddMinutes(5)));

        denylist.Forget(time.GetUtcNow().AddMinutes(5));
        (Denies("alice", "s2", 5), Denies("alice", "s1", 5)).Should().Be((true, false), "the later moment of the two counts");
        (Denies("bob", "s2", 4), denylist.Count).Should().Be((false, 1));

        denylist.Forget(time.GetUtcNow().AddMinutes(10));
        (Denies("alice", "s2", 5), denylist.Count).Should().Be((false, 0));
        denylist.Add(Denial.OfSubject("alice", 2, "s2", Later));
        (Denies("alice", "s1", 1), Denies("alice", "s1", 2), Denies("alice", "s2", 0)).Should().Be((true, false, false));
    }

    [Fact]
    public void A_subject_a_session_and_a_token_of_the_same_bits_are_not_taken_for_each_other()
    {
        UInt128 bits = DenialTable.IdOf("x");
        TokenIdentifiers stranger = new("a", "b", "c", 0, "kid");
        (Denial Denial, TokenIdentifiers Denied, TokenIdentifiers[] Alive)[] cases =
        [
            (Denial.OfSession("x", Later), stranger with { Session = bits },
                [stranger with { Subject = bits }, stranger with { Token = bits }]),
            (Denial.OfSubject("x", 1, null, Later), stranger with { Subject = bits },
                [stranger with { Session = bits }, stranger with { Token = bits }]),
            (Denial.OfSubject("x", 1, "y", Later), stranger with { Subject = bits },
                [stranger with { Session = bits }, stranger with { Token = bits }]),
        ];
        foreach ((Denial denial, TokenIdentifiers denied, TokenIdentifiers[] alive) in cases)
        {
            var list = new Denylist(time, TimeSpan.FromSeconds(5));
            list.Add(denial);
            list.Denies(denied).Should().BeTrue();
            alive.Should().NotContain(names => list.Denies(names));
        }
        TokenIdentifiers token = new("x", "y", "c", 0, "kid");
        denylist.Add(Denial.OfToken("x", "y", Later));
        denylist.Denies(token).Should().BeTrue();
        denylist.Denies(stranger with { Session = token.Token }).Should().BeFalse();
        denylist.Denies(stranger with { Subject = token.Token }).Should().BeFalse();
    }

    private bool Denies(string subject, string session, long generation) =>
        denylist.Denies(new TokenIdentifiers(subject, "jti", session, generation, "kid"));
}
