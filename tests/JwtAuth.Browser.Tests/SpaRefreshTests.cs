using JwtAuth.Tests.Hosting;
using Microsoft.Playwright;

namespace JwtAuth.Browser.Tests;

/// <summary>When jwtauth.js refreshes, and what it does where that comes to nothing.</summary>
public sealed class SpaRefreshTests(Chromium chromium)
{
    private const string Busy = """{"status":503,"title":"Busy.","code":"busy"}""";
    private const string TooMany = """{"status":429,"title":"Too many.","code":"too_many_attempts"}""";

    // The page's clock: it goes on, and jumps when the test says so.
    private static readonly DateTime Start = new(2026, 3, 1, 12, 0, 0, DateTimeKind.Utc);

    [Fact]
    public async Task After_a_sleep_the_first_call_refreshes_before_it_is_sent()
    {
        await using SpaPages application = await OpenAsync();
        IPage tab = application.Tabs[0];
        await SpaPages.LogInAsync(tab);
        (await SpaPages.StatusOfMeAsync(tab)).Should().Be("200");
        application.Refreshes.Should().Be(0, "the token is young");

        await SleepAsync(application, TimeSpan.FromHours(8));

        (await SpaPages.StatusOfMeAsync(tab)).Should().Be("200");
        (application.Refreshes, application.Sent("/me")).Should().Be((1, 2), "nothing was sent with the token that is over");
        (await SpaPages.ToldAsync(tab)).Should().Equal("loggedin", "refreshed");
    }

    [Fact]
    public async Task Who_comes_back_finds_a_fresh_token()
    {
        await using SpaPages application = await OpenAsync();
        IPage tab = application.Tabs[0];
        await SpaPages.LogInAsync(tab);

        int refreshes = 0;
        foreach (string coming in (string[])["window.dispatchEvent(new Event('online'))", "window.dispatchEvent(new Event('pageshow'))",
            "document.dispatchEvent(new Event('visibilitychange'))"])
        {
            await tab.EvaluateAsync(coming);
            (await SpaPages.StatusOfMeAsync(tab)).Should().Be("200");
            application.Refreshes.Should().Be(refreshes, "the token is young");

            await SleepAsync(application, TimeSpan.FromHours(1));
            await tab.EvaluateAsync(coming);

            refreshes++;
            await SpaPages.UntilAsync(tab, $"told.filter(event => event === 'refreshed').length === {refreshes}");
            application.Refreshes.Should().Be(refreshes, coming);
        }
    }

    [Fact]
    public async Task A_tab_that_somebody_sees_refreshes_before_its_token_is_over_and_a_hidden_one_waits()
    {
        await using SpaPages application = await OpenAsync();
        IPage tab = application.Tabs[0];
        await SpaPages.LogInAsync(tab);
        await tab.EvaluateAsync("Object.defineProperty(document, 'hidden', { value: true, configurable: true })");
        await application.Context.Clock.FastForwardAsync("04:40");
        (await ToldAsync()).Should().Be(1);
        (await SpaPages.StatusOfMeAsync(tab)).Should().Be("200");
        (await ToldAsync()).Should().Be(2, "that call did it");

        await tab.EvaluateAsync("delete document.hidden");
        await application.Context.Clock.FastForwardAsync("04:40");
        (await ToldAsync()).Should().Be(3);
        application.Refreshes.Should().Be(2);

        // Behind a refresh that has begun.
        Task<int> ToldAsync() => tab.EvaluateAsync<int>("navigator.locks.request(`jwtauth/1 ${location.origin}`, () => told.length)");
    }

    private static Dictionary<string, string> Patience => new() { ["Retry-After"] = "7" };

    public static TheoryData<string, RouteFulfillOptions?, string> Failures => new()
    {
        { "network", null, "network 0" },
        { "busy", new() { Status = 503, ContentType = "application/problem+json", Headers = Patience, Body = Busy }, "busy 503" },
        { "too many", new() { Status = 429, ContentType = "application/problem+json", Body = TooMany }, "too_many_attempts 429" },
        { "a proxy's page", new() { Status = 502, ContentType = "text/html", Body = "<h1>Bad Gateway</h1>" }, "unexpected_reply 502" },
        { "somebody else's page", new() { Status = 200, ContentType = "text/html", Body = "<h1>Welcome</h1>" }, "unexpected_reply 200" },
        { "no token", new() { Status = 200, ContentType = "application/json", Body = "{}" }, "unexpected_reply 200" },
    };

