using System.Text.RegularExpressions;
using JwtAuth.Tests.Hosting;
using Microsoft.Playwright;

namespace JwtAuth.Browser.Tests;

/// <summary>A logout of jwtauth.js that the service does not hear of at once, and one whose access token is over.</summary>
public sealed class SpaLogoutTests(Chromium chromium)
{
    private const string Stored = "JSON.stringify(localStorage)";

    [Theory]
    [InlineData("client.start()", "false")]
    [InlineData("client.refresh()", "logged_out 401")]
    [InlineData("client.fetch('/me')", "logged_out 401")]
    [InlineData("client.accessTokenFor(location.origin)", "logged_out 401")]
    public async Task A_logout_that_did_not_reach_the_service_is_made_up_for_before_anything_else(string call, string outcome)
    {
        await using SpaPages application = await SpaPages.OpenAsync(chromium);
        IPage tab = application.Tabs[0];
        await SpaPages.LogInAsync(tab);
        string token = await SpaPages.TokenAsync(tab);
        await application.Context.RouteAsync("**/auth/logout", route => route.AbortAsync());
        (await SpaPages.AskAsync(tab, "client.logout()")).Should().Be("network 0");
        Regex.Replace(await tab.EvaluateAsync<string>(Stored), "http:[^ ]*", "…")
            .Should().Be("""{"jwtauth/1 … logout":"owed"}""", "only that it is owed");

        // The cookie is still there.
        foreach (bool isBack in (bool[])[false, true])
        {
            if (isBack)
                await application.Context.UnrouteAsync("**/auth/logout");
            await application.GoAsync(tab);
            (await SpaPages.AskAsync(tab, call)).Should().Be(outcome);
            (await tab.EvaluateAsync<string>("client.state")).Should().Be("loggedout");
            (await SpaPages.ToldAsync(tab)).Should().Equal("loggedout");
        }

        application.Refreshes.Should().Be(0);
        using HttpClient client = application.Host.Connect();
        (await client.StatusOfMeAsync(token)).Should().Be(401);
        (await tab.EvaluateAsync<string>(Stored)).Should().Be("{}");
        (await application.Context.CookiesAsync()).Should().BeEmpty();
        await SpaPages.LogInAsync(tab);
        await application.GoAsync(tab);
        (await SpaPages.AskAsync(tab, "client.start()")).Should().Be("true", "a login of after it goes on through a reload");
    }

    [Fact]
    public async Task A_browser_that_is_online_again_makes_up_for_it_by_itself()
    {
        await using SpaPages application = await SpaPages.OpenAsync(chromium, tabs: 2);
        IPage tab = application.Tabs[0];
        await SpaPages.LogInAsync(tab);
        string token = await SpaPages.TokenAsync(tab);
        await application.Context.SetOfflineAsync(true);
        (await SpaPages.AskAsync(tab, "client.logout()")).Should().Be("network 0");

        await application.Context.SetOfflineAsync(false);

        foreach (IPage each in application.Tabs)
            await SpaPages.UntilAsync(each, $"{Stored} === '{{}}'");
        using HttpClient client = application.Host.Connect();
        (await client.StatusOfMeAsync(token)).Should().Be(401);
    }

    [Fact]
    public async Task A_login_makes_up_for_it_too_because_it_ends_the_session_that_its_cookie_brought_along()
    {
        await using SpaPages application = await SpaPages.OpenAsync(chromium);
        IPage tab = application.Tabs[0];
        await SpaPages.LogInAsync(tab);
        string token = await SpaPages.TokenAsync(tab);
        await application.Context.RouteAsync("**/auth/logout", route => route.AbortAsync());
        (await SpaPages.AskAsync(tab, "client.logout()")).Should().Be("network 0");
        (await SpaPages.AskAsync(tab, "client.login('bob', 'not his password')")).Should().Be("invalid_credentials 401");
        (await tab.EvaluateAsync<string>(Stored)).Should().Contain("owed", "a login that failed ends nothing");

        (await SpaPages.LogInAsync(tab, "bob")).Should().Be("");

        using HttpClient client = application.Host.Connect();
        (await client.StatusOfMeAsync(token)).Should().Be(401);
        await application.Context.UnrouteAsync("**/auth/logout");
        await application.GoAsync(tab);
        (await SpaPages.AskAsync(tab, "client.start()")).Should().Be("true");
        (await SpaPages.UserAsync(tab)).Should().Be("bob");
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task With_an_access_token_that_is_over_the_cookie_logs_out_whether_the_page_knows_it_or_not(bool isKnown)
    {
        await using SpaPages application = await SpaPages.OpenAsync(chromium, prepare: context => context.Clock.InstallAsync());
        IPage tab = application.Tabs[0];
        await SpaPages.LogInAsync(tab);
        application.Host.Time.Advance(TimeSpan.FromMinutes(6));
        long now = await tab.EvaluateAsync<long>("Date.now()");
        if (isKnown)
            await application.Context.Clock.SetSystemTimeAsync(DateTimeOffset.FromUnixTimeMilliseconds(now).UtcDateTime.AddMinutes(6));

        (await SpaPages.AskAsync(tab, "client.logout()")).Should().Contain("\"refresh_token\":\"revoked\"");

        (application.Sent("/auth/logout"), application.Refreshes).Should().Be((isKnown ? 1 : 2, 0));
        (await application.Context.CookiesAsync()).Should().BeEmpty();
    }

    [Fact]
    public async Task A_browser_that_stores_nothing_logs_in_and_out_all_the_same()
    {
        await using SpaPages application = await SpaPages.OpenAsync(chromium, prepare: context => context.AddInitScriptAsync(
            "Object.defineProperty(window, 'localStorage', { get() { throw new DOMException('Denied.', 'SecurityError'); } })"));
        IPage tab = application.Tabs[0];

        (await SpaPages.LogInAsync(tab)).Should().Be("");
        (await SpaPages.StatusOfMeAsync(tab)).Should().Be("200");
        (await SpaPages.AskAsync(tab, "client.logout()")).Should().Contain("revoked");
        (await SpaPages.AskAsync(tab, "client.start()")).Should().Be("false");
    }

    [Fact]
    public async Task A_login_that_is_to_end_with_the_browser_has_a_cookie_without_an_end_also_after_a_refresh()
    {
        await using SpaPages application = await SpaPages.OpenAsync(chromium);
        IPage tab = application.Tabs[0];

        foreach ((string options, bool isLasting) in ((string, bool)[])[(", { persistent: false }", false), ("", true)])
        {
            (await SpaPages.AskAsync(tab, $"client.login('alice', '{ServerHost.Password}'{options})")).Should().Be("");
            (await IsLastingAsync()).Should().Be(isLasting);
            application.Host.Time.Advance(TimeSpan.FromMinutes(1));
            (await SpaPages.AskAsync(tab, "client.refresh()")).Should().Be("");
            (await IsLastingAsync()).Should().Be(isLasting);
        }

        // To the browser, a cookie of this kind has no date.
        async Task<bool> IsLastingAsync() => (await application.Context.CredentialsAsync()).Should().ContainSingle().Which.Expires > 0;
    }
}
