using System.Globalization;
using JwtAuth.Tests.Hosting;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace JwtAuth.Browser.Tests;

/// <summary>The lab, as somebody uses it who wants to know what becomes of a stolen copy.</summary>
public sealed partial class LabTests(Chromium chromium)
{
    private const string Told = "The whole story is told: the table has the answers.";

    // What a script of the page could read: all of it has to be empty.
    private const string Reach = """
        async () => document.cookie + JSON.stringify(localStorage) + JSON.stringify(sessionStorage)
          + (await indexedDB.databases()).length + (await caches.keys()).length
        """;

    private static readonly DateTime Start = new(2026, 3, 1, 12, 0, 0, DateTimeKind.Utc);

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task The_whole_story_ends_in_the_table_that_says_who_gets_in_and_until_when(bool denylist)
    {
        await using ServerHost host = new ServerHost().With("JwtAuth:Denylist:Enabled", $"{denylist}");
        (IPage page, IReadOnlyCollection<string> errors) = await OpenAsync(host);
        await Expect(page.Locator("#mode")).ToContainTextAsync(denylist ? "the denylist is on" : "the denylist is off");
        await Expect(page.Locator("#mode")).ToContainTextAsync("JwtAuth__Denylist__Enabled=false");

        await page.ClickAsync("#all");
        await ToldAsync(page, Told);

        (await RowsAsync(page)).Should().Equal(
            denylist
                ? $"Access token (JWT) | gets in | refused, 401 | gets in | {Local(5)}, where no denials are heard"
                : $"Access token (JWT) | gets in | gets in | gets in | {Local(5)}",
            "Refresh token, in its cookie | gets a new token | refused, 400 | not taken there | over",
            "Session cookie | gets in | refused, 401 | not taken there | over",
            $"Signed cookie | gets in | gets in | not taken there | {Local(15)}",
            "Personal access token | gets in | gets in | not taken there | deleted: refused, 401",
            "HTTP Basic | gets in | gets in | not taken there | password changed: refused, 401");
        errors.Should().BeEmpty("nothing has breached the page's policy, and nothing has failed");
        (await page.EvaluateAsync<string>(Reach)).Should().Be("{}{}00");
        if (denylist && Environment.GetEnvironmentVariable("JWTAUTH_PICTURE") is { Length: > 0 } path)
            await TakePictureAsync(page, path);
    }

    [Theory]
    [InlineData("bearer", "Bearer", "access token")]
    [InlineData("session", "jwtauth-session", "session cookie")]
    [InlineData("signed_cookie", "jwtauth-signed", "signed cookie")]
    [InlineData("personal_access_token", "jpat_", "personal access token")]
    [InlineData("basic", "Name and password", "name and password")]
    public async Task Step_by_step_each_credential_is_shown_on_both_sides_stolen_and_tried(string kind, string inTheBrowser, string name)
    {
        await using var host = new ServerHost();
        (IPage page, IReadOnlyCollection<string> errors) = await OpenAsync(host);
        await page.ClickAsync("#make");
        await Expect(page.Locator("#said")).ToContainTextAsync("is made.");
        string username = await page.InputValueAsync("#username");

        await page.CheckAsync($"#kind-{kind}");
        await page.ClickAsync("#login");
        await Expect(page.Locator("#said")).ToContainTextAsync("Logged in with");
        if (kind == "bearer")
            await ShouldTakeTheTokenApartAsync(page, host);
        else
            await Expect(page.Locator("#browser")).ToContainTextAsync(inTheBrowser);
        await Expect(page.Locator("#me")).ToContainTextAsync(username);
        (await FactAsync(page, "#me", "scheme")).Should().Be(kind);
        (await page.EvaluateAsync<string>(Reach)).Should().Be("{}{}00");

        await page.ClickAsync("#steal");
        await Expect(page.Locator("#said")).ToContainTextAsync($"A copy is taken, and tried: the {name} gets in as {username}");
        (await FactAsync(page, "#browser", "Bytes that it adds to each request")).Should().MatchRegex("^[0-9]+$");
        await page.ClickAsync("#logout");
        await Expect(page.Locator("#said"))
            .ToContainTextAsync(kind is "basic" or "personal_access_token" ? "a logout does not end it" : "Logged out.");
        await page.ClickAsync("#try");
        await Expect(page.Locator("#said")).ToContainTextAsync(
            $"after the logout: the {name} {(kind is "bearer" or "session" ? "is answered with 401" : $"gets in as {username}")}");
        if (kind is "basic" or "personal_access_token")
        {
            await page.ClickAsync("#end");
            await Expect(page.Locator("#said")).ToContainTextAsync($"The copy: the {name} is answered with 401.");
        }

        errors.Should().BeEmpty();
    }