    [Theory(DisableDiscoveryEnumeration = true)]
    [MemberData(nameof(Failures))]
    public async Task A_refresh_that_fails_is_no_logout_and_is_tried_again_after_a_pause(
        string what, RouteFulfillOptions? answer, string error)
    {
        await using SpaPages application = await OpenAsync();
        IPage tab = application.Tabs[0];
        await SpaPages.LogInAsync(tab);
        await application.Context.RouteAsync("**/auth/refresh", route => answer is null ? route.AbortAsync() : route.FulfillAsync(answer));

        await SleepAsync(application, TimeSpan.FromSeconds(280));
        (await SpaPages.StatusOfMeAsync(tab)).Should().Be("200", $"the token is not over yet, whatever {what} does");
        await SleepAsync(application, TimeSpan.FromMinutes(2));
        (await SpaPages.StatusOfMeAsync(tab)).Should().Be(error);
        int tries = application.Refreshes;
        (await SpaPages.StatusOfMeAsync(tab)).Should().Be(error);
        application.Refreshes.Should().Be(tries, "in a pause nothing is asked");
        (await tab.EvaluateAsync<int>("client.fetch('/me').catch(error => error.retryAfter)"))
            .Should().BeInRange(1, error == "busy 503" ? 7 : 4);
        (await tab.EvaluateAsync<string>("client.state")).Should().Be("loggedin");

        await application.Context.UnrouteAsync("**/auth/refresh");
        await SleepAsync(application, TimeSpan.FromSeconds(10));
        (await SpaPages.StatusOfMeAsync(tab)).Should().Be("200");
        (await SpaPages.ToldAsync(tab)).Should().Equal("loggedin", "refreshed");
    }

    [Fact]
    public async Task A_page_that_comes_while_the_service_is_away_does_not_take_that_for_a_logout()
    {
        await using SpaPages application = await OpenAsync();
        IPage tab = application.Tabs[0];
        (await SpaPages.AskAsync(tab, "client.start()")).Should().Be("false");
        (await SpaPages.ToldAsync(tab)).Should().Equal("loggedout");
        await SpaPages.LogInAsync(tab);

        await application.GoAsync(tab);
        await application.Context.RouteAsync("**/auth/refresh", route => route.AbortAsync());
        (await SpaPages.AskAsync(tab, "client.start()")).Should().Be("network 0");
        (await tab.EvaluateAsync<string>("client.state")).Should().Be("unknown");
        await application.Context.UnrouteAsync("**/auth/refresh");
        await tab.EvaluateAsync("window.dispatchEvent(new Event('online'))");

        (await SpaPages.AskAsync(tab, "client.start()")).Should().Be("true");
        (await SpaPages.ToldAsync(tab)).Should().Equal("loggedin");
    }

    [Fact]
    public async Task A_token_that_died_is_replaced_once_and_the_call_is_sent_again()
    {
        await using SpaPages application = await OpenAsync();
        IPage tab = application.Tabs[0];
        await SpaPages.LogInAsync(tab);
        (await SpaPages.AskAsync(tab, "client.fetch('/auth/revoke', { method: 'POST' }).then(reply => reply.status)")).Should().Be("200");

        (await SpaPages.StatusOfMeAsync(tab)).Should().Be("200");

        (application.Refreshes, application.Sent("/me")).Should().Be((1, 2));
        (await SpaPages.StatusOfMeAsync(tab)).Should().Be("200");
        (application.Refreshes, application.Sent("/me")).Should().Be((1, 3));
    }

    [Fact]
    public async Task A_session_that_was_ended_elsewhere_is_a_logout_at_the_next_use()
    {
        await using SpaPages application = await OpenAsync();
        IPage tab = application.Tabs[0];
        await SpaPages.LogInAsync(tab);
        (await SpaPages.StatusOfMeAsync(tab)).Should().Be("200");
        using HttpClient client = application.Host.Connect(await application.Host.LoginAsync("alice"));
        (await client.AskAsync("POST", "/auth/logout/everywhere")).Status.Should().Be(200);

        (await SpaPages.StatusOfMeAsync(tab)).Should().Be("logged_out 401");

        (await SpaPages.ToldAsync(tab)).Should().Equal("loggedin", "loggedout");
    }

