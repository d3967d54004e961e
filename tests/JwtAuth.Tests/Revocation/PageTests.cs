using JwtAuth.Server.Denials;
using JwtAuth.Tests.Hosting;

namespace JwtAuth.Tests.Revocation;

/// <summary>The table that people read is the one that is tested.</summary>
public sealed class PageTests
{
    private const string AtOnce = "at once", UnderASecond = "under a second", ABlink = "a blink", UntilExpiry = "until `exp`",
        NotConcerned = "–";

    // It ends what every account has, so it has tests of its own: RestoredTests.
    private const string Restored = "database restored";

    [Fact]
    public void Every_event_of_the_page_is_a_tested_case_with_the_same_end_and_every_case_is_in_the_page()
    {
        Dictionary<string, string[]> page = Table();

        page.Keys.Should().BeEquivalentTo(Row.All.Select(row => row.Event).Append(Restored));
        page[Restored].Select(cell => cell[0]).Take(6).Should().Equal('●', '●', '●', '●', '●', '○');
        page[Restored][6..].Should().Equal(UnderASecond, UnderASecond, UnderASecond, UntilExpiry, "two seconds");
        foreach (Row row in Row.All)
        {
            string[] cells = page[row.Event];
            cells[0].Should().StartWith(row.EndsAccessTokens ? "●" : "○", row.Event);
            cells[1].Should().StartWith(row.EndsRefreshTokens ? "●" : "○", row.Event);
            cells[2].Should().StartWith(row.EndsSessions ? "●" : "○", row.Event);
            cells[3].Should().StartWith(row.EndsSignedCookies ? "●" : "○", row.Event);
            cells[4].Should().StartWith(row.EndsPersonalAccessTokens ? "●" : "○", row.Event);
            cells[5].Should().StartWith(row.EndsBasic ? "●" : "○", row.Event);
            cells[6..].Should().Equal(DelaysOf(row), row.Event);
        }
    }

    [Fact]
    public void The_page_says_how_long_denials_are_kept()
    {
        string page = File.ReadAllText(Path.Combine(Repository.Root, "docs/revocation.md"));

        DenialRetention.ForgetAfter(DateTimeOffset.UnixEpoch).Should().Be(DateTimeOffset.UnixEpoch + new TimeSpan(4, 1, 0));
        page.Should().Contain("4 hours and a minute after the `exp`");
    }

    // The longest delay of an access token's end: here, at a neighbour on the database, at an API that listens, where no denials are
    // heard, with Denylist:Enabled=false.
    private static string[] DelaysOf(Row row) =>
        !row.EndsAccessTokens ? [NotConcerned, NotConcerned, NotConcerned, NotConcerned, NotConcerned]
        : row.Event == Row.KeyRevoked ? [UnderASecond, UnderASecond, UnderASecond, UntilExpiry, "two seconds"]
        : [AtOnce, UnderASecond, ABlink, UntilExpiry, UntilExpiry];

    private static Dictionary<string, string[]> Table() => File.ReadLines(Path.Combine(Repository.Root, "docs/revocation.md"))
        .SkipWhile(line => !line.StartsWith("| event |", StringComparison.Ordinal))
        .Skip(2)
        .TakeWhile(line => line.StartsWith('|'))
        .Select(line => line.Trim('|').Split('|', StringSplitOptions.TrimEntries))
        .ToDictionary(cells => cells[0], cells => cells[1..]);
}
