using JwtAuth.Bearer.Denials;
using JwtAuth.Tests.Hosting;

namespace JwtAuth.Tests.Denials;

/// <summary>
/// A feed that begins anew brings again what was heard: the end of it as it was, or a part of it that is older than what is known.
/// </summary>
public sealed class DenialOrderTests
{
    private static readonly string?[] Exceptions = [null, "s1", "s2", "s3"];

    private readonly ManualTime time = new();

    [Fact]
    public void Whatever_is_heard_again_of_three_denials_of_a_subject_in_the_order_of_the_log_says_what_was_known()
    {
        int heardAgain = 0;
        foreach (Denial[] log in Logs())
        {
            Token[] expected = [.. Tokens().Where(token => Array.Exists(log, token.IsDeniedBy))];
            // Every subset in its order: the log drops what later denials say as well.
            for (int again = 0; again < 8; again++)
            {
                Denylist denylist = Heard(log);
                DeniedBy(denylist).Should().Equal(expected);
                foreach (Denial denial in log.Where((_, index) => (again & (1 << index)) != 0))
                {
                    denylist.Add(denial);
                    DeniedBy(denylist).Should().Equal(expected, $"{denial} again after {string.Join<Denial>(", ", log)}");
                    heardAgain++;
                }
            }
        }
        heardAgain.Should().Be(64 * 12);
    }

    [Fact]
    public void In_whatever_order_denials_of_a_subject_are_heard_and_however_often_none_makes_a_dead_token_live()
    {
        int deaths = 0;
        foreach (Denial[] log in Logs())
        {
            foreach (Denial[] order in Orders(log))
            {
                Denylist denylist = Heard([]);
                Token[] dead = [];
                foreach (Denial denial in order)
                {
                    denylist.Add(denial);
                    Token[] now = DeniedBy(denylist);
                    if (dead.Except(now).Any())
                        Assert.Fail(
                            $"{string.Join(", ", dead.Except(now))} came to life by {denial} of {string.Join<Denial>(", ", order)}");
                    (dead, deaths) = (now, deaths + now.Length - dead.Length);
                }
                if (dead.Any(token => !Array.Exists(order, token.IsDeniedBy)))
                    Assert.Fail($"{string.Join<Token>(", ", dead)} is more than {string.Join<Denial>(", ", order)} say");
            }
        }
        deaths.Should().BePositive();
    }

    [Fact]
    public void Three_denials_of_a_subject_say_the_same_in_any_order()
    {
        int orders = 0;
        foreach (Denial[] log in Logs())
        {
            Token[] expected = [.. Tokens().Where(token => Array.Exists(log, token.IsDeniedBy))];
            foreach (int[] order in (int[][])[[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]])
            {
                DeniedBy(Heard(order.Select(index => log[index])))
                    .Should().Equal(expected, $"{string.Join(' ', order)} of {string.Join<Denial>(", ", log)}");
                orders++;
            }
        }
        orders.Should().Be(64 * 6);
    }

    // Every three that one subject may have, in the order of the log: its generation only grows.
    private IEnumerable<Denial[]> Logs() =>
        from first in Exceptions
        from second in Exceptions
        from third in Exceptions
        select new[] { New(1, first), New(2, second), New(3, third) };

    private static IEnumerable<Denial[]> Orders(Denial[] log) =>
        from one in log
        from two in log
        from three in log
        from four in log
        from five in log
        select new[] { one, two, three, four, five };

    private Denial New(long generation, string? except) => Denial.OfSubject("alice", generation, except, time.GetUtcNow().AddHours(5));

    private static IEnumerable<Token> Tokens() =>
        from generation in Enumerable.Range(0, 4)
        from session in new[] { "s1", "s2", "s3", "s4" }
        select new Token(session, generation);

    private Denylist Heard(IEnumerable<Denial> denials)
    {
        var denylist = new Denylist(time, TimeSpan.FromSeconds(30));
        foreach (Denial denial in denials)
            denylist.Add(denial);
        return denylist;
    }

    private static Token[] DeniedBy(Denylist denylist) =>
        [.. Tokens().Where(token => denylist.Denies(new TokenIdentifiers("alice", "jti", token.SessionId, token.Generation, "kid")))];

    private sealed record Token(string SessionId, long Generation)
    {
        public bool IsDeniedBy(Denial denial) => Generation < denial.BelowGeneration && SessionId != denial.ExceptSessionId;
    }
}
