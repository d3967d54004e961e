using JwtAuth.Bearer.Clocks;
using JwtAuth.Bearer.Denials;
using JwtAuth.Tests.Hosting;

namespace JwtAuth.Tests.Denials;

public sealed class DenylistTests
{
    private static readonly string[] Sessions = ["s1", "s2", "s3", "s4"];

    private readonly ManualTime time = new();

    private DateTimeOffset Later => time.GetUtcNow().AddHours(5);

    [Fact]
    public void Each_kind_of_denial_denies_what_it_names_and_nothing_else()
    {
        var token = new Token("alice", "jti-1", "s1", 4, "kid-1");
        (Denial Denial, Token[] Denied, Token[] Alive)[] cases =
        [
            (Denial.OfToken("alice", "jti-1", Later), [token, token with { SessionId = "s2", Generation = 9, KeyId = "kid-2" }],
                [token with { JwtId = "jti-2" }, token with { Subject = "bob" }]),
            (Denial.OfSession("s1", Later), [token, token with { Subject = "bob", JwtId = "jti-2", Generation = 9 }],
                [token with { SessionId = "s2" }]),
            (Denial.OfSubject("alice", 5, null, Later), [token, token with { Generation = 0 }, token with { SessionId = "s2" }],
                [token with { Generation = 5 }, token with { Subject = "bob" }]),
            (Denial.OfSubject("alice", 5, "s1", Later), [token with { SessionId = "s2" }],
                [token, token with { SessionId = "s2", Generation = 5 }, token with { Subject = "bob", SessionId = "s2" }]),
            (Denial.OfKey("kid-1"), [token, token with { Subject = "bob", JwtId = "jti-2", SessionId = "s2", Generation = 9 }],
                [token with { KeyId = "kid-2" }]),
        ];
        foreach ((Denial denial, Token[] denied, Token[] alive) in cases)
        {
            Denylist denylist = New();
            denied.Concat(alive).Should().NotContain(other => other.IsDeniedBy(denylist), "nothing is denied yet");
            denylist.Add(denial);
            denied.Should().OnlyContain(other => other.IsDeniedBy(denylist), $"{denial}");
            alive.Should().NotContain(other => other.IsDeniedBy(denylist), $"{denial}");
            denylist.Count.Should().Be(1);
        }
    }

    [Fact]
    public void A_name_is_not_taken_for_one_of_another_kind()
    {
        Denylist denylist = New();
        denylist.Add(Denial.OfSession("x", Later));
        denylist.Add(Denial.OfKey("y"));
        denylist.Add(Denial.OfSubject("z", 9, null, Later));
        new Token("x", "x", "y", 0, "z").IsDeniedBy(denylist).Should().BeFalse();
        new Token("y", "y", "z", 0, "x").IsDeniedBy(denylist).Should().BeFalse();
        new Token("z", "y", "z", 0, "x").IsDeniedBy(denylist).Should().BeTrue();
    }

    [Fact]
    public void Denials_of_one_subject_merged_say_what_all_of_them_say_one_by_one()
    {
        var random = new Random(4);
        int denied = 0, alive = 0;
        for (int sequence = 0; sequence < 5000; sequence++)
        {
            Denylist denylist = New();
            List<Denial> log = [];
            int generation = 0;
            for (int length = random.Next(1, 9); length > 0; length--)
            {
                generation += random.Next(1, 3);
                string? except = random.Next(3) == 0 ? null : Sessions[random.Next(Sessions.Length)];
                log.Add(Denial.OfSubject("alice", generation, except, Later));
                denylist.Add(log[^1]);
            }
            IEnumerable<Token> tokens =
                from gen in Enumerable.Range(0, generation + 2)
                from sid in Sessions.Append("s5")
                select new Token("alice", "jti", sid, gen, "kid");
            foreach (Token token in tokens)
            {
                bool expected = log.Exists(token.IsDeniedBy);
                token.IsDeniedBy(denylist).Should().Be(expected, $"{token} after {string.Join(", ", log)}");
                (denied, alive) = expected ? (denied + 1, alive) : (denied, alive + 1);
            }
            new Token("bob", "jti", "s1", 0, "kid").IsDeniedBy(denylist).Should().BeFalse();
        }
        denied.Should().BeGreaterThan(10_000);
        alive.Should().BeGreaterThan(10_000);
    }

