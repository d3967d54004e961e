using JwtAuth.Server.Accounts;

namespace JwtAuth.Tests.Endpoints.Account;

public sealed class UserNameTests
{
    private static readonly string Domain = string.Join('.', Enumerable.Repeat(new string('d', 63), 2)) + "." + new string('e', 61);

    public static TheoryData<string, string> Pairs => new()
    {
        { "alice", "al ice" },
        { new string('u', 64), new string('u', 65) },
        { "a..b@c@d", "a..b@c@d!" }, // a short name as ever
        { "o'brien+news@example.com", "o\"brien@example.com" },
        { "!#$%&'*+-/=?^_`{|}~@example.com", "a(b)@example.com" },
        { "first.last@mail.example.co.uk", "first..last!@mail.example.co.uk" },
        { "a/b@example.com", ".a/b@example.com" },
        { "a/b@localhost", "a/b@" },
        { "a'b@xn--bcher-kva.example", "a'b@bücher.example" },
        { "a'b@ex-ample.com", "a'b@-example.com" },
        { "a'b@1.example.com", "a'b@example..com" },
        { $"{new string('u', 64)}@{Domain}", $"{new string('u', 64)}@{Domain}e" },
        { $"{new string('u', 64)}@example.com", $"{new string('u', 65)}@example.com" },
        { $"a'b@{new string('d', 63)}.com", $"a'b@{new string('d', 64)}.com" },
        { "user@example.com", "üser@example.com" },
        { "paypal", "раураl" }, // Cyrillic
        { "a'b@example.com", "a'b@[192.0.2.7]" },
        { "a'b@example.org", "a'b@example.org\n" },
        { "x@y", "" },
    };

    [Theory]
    [MemberData(nameof(Pairs))]
    public void A_name_is_short_or_an_address_of_mail_in_ASCII(string good, string bad)
    {
        Names.IsUsername(good).Should().BeTrue();
        Names.IsUsername(bad).Should().BeFalse();
        Names.IsPartOfUsername(good[(good.Length / 2)..]).Should().BeTrue();
    }

    [Fact]
    public void The_longest_address_has_254_characters() => $"{new string('u', 64)}@{Domain}".Should().HaveLength(Names.MaximumLength);
}
