using JwtAuth.Server.Guessing;
using JwtAuth.Tests.Hosting;
using JwtAuth.Tests.Revocation;

namespace JwtAuth.Tests.Endpoints.Account;

public sealed class RegisterTests(RegisterTests.Fixture fixture) : IClassFixture<RegisterTests.Fixture>
{
    private readonly ServerHost host = fixture.Host;

    [Fact]
    public async Task An_account_is_made_and_logs_in()
    {
        using HttpClient client = host.Connect();

        Reply made = await client.RegisterAsync("Ann.Example+1@example-1.com");

        made.Status.Should().Be(201);
        made.Header("Cache-Control").Should().Be("no-store");
        made.Json.EnumerateObject().Select(member => member.Name).Should().Equal("sub", "username");
        made.Json.GetProperty("username").GetString().Should().Be("Ann.Example+1@example-1.com");
        made.Json.GetProperty("sub").GetString().Should().MatchRegex("^[A-Za-z0-9_-]{22}$");
        (await client.LoginAsync("Ann.Example+1@example-1.com", ServerHost.Password)).Status.Should().Be(200);
    }

    [Theory]
    [InlineData("")]
    [InlineData(" ")]
    [InlineData("two words")]
    [InlineData("trailing ")]
    [InlineData("line\n")]
    [InlineData("line\r\nSet-Cookie: a=b")]
    [InlineData("nul\0")]
    [InlineData("escape\u001b[31m")]
    [InlineData("umläut")]
    [InlineData("аdmin")] // a Cyrillic letter
    [InlineData("ａｄｍｉｎ")]
    [InlineData("zero\u200bwidth")]
    [InlineData("semi;colon")]
    [InlineData("../up")]
    [InlineData("a:b")]
    [InlineData("x'--")]
    [InlineData("sixty-five-characters-long-0123456789-0123456789-0123456789-01234")]
    public async Task A_name_of_another_form_is_refused(string name)
    {
        using HttpClient client = host.Connect();

        Reply refused = await client.RegisterAsync(name);

        (refused.Status, refused.Code).Should().Be((400, "invalid_request"));
        string wellFormed = $"w-{Guid.NewGuid():N}-0123456789012345678901234567890123456789"[..64];
        (await client.RegisterAsync(wellFormed)).Status.Should().Be(201);
    }

    [Fact, Trait("row", "ACC-04")]
    public async Task A_taken_name_is_taken_in_any_letter_case()
    {
        using HttpClient client = host.Connect();
        (await client.RegisterAsync("taken")).Status.Should().Be(201);

        foreach (string name in (string[])["taken", "TAKEN", "Taken"])
        {
            Reply refused = await client.RegisterAsync(name, "quite another password");
            (refused.Status, refused.Code).Should().Be((409, "username_taken"));
            (await client.LoginAsync("taken", "quite another password")).Status.Should().Be(401);
        }
        (await client.LoginAsync("taken", ServerHost.Password)).Status.Should().Be(200);
        (await client.RegisterAsync("untaken")).Status.Should().Be(201);
    }

    [Fact, Trait("row", "ACC-03")]
    public async Task Of_fifty_registrations_of_one_name_at_once_one_is_made()
    {
        using HttpClient client = host.Connect();

        Reply[] replies = await Task.WhenAll(Enumerable.Range(0, 50).Select(index =>
            client.RegisterAsync(index % 2 == 0 ? "raced" : "RACED", $"a password of racer {index}")));

        replies.Count(reply => reply.Status == 201).Should().Be(1);
        replies.Where(reply => reply.Status != 201).Should().OnlyContain(reply => reply.Status == 409 && reply.Code == "username_taken");
        int winner = Array.FindIndex(replies, reply => reply.Status == 201);
        (await client.LoginAsync("raced", $"a password of racer {winner}")).Status.Should().Be(200);
    }

    [Fact, Trait("row", "ACC-04")]
    public async Task Asking_which_names_are_taken_is_slowed()
    {
        await using ServerHost probed = new();
        await probed.AddAccountAsync("known");
        using HttpClient client = probed.Connect();
        GuessingLimit limit = probed.Get<GuessingLimit>();
        for (int count = 0; count < 59; count++)
            limit.CountProbe(System.Net.IPAddress.Loopback);

        (await client.RegisterAsync("known")).Code.Should().Be("username_taken");
        Reply slowed = await client.RegisterAsync("known");

        (slowed.Status, slowed.Code).Should().Be((429, "too_many_attempts"));
        Reply free = await client.RegisterAsync("nobody-yet");
        free.Code.Should().Be("too_many_attempts", "a free name must not be told from a taken one");
        probed.Time.Advance(
            TimeSpan.FromSeconds(int.Parse(slowed.Header("Retry-After"), System.Globalization.CultureInfo.InvariantCulture)));
        (await client.RegisterAsync("nobody-yet")).Status.Should().Be(201);
    }

    [Fact]
    public async Task Registration_is_closed_in_Production_unless_it_is_opened()
    {
        await using ServerHost closed = Production.Host(), open = Production.Host().With("JwtAuth:Registration:Open", "true");
        using HttpClient closedClient = closed.ConnectByProxy(), openClient = open.ConnectByProxy();

        Reply refused = await closedClient.RegisterAsync("early");

        (refused.Status, refused.Code).Should().Be((403, "registration_closed"));
        (await openClient.RegisterAsync("early")).Status.Should().Be(201);
        (await closedClient.LoginAsync("early", ServerHost.Password)).Status.Should().Be(401);
    }

    public sealed class Fixture : IAsyncDisposable
    {
        internal ServerHost Host { get; } = new();

        public ValueTask DisposeAsync() => Host.DisposeAsync();
    }
}