    [Fact]
    public async Task The_story_can_be_told_by_the_keyboard_alone()
    {
        await using var host = new ServerHost();
        (IPage page, IReadOnlyCollection<string> errors) = await OpenAsync(host);

        await TabToAsync(page, "make");
        await page.Keyboard.PressAsync("Enter");
        await Expect(page.Locator("#said")).ToContainTextAsync("is made.");
        await TabToAsync(page, "kind-bearer");
        await page.Keyboard.PressAsync("ArrowDown");
        await Expect(page.Locator("#kind-session")).ToBeCheckedAsync();
        await TabToAsync(page, "login");
        await page.Keyboard.PressAsync("Space");
        await Expect(page.Locator("#said")).ToContainTextAsync("Logged in with: Session cookie.");
        foreach ((string button, string said)
            in (IEnumerable<(string, string)>)[("steal", "A copy is taken"), ("logout", "Logged out."), ("try", "after the logout")])
        {
            await TabToAsync(page, button);
            (await page.EvaluateAsync<bool>(
                "document.activeElement.matches(':focus-visible') && getComputedStyle(document.activeElement).outlineStyle === 'solid'"))
                .Should().BeTrue("the focus is seen");
            await page.Keyboard.PressAsync("Enter");
            await Expect(page.Locator("#said")).ToContainTextAsync(said);
            (await page.EvaluateAsync<string>("document.activeElement.id")).Should().Be(button, "nobody is thrown elsewhere");
        }

        (await RowsAsync(page)).Should().Equal("Session cookie | gets in | refused, 401 | not taken there | over");
        errors.Should().BeEmpty();
    }

    [Fact]
    public async Task What_is_refused_is_told_in_words_with_the_seconds_to_wait()
    {
        await using var host = new ServerHost();
        await host.AddAccountAsync("alice");
        (IPage page, _) = await OpenAsync(host);
        await page.FillAsync("#username", "alice");

        await page.ClickAsync("#make");
        await Expect(page.Locator("#error")).ToHaveTextAsync("The user name is taken.");
        await page.ClickAsync("#use");
        await Expect(page.Locator("#error")).ToHaveTextAsync("The user name or the password is wrong.");
        for (int attempt = 0; attempt < 20 && !await IsSlowedAsync(); attempt++)
            await page.RunAndWaitForResponseAsync(() => page.ClickAsync("#use"), IsOfLogin);
        await Expect(page.Locator("#error"))
            .ToHaveTextAsync(new System.Text.RegularExpressions.Regex("^Too many attempts\\. Wait [0-9]+ seconds?, then try again\\.$"));

        host.Time.Advance(TimeSpan.FromHours(1));
        await page.FillAsync("#password", ServerHost.Password);
        await page.ClickAsync("#use");
        await Expect(page.Locator("#said")).ToHaveTextAsync("Name and password of alice are right.");
        await Expect(page.Locator("#error")).ToHaveTextAsync("");
        await page.Context.SetOfflineAsync(true);
        await page.ClickAsync("#login");
        await Expect(page.Locator("#error")).Not.ToHaveTextAsync("");

        async Task<bool> IsSlowedAsync() => (await page.InnerTextAsync("#error")).Contains("Too many", StringComparison.Ordinal);

        static bool IsOfLogin(IResponse response) => response.Url.EndsWith("/auth/login", StringComparison.Ordinal);
    }

    [Fact]
    public async Task Where_there_is_no_thief_the_page_says_so_and_shows_the_rest()
    {
        await using var host = new ServerHost();
        (IPage page, IReadOnlyCollection<string> errors) = await OpenAsync(host, new() { ["X-Forwarded-For"] = "192.0.2.7" });

        await Expect(page.Locator("#no-thief")).ToBeVisibleAsync();
        foreach (string part in (string[])["#steal", "#try", "#all", "#results"])
            await Expect(page.Locator(part)).ToBeHiddenAsync();
        await page.ClickAsync("#make");
        await page.ClickAsync("#login");
        await Expect(page.Locator("#claims tbody tr")).Not.ToHaveCountAsync(0);
        await page.ClickAsync("#logout");
        await Expect(page.Locator("#said")).ToHaveTextAsync("Logged out.");
        errors.Should().BeEmpty();
    }

