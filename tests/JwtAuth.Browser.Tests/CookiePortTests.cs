using JwtAuth.Tests.Hosting;
using Microsoft.Playwright;

namespace JwtAuth.Browser.Tests;

/// <summary>Two services on one host, on different ports. To a browser's cookies they are one.</summary>
public sealed class CookiePortTests(Chromium chromium)
{
    private const string LogInBySession = """
        fetch('/auth/login', { method: 'POST', headers: { 'content-type': 'application/json' },
          body: JSON.stringify({ username, password, credential: 'session' }) }).then(reply => `${reply.status}`)
        """;

    private const string Me = "fetch('/me').then(reply => reply.ok ? reply.json() : {}).then(me => me.username ?? '')";

    [Fact]
    public async Task A_login_or_a_logout_at_one_leaves_the_login_at_the_other()
    {
        await using SpaPages application = await SpaPages.OpenAsync(chromium, tabs: 2);
        await using var neighbour = new ServerHost();
        await neighbour.AddAccountAsync("bob");
        IPage alice = application.Tabs[0], bob = application.Tabs[1];
        await bob.GotoAsync($"{neighbour.Issuer}/app.html");
        await bob.WaitForFunctionAsync("window.client !== undefined");

        foreach ((IPage page, string username) in ((IPage, string)[])[(alice, "alice"), (bob, "bob")])
        {
            (await SpaPages.LogInAsync(page, username)).Should().Be("");
            (await page.EvaluateAsync<string>(LogInBySession.Replace("username, password",
                $"username: '{username}', password: '{ServerHost.Password}'", StringComparison.Ordinal))).Should().Be("200");
        }

        (await application.Context.CredentialsAsync()).Should().HaveCount(4).And.OnlyContain(cookie => cookie.Domain == "127.0.0.1");
        foreach ((IPage page, string username) in ((IPage, string)[])[(alice, "alice"), (bob, "bob")])
        {
            await page.ReloadAsync();
            await page.WaitForFunctionAsync("window.client !== undefined");
            (await SpaPages.AskAsync(page, "client.start()")).Should().Be("true");
            (await SpaPages.UserAsync(page), await page.EvaluateAsync<string>(Me)).Should().Be((username, username));
        }

        (await SpaPages.AskAsync(bob, "client.logout()")).Should().Contain("revoked");
        (await bob.EvaluateAsync<string>(Me)).Should().BeEmpty();
        (await SpaPages.AskAsync(alice, "client.refresh()")).Should().Be("");
        (await SpaPages.UserAsync(alice), await alice.EvaluateAsync<string>(Me)).Should().Be(("alice", "alice"));
    }
}
