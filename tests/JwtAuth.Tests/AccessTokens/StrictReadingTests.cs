using System.Text;
using JwtAuth.Bearer.AccessTokens;
using JwtAuth.Bearer.Keys;
using JwtAuth.Tests.Attacks;

namespace JwtAuth.Tests.AccessTokens;

/// <summary>What a reader that hurries could get wrong.</summary>
public sealed class StrictReadingTests(AlgorithmHosts hosts) : IClassFixture<AlgorithmHosts>
{
    private Forge Forge => new(hosts.Of(SignatureAlgorithm.HS256));

    [Theory]
    [InlineData("\u007f")]
    [InlineData("\u0080")]
    [InlineData("\u009f")]
    [InlineData("\\u007f")]
    [InlineData("\\u0085")]
    [InlineData("\\u0001")]
    [Trait("row", "JSN-11")]
    public void A_control_character_in_a_text_is_refused_in_whatever_way_it_is_written(string control)
    {
        foreach (string claim in new[] { "sub", "sid", "username" })
        {
            Verdict(With(claim, control)).Should().Be(TokenRejection.InvalidClaim);
            Verdict(With(claim, "~")).Should().BeNull();
            Verdict(With(claim, "\u00a0")).Should().BeNull();
            Verdict(With(claim, "\\u00e9")).Should().BeNull();
        }

        string With(string claim, string text) => Forge.WithClaim(claim, $"\"a{text}b\"");
    }

    [Fact]
    public void A_kid_that_is_spelt_with_escapes_is_the_kid_also_behind_other_escapes()
    {
        string kid = Forge.Key.KeyId, spelt = string.Concat(kid.Select(character => $"\\u{(int)character:x4}"));
        string others =
            string.Join(',', Enumerable.Range(0, 40).Select(number => $"\"\\u0078{number}\":\"\\u0041\\u0042\\u0043 {number}\""));
        Verdict(Forge.WithHeaderText(_ => $$"""{"\u0061lg":"HS256","kid":"{{spelt}}",{{others}},"typ":"at\u002bjwt"}""")).Should().BeNull();
        Verdict(Forge.WithHeaderText(_ => $$"""{"\u0061lg":"HS256","kid":"{{spelt}}\u0041",{{others}},"typ":"at\u002bjwt"}"""))
            .Should().Be(TokenRejection.UnknownKey);
    }

    [Fact]
    [Trait("row", "JSN-03")]
    public void Of_a_thousand_pairs_of_names_only_the_equal_are_duplicates()
    {
        // Letters that change places make names alike in all that is cheap to compare.
        for (int number = 0; number < 1000; number++)
        {
            string name = $"x{number % 10}{number / 10 % 10}{number / 100}x", mirrored = $"x{number / 100}{number / 10 % 10}{number % 10}x";
            TokenRejection? verdict = Verdict(Forge.WithClaimsText(text => Forge.Append(text, $"\"{name}\":1,\"{mirrored}\":2")));
            verdict.Should().Be(name == mirrored ? TokenRejection.MalformedClaims : null, $"{name} and {mirrored}");
        }
    }

    [Theory]
    [InlineData("{0}")]
    [InlineData("{0}.0")]
    [InlineData("{0}e0")]
    public void A_moment_is_the_same_however_its_number_is_written(string format)
    {
        long expires = Forge.Now + 300;
        AccessToken accepted =
            Accepted(Forge.WithClaim("exp", string.Format(System.Globalization.CultureInfo.InvariantCulture, format, expires)));
        accepted.ExpiresAt.Should().Be(DateTimeOffset.FromUnixTimeSeconds(expires));
        Verdict(Forge.WithClaim("exp", string.Format(System.Globalization.CultureInfo.InvariantCulture, format, Forge.Now - 300)))
            .Should().Be(TokenRejection.Expired);
    }

    [Fact]
    public void A_buffer_that_held_another_token_changes_nothing()
    {
        string[] tokens = [Forge.WithClaimsText(text => Forge.Append(text, "\"\\u0061\":{\"a\":{\"b\":[{}]}},\"other\":1")), Forge.Live(),
            Forge.WithHeaderText(text => Forge.Append(text, "\"x\":{}"))];
        byte[] buffer = new byte[StrictJwt.BufferSizeFor(tokens.Max(token => token.Length))];
        for (int turn = 0; turn < 12; turn++)
        {
            if (turn % 2 == 0)
                Array.Fill(buffer, (byte)turn, 0, StrictJson.TablesSize);
            StrictJwt.Open(tokens[turn % 3], buffer, out StrictJwt jwt).Should().BeNull();
            Encoding.UTF8.GetString(jwt.KeyId).Should().Be(Forge.Key.KeyId);
            AccessTokenClaims.Read(jwt, out AccessTokenClaims claims).Should().BeNull();
            claims.Issuer.Should().Be(Forge.Issuer);
        }
    }

    private TokenRejection? Verdict(string token) =>
        hosts.Of(SignatureAlgorithm.HS256).Get<TokenValidator>().TryValidate(token, out _, out TokenRejection? rejection)
            ? null
            : rejection;

    private AccessToken Accepted(string token)
    {
        hosts.Of(SignatureAlgorithm.HS256).Get<TokenValidator>()
            .TryValidate(token, out AccessToken? accepted, out TokenRejection? rejection).Should().BeTrue($"{rejection}");
        return accepted!;
    }
}