    [Fact]
    public async Task A_call_is_sent_again_once_where_its_body_can_be_and_a_401_that_stays_is_the_callers()
    {
        await using SpaPages application = await OpenAsync();
        IPage tab = application.Tabs[0];
        await SpaPages.LogInAsync(tab);
        List<string?> bodies = [];
        int refusals = 0;
        await application.Context.RouteAsync("**/pay", route =>
        {
            bodies.Add(route.Request.PostData);
            return route.FulfillAsync(new() { Status = refusals-- > 0 ? 401 : 204 });
        });

        foreach ((string call, string body, bool isRepeated) in ((string, string, bool)[])
        [
            ("'/pay', { method: 'POST', body: 'a=1' }", "a=1", true),
            ("'/pay', { method: 'POST', body: new URLSearchParams({ a: '1' }) }", "a=1", true),
            ("'/pay', { method: 'POST', body: new Blob(['a=1']) }", "a=1", true),
            ("'/pay', { method: 'POST', body: form }", "name=\"a\"\r\n\r\n1\r\n", true),
            ("'/pay', { method: 'POST', body: new TextEncoder().encode('a=1') }", "a=1", true),
            ("new Request('/pay'), { method: 'POST', body: 'a=1' }", "a=1", true),
            ("new Request('/pay', { method: 'POST', body: 'a=1' })", "a=1", false),
        ])
        {
            int before = application.Refreshes, times = isRepeated ? 2 : 1;
            (bodies, refusals) = ([], 1);
            (await AnswerAsync(call)).Should().Be(isRepeated ? "204" : "401", call);
            bodies.Should().HaveCount(times).And.OnlyContain(sent => sent!.Contains(body), call);
            (await SpaPages.StatusOfMeAsync(tab)).Should().Be("200");
            application.Refreshes.Should().Be(before + 1, "a refused token is not used again");

            (bodies, refusals) = ([], 10);
            (await AnswerAsync(call)).Should().Be("401", call);
            bodies.Should().HaveCount(times, call);
            (await tab.EvaluateAsync<string>("client.state")).Should().Be("loggedin");
        }

        Task<string> AnswerAsync(string call) =>
            tab.EvaluateAsync<string>($"(() => {{ const form = new FormData(); form.append('a', '1'); return answer({call}); }})()");
    }

    [Fact]
    public async Task A_refused_login_says_why_and_changes_nothing()
    {
        await using SpaPages application = await OpenAsync();
        IPage tab = application.Tabs[0];
        await SpaPages.LogInAsync(tab);

        (await SpaPages.AskAsync(tab, "client.login('alice', 'not her password')")).Should().Be("invalid_credentials 401");

        (await SpaPages.UserAsync(tab)).Should().Be("alice");
        (await SpaPages.ToldAsync(tab)).Should().Equal("loggedin");
        (await tab.EvaluateAsync<string>("client.scope")).Should().Be("orders:read offline_access");
    }

    [Fact]
    public async Task A_logout_without_the_service_is_forgotten_in_the_page_and_told_and_can_be_made_up_for()
    {
        await using SpaPages application = await OpenAsync();
        IPage tab = application.Tabs[0];
        await SpaPages.LogInAsync(tab);
        string token = await SpaPages.TokenAsync(tab);
        await application.Context.RouteAsync("**/auth/logout", route => route.AbortAsync());

        (await SpaPages.AskAsync(tab, "client.logout()")).Should().Be("network 0");
        (await SpaPages.StatusOfMeAsync(tab)).Should().Be("logged_out 401");
        using HttpClient client = application.Host.Connect();
        (await client.StatusOfMeAsync(token)).Should().Be(200, "the service has not heard of it");

        await application.Context.UnrouteAsync("**/auth/logout");
        (await SpaPages.AskAsync(tab, "client.logout()")).Should().Contain("revoked", "the cookie is enough");
        (await client.StatusOfMeAsync(token)).Should().Be(401);
        (await SpaPages.AskAsync(tab, "client.logout()")).Should().Be("null", "there is nothing left to end");
    }

    private Task<SpaPages> OpenAsync() =>
        SpaPages.OpenAsync(chromium, prepare: context => context.Clock.InstallAsync(new() { TimeDate = Start }));

    // Time passes for the service and on the page's clock; timers slept too.
    private static async Task SleepAsync(SpaPages application, TimeSpan span)
    {
        application.Host.Time.Advance(span);
        long now = await application.Tabs[0].EvaluateAsync<long>("Date.now()");
        await application.Context.Clock.SetSystemTimeAsync(DateTimeOffset.FromUnixTimeMilliseconds(now).UtcDateTime + span);
    }
}
