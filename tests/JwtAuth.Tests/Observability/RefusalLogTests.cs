using System.Globalization;
using JwtAuth.Server.Observability;
using JwtAuth.Tests.Hosting;
using Microsoft.Extensions.Logging.Abstractions;

namespace JwtAuth.Tests.Observability;

/// <summary>What costs a stranger nothing must not cost the log.</summary>
public sealed class RefusalLogTests
{
    [Theory]
    [InlineData("a token that is none", "was challenged")]
    [InlineData("a token that is none", "was not authenticated")]
    [InlineData("a refresh token that is none", "A refresh was refused from 192.0.2.7")]
    [InlineData("a client that is none", "A client was refused from 192.0.2.7")]
    [InlineData("a wrong host", "A request for a host that is not this service's was refused")]
    public async Task After_the_first_few_a_networks_refusals_are_one_line_a_minute(string kind, string line)
    {
        await using ServerHost host = Production.Host();
        using HttpClient client = host.ConnectByProxy(), other = host.Connect();

        await SendAsync(client, 20, "192.0.2.7");
        Lines(line).Should().Be(RefusalLog.First);
        await SendAsync(other, 1, "192.0.2.8");
        Lines(line.Replace("192.0.2.7", "192.0.2.8", StringComparison.Ordinal)).Should()
            .Be(line.Contains("192.0.2.7", StringComparison.Ordinal) ? 1 : RefusalLog.First + 1, "another network has its own few");
        Lines("more requests were refused").Should().Be(0);

        host.Time.Advance(TimeSpan.FromMinutes(1));
        await Patience.UntilAsync(() => Task.FromResult(Lines("15 more requests were refused in a minute, from 192.0.2.7;") == 1));
        Lines("more requests were refused").Should().Be(1, "nothing is to be told of the other");

        await SendAsync(client, 1, "192.0.2.7");
        Lines(line).Should().BeGreaterThan(RefusalLog.First, "the next minute begins anew");

        int Lines(string text) => host.Log.All.Count(entry => entry.Contains(text, StringComparison.Ordinal));

        async Task SendAsync(HttpClient by, int times, string from)
        {
            (string, string)[] proxy = by == other ? [("X-Forwarded-For", from), ("X-Forwarded-Proto", "https")] : [];
            for (int time = 0; time < times; time++)
            {
                Reply reply = kind switch
                {
                    "a token that is none" => await by.AskAsync("GET", "/me", null, [.. proxy, ("Authorization", "Bearer x.y.z")]),
                    "a refresh token that is none" =>
                        await by.AskAsync("POST", "/auth/refresh", new { refresh_token = "jrt_none" }, proxy),
                    "a client that is none" => await by.AskAsync("POST", "/oauth/introspect", new FormUrlEncodedContent(
                        [new("token", "x"), new("client_id", "nobody"), new("client_secret", "guess")]), proxy),
                    _ => await by.AskAsync("GET", "/me", null, [.. proxy, ("Host", "evil.example")]),
                };
                reply.Status.Should().BeInRange(400, 429);
            }
        }
    }

    [Fact]
    public async Task What_somebody_did_and_what_is_an_alarm_is_logged_each_time()
    {
        await using ServerHost host = new();
        await host.AddAccountAsync("alice");
        using HttpClient client = host.Connect();
        for (int time = 0; time < 20; time++)
            (await client.AskAsync("GET", "/me", null, ("Authorization", "Bearer x.y.z"))).Status.Should().Be(401);

        for (int time = 0; time < 8; time++)
            (await client.LoginAsync("alice", ServerHost.Password)).Status.Should().Be(200);

        host.Log.All.Count(line => line.Contains(" logged in from ", StringComparison.Ordinal)).Should().Be(8);
    }

    [Fact]
    public void However_many_networks_there_are_the_memory_and_the_lines_are_bounded()
    {
        var refusals = new RefusalLog(new ManualTime(), NullLogger<RefusalLog>.Instance);
        int told = 0;
        for (int network = 0; network < 100 * RefusalLog.MaximumNetworks; network++)
            told += refusals.Admits(network.ToString(CultureInfo.InvariantCulture)) ? 1 : 0;

        told.Should().Be(RefusalLog.MaximumNetworks + RefusalLog.First);
        refusals.Admits("0").Should().BeTrue("who was counted before goes on being counted apart");
    }

    [Fact]
    public async Task A_network_of_IPv6_is_told_as_people_write_it()
    {
        await using ServerHost host = Production.Host();
        using HttpClient client = host.Connect();
        for (int time = 0; time < 7; time++)
            (await client.AskAsync("GET", "/me", null, ("X-Forwarded-For", $"2001:db8::{time}"), ("X-Forwarded-Proto", "https"),
                ("Authorization", "Bearer x.y.z"))).Status.Should().Be(401);

        host.Time.Advance(TimeSpan.FromMinutes(1));

        await Patience.UntilAsync(() => Task.FromResult(host.Log.All.Any(
            line => line.Contains("2 more requests were refused in a minute, from 2001:db8::/64;", StringComparison.Ordinal))));
    }
}
