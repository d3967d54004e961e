using JwtAuth.Server.PersonalAccessTokens;

namespace JwtAuth.Tests.PersonalAccessTokens;

public sealed class PersonalAccessTokenTests
{
    private const string Known = "jpat_AbCdEfGhIjKlMnOpQrStUvWxYz012323QMTQ";
    private const string Digits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

    [Fact]
    public void A_token_is_the_prefix_30_letters_and_digits_and_6_that_follow_from_them()
    {
        PersonalAccessToken token = PersonalAccessToken.Make();

        token.Reveal().Should().MatchRegex(@"\Ajpat_[0-9A-Za-z]{36}\z");
        token.IsWellFormed.Should().BeTrue();
        new PersonalAccessToken(token.Reveal()).IsWellFormed.Should().BeTrue();
        new PersonalAccessToken(Known).IsWellFormed.Should().BeTrue("it was computed elsewhere");
    }

    [Fact]
    public void Every_change_of_one_character_is_told_without_a_look_up()
    {
        int tried = 0;
        for (int index = 0; index < Known.Length; index++)
        {
            foreach (char other in (Digits + "_-. é").Where(other => other != Known[index]))
            {
                new PersonalAccessToken($"{Known[..index]}{other}{Known[(index + 1)..]}").IsWellFormed.Should().BeFalse();
                tried++;
            }
        }

        tried.Should().BeGreaterThan(41 * 60);
        new PersonalAccessToken(Known).IsWellFormed.Should().BeTrue();
    }

    [Fact]
    public void Every_swap_of_neighbours_every_lost_character_and_every_doubled_one_is_told()
    {
        for (int index = 0; index < Known.Length; index++)
        {
            if (index + 1 < Known.Length && Known[index] != Known[index + 1])
                new PersonalAccessToken($"{Known[..index]}{Known[index + 1]}{Known[index]}{Known[(index + 2)..]}").IsWellFormed
                    .Should().BeFalse();
            new PersonalAccessToken(Known.Remove(index, 1)).IsWellFormed.Should().BeFalse();
            new PersonalAccessToken(Known.Insert(index, $"{Known[index]}")).IsWellFormed.Should().BeFalse();
        }

        new PersonalAccessToken(Known).IsWellFormed.Should().BeTrue();
    }

    [Theory]
    [InlineData("")]
    [InlineData("jpat_")]
    [InlineData(" " + Known)]
    [InlineData(Known + " ")]
    [InlineData(Known + "\n")]
    [InlineData(Known + Known)]
    public void What_is_no_token_is_none(string text)
    {
        new PersonalAccessToken(text).IsWellFormed.Should().BeFalse();
        new PersonalAccessToken(Known).IsWellFormed.Should().BeTrue();
    }

    [Fact]
    public void No_two_are_the_same_and_each_digit_is_used()
    {
        string[] tokens = [.. Enumerable.Range(0, 1000).Select(_ => PersonalAccessToken.Make().Reveal())];

        tokens.Should().OnlyHaveUniqueItems();
        tokens.SelectMany(token => token[5..35]).Distinct().Should().HaveCount(62);
        tokens.Select(token => Convert.ToHexString(new PersonalAccessToken(token).Hash())).Should().OnlyHaveUniqueItems();
    }

    [Fact]
    public void It_never_shows_itself()
    {
        var token = new PersonalAccessToken(Known);

        $"{token}".Should().Be("[personal access token]");
        token.Reveal().Should().Be(Known);
    }

    [Theory]
    [InlineData("nightly report", true)]
    [InlineData("Müllers Skript №1 🚀", true)]
    [InlineData("x", true)]
    [InlineData("", false)]
    [InlineData("   ", false)]
    [InlineData("a\tb", false)]
    [InlineData("a\nb", false)]
    [InlineData("a\0b", false)]
    [InlineData("a\u202Eb", false)]
    [InlineData("a\u2028b", false)]
    [InlineData("a\u0085b", false)]
    public void A_name_is_what_a_person_can_read(string name, bool isValid) => PersonalAccessTokenName.IsValid(name).Should().Be(isValid);

    [Fact]
    public void A_name_has_64_characters_at_most_whatever_they_are_made_of()
    {
        PersonalAccessTokenName.IsValid(string.Concat(Enumerable.Repeat("🚀", 64))).Should().BeTrue();
        PersonalAccessTokenName.IsValid(string.Concat(Enumerable.Repeat("🚀", 65))).Should().BeFalse();
        PersonalAccessTokenName.IsValid("a\ud800b").Should().BeFalse("half a character is none");
    }
}
