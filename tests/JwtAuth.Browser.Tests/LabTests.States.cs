using JwtAuth.Tests.Hosting;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace JwtAuth.Browser.Tests;

/// <summary>What the page says of a login has to be so, however it came to its end.</summary>
public sealed partial class LabTests
{
    [Theory]
    [InlineData("bearer")]
    [InlineData("session")]
    public async Task A_logout_that_finds_nothing_left_to_end_says_so(string kind)
    {
        await using var host = new ServerHost();
        (IPage page, _) = await OpenWithAccountAsync(host);
        await LogInAsync(page, kind);
        await PressAsync(page, "logout", "Logged out.");
        await Expect(page.Locator("#server")).ToContainTextAsync(kind == "bearer" ? "access token denied" : "session ended");
        (await FactAsync(page, "#server", "Whom a copy may still fool"))
            .Should().StartWith(kind == "bearer" ? "those who hear no denials, until " : "nobody");

        await LogInAsync(page, kind);
        string? answer = await page.EvaluateAsync<string>("""
            async ([username, password]) => {
              const json = { 'content-type': 'application/json' };
              const body = JSON.stringify({ username, password });
              const login = await (await fetch('/auth/login', { method: 'POST', credentials: 'omit', headers: json, body })).json();
              const headers = { authorization: `Bearer ${login.access_token}` };
              return `${(await fetch('/auth/logout/everywhere', { method: 'POST', credentials: 'omit', headers })).status}`;
            }
            """, new[] { await page.InputValueAsync("#username"), await page.InputValueAsync("#password") });
        answer.Should().Be("200");
        await PressAsync(page, "logout", "There was nothing left to end: this login was over already.");
        await Expect(page.Locator("#server")).ToHaveTextAsync("OverThere was nothing left to end: this login was over already.");
        await ShouldBeAsync(page, "logout", isEnabled: false);
    }

    [Fact]
    public async Task A_second_theft_after_the_reuse_window_ends_the_session_and_the_page_tells_why()
    {
        await using var host = new ServerHost();
        (IPage page, IReadOnlyCollection<string> errors) = await OpenWithAccountAsync(host);
        await LogInAsync(page, "bearer");
        await PressAsync(page, "steal", "the refresh token gets a new one.");
        await PressAsync(page, "steal", "the refresh token gets a new one.");
        await ShouldBeAsync(page, "logout", isEnabled: true);

        host.Time.Advance(TimeSpan.FromSeconds(11));
        await PressAsync(page, "steal", "the refresh token is answered with 400. The refresh token came a second time");
        await Expect(page.Locator("#server")).ToContainTextAsync("that is reuse detection");
        await ShouldBeAsync(page, "steal", isEnabled: false);
        await ShouldBeAsync(page, "logout", isEnabled: false);
        await PressAsync(page, "try", "The copy is tried (reuse detected): the access token is answered with 401");
        errors.Should().BeEmpty();
    }

    [Fact]
    public async Task A_logout_that_did_not_reach_the_service_says_that_the_session_lives_and_can_be_repeated()
    {
        await using var host = new ServerHost();
        (IPage page, _) = await OpenWithAccountAsync(host);
        await LogInAsync(page, "bearer");
        await PressAsync(page, "steal", "gets in as");

        // A browser that was offline would make up for it by itself.
        await page.Context.RouteAsync("**/auth/logout", route => route.AbortAsync());
        await page.ClickAsync("#logout");
        await Expect(page.Locator("#error")).ToHaveTextAsync(
            "The service does not answer. Is it running? This page has forgotten the login, "
                + "but at the service the session lives until a logout works: log out again then.");
        await Expect(page.Locator("#said")).ToHaveTextAsync("");
        await Expect(page.Locator("#server")).ToContainTextAsync("has not heard of the logout");
        await page.Context.UnrouteAsync("**/auth/logout");
        await PressAsync(page, "try", "The copy is tried: the access token gets in as");
        await PressAsync(page, "logout", "Logged out.");
        await PressAsync(page, "try", "after the logout: the access token is answered with 401; the refresh token is answered with 400.");
    }

