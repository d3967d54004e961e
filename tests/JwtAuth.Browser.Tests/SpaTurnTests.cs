using Microsoft.Playwright;

namespace JwtAuth.Browser.Tests;

/// <summary>The tabs of one browser ask in turn. What if the one whose turn it is stands still, or is faster than its word?</summary>
public sealed class SpaTurnTests(Chromium chromium)
{
    private const string Held =
        $"navigator.locks.query().then(({{ held }}) => held.filter(({{ name }}) => name === {SpaPages.Name}).length)";

    // Keeps the tab's wish for the lock from the browser until it is let go.
    private const string Slow = """
        const { request } = LockManager.prototype;
        window.slowed = null;
        LockManager.prototype.request = async function (...wish) {
          await window.slowed;
          return request.apply(this, wish);
        };
        """;

    [Theory]
    [InlineData("client.refresh()", "")]
    [InlineData("client.start()", "true")]
    [InlineData("client.login('bob', 'a quiet harbour at dawn')", "")]
    public async Task A_tab_that_stands_still_in_its_turn_keeps_nobody_waiting_for_ever(string call, string outcome)
    {
        await using SpaPages application = await OpenAsync(tabs: 3);
        IPage tab = application.Tabs[0], still = application.Tabs[1], next = application.Tabs[2];
        await SpaPages.LogInAsync(tab);
        await application.GoAsync(tab);
        if (call.Contains("refresh", StringComparison.Ordinal))
            await SpaPages.AskAsync(tab, "client.start()");
        await still.EvaluateAsync($"void navigator.locks.request({SpaPages.Name}, () => new Promise(() => {{}}))");
        await SpaPages.UntilAsync(still, $"{Held}.then(count => count === 1)");

        (await SpaPages.AskAsync(tab, call)).Should().Be(outcome);

        (await SpaPages.StatusOfMeAsync(tab)).Should().Be("200");
        (await tab.EvaluateAsync<int>(Held)).Should().Be(0, "nobody after it has to wait either");
        (await SpaPages.AskAsync(next, "client.refresh()")).Should().Be("");
    }

    [Fact]
    public async Task A_tab_that_the_browser_has_frozen_in_its_turn_is_overtaken_and_finds_its_way_back()
    {
        await using SpaPages application = await OpenAsync(tabs: 4);
        IPage frozen = application.Tabs[0];
        IPage[] others = [.. application.Tabs.Skip(1)];
        await SpaPages.LogInAsync(frozen);
        foreach (IPage tab in others)
            await SpaPages.UntilAsync(tab, "client.state === 'loggedin'");
        application.Host.Time.Advance(TimeSpan.FromMinutes(1));
        SpaPages.Held answer = await application.HoldAsync("/auth/refresh", frozen);
        await frozen.EvaluateAsync("void (window.round = outcome(() => client.refresh()))");
        await answer.Come;
        ICDPSession session = await application.Context.NewCDPSessionAsync(frozen);
        await session.SendAsync("Page.setWebLifecycleState", new() { ["state"] = "frozen" });

        (await Task.WhenAll(others.Select(tab => SpaPages.AskAsync(tab, "client.refresh()")))).Should().OnlyContain(end => end == "");

        string token = (await Task.WhenAll(others.Select(SpaPages.TokenAsync))).Distinct().Should().ContainSingle().Which;
        await answer.ReleaseAsync();
        await session.SendAsync("Page.setWebLifecycleState", new() { ["state"] = "active" });
        (await frozen.EvaluateAsync<string>("round")).Should().Be("");
        await frozen.WaitForFunctionAsync(
            "async token => await outcome(() => client.accessTokenFor(location.origin)) === token", token);
        (await Task.WhenAll(others.Select(SpaPages.TokenAsync))).Should().OnlyContain(other => other == token);
        (await SpaPages.AskAsync(frozen, "client.refresh()")).Should().Be("");
        (await SpaPages.ToldAsync(frozen)).Should().NotContain("loggedout");
    }

