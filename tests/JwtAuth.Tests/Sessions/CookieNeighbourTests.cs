using System.Text;
using System.Xml.Linq;
using JwtAuth.Server.Accounts;
using JwtAuth.Server.Authentication;
using JwtAuth.Tests.Authentication;
using JwtAuth.Tests.Denials;
using JwtAuth.Tests.Hosting;
using JwtAuth.Tests.RefreshTokens;
using Microsoft.Extensions.DependencyInjection;

namespace JwtAuth.Tests.Sessions;

/// <summary>Two processes on one database, one after the other or at once, and what lies in the database.</summary>
public sealed class CookieNeighbourTests : IAsyncDisposable
{
    private readonly string directory = Directory.CreateTempSubdirectory("jwtauth-").FullName;

    [Fact]
    public async Task A_restart_keeps_both_kinds_of_cookie_and_what_was_ended_stays_so()
    {
        string session, signed, ended, outdated;
        await using (ServerHost host = Host())
        {
            AccountSnapshot alice = await host.AddAccountAsync("alice"), bob = await host.AddAccountAsync("bob");
            (session, signed) = ((await host.BeginCookieAsync(alice, "session"))!, (await host.BeginCookieAsync(alice, "signed_cookie"))!);
            (ended, outdated) = ((await host.BeginCookieAsync(bob, "session"))!, (await host.BeginCookieAsync(bob, "signed_cookie"))!);
            using HttpClient client = host.Connect();
            (await client.AskAsync("POST", "/auth/logout/everywhere", null, ("Cookie", ended))).Status.Should().Be(200);
        }

        foreach (string enabled in (string[])["true", "false"])
        {
            await using ServerHost again = Host().With("JwtAuth:SignedCookies:Enabled", enabled);
            using HttpClient client = again.Connect();
            (await client.MeByCookieAsync(session), await client.MeByCookieAsync(ended), await client.MeByCookieAsync(outdated))
                .Should().Be((200, 401, 401));
            (await client.MeByCookieAsync(signed))
                .Should().Be(enabled == "true" ? 200 : 401, "where signed cookies are off none is taken, as old as it may be");
            (await client.AskAsync("POST", "/auth/logout/others", null, ("Cookie", signed))).Status
                .Should().Be(enabled == "true" ? 200 : 401);
            if (enabled == "true")
                (session, signed) = ((await again.BeginCookieAsync(await AliceAsync(again), "session"))!,
                    (await again.BeginCookieAsync(await AliceAsync(again), "signed_cookie"))!);
        }
    }

    [Theory]
    [InlineData("true")]
    [InlineData("false")]
    public async Task Each_process_takes_what_the_other_has_issued_and_refuses_what_it_has_ended(string denylist)
    {
        await using ServerHost one = Host(denylist), other = Host(denylist);
        AccountSnapshot alice = await one.AddAccountAsync("alice"), bob = await one.AddAccountAsync("bob");
        using HttpClient here = one.Connect(), there = other.Connect();
        string session = (await one.BeginCookieAsync(alice, "session"))!, signed = (await one.BeginCookieAsync(alice, "signed_cookie"))!;
        string back = (await other.BeginCookieAsync(bob, "session"))!, signedBack = (await other.BeginCookieAsync(bob, "signed_cookie"))!;
        foreach (string cookie in (string[])[session, signed, back, signedBack])
            (await here.MeByCookieAsync(cookie), await there.MeByCookieAsync(cookie)).Should().Be((200, 200));

        (await here.AskAsync("POST", "/auth/logout/everywhere", null, ("Cookie", session))).Status.Should().Be(200);

        (await there.MeByCookieAsync(session)).Should().Be(401, "the store is asked");
        (await here.MeByCookieAsync(signed)).Should().Be(401);
        foreach (string path in (string[])["/auth/logout/others", "/auth/logout/everywhere"])
            (await there.AskAsync("POST", path, null, ("Cookie", signed))).Status.Should().Be(401, "what changes something asks the store");
        if (denylist == "true")
        {
            if (!TestedStore.IsPostgres) // which brings a notification
                (await there.MeByCookieAsync(signed)).Should().Be(200, "its clock stands, so it has not looked");
            other.Time.Advance(TimeSpan.FromMilliseconds(250));
        }
        // The look is taken beside the requests; each of them is a moment.
        int asked = 0;
        while (denylist == "true" && await there.MeByCookieAsync(signed) == 200)
            (++asked).Should().BeLessThan(5000, "it has looked by now");
        (await there.MeByCookieAsync(signed)).Should().Be(401);
        (await there.MeByCookieAsync(back), await there.MeByCookieAsync(signedBack)).Should().Be((200, 200));
    }