    [Fact]
    public async Task What_another_login_or_logout_has_ended_is_shown_as_ended()
    {
        await using var host = new ServerHost();
        (IPage page, IReadOnlyCollection<string> errors) = await OpenWithAccountAsync(host);
        await LogInAsync(page, "bearer");
        (await FactAsync(page, "#server", "Sessions of this account")).Should().Be("1");
        await LogInAsync(page, "session");
        await page.CheckAsync("#kind-bearer");
        (await FactAsync(page, "#server", "Sessions of this account")).Should().Be("2");

        await LogInAsync(page, "signed_cookie");
        await ShouldBeAsync(page, "steal", isEnabled: true);
        await page.CheckAsync("#kind-session");
        await Expect(page.Locator("#server")).ToContainTextAsync("Another cookie has taken its place");
        await ShouldBeAsync(page, "steal", isEnabled: false);
        await ShouldBeAsync(page, "logout", isEnabled: false);

        await page.CheckAsync("#kind-bearer");
        await ShouldBeAsync(page, "logout", isEnabled: true);
        await page.CheckAsync("#kind-signed_cookie");
        await PressAsync(page, "logout", "Logged out.");
        await page.CheckAsync("#kind-bearer");
        await Expect(page.Locator("#server")).ToContainTextAsync("it clears all cookies, and ends what is behind them");
        await ShouldBeAsync(page, "logout", isEnabled: false);
        errors.Should().BeEmpty();
    }

    [Fact]
    public async Task A_theft_that_finds_nothing_says_so()
    {
        await using var host = new ServerHost();
        (IPage page, _) = await OpenWithAccountAsync(host);
        await LogInAsync(page, "session");
        await PressAsync(page, "steal", "the session cookie gets in as");

        await page.Context.ClearCookiesAsync();
        await page.ClickAsync("#steal");
        await Expect(page.Locator("#error")).ToContainTextAsync("There is nothing to steal");
        await ShouldBeAsync(page, "logout", isEnabled: false);
    }

    [Fact]
    public async Task What_a_deletion_or_a_new_password_has_done_stands_beside_what_the_logout_had_not()
    {
        await using var host = new ServerHost();
        (IPage page, IReadOnlyCollection<string> errors) = await OpenWithAccountAsync(host);
        await LogInAsync(page, "personal_access_token");
        await PressAsync(page, "steal", "gets in as");
        await PressAsync(page, "logout", "a logout does not end it");
        await Expect(page.Locator("#server")).ToContainTextAsync("and goes on");
        await PressAsync(page, "try", "after the logout: the personal access token gets in as");
        await PressAsync(page, "end", "Done: deleted. The copy: the personal access token is answered with 401.");
        await Expect(page.Locator("#server")).ToHaveTextAsync("OverThe token is deleted: the service knows it no more.");
        await PressAsync(page, "try", "The copy is tried (deleted): the personal access token is answered with 401.");
        (await RowsAsync(page)).Should().Equal("Personal access token | gets in | gets in | not taken there | deleted: refused, 401");

        await LogInAsync(page, "session");
        await LogInAsync(page, "basic");
        await PressAsync(page, "end", "Done: password changed.");
        await page.CheckAsync("#kind-session");
        await Expect(page.Locator("#server")).ToHaveTextAsync("OverThe password was changed: that has ended it.");
        errors.Should().BeEmpty();
    }

    [Theory]
    [InlineData("bearer")]
    [InlineData("session")]
    public async Task After_a_reload_the_page_tells_whose_cookie_is_still_there_and_can_log_out(string kind)
    {
        await using var host = new ServerHost();
        (IPage page, IReadOnlyCollection<string> errors) = await OpenWithAccountAsync(host);
        string username = await page.InputValueAsync("#username");
        await LogInAsync(page, kind);

        await page.ReloadAsync();
        await Expect(page.Locator("#said")).ToContainTextAsync("The browser has kept a cookie through the reload");
        await Expect(page.Locator($"#kind-{kind}")).ToBeCheckedAsync();
        (await FactAsync(page, "#me", "username")).Should().Be(username);
        await PressAsync(page, "logout", "Logged out.");
        await page.ReloadAsync();
        await Expect(page.Locator("#make")).ToHaveAttributeAsync("aria-disabled", "false");
        await Expect(page.Locator("#said")).ToHaveTextAsync("");
        await Expect(page.Locator("#sides")).ToBeHiddenAsync();
        errors.Should().BeEmpty();
    }

