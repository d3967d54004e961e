using System.Globalization;
using System.Net;
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
        host.Time.Advance(TimeSpan.FromHours(1)); // what other tests have registered is forgotten
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
        host.Time.Advance(TimeSpan.FromHours(1)); // what other tests have registered is forgotten
        using HttpClient client = host.Connect();

        Reply refused = await client.RegisterAsync(name);

        (refused.Status, refused.Code).Should().Be((400, "invalid_request"));
        string wellFormed = $"w-{Guid.NewGuid():N}-0123456789012345678901234567890123456789"[..64];
        (await client.RegisterAsync(wellFormed)).Status.Should().Be(201);
    }

    [Fact, Trait("row", "ACC-04")]
    public async Task A_taken_name_is_taken_in_any_letter_case()
    {
        host.Time.Advance(TimeSpan.FromHours(1)); // what other tests have registered is forgotten
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
        host.Time.Advance(TimeSpan.FromHours(1)); // what other tests have registered is forgotten
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
        RegistrationLimit limit = probed.Get<RegistrationLimit>();
        for (int count = 0; count < 59; count++)
            await limit.FindTakenAsync(IPAddress.Loopback);

        (await client.RegisterAsync("known")).Code.Should().Be("username_taken");
        Reply slowed = await client.RegisterAsync("known");

        (slowed.Status, slowed.Code).Should().Be((429, "too_many_attempts"));
        Reply free = await client.RegisterAsync("nobody-yet");
        free.Code.Should().Be("too_many_attempts", "a free name must not be told from a taken one");
        probed.Time.Advance(TimeSpan.FromSeconds(int.Parse(slowed.Header("Retry-After"), CultureInfo.InvariantCulture)));
        (await client.RegisterAsync("nobody-yet")).Status.Should().Be(201);
    }

    [Fact]
    public async Task Of_a_hundred_accounts_that_one_address_makes_at_once_sixty_are_made_and_another_network_makes_its_own()
    {
        await using ServerHost host = new ServerHost().With("JwtAuth:Proxy:TrustedNetworks", "127.0.0.1")
            .With("JwtAuth:Passwords:MaxQueueWait", "00:01:00");
        using HttpClient client = host.Connect();

        Reply[] replies = await Task.WhenAll(Enumerable.Range(0, 100).Select(number => client.RegisterAsync($"made-{number}")));

        replies.Count(reply => reply.Status == 201).Should().Be(60);
        Reply slowed = replies.First(reply => reply.Status != 201);
        replies.Where(reply => reply.Status != 201).Should().OnlyContain(reply => reply.Status == 429 && reply.Code == "too_many_attempts");
        Reply other = await client.AskAsync("POST", "/auth/register",
            new { username = "elsewhere", password = ServerHost.Password }, ("X-Forwarded-For", "198.51.100.7"));
        other.Status.Should().Be(201);
        host.Time.Advance(TimeSpan.FromSeconds(int.Parse(slowed.Header("Retry-After"), CultureInfo.InvariantCulture)));
        (await client.RegisterAsync("later")).Status.Should().Be(201);
    }

    [Fact]
    public async Task A_registration_at_which_the_store_failed_is_not_counted()
    {
        await using ServerHost host = new();
        using HttpClient client = host.Connect();
        await client.RegisterAsync("first");
        using var database = new DatabaseFile(host.Directory);
        database.Break("BEFORE INSERT ON AspNetUsers");

        for (int number = 0; number <= 60; number++)
            (await client.RegisterAsync("later")).Code.Should().Be("server_error");

        database.Mend("BEFORE INSERT ON AspNetUsers");
        (await client.RegisterAsync("later")).Status.Should().Be(201);
    }

    [Fact]
    public async Task A_registration_for_which_bcrypt_was_too_busy_is_not_counted()
    {
        await using ServerHost busy =
            new ServerHost().With("JwtAuth:Passwords:MaxConcurrentHashes", "1").With("JwtAuth:Passwords:QueueLimit", "0");
        using HttpClient client = busy.Connect();

        using (await busy.Get<HashingGate>().EnterAsync(TestContext.Current.CancellationToken))
        {
            for (int number = 0; number <= 60; number++)
                (await client.RegisterAsync("later")).Code.Should().Be("busy");
        }

        (await client.RegisterAsync("later")).Status.Should().Be(201);
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
