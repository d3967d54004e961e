using System.Net;
using JwtAuth.Bearer.AccessTokens;
using JwtAuth.Bearer.Keys;
using JwtAuth.Tests.Hosting;

namespace JwtAuth.Tests.Attacks;

/// <summary>Every bit of a token counts, and a token that is none costs next to nothing.</summary>
public sealed class SignatureTests(AlgorithmHosts hosts) : IClassFixture<AlgorithmHosts>
{
    [Theory]
    [InlineData(SignatureAlgorithm.RS256)]
    [InlineData(SignatureAlgorithm.HS256)]
    [InlineData(SignatureAlgorithm.ES256)]
    [Trait("row", "SIG-05")]
    public async Task A_token_with_any_one_bit_flipped_is_refused(SignatureAlgorithm algorithm)
    {
        ServerHost host = hosts.Of(algorithm);
        TokenValidator validator = host.Get<TokenValidator>();
        string live = new Forge(host).Live();
        string[] flipped = [.. BitsOfText(live), .. BitsOfBytes(live)];

        validator.TryValidate(live, out _, out _).Should().BeTrue();
        flipped.Should().OnlyHaveUniqueItems().And.HaveCountGreaterThan(live.Length * 8);
        flipped.Where(token => validator.TryValidate(token, out _, out _)).Should().BeEmpty();

        using var wire = new Wire(host.Issuer);
        (await wire.AskAsync(live, TestContext.Current.CancellationToken)).Status.Should().Be(HttpStatusCode.OK);
        for (int index = 0; index < flipped.Length; index += 41)
        {
            WireReply reply = await wire.AskAsync(flipped[index], TestContext.Current.CancellationToken);
            reply.Status.Should().BeOneOf(HttpStatusCode.Unauthorized, HttpStatusCode.BadRequest);
        }
    }

    [Theory]
    [InlineData(20_000, ".")]
    [InlineData(30_000, "a.")]
    [InlineData(4096, "a.")]
    [InlineData(8192, ".")]
    [InlineData(8192, "A")]
    [InlineData(2730, "e30")]
    [InlineData(100_000, "e30.e30.")]
    [Trait("row", "SIG-03")]
    public void A_long_token_that_is_none_is_refused_without_memory_for_it(int times, string text)
    {
        TokenValidator validator = hosts.Of(SignatureAlgorithm.RS256).Get<TokenValidator>();
        string token = string.Concat(Enumerable.Repeat(text, times));
        validator.TryValidate(token, out _, out _).Should().BeFalse();

        long before = GC.GetAllocatedBytesForCurrentThread();
        bool accepted = validator.TryValidate(token, out _, out _);
        long allocated = GC.GetAllocatedBytesForCurrentThread() - before;

        accepted.Should().BeFalse();
        allocated.Should().BeLessThan(1024);
    }

    // Of the characters as they are sent.
    private static IEnumerable<string> BitsOfText(string token) =>
        from index in Enumerable.Range(0, token.Length)
        from bit in Enumerable.Range(0, 8)
        select $"{token[..index]}{(char)(token[index] ^ (1 << bit))}{token[(index + 1)..]}";

    // Of the bytes that they stand for, spelt properly. A flip of a character that is such a flip too is left to the other list.
    private static IEnumerable<string> BitsOfBytes(string token)
    {
        string[] parts = token.Split('.');
        HashSet<string> known = [.. BitsOfText(token)];
        return
            from part in Enumerable.Range(0, 3)
            let bytes = Forge.Decode(parts[part])
            from bit in Enumerable.Range(0, bytes.Length * 8)
            let flipped = Forge.Encode([.. bytes[..(bit / 8)], (byte)(bytes[bit / 8] ^ (1 << (bit % 8))), .. bytes[(bit / 8 + 1)..]])
            let changed = string.Join('.', parts.Select((text, index) => index == part ? flipped : text))
            where !known.Contains(changed)
            select changed;
    }
}