    [Fact]
    public async Task A_copy_that_the_thief_has_forgotten_is_told_as_such()
    {
        await using var host = new ServerHost();
        (IPage page, _) = await OpenWithAccountAsync(host);
        await LogInAsync(page, "basic");
        await PressAsync(page, "steal", "gets in as");
        await PressAsync(page, "try", "The copy is tried: the name and password gets in as");

        host.Time.Advance(TimeSpan.FromMinutes(61));
        await page.ClickAsync("#try");
        await Expect(page.Locator("#error")).ToContainTextAsync("The thief has forgotten this copy");
        await ShouldBeAsync(page, "try", isEnabled: false);
        await ShouldBeAsync(page, "steal", isEnabled: true);
    }

    [Fact]
    public async Task One_message_stands_beside_the_buttons_of_its_step_and_goes_when_the_step_changes()
    {
        await using var host = new ServerHost();
        (IPage page, _) = await OpenWithAccountAsync(host);
        await Expect(page.Locator("#who #said")).ToContainTextAsync("is made.");
        await LogInAsync(page, "session");
        await Expect(page.Locator("#choice #said")).ToContainTextAsync("Logged in");
        await page.CheckAsync("#kind-basic");
        await Expect(page.Locator("#said")).ToHaveTextAsync("");

        await PressAsync(page, "login", "Logged in");
        await page.FillAsync("#password", "another one, typed later");
        await Expect(page.Locator("#who-note")).ToContainTextAsync("is not used until");
        await page.ClickAsync("#use");
        await Expect(page.Locator("#who #error")).ToHaveTextAsync("The user name or the password is wrong.");
        await Expect(page.Locator("#said")).ToHaveTextAsync("");
        await Expect(page.Locator("#password")).ToHaveAttributeAsync("aria-invalid", "true");
    }

    [Fact]
    public async Task A_logout_in_another_tab_takes_the_place_of_what_was_said_before()
    {
        await using var host = new ServerHost();
        (IPage page, _) = await OpenWithAccountAsync(host);
        await LogInAsync(page, "bearer");
        IPage other = await page.Context.NewPageAsync();
        await other.GotoAsync($"{host.Issuer}/lab/");
        await Expect(other.Locator("#said")).ToContainTextAsync("The browser has kept a cookie");
        await ShouldBeAsync(page, "logout", isEnabled: true);

        await PressAsync(other, "logout", "Logged out.");
        await Expect(page.Locator("#said")).ToHaveTextAsync("The access token’s login was ended elsewhere.");
        await Expect(page.Locator("#server")).ToHaveTextAsync("OverEnded by another tab, or by the service.");
        await ShouldBeAsync(page, "logout", isEnabled: false);
    }

    private async Task<(IPage Page, IReadOnlyCollection<string> Errors)> OpenWithAccountAsync(ServerHost host)
    {
        (IPage page, IReadOnlyCollection<string> errors) = await OpenAsync(host);
        await PressAsync(page, "make", "is made.");
        return (page, errors);
    }

    private static async Task LogInAsync(IPage page, string kind)
    {
        await page.CheckAsync($"#kind-{kind}");
        await PressAsync(page, "login", "Logged in with");
    }

    private static async Task PressAsync(IPage page, string button, string said)
    {
        await page.ClickAsync($"#{button}");
        await Expect(page.Locator("#said")).ToContainTextAsync(said);
    }

    private static Task ShouldBeAsync(IPage page, string button, bool isEnabled) =>
        Expect(page.Locator($"#{button}")).ToHaveAttributeAsync("aria-disabled", isEnabled ? "false" : "true");
}
