using System.Globalization;
using JwtAuth.Tests.Hosting;
using Microsoft.Playwright;

namespace JwtAuth.Browser.Tests;

/// <summary>jwtauth.js in the tabs of one browser.</summary>
public sealed class SpaClientTests(Chromium chromium)
{
    private static readonly int Rounds =
        int.Parse(Environment.GetEnvironmentVariable("JWTAUTH_TABROUNDS") ?? "10", CultureInfo.InvariantCulture);

    [Fact]
    public async Task Ten_tabs_that_refresh_at_once_send_one_request_and_nobody_is_thrown_out()
    {
        await using SpaPages application = await SpaPages.OpenAsync(
            chromium, tabs: 10, context => context.AddInitScriptAsync(SpaPages.Patient));
        await SpaPages.LogInAsync(application.Tabs[0]);
        foreach (IPage tab in application.Tabs)
            await SpaPages.UntilAsync(tab, "client.state === 'loggedin'");
        string former = await SpaPages.TokenAsync(application.Tabs[0]);

        for (int round = 0; round < Rounds; round++)
        {
            application.Host.Time.Advance(TimeSpan.FromMinutes(1)); // beyond the reuse window, so that each round rotates
            int before = application.Refreshes;
            SpaPages.Held held = await application.HoldAsync("/auth/refresh");
            await Task.WhenAll(application.Tabs.Select(tab => tab.EvaluateAsync("void (window.round = outcome(() => client.refresh()))")));
            await held.Come;
            await held.ReleaseAsync();
            string[][] ends = await Task.WhenAll(application.Tabs.Select(tab =>
                tab.EvaluateAsync<string[]>("Promise.all([round, round.then(() => client.accessTokenFor(location.origin)), "
                    + "round.then(() => answer('/me'))])")));

            ends.Should().OnlyContain(end => end[0] == "" && end[2] == "200");
            string token = ends.Select(end => end[1]).Distinct().Should().ContainSingle().Which;
            token.Should().NotBe(former);
            (application.Refreshes - before).Should().Be(1, $"that is round {round}");
            former = token;
        }
        foreach (IPage tab in application.Tabs)
            (await SpaPages.ToldAsync(tab)).Should().NotContain("loggedout").And.HaveCount(1 + Rounds);
        application.Host.Log.All.Should().NotContain(line => line.Contains("came again", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Many_callers_in_one_tab_share_a_refresh()
    {
        await using SpaPages application = await SpaPages.OpenAsync(chromium);
        IPage tab = application.Tabs[0];
        await SpaPages.LogInAsync(tab);
        const string Calls = "Promise.all(Array.from({ length: 20 }, () => answer('/me')))";
        (await tab.EvaluateAsync<string[]>(Calls)).Should().HaveCount(20).And.OnlyContain(status => status == "200");
        application.Refreshes.Should().Be(0);

        application.Host.Time.Advance(TimeSpan.FromMinutes(6));

        (await tab.EvaluateAsync<string[]>(Calls)).Should().HaveCount(20).And.OnlyContain(status => status == "200");
        application.Refreshes.Should().Be(1);
    }

    [Fact]
    public async Task A_logout_in_one_tab_ends_all_and_a_login_brings_all_back()
    {
        await using SpaPages application = await SpaPages.OpenAsync(chromium, tabs: 3);
        IPage[] tabs = [.. application.Tabs];
        await SpaPages.LogInAsync(tabs[0]);
        await SpaPages.UntilAsync(tabs[1], "client.state === 'loggedin'");
        (await SpaPages.AskAsync(tabs[2], "client.start()")).Should().Be("true");
        foreach (IPage tab in tabs)
            (await SpaPages.StatusOfMeAsync(tab)).Should().Be("200");
        string[] tokens = await Task.WhenAll(tabs.Select(SpaPages.TokenAsync));

        (await SpaPages.AskAsync(tabs[1], "client.logout()"))
            .Should().Contain("\"refresh_token\":\"revoked\"").And.Contain("\"access_token\":\"denied\"");

        foreach (IPage tab in tabs)
        {
            await SpaPages.UntilAsync(tab, "told.at(-1) === 'loggedout'");
            (await SpaPages.StatusOfMeAsync(tab)).Should().Be("logged_out 401");
            (await SpaPages.AskAsync(tab, "client.refresh()")).Should().Be("logged_out 401");
            (await SpaPages.AskAsync(tab, "client.start()")).Should().Be("false");
        }
        using HttpClient client = application.Host.Connect();
        foreach (string token in tokens)
            (await client.StatusOfMeAsync(token)).Should().Be(401);
        (await application.Context.CookiesAsync()).Should().BeEmpty();

        await SpaPages.LogInAsync(tabs[2]);
        foreach (IPage tab in tabs)
        {
            await SpaPages.UntilAsync(tab, "client.state === 'loggedin'");
            (await SpaPages.StatusOfMeAsync(tab)).Should().Be("200");
        }
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public async Task A_refresh_under_way_while_another_tab_logs_out_does_not_bring_the_token_back(int refreshing)
    {
        await using SpaPages application = await SpaPages.OpenAsync(chromium, tabs: 3);
        IPage[] tabs = [.. application.Tabs];
        await SpaPages.LogInAsync(tabs[0]);
        foreach (IPage tab in tabs)
            await SpaPages.UntilAsync(tab, "client.state === 'loggedin'");
        string before = await SpaPages.TokenAsync(tabs[2]);
        (await RefreshAsync(() => Task.CompletedTask)).Should().Be("");
        await SpaPages.UntilAsync(tabs[2], "told.at(-1) === 'refreshed'");
        (await SpaPages.TokenAsync(tabs[2])).Should().NotBe(before, "without a logout it does");

        (await RefreshAsync(async () => await SpaPages.AskAsync(tabs[0], "client.logout()"))).Should().Be("logged_out 401");

        foreach (IPage tab in tabs)
        {
            await SpaPages.UntilAsync(tab, "told.at(-1) === 'loggedout'");
            (await SpaPages.TokenAsync(tab)).Should().Be("logged_out 401");
            (await tab.EvaluateAsync<string?>("client.subject")).Should().BeNull();
        }

        async Task<string> RefreshAsync(Func<Task> meanwhile)
        {
            SpaPages.Held held = await application.HoldAsync("/auth/refresh");
            Task<string> refresh = SpaPages.AskAsync(tabs[refreshing], "client.refresh()");
            await held.Come;
            await meanwhile();
            await held.ReleaseAsync();
            return await refresh;
        }
    }

    [Fact]
    public async Task A_message_that_comes_after_the_logout_does_not_bring_the_token_back()
    {
        await using SpaPages application = await SpaPages.OpenAsync(chromium, tabs: 2);
        IPage tab = application.Tabs[0], slow = application.Tabs[1];
        await slow.EvaluateAsync("""
            window.channel = new BroadcastChannel(`jwtauth/1 ${location.origin}`);
            window.late = new Promise(resolve => channel.onmessage = ({ data }) => data.kind === 'refreshed' && resolve(data));
            0
            """);
        await SpaPages.LogInAsync(tab);
        (await SpaPages.AskAsync(tab, "client.refresh()")).Should().Be("");
        await slow.EvaluateAsync("late.then(() => 0)");
        await SpaPages.AskAsync(tab, "client.logout()");

        await slow.EvaluateAsync("late.then(late => channel.postMessage(late))");
        await slow.EvaluateAsync(
            "late.then(late => channel.postMessage({ ...late, askedAt: Date.now() + 1, grant: { ...late.grant, token: 'later' } }))");

        await SpaPages.UntilAsync(tab, "client.state === 'loggedin'");
        (await SpaPages.TokenAsync(tab)).Should().Be("later", "a refresh that was asked for after the logout would be another login's");
        (await SpaPages.ToldAsync(tab)).Should().Equal("loggedin", "refreshed", "loggedout", "loggedin");
    }

    [Fact]
    public async Task A_login_as_somebody_else_is_taken_by_all_tabs_and_what_was_asked_before_is_not_asked_in_the_new_name()
    {
        await using SpaPages application = await SpaPages.OpenAsync(chromium, tabs: 2);
        IPage one = application.Tabs[0], other = application.Tabs[1];
        await SpaPages.LogInAsync(one);
        await SpaPages.UntilAsync(other, "client.state === 'loggedin'");
        (await SpaPages.UserAsync(other)).Should().Be("alice");
        string ofAlice = await SpaPages.TokenAsync(other);
        application.Host.Time.Advance(TimeSpan.FromMinutes(6));
        SpaPages.Held held = await application.HoldAsync("/me");
        Task<string> asked = SpaPages.StatusOfMeAsync(other);
        await held.Come;
        int calls = application.Sent("/me");

        await SpaPages.LogInAsync(one, "bob");
        await SpaPages.UntilAsync(other, "told.filter(event => event === 'loggedin').length === 2");
        await held.ReleaseAsync();

        (await asked).Should().Be("logged_out 401");
        application.Sent("/me").Should().Be(calls);
        (await SpaPages.UserAsync(other)).Should().Be("bob");
        (await SpaPages.AskAsync(one, "client.refresh()")).Should().Be("");
        using HttpClient client = application.Host.Connect();
        (await client.StatusOfMeAsync(ofAlice)).Should().Be(401);
    }

    [Theory]
    [InlineData("delete Navigator.prototype.locks")]
    [InlineData("delete window.BroadcastChannel")]
    [InlineData("delete Navigator.prototype.locks; delete window.BroadcastChannel")]
    public async Task A_browser_without_locks_or_channels_goes_on_with_more_requests(string lacking)
    {
        await using SpaPages application = await SpaPages.OpenAsync(chromium, tabs: 4, context => context.AddInitScriptAsync(lacking));
        await SpaPages.LogInAsync(application.Tabs[0]);
        foreach (IPage tab in application.Tabs)
            (await SpaPages.AskAsync(tab, "client.start()")).Should().Be("true");

        for (int round = 0; round < 3; round++)
        {
            application.Host.Time.Advance(TimeSpan.FromMinutes(1));
            await Task.WhenAll(application.Tabs.Select(tab => SpaPages.AskAsync(tab, "client.refresh()")));
            foreach (IPage tab in application.Tabs)
                (await SpaPages.StatusOfMeAsync(tab)).Should().Be("200");
        }

        await SpaPages.AskAsync(application.Tabs[1], "client.logout()");
        foreach (IPage tab in application.Tabs)
            (await SpaPages.StatusOfMeAsync(tab)).Should().Be("logged_out 401", "a tab that did not hear it is refused at its next use");
    }

    [Fact]
    public async Task Nothing_of_a_login_can_be_read_in_the_page()
    {
        await using SpaPages application = await SpaPages.OpenAsync(chromium);
        IPage tab = application.Tabs[0];
        await SpaPages.LogInAsync(tab);
        (await SpaPages.AskAsync(tab, "client.refresh()")).Should().Be("");
        (await SpaPages.TokenAsync(tab)).Should().StartWith("eyJ", "it is there");

        (await FindAsync()).Should().Be("");
        await tab.EvaluateAsync("window.planted = { deep: ['eyJhbGciOi'] }");
        (await FindAsync()).Should().Be("planted.deep.0", "it would be found");
        (await tab.EvaluateAsync<string[]>("Promise.all([document.cookie, localStorage.length, sessionStorage.length, "
            + "indexedDB.databases().then(all => all.length), caches.keys().then(all => all.length)]).then(all => all.map(String))"))
            .Should().Equal("", "0", "0", "0", "0");
        (await application.Context.CredentialsAsync()).Should().ContainSingle().Which.HttpOnly.Should().BeTrue("it is not for scripts");

        // Whatever can be reached from the window by its properties, symbols too.
        Task<string> FindAsync() => tab.EvaluateAsync<string>("""
            () => {
              const seen = new Set(), rest = [[window, '']];
              while (rest.length > 0) {
                const [value, path] = rest.pop();
                if (typeof value === 'string' && /eyJ|jrt_/.test(value) && !path.startsWith('document')) return path.slice(1);
                if (value === null || (typeof value !== 'object' && typeof value !== 'function') || seen.has(value)) continue;
                seen.add(value);
                for (const key of Reflect.ownKeys(value)) {
                  const { value: inner } = Object.getOwnPropertyDescriptor(value, key);
                  rest.push([inner, `${path}.${String(key)}`]);
                }
              }
              return '';
            }
            """);
    }
}