    [Theory]
    [InlineData(1280, 900, ColorScheme.Light, "light")]
    [InlineData(1280, 900, ColorScheme.Dark, "dark")]
    [InlineData(360, 740, ColorScheme.Light, "phone")]
    public async Task The_page_fits_its_screen_before_and_after_the_story(int width, int height, ColorScheme scheme, string name)
    {
        await using var host = new ServerHost();
        (IPage page, _) = await OpenAsync(host);
        await page.SetViewportSizeAsync(width, height);
        await page.EmulateMediaAsync(new() { ColorScheme = scheme });

        await ShouldFitAsync();
        await page.ClickAsync("#all");
        await ToldAsync(page, Told);
        await page.CheckAsync("#kind-bearer");
        await Expect(page.Locator("#parts")).ToBeVisibleAsync();

        await ShouldFitAsync();
        if (Environment.GetEnvironmentVariable("JWTAUTH_PICTURES") is { Length: > 0 } folder)
            await page.ScreenshotAsync(new() { Path = Path.Combine(folder, $"lab-{name}.png"), FullPage = true });

        async Task ShouldFitAsync() => (await page.EvaluateAsync<bool>("document.scrollingElement.scrollWidth <= innerWidth"))
            .Should().BeTrue();
    }

    private async Task<(IPage Page, IReadOnlyCollection<string> Errors)> OpenAsync(
        ServerHost host, Dictionary<string, string>? headers = null, string ready = "make")
    {
        using HttpClient starts = host.Connect();
        (IPage page, IReadOnlyCollection<string> errors) = await chromium.OpenPageAsync();
        if (headers is not null)
            await page.SetExtraHTTPHeadersAsync(headers);
        await page.Clock.InstallAsync(new() { TimeDate = Start });
        await page.GotoAsync($"{host.Issuer}/lab/");
        await Expect(page.Locator($"#{ready}")).ToHaveAttributeAsync("aria-disabled", "false");
        return (page, errors);
    }

    // The picture of the README: what each side holds of a fresh login, and the story's table. What is between them would make it too long.
    private static async Task TakePictureAsync(IPage page, string path)
    {
        await page.SetViewportSizeAsync(1200, 800);
        await page.EmulateMediaAsync(new() { ColorScheme = ColorScheme.Light });
        await page.CheckAsync("#kind-bearer");
        await page.ClickAsync("#login");
        await Expect(page.Locator("#said")).ToContainTextAsync("Logged in with");
        await page.EvaluateAsync("""
            const rest = 'section:has(#who), section:has(#kinds), #mode, #ways, #voice, #token, #table-note, .acts, footer';
            for (const part of document.querySelectorAll(rest)) part.hidden = true;
            """);
        await page.ScreenshotAsync(new() { Path = path, FullPage = true });
    }

    private static async Task ShouldTakeTheTokenApartAsync(IPage page, ServerHost host)
    {
        (await page.Locator("#claims tbody th").AllInnerTextsAsync()).Should().Equal(
            "alg", "kid", "typ", "iss", "sub", "aud", "exp", "nbf", "iat", "jti", "client_id", "scope", "roles", "username", "sid", "gen");
        (await page.Locator("#claims tbody td:last-child").AllInnerTextsAsync()).Should().NotContain("Not one of this service’s.");
        await Expect(page.Locator("#claims tbody tr").Nth(3)).ToContainTextAsync(host.Issuer);
        await Expect(page.Locator("#life")).ToContainTextAsync("It has 4:");
        await page.Clock.FastForwardAsync("02:00");
        await Expect(page.Locator("#life")).ToContainTextAsync("It has 2:");
        await Expect(page.Locator("#browser")).ToContainTextAsync("HttpOnly; SameSite=Strict; Path=/auth");
    }

    private static Task ToldAsync(IPage page, string text) => Expect(page.Locator("#said")).ToHaveTextAsync(text);

    private static async Task TabToAsync(IPage page, string id)
    {
        for (int presses = 0; presses < 40; presses++)
        {
            await page.Keyboard.PressAsync("Tab");
            if (await page.EvaluateAsync<string>("document.activeElement.id") == id)
                return;
        }
        Assert.Fail($"The keyboard does not reach {id}.");
    }

    private static async Task<string> FactAsync(IPage page, string list, string term) =>
        (await page.Locator($"{list} dt", new() { HasTextString = term }).First.EvaluateAsync<string>(
            "term => term.nextElementSibling.textContent"))!;

    private static async Task<string[]> RowsAsync(IPage page) =>
        await page.EvaluateAsync<string[]>(
            "Array.from(document.querySelectorAll('#table tbody tr'), row => Array.from(row.cells, cell => cell.textContent).join(' | '))");

    private static string Local(int minutes) => Start.AddMinutes(minutes).ToLocalTime().ToString("HH:mm:ss", CultureInfo.InvariantCulture);
}
