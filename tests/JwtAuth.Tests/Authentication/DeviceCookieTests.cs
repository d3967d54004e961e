using JwtAuth.Server.Authentication;
using JwtAuth.Tests.Hosting;

namespace JwtAuth.Tests.Authentication;

/// <summary>The cookie by which a browser is known again. Strangers guess at the account from many networks meanwhile.</summary>
public sealed class DeviceCookieTests : IAsyncDisposable
{
    private readonly ServerHost host = new ServerHost().With("JwtAuth:Proxy:TrustedNetworks", "127.0.0.1")
        .With("JwtAuth:Cors:Origins:0", CookieHosts.App);

    [Theory, Trait("row", "PWD-14")]
    [InlineData("session", null)]
    [InlineData("bearer", null)]
    [InlineData("bearer", "cookie")]
    public async Task The_owner_logs_in_with_it_from_a_new_network_while_strangers_guess_and_others_without_it_do_not(
        string credential, string? refresh)
    {
        await host.AddAccountAsync("alice");
        string device = DeviceOf(await LogInAsync("192.0.2.7", credential: credential, refresh: refresh));
        await GuessAsync();

        (await LogInAsync("203.0.113.1")).Status.Should().Be(429);
        (await LogInAsync("203.0.113.2", device + "x")).Status.Should().Be(429);
        (await LogInAsync("203.0.113.3", $"{device}; {device}")).Status.Should().Be(429, "somebody has set one of the two");
        (await LogInAsync("203.0.113.4", device)).Status.Should().Be(200);
        (await LogInAsync("203.0.113.4")).Status.Should().Be(200, "from now on the network is known");
    }

    [Fact]
    public async Task It_is_for_one_account_and_for_thirty_days_and_is_renewed_once_a_day()
    {
        await host.AddAccountAsync("alice");
        await host.AddAccountAsync("bob");
        string alices = DeviceOf(await LogInAsync("192.0.2.8"));
        Browser.AllWritten(await LogInAsync("192.0.2.8", alices)).Should().BeEmpty("it is young");
        host.Time.Advance(TimeSpan.FromDays(1));
        string renewed = DeviceOf(await LogInAsync("192.0.2.8", alices));

        host.Time.Advance(DeviceCookie.Lifetime - TimeSpan.FromSeconds(1));
        string bobs = DeviceOf(await LogInAsync("192.0.2.7", username: "bob"));
        await GuessAsync();
        (await LogInAsync("203.0.113.1", bobs)).Status.Should().Be(429, "it is young, and another account's");
        (await LogInAsync("203.0.113.1", alices)).Status.Should().Be(429, "it is over");
        (await LogInAsync("203.0.113.1", renewed)).Status.Should().Be(200);
    }

    [Fact]
    public async Task Its_thief_guesses_no_faster_than_others()
    {
        await host.AddAccountAsync("alice");
        string device = DeviceOf(await LogInAsync("192.0.2.7"));

        for (int guess = 1; guess <= 5; guess++)
            (await LogInAsync($"203.0.{guess}.1", device, password: $"guess {guess}")).Status.Should().Be(401);

        (await LogInAsync("203.0.6.1", device, password: "guess 6")).Status.Should().Be(429);
        (await LogInAsync("192.0.2.7")).Status.Should().Be(200, "the owner at home has nothing to do with it");
    }

    [Fact, Trait("row", "WEB-01")]
    public async Task It_is_named_and_guarded_like_the_others_and_a_logout_clears_it()
    {
        await using CookieHosts hosts = new();
        using HttpClient client = hosts.Https.ConnectByProxy();
        await hosts.Https.AddAccountAsync("alice");
        (string, string) page = ("Origin", Production.Issuer);

        Reply login = await client.AskAsync(
            "POST", "/auth/login", new { username = "alice", password = ServerHost.Password, credential = "session" }, page);

        string written = Browser.AllWritten(login).Single(cookie => cookie.StartsWith("__Host-jwtauth-device=", StringComparison.Ordinal));
        written.Should().EndWith("; max-age=2592000; path=/; secure; samesite=strict; httponly");
        written.Should().NotContainEquivalentOf("alice");
        string all = string.Join("; ", Browser.AllWritten(login).Select(cookie => cookie.Split(';')[0]));
        Reply logout = await client.AskAsync("POST", "/auth/logout", null, page, ("Cookie", all));
        logout.Status.Should().Be(200);
        Browser.Cleared(logout).Should().Contain("__Host-jwtauth-session");
        Browser.AllWritten(logout)
            .Should().Contain(cookie => cookie.StartsWith("__Host-jwtauth-device=; max-age=0;", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(null)]
    [InlineData("https://evil.example.com")]
    public async Task A_program_and_a_page_of_somebody_else_get_none(string? origin)
    {
        await host.AddAccountAsync("alice");

        Browser.AllWritten(await LogInAsync("192.0.2.7", origin: origin)).Should().BeEmpty();
        Browser.AllWritten(await LogInAsync("192.0.2.7", origin: host.Issuer)).Should().ContainSingle();
        Browser.AllWritten(await LogInAsync("192.0.2.7", password: "a wrong password")).Should().BeEmpty();
        Browser.AllWritten(await LogInAsync("192.0.2.7", credential: "session"))[^1]
            .Should().StartWith("jwtauth-device-", "it is the last");
    }

    public ValueTask DisposeAsync() => host.DisposeAsync();

    private static string DeviceOf(Reply reply) =>
        Browser.AllWritten(reply).Single(cookie => cookie.StartsWith("jwtauth-device-", StringComparison.Ordinal)).Split(';')[0];

    private async Task GuessAsync()
    {
        for (int number = 1; number <= 10; number++)
            (await LogInAsync($"198.19.{number}.1", password: "a guess")).Status.Should().Be(401);
    }

    private async Task<Reply> LogInAsync(
        string address, string? cookie = null, string username = "alice", string password = ServerHost.Password,
        string credential = "bearer", string? refresh = null, string? origin = CookieHosts.App)
    {
        using HttpClient client = host.Connect();
        List<(string, string)> headers = [("X-Forwarded-For", address)];
        if (origin is not null)
            headers.Add(("Origin", origin));
        if (cookie is not null)
            headers.Add(("Cookie", cookie));
        object body = refresh is null
            ? new { username, password, credential }
            : new { username, password, credential, refresh, scope = "offline_access" };
        return await client.AskAsync("POST", "/auth/login", body, [.. headers]);
    }
}