    [Theory]
    [InlineData(true, 200)]
    [InlineData(false, 200)]
    [InlineData(true, 503)]
    [InlineData(false, 503)]
    [InlineData(true, 400)]
    public async Task An_answer_that_comes_after_another_tab_was_faster_takes_nothing_back(bool isHeardFirst, int status)
    {
        await using SpaPages application = await OpenAsync(tabs: 3, SpaMessageTests.Hold);
        IPage slow = application.Tabs[0], tab = application.Tabs[1], third = application.Tabs[2];
        await SpaPages.LogInAsync(slow);
        foreach (IPage other in (IPage[])[tab, third])
            await SpaPages.UntilAsync(other, "client.state === 'loggedin'");
        await slow.EvaluateAsync("void (held = [])");
        SpaPages.Held answer = await application.HoldAsync("/auth/refresh", slow);
        if (status != 200)
        {
            string problem = $$"""{"status":{{status}},"code":"{{(status == 400 ? "invalid_grant" : "busy")}}","title":"No."}""";
            answer.Instead = new() { Status = status, ContentType = "application/problem+json", Body = problem };
        }
        Task<string> late = SpaPages.AskAsync(slow, "client.refresh()");
        await answer.Come;
        application.Host.Time.Advance(TimeSpan.FromMinutes(1));

        (await SpaPages.AskAsync(tab, "client.refresh()")).Should().Be("");
        string token = await SpaPages.TokenAsync(tab);
        await SpaPages.UntilAsync(slow, "held.length > 0");
        if (isHeardFirst)
            await slow.EvaluateAsync("letGo()");
        await answer.ReleaseAsync();
        (await late).Should().Be(isHeardFirst || status == 200 ? "" : "busy 503");
        if (!isHeardFirst)
            await slow.EvaluateAsync("letGo()");

        foreach (IPage each in application.Tabs)
        {
            (await SpaPages.TokenAsync(each)).Should().Be(token);
            (await SpaPages.ToldAsync(each)).Should().NotContain("loggedout");
        }
    }

    [Fact]
    public async Task A_tab_whose_wish_for_a_turn_comes_late_takes_what_the_others_refresh_has_brought_and_sends_none_of_its_own()
    {
        await using SpaPages application = await SpaPages.OpenAsync(chromium, tabs: 3, async context =>
        {
            foreach (string script in (string[])[SpaPages.Patient, SpaMessageTests.Hold, Slow])
                await context.AddInitScriptAsync($"{{{script}}}");
        });
        IPage tab = application.Tabs[0], late = application.Tabs[1], other = application.Tabs[2];
        await other.EvaluateAsync(SpaMessageTests.Listen);
        await SpaPages.LogInAsync(tab);
        await SpaPages.UntilAsync(late, "client.state === 'loggedin'");
        string former = await SpaPages.TokenAsync(late);
        await late.EvaluateAsync("void (held = [], slowed = new Promise(resolve => { window.hurry = resolve; }))");

        SpaPages.Held answer = await application.HoldAsync("/auth/refresh");
        Task<string> first = SpaPages.AskAsync(tab, "client.refresh()");
        await answer.Come;
        Task<string> second = SpaPages.AskAsync(late, "client.refresh()");
        await SpaPages.UntilAsync(late, "window.hurry !== undefined");
        await answer.ReleaseAsync();
        (await first).Should().Be("");
        await SpaPages.UntilAsync(late, "held.length > 0");
        await late.EvaluateAsync("hurry()");
        // It has its turn at once, has not heard, and asks the tabs instead of the service.
        await SpaPages.UntilAsync(other, "heard.some(({ kind }) => kind === 'news?')");
        await late.EvaluateAsync("letGo()");

        (await second).Should().Be("");
        string last = await SpaPages.TokenAsync(tab);
        (await SpaPages.TokenAsync(late)).Should().Be(last).And.NotBe(former);
        application.Refreshes.Should().Be(1);
    }

    [Fact]
    public async Task Who_asks_for_another_token_while_its_tab_waits_for_the_one_before_gets_another_one()
    {
        await using SpaPages application = await OpenAsync(tabs: 2, Slow);
        IPage tab = application.Tabs[0], late = application.Tabs[1];
        await SpaPages.LogInAsync(tab);
        await SpaPages.UntilAsync(late, "client.state === 'loggedin'");
        string first = await SpaPages.TokenAsync(tab);
        await late.EvaluateAsync("void (slowed = new Promise(resolve => { window.hurry = resolve; }))");
        Task<string> before = SpaPages.AskAsync(late, "client.refresh()");
        application.Host.Time.Advance(TimeSpan.FromMinutes(1));
        (await SpaPages.AskAsync(tab, "client.refresh()")).Should().Be("");
        string second = await SpaPages.TokenAsync(tab);
        await SpaPages.UntilAsync(late, "told.at(-1) === 'refreshed'");

        Task<string> after = SpaPages.AskAsync(late, "client.refresh()");
        await late.EvaluateAsync("hurry()");

        (await before, await after).Should().Be(("", ""));
        (await SpaPages.TokenAsync(late)).Should().NotBe(first).And.NotBe(second);
        application.Refreshes.Should().Be(2);
    }

    private Task<SpaPages> OpenAsync(int tabs, params string[] scripts) => SpaPages.OpenAsync(chromium, tabs, async context =>
    {
        foreach (string script in (string[])[SpaPages.Impatient, .. scripts])
            await context.AddInitScriptAsync($"{{{script}}}");
    });
}
