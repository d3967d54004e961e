using Microsoft.Playwright;

namespace JwtAuth.Browser.Tests;

/// <summary>What the tabs of one browser tell each other comes late, twice and in any order.</summary>
public sealed class SpaMessageTests(Chromium chromium)
{
    // A page that hears what the tabs say, and says it again.
    internal const string Listen = """
        window.channel = new BroadcastChannel(`jwtauth/1 ${location.origin}`);
        window.heard = [];
        channel.onmessage = ({ data }) => heard.push(data);
        window.tell = message => { channel.postMessage(message); channel.postMessage({ kind: 'told' }); };
        0
        """;

    // Tells when the tab's client has heard all that was told up to now: a channel that is made later hears later.
    internal const string Hearing = """
        window.marks = 0;
        new BroadcastChannel(`jwtauth/1 ${location.origin}`).onmessage = ({ data }) => data.kind === 'told' && marks++;
        0
        """;

    // Keeps what the tab is told of refreshes until it is let go, in the order of the questions that it answers.
    internal const string Hold = """
        const { set } = Object.getOwnPropertyDescriptor(BroadcastChannel.prototype, 'onmessage');
        window.held = null;
        Object.defineProperty(BroadcastChannel.prototype, 'onmessage', {
          set(listen) { set.call(this, event => {
            if (held && event.data.kind === 'refreshed') held.push({ event, pass: () => listen(event) });
            else listen(event);
          }); },
        });
        window.letGo = async () => {
          const all = held.sort((one, other) => one.event.data.askedAt - other.event.data.askedAt);
          held = null;
          for (const { pass } of all) {
            pass();
            await new Promise(resolve => setTimeout(resolve));
          }
        };
        """;

    [Fact]
    public async Task A_refresh_of_before_that_is_told_again_does_not_take_the_place_of_the_last_one()
    {
        await using SpaPages application = await SpaPages.OpenAsync(chromium, tabs: 2);
        IPage tab = application.Tabs[0], other = application.Tabs[1];
        await other.EvaluateAsync(Listen);
        await tab.EvaluateAsync(Hearing);
        await SpaPages.LogInAsync(tab);
        string former = await RefreshAsync(application, tab), last = await RefreshAsync(application, tab);
        last.Should().NotBe(former);
        await SpaPages.UntilAsync(other, "heard.filter(({ kind }) => kind === 'refreshed').length === 2");

        await other.EvaluateAsync("tell(heard.find(({ kind }) => kind === 'refreshed'))");

        await SpaPages.UntilAsync(tab, "window.marks === 1");
        (await SpaPages.TokenAsync(tab)).Should().Be(last);
        await other.EvaluateAsync("tell({ ...heard.at(-1), askedAt: Date.now(), grant: { ...heard.at(-1).grant, token: 'next' } })");
        await SpaPages.UntilAsync(tab, "window.marks === 2");
        (await SpaPages.TokenAsync(tab)).Should().Be("next", "a later one does");
    }

    [Fact]
    public async Task A_tab_that_waits_for_the_news_of_a_refresh_does_not_take_the_one_before_for_it()
    {
        await using SpaPages application = await SpaPages.OpenAsync(chromium, tabs: 3, async context =>
        {
            await context.AddInitScriptAsync(SpaPages.Patient);
            await context.AddInitScriptAsync(Hold);
        });
        IPage tab = application.Tabs[0], waiting = application.Tabs[1], other = application.Tabs[2];
        await other.EvaluateAsync(Listen);
        await SpaPages.LogInAsync(tab);
        string former = await RefreshAsync(application, tab);
        await waiting.WaitForFunctionAsync(
            "async former => await outcome(() => client.accessTokenFor(location.origin)) === former", former);
        application.Host.Time.Advance(TimeSpan.FromMinutes(1)); // beyond the reuse window, so that the next one rotates
        await waiting.EvaluateAsync("void (held = [])");
        int before = application.Refreshes;

        SpaPages.Held answer = await application.HoldAsync("/auth/refresh");
        Task<string> first = SpaPages.AskAsync(tab, "client.refresh()");
        await answer.Come;
        Task<string> second = SpaPages.AskAsync(waiting, "client.refresh()");
        await SpaPages.UntilAsync(tab, "navigator.locks.query().then(({ pending }) => pending.length === 1)");
        await answer.ReleaseAsync();
        (await first).Should().Be("");
        // It has its turn, has not heard, and asks; the answer of a tab that has not heard either is here first.
        await SpaPages.UntilAsync(other, "heard.some(({ kind }) => kind === 'news?')");
        await other.EvaluateAsync("channel.postMessage({ ...heard.find(({ kind }) => kind === 'refreshed'), at: Date.now() })");
        await SpaPages.UntilAsync(waiting, "new Set(held.map(({ event }) => event.data.askedAt)).size === 2");
        await waiting.EvaluateAsync("letGo()");

        (await second).Should().Be("");
        string last = await SpaPages.TokenAsync(tab);
        last.Should().NotBe(former);
        (await SpaPages.TokenAsync(waiting)).Should().Be(last);
        (application.Refreshes - before).Should().Be(1);
    }