    [Fact]
    public void Random_denials_of_all_kinds_deny_until_they_may_be_forgotten()
    {
        var random = new Random(5);
        Denylist denylist = New();
        List<Denial> log = [];
        long[] generations = new long[20];
        for (int step = 0; step < 2000; step++)
        {
            DateTimeOffset forgetAt = time.GetUtcNow().AddMinutes(random.Next(1, 60));
            int subject = random.Next(20);
            log.Add(random.Next(10) switch
            {
                < 4 => Denial.OfToken($"sub{subject}", $"jti{random.Next(500)}", forgetAt),
                < 7 => Denial.OfSession($"sid{random.Next(500)}", forgetAt),
                < 9 => Denial.OfSubject(
                    $"sub{subject}", ++generations[subject], random.Next(2) == 0 ? null : $"sid{random.Next(500)}", forgetAt),
                _ => Denial.OfKey($"kid{random.Next(100)}"),
            });
            denylist.Add(log[^1]);
            if (step % 50 == 0)
            {
                time.Advance(TimeSpan.FromMinutes(5));
                denylist.Forget(time.GetUtcNow());
            }
            var token = new Token(
                $"sub{random.Next(20)}", $"jti{random.Next(500)}", $"sid{random.Next(500)}", random.Next(60), $"kid{random.Next(300)}");
            bool everDenied = log.Exists(token.IsDeniedBy);
            if (log.Exists(denial => !(denial.ExpiresAt <= time.GetUtcNow()) && token.IsDeniedBy(denial)))
                token.IsDeniedBy(denylist).Should().BeTrue("{0} at {1}", token, step);
            else if (!everDenied)
                token.IsDeniedBy(denylist).Should().BeFalse("{0} at {1}", token, step);
        }

        time.Advance(TimeSpan.FromHours(2));
        denylist.Forget(time.GetUtcNow());
        denylist.Count.Should().Be(log.Where(denial => denial.Kind == DenialKind.Key).Select(denial => denial.Name).Distinct().Count(),
            "only keys are kept for ever");
    }

    [Fact]
    public void It_is_complete_until_five_seconds_have_passed_by_either_clock()
    {
        Denylist denylist = New();
        denylist.IsComplete.Should().BeFalse("it was never read");
        time.Advance(TimeSpan.FromDays(1));
        denylist.IsComplete.Should().BeFalse();

        denylist.CompleteAsOf(ClockReading.Of(time));
        denylist.IsComplete.Should().BeTrue();
        time.Advance(TimeSpan.FromSeconds(5));
        denylist.IsComplete.Should().BeTrue();
        time.Advance(TimeSpan.FromTicks(1));
        denylist.IsComplete.Should().BeFalse();
        time.SetClock(time.GetUtcNow().AddYears(-2));
        denylist.IsComplete.Should().BeFalse("a clock that is set back brings nothing back");

        denylist.CompleteAsOf(ClockReading.Of(time));
        denylist.IsComplete.Should().BeTrue();
        time.SetClock(time.GetUtcNow().AddYears(-2));
        denylist.IsComplete.Should().BeTrue("no time has passed");

        denylist.CompleteAsOf(ClockReading.Of(time));
        time.SetClock(time.GetUtcNow().AddSeconds(5));
        denylist.IsComplete.Should().BeTrue();
        time.SetClock(time.GetUtcNow().AddTicks(1));
        (denylist.IsComplete, denylist.IsOverdue).Should().Be((false, false), "the machine may have been asleep: nobody has asked in vain");
        denylist.Age.Should().Be(TimeSpan.FromSeconds(5) + TimeSpan.FromTicks(1));
    }

    private Denylist New() => new(time, TimeSpan.FromSeconds(5));

    private sealed record Token(string Subject, string JwtId, string SessionId, long Generation, string KeyId)
    {
        public bool IsDeniedBy(Denylist denylist) => denylist.Denies(new TokenIdentifiers(Subject, JwtId, SessionId, Generation, KeyId));

        public bool IsDeniedBy(Denial denial) => denial.Kind switch
        {
            DenialKind.Token => denial.Name == JwtId && denial.TokenSubject == Subject,
            DenialKind.Session => denial.Name == SessionId,
            DenialKind.Subject => denial.Name == Subject && Generation < denial.BelowGeneration && SessionId != denial.ExceptSessionId,
            _ => denial.Name == KeyId,
        };
    }
}
