using System.Text.Json;
using System.Text.RegularExpressions;
using JwtAuth.Tests.Attacks;
using JwtAuth.Tests.Authentication;
using JwtAuth.Tests.Hosting;

namespace JwtAuth.Tests.Pipeline;

/// <summary>One form of moments in every reply (RFC 3339): UTC with Z, whole seconds.</summary>
public sealed partial class MomentsTests
{
    [Fact]
    public async Task Every_moment_in_every_reply_has_one_form_and_a_time_that_is_told_as_the_end_is_not_too_early()
    {
        await using ServerHost host = new();
        await host.AddAccountAsync("alice", "admin");
        host.Time.Advance(TimeSpan.FromMilliseconds(678)); // nothing falls on a whole second by itself
        string bearer = await host.LoginAsync("alice", host.Issuer, "offline_access");
        using HttpClient client = host.Connect(bearer), anonymous = host.Connect();
        using var browser = new Browser(host.Connect());
        List<Reply> replies =
        [
            await browser.LogInAsync("session"),
            await browser.AskAsync("GET", "/me"),
            await client.AskAsync("GET", "/me"),
            await client.AskAsync("POST", "/auth/tokens", new { name = "a script", lifetime_days = 7 }),
            await client.AskAsync("GET", "/auth/tokens"),
            await client.AskAsync("GET", "/auth/sessions"),
            await client.AskAsync("GET", "/admin/users"),
            await anonymous.AskAsync("GET", "/health/ready"),
            await anonymous.AskAsync("GET", "/.well-known/openid-configuration"),
            await client.AskAsync("POST", "/auth/revoke", new { token = await host.LoginAsync("alice", host.Issuer) }),
            await browser.AskAsync("POST", "/auth/logout"),
        ];
        Reply signed = await browser.LogInAsync("signed_cookie");
        Reply others = await client.AskAsync("POST", "/auth/logout/others");
        Reply everywhere = await client.AskAsync("POST", "/auth/logout/everywhere");
        replies.AddRange([signed, others, everywhere]);

        replies.Should().OnlyContain(reply => reply.Status >= 200 && reply.Status < 300);
        (string Name, string Text)[] moments = [.. replies.Where(reply => reply.Body.StartsWith('{'))
            .SelectMany(reply => TextsOf("", reply.Json)).Where(one => IsMoment(one.Name, one.Text))];

        moments.Select(one => one.Name).Distinct().Should().BeEquivalentTo("created_at", "last_used_at", "expires_at", "live_until");
        moments.Should().OnlyContain(one => Form().IsMatch(one.Text));
        DateTimeOffset liveUntil = everywhere.Json.GetProperty("live_until").GetDateTimeOffset();
        liveUntil.ToUnixTimeSeconds().Should().BeGreaterThanOrEqualTo(
            JsonDocument.Parse(Forge.Decode(bearer.Split('.')[1])).RootElement.GetProperty("exp").GetInt64());
    }

    private static bool IsMoment(string name, string text) =>
        name.EndsWith("_at", StringComparison.Ordinal) || name == "live_until" || LikeAMoment().IsMatch(text);

    private static IEnumerable<(string Name, string Text)> TextsOf(string name, JsonElement json) => json.ValueKind switch
    {
        JsonValueKind.Object => json.EnumerateObject().SelectMany(member => TextsOf(member.Name, member.Value)),
        JsonValueKind.Array => json.EnumerateArray().SelectMany(item => TextsOf(name, item)),
        JsonValueKind.String => [(name, json.GetString()!)],
        _ => [],
    };

    [GeneratedRegex(@"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$")]
    private static partial Regex Form();

    [GeneratedRegex(@"\d{4}-\d\d-\d\dT\d\d:\d\d")]
    private static partial Regex LikeAMoment();
}