    [Fact]
    public async Task While_the_log_of_denials_is_not_read_a_signed_cookie_is_asked_for_at_the_store()
    {
        await using ServerHost host = Host();
        // No timer of it comes to its turn, so it does not look.
        host.With(services => services.AddSingleton<TimeProvider>(new TimeWithoutTimers(host.Time)));
        await using ServerHost other = Host();
        AccountSnapshot alice = await host.AddAccountAsync("alice"), bob = await host.AddAccountAsync("bob");
        using HttpClient client = host.Connect();
        string ended = (await host.BeginCookieAsync(alice, "signed_cookie"))!, twin = (await host.BeginCookieAsync(bob, "signed_cookie"))!;
        using HttpClient elsewhere = other.Connect();
        (await elsewhere.AskAsync("POST", "/auth/logout/everywhere", null, ("Cookie", ended))).Status.Should().Be(200);
        if (!TestedStore.IsPostgres) // which brings a notification
            (await client.MeByCookieAsync(ended)).Should().Be(200, "it was read less than five seconds ago");

        host.Time.Advance(TimeSpan.FromSeconds(6));

        (await client.MeByCookieAsync(ended), await client.MeByCookieAsync(twin)).Should().Be((401, 200));
    }

    [Fact]
    public async Task Where_the_store_cannot_say_whether_a_signed_cookie_stands_it_is_not_accepted()
    {
        await using ServerHost host = Host();
        AccountSnapshot alice = await host.AddAccountAsync("alice");
        using HttpClient client = host.Connect();
        string cookie = (await host.BeginCookieAsync(alice, "signed_cookie"))!;
        (await client.MeByCookieAsync(cookie)).Should().Be(200);
        using var database = new DatabaseFile(directory);
        database.Execute("ALTER TABLE Denials RENAME TO Elsewhere");
        host.Time.Advance(TimeSpan.FromSeconds(6));

        (await client.MeByCookieAsync(cookie)).Should().BeGreaterThanOrEqualTo(500, "that is no guess");

        database.Execute("ALTER TABLE Elsewhere RENAME TO Denials");
        (await client.MeByCookieAsync(cookie)).Should().Be(200);
    }

    [Fact, Trait("row", "WEB-04")]
    public async Task Neither_the_database_nor_the_log_holds_a_cookie_or_a_key_that_makes_one()
    {
        await using ServerHost host = Host();
        AccountSnapshot alice = await host.AddAccountAsync("alice");
        using HttpClient client = host.Connect();
        OwnCookies names = host.Get<OwnCookies>();
        string session = Value((await host.BeginCookieAsync(alice, "session"))!),
            signed = Value((await host.BeginCookieAsync(alice, "signed_cookie"))!);
        foreach (string cookie
            in (string[])[$"{names.Session}={session}", $"{names.SignedCookie}={signed}", $"{names.SignedCookie}={signed[..^1]}"])
        {
            await client.MeByCookieAsync(cookie);
            await client.AskAsync("POST", "/auth/logout/others", null, ("Cookie", cookie), ("Origin", "https://evil.example"));
        }
        IReadOnlyCollection<XElement> ring = host.Get<ProtectionKeys>().GetAllElements();
        string[] keys = [.. ring.SelectMany(element => element.Descendants())
            .Where(element => element.Name.LocalName == "value").Select(element => element.Value)];
        keys.Should().NotBeEmpty().And.OnlyContain(key => Convert.FromBase64String(key).Length >= 32);
        byte[] stored = TestedStore.BytesOf(directory);

        foreach (string secret in (string[])[session, signed, signed[10..60], .. keys])
        {
            stored.AsSpan().IndexOf(Encoding.ASCII.GetBytes(secret)).Should().Be(-1);
            host.Lines(secret).Should().Be(0);
        }
        foreach (byte[] key in keys.Select(Convert.FromBase64String))
            stored.AsSpan().IndexOf(key).Should().Be(-1);
        stored.AsSpan().IndexOf("masterKey"u8).Should().Be(-1, "the ring is sealed as a whole");
        stored.AsSpan().IndexOf(Encoding.ASCII.GetBytes(alice.Subject)).Should().BeGreaterThanOrEqualTo(0, "so the search can find");
        (await client.MeByCookieAsync($"{names.Session}={session}"), await client.MeByCookieAsync($"{names.SignedCookie}={signed}"))
            .Should().Be((200, 200));
    }

    private static string Value(string pair) => pair[(pair.IndexOf('=') + 1)..];

    private static async Task<AccountSnapshot> AliceAsync(ServerHost host) =>
        (await host.AskStoreAsync((AccountSnapshots accounts) => accounts.FindByNameAsync("alice")))!;

    private ServerHost Host(string denylist = "true") => new ServerHost(directory)
        .With("JwtAuth:Issuer", "http://localhost:5080")
        .With("JwtAuth:SigningKeys:Algorithm", "ES256").With("JwtAuth:Denylist:Enabled", denylist);

    public async ValueTask DisposeAsync()
    {
        await TestedStore.LetGoAsync(directory);
        Directory.Delete(directory, recursive: true);
    }

    private sealed class TimeWithoutTimers(TimeProvider time) : TimeProvider
    {
        public override long TimestampFrequency => time.TimestampFrequency;

        public override DateTimeOffset GetUtcNow() => time.GetUtcNow();

        public override long GetTimestamp() => time.GetTimestamp();

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) =>
            new ManualTime().CreateTimer(callback, state, dueTime, period);
    }
}