    [Fact]
    public async Task A_login_that_is_heard_of_after_its_logout_does_not_bring_the_token_back()
    {
        await using SpaPages application = await SpaPages.OpenAsync(chromium, tabs: 2);
        IPage tab = application.Tabs[0], other = application.Tabs[1];
        await other.EvaluateAsync(Listen);
        await tab.EvaluateAsync(Hearing);
        await SpaPages.LogInAsync(tab);
        await SpaPages.UntilAsync(other, "heard.some(({ kind }) => kind === 'login')");
        await SpaPages.AskAsync(tab, "client.logout()");

        await other.EvaluateAsync("tell(heard.find(({ kind }) => kind === 'login'))");

        await SpaPages.UntilAsync(tab, "window.marks === 1");
        (await SpaPages.TokenAsync(tab)).Should().Be("logged_out 401");
        await SpaPages.LogInAsync(other);
        await SpaPages.UntilAsync(tab, "client.state === 'loggedin'");
        (await SpaPages.StatusOfMeAsync(tab)).Should().Be("200", "a later one does");
    }

    [Fact]
    public async Task A_login_that_is_heard_of_after_the_refresh_that_followed_it_does_not_bring_its_token_back()
    {
        await using SpaPages application = await SpaPages.OpenAsync(chromium, tabs: 3);
        IPage tab = application.Tabs[0], other = application.Tabs[1], late = application.Tabs[2];
        await other.EvaluateAsync(Listen);
        await SpaPages.LogInAsync(tab);
        string last = await RefreshAsync(application, tab);
        await SpaPages.UntilAsync(other, "heard.some(({ kind }) => kind === 'refreshed')");
        await application.GoAsync(late);
        await late.EvaluateAsync(Hearing);

        await other.EvaluateAsync("tell(heard.find(({ kind }) => kind === 'refreshed'))");
        await other.EvaluateAsync("tell(heard.find(({ kind }) => kind === 'login'))");

        await SpaPages.UntilAsync(late, "window.marks === 2");
        (await SpaPages.TokenAsync(late)).Should().Be(last);
        (await SpaPages.ToldAsync(late)).Should().Equal("loggedin");
        await SpaPages.LogInAsync(tab);
        string next = await SpaPages.TokenAsync(tab);
        await late.WaitForFunctionAsync("async next => await outcome(() => client.accessTokenFor(location.origin)) === next", next);
    }

    [Fact]
    public async Task A_logout_that_is_heard_of_after_the_login_that_followed_it_ends_nothing()
    {
        await using SpaPages application = await SpaPages.OpenAsync(chromium, tabs: 3);
        IPage tab = application.Tabs[0], other = application.Tabs[1], late = application.Tabs[2];
        await other.EvaluateAsync(Listen);
        await SpaPages.LogInAsync(tab);
        await SpaPages.AskAsync(tab, "client.logout()");
        await SpaPages.LogInAsync(tab, "bob");
        await SpaPages.UntilAsync(other, "heard.filter(({ kind }) => kind === 'login').length === 2");
        await application.GoAsync(late);
        await late.EvaluateAsync(Hearing);

        await other.EvaluateAsync("tell(heard.findLast(({ kind }) => kind === 'login'))");
        await other.EvaluateAsync("tell(heard.find(({ kind }) => kind === 'logout'))");

        await SpaPages.UntilAsync(late, "window.marks === 2");
        (await SpaPages.UserAsync(late), (await SpaPages.ToldAsync(late)).Length).Should().Be(("bob", 1));
        await SpaPages.AskAsync(tab, "client.logout()");
        await SpaPages.UntilAsync(late, "told.at(-1) === 'loggedout'");
    }

    private static async Task<string> RefreshAsync(SpaPages application, IPage tab)
    {
        application.Host.Time.Advance(TimeSpan.FromMinutes(1));
        (await SpaPages.AskAsync(tab, "client.refresh()")).Should().Be("");
        return await SpaPages.TokenAsync(tab);
    }
}
