using JwtAuth.Tests.Hosting;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace JwtAuth.Browser.Tests;

/// <summary>The story that is told as a whole: what its table says stays so, can be seen, and is told aloud.</summary>
public sealed partial class LabTests
{
    // Notes of each act whether the row that it is about was in view, and whether anything kept it from being read out.
    private const string Watch = """
        window.acts = [];
        new MutationObserver((records) => {
          for (const { textContent } of records.flatMap(({ addedNodes }) => [...addedNodes])) {
            const part = document.querySelector('#table .now') ?? document.getElementById('results');
            const { top, bottom } = part.getBoundingClientRect();
            const isSeen = part.id === 'results' ? top < innerHeight && bottom > 0 : top >= -1 && bottom <= innerHeight + 1;
            const isHeard = !document.getElementById('acts').closest('[aria-busy="true"], [aria-live="off"], [hidden]');
            acts.push([textContent, isSeen ? 'seen' : 'unseen', isHeard ? 'heard' : 'unheard']);
          }
        }).observe(document.getElementById('acts'), { childList: true });
        0
        """;

    [Theory]
    [InlineData(1280, 900, ReducedMotion.NoPreference, "smooth")]
    [InlineData(1280, 900, ReducedMotion.Reduce, "auto")]
    [InlineData(360, 740, ReducedMotion.Reduce, "auto")]
    public async Task While_the_story_runs_its_table_is_in_view_and_each_act_is_told_aloud(
        int width, int height, ReducedMotion motion, string scrolling)
    {
        const string LivesOn = "Signed cookie: The copy is tried after the logout: the signed cookie gets in as ";
        await using var host = new ServerHost();
        (IPage page, _) = await OpenAsync(host);
        await page.SetViewportSizeAsync(width, height);
        await page.EmulateMediaAsync(new() { ReducedMotion = motion });
        await page.EvaluateAsync(Watch);

        await page.ClickAsync("#all");
        await ToldAsync(page, Told);

        string[][] acts = await page.EvaluateAsync<string[][]>("acts");
        acts.Should().HaveCount(24).And.OnlyContain(act => act[1] == "seen" && act[2] == "heard");
        acts[0][0].Should().EndWith("is made.");
        acts.Select(act => act[0]).Should()
            .Contain("Session cookie: The copy is tried after the logout: the session cookie is answered with 401.")
            .And.ContainSingle(act => act.StartsWith(LivesOn, StringComparison.Ordinal))
            .And.ContainSingle(act => act.StartsWith("HTTP Basic: an account of its own, guest-", StringComparison.Ordinal));
        acts[^1][0].Should().Be("HTTP Basic: Done: password changed. The copy: the name and password is answered with 401.");
        await Expect(page.GetByRole(AriaRole.Log)).ToContainTextAsync(acts[^1][0]);
        (await page.EvaluateAsync<string>("getComputedStyle(document.documentElement).scrollBehavior")).Should().Be(scrolling);
    }

    [Fact]
    public async Task What_the_story_has_shown_is_still_so_when_each_copy_is_tried_again()
    {
        await using var host = new ServerHost();
        (IPage page, IReadOnlyCollection<string> errors) = await OpenAsync(host);
        await page.ClickAsync("#all");
        await ToldAsync(page, Told);
        string[] rows = await RowsAsync(page);

        foreach ((string kind, string said) in (IEnumerable<(string, string)>)
        [
            ("bearer", "after the logout: the access token is answered with 401; the refresh token is answered with 400."),
            ("session", "after the logout: the session cookie is answered with 401."),
            ("signed_cookie", "after the logout: the signed cookie gets in as"),
            ("personal_access_token", "tried (deleted): the personal access token is answered with 401."),
            ("basic", "tried (password changed): the name and password is answered with 401."),
        ])
        {
            await page.CheckAsync($"#kind-{kind}");
            await PressAsync(page, "try", said);
        }

        (await RowsAsync(page)).Should().Equal(rows);
        rows.Should().Contain($"Signed cookie | gets in | gets in | not taken there | {Local(15)}");
        errors.Should().BeEmpty();
    }

    [Fact]
    public async Task A_new_password_of_ones_own_is_told_of_every_copy_that_it_has_ended_and_not_credited_to_the_logout()
    {
        await using var host = new ServerHost();
        (IPage page, IReadOnlyCollection<string> errors) = await OpenWithAccountAsync(host);
        await LogInAsync(page, "signed_cookie");
        await PressAsync(page, "steal", "gets in as");
        await PressAsync(page, "logout", "Logged out.");
        await PressAsync(page, "try", "the signed cookie gets in as");
        await LogInAsync(page, "personal_access_token");
        await PressAsync(page, "steal", "gets in as");

        await LogInAsync(page, "basic");
        await PressAsync(page, "end", "Done: password changed.");

        string[] told =
        [
            "Signed cookie | gets in | gets in | not taken there | password changed: refused, 401",
            "Personal access token | gets in | – | – | password changed: refused, 401",
        ];
        (await RowsAsync(page)).Should().Equal(told);
        await page.CheckAsync("#kind-signed_cookie");
        await PressAsync(page, "try", "The copy is tried (password changed): the signed cookie is answered with 401.");
        (await RowsAsync(page)).Should().Equal(told);
        errors.Should().BeEmpty();
    }

    [Fact]
    public async Task Where_nobody_can_make_an_account_the_story_leaves_the_password_as_it_is()
    {
        await using ServerHost host = new ServerHost().With("JwtAuth:Registration:Open", "false");
        await host.AddAccountAsync("alice");
        (IPage page, IReadOnlyCollection<string> errors) = await OpenAsync(host, ready: "use");
        await page.FillAsync("#username", "alice");
        await page.FillAsync("#password", ServerHost.Password);
        await PressAsync(page, "use", "are right.");

        await page.ClickAsync("#all");
        await ToldAsync(page, Told);

        (await RowsAsync(page))[^1].Should().Be("HTTP Basic | gets in | gets in | not taken there | the next password");
        (await host.LoginAsync("alice")).Should().NotBeEmpty();
        errors.Should().BeEmpty();
    }
}
