using JwtAuth.Server.Accounts;
using JwtAuth.Server.Passwords;
using JwtAuth.Tests.Authentication;
using JwtAuth.Tests.Denials;
using JwtAuth.Tests.Hosting;
using JwtAuth.Tests.RefreshTokens;

namespace JwtAuth.Tests.Sessions;

/// <summary>A login that read the account before a cut-off and is through after it: no cookie of it lives.</summary>
public sealed class CookieCutOffTests
{
    private static readonly string NewHash = Bcrypt.Hash("the lamp by the window", 10);

    [Theory]
    [InlineData("true")]
    [InlineData("false")]
    public async Task A_login_that_was_outrun_has_no_living_cookie_of_either_kind(string denylist)
    {
        await using ServerHost host = Host(denylist);
        AccountSnapshot root = await host.AddAccountAsync("root", "admin");
        var administrator = new Caller(root.Subject, root.Generation, "a login", Token: null);
        using HttpClient client = host.Connect();
        Dictionary<string, Func<AccountSnapshot, Task<AccountChange>>> cutOffs = new()
        {
            ["password changed"] = read => InAccounts(host, accounts => accounts.ChangePasswordAsync(
                new Caller(read.Subject, read.Generation, "elsewhere", Token: null), read.PasswordHash, NewHash)),
            ["password reset"] = read => InAccounts(host, accounts => accounts.ResetPasswordAsync(administrator, read.Subject, NewHash)),
            ["logged out by an administrator"] = read => InAccounts(host, accounts => accounts.LogOutAsync(administrator, read.Subject)),
            ["role removed"] = read => InAccounts(host, accounts => accounts.RemoveRoleAsync(administrator, read.Subject, "clerk")),
            ["disabled"] = read => InAccounts(host, accounts => accounts.DisableAsync(administrator, read.Subject)),
            ["disabled and enabled"] = async read =>
            {
                await InAccounts(host, accounts => accounts.DisableAsync(administrator, read.Subject));
                return await InAccounts(host, accounts => accounts.EnableAsync(administrator, read.Subject));
            },
            ["deleted"] = read => InAccounts(host, accounts => accounts.DeleteAsync(administrator, read.Subject)),
        };

        foreach ((string cutOff, Func<AccountSnapshot, Task<AccountChange>> happens) in cutOffs)
        {
            AccountSnapshot read = await host.AddAccountAsync($"user-{Guid.NewGuid():n}", "clerk");
            (await client.MeByCookieAsync((await host.BeginCookieAsync(read, "signed_cookie"))!)).Should().Be(200, "the twin, before");
            (await client.MeByCookieAsync((await host.BeginCookieAsync(read, "session"))!)).Should().Be(200, "the twin, before");

            (await happens(read)).Should().Be(AccountChange.Done);

            (await host.BeginCookieAsync(read, "session")).Should().BeNull(cutOff);
            (await client.MeByCookieAsync((await host.BeginCookieAsync(read, "signed_cookie"))!)).Should().Be(401, cutOff);
            if (await host.AskStoreAsync((AccountSnapshots accounts) => accounts.FindByNameAsync(read.Username)) is { IsEnabled: true } now)
            {
                foreach (string credential in (string[])["session", "signed_cookie"])
                    (await client.MeByCookieAsync((await host.BeginCookieAsync(now, credential))!))
                        .Should().Be(200, "what is read afterwards is good");
            }
        }
    }

    [Fact]
    public async Task Of_logins_by_eight_with_cookies_that_race_a_disabling_no_cookie_works_afterwards()
    {
        await using ServerHost host = Host("true").Prepare();

        Reply[] granted = await host.RaceDisablingAsync(number => new
        {
            username = "alice",
            password = ServerHost.Password,
            credential = number % 2 == 0 ? "session" : "signed_cookie",
        });

        using HttpClient client = host.Connect();
        foreach (Reply reply in granted)
            (await client.MeByCookieAsync(Browser.Written(reply).Single().Split(';')[0])).Should().Be(401);
        using var again = new Browser(host.Connect());
        (await again.LogInAsync("session")).Status.Should().Be(200);
        (await again.MeAsync()).Should().Be(200);
    }

    [Fact]
    public async Task Of_64_requests_at_once_by_one_session_all_are_answered_and_its_use_is_noted_once()
    {
        await using ServerHost host = Host("true");
        AccountSnapshot alice = await host.AddAccountAsync("alice");
        using HttpClient client = host.Connect();
        string cookie = (await host.BeginCookieAsync(alice, "session"))!;
        host.Time.Advance(TimeSpan.FromMinutes(10));

        int[] statuses = await Task.WhenAll(Enumerable.Range(0, 64).Select(_ => client.MeByCookieAsync(cookie)));

        statuses.Should().OnlyContain(status => status == 200);
        using var database = new DatabaseFile(host.Directory);
        database.Number("SELECT count(*) FROM Sessions").Should().Be(1);
        database.Number("SELECT count(DISTINCT RotatedAt) FROM Sessions WHERE RotatedAt > CreatedAt").Should().Be(1);
        host.Lines("could not be noted").Should().Be(0);
        Reply[] logouts =
            await Task.WhenAll(Enumerable.Range(0, 64).Select(_ => client.AskAsync("POST", "/auth/logout", null, ("Cookie", cookie))));
        logouts.Should().OnlyContain(reply => reply.Status == 200 || reply.Status == 401).And.Contain(reply => reply.Status == 200);
        (await client.MeByCookieAsync(cookie)).Should().Be(401);
        database.Number("SELECT count(*) FROM Sessions").Should().Be(0);
    }

    private static ServerHost Host(string denylist) =>
        new ServerHost().With("JwtAuth:SigningKeys:Algorithm", "ES256").With("JwtAuth:Denylist:Enabled", denylist);

    private static Task<AccountChange> InAccounts(ServerHost host, Func<AccountStore, Task<AccountChange>> change) =>
        host.AskStoreAsync(change);
}
