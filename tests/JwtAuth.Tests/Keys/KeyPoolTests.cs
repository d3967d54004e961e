using System.Security.Cryptography;
using JwtAuth.Bearer.Keys;

namespace JwtAuth.Tests.Keys;

public sealed class KeyPoolTests
{
    [Fact]
    public void What_was_not_given_back_is_never_lent_again_and_what_was_is()
    {
        List<MemoryStream> made = [];
        var pool = new KeyPool<MemoryStream>(() =>
        {
            made.Add(new MemoryStream());
            return made[^1];
        });
        MemoryStream brokenOff = pool.Take(), done = pool.Take();
        pool.GiveBack(done);

        pool.Take().Should().BeSameAs(done);
        pool.Take().Should().NotBeSameAs(brokenOff).And.NotBeSameAs(done);
        made.Should().HaveCount(3);
    }

    [Fact]
    public void A_MAC_is_the_platforms_own_whatever_was_computed_before_it_and_beside_it()
    {
        byte[] secret = RandomNumberGenerator.GetBytes(32);
        var key = new MacKey(secret);
        int wrong = 0;
        Parallel.For(0, 4_000, new ParallelOptions { MaxDegreeOfParallelism = 16 }, number =>
        {
            byte[] input = RandomNumberGenerator.GetBytes(number % 300);
            byte[] mac = new byte[32];
            key.Compute(input, mac);
            if (!mac.AsSpan().SequenceEqual(HMACSHA256.HashData(secret, input)))
                Interlocked.Increment(ref wrong);
        });
        wrong.Should().Be(0);
    }
}
