using JwtAuth.Tests.Hosting;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace JwtAuth.Browser.Tests;

/// <summary>The pages for people, in a browser.</summary>
public sealed class PublicPageTests(Chromium chromium)
{
    [Fact]
    [Trait("row", "WEB-13")]
    public async Task The_first_page_leads_on_and_an_error_leads_back_both_in_their_style_and_without_a_breach_of_their_policy()
    {
        await using var host = new ServerHost();
        using HttpClient client = host.Connect();
        (IPage page, IReadOnlyCollection<string> errors) = await chromium.OpenPageAsync();

        await page.GotoAsync($"{host.Issuer}/");
        await Expect(page.Locator("h1")).ToHaveTextAsync("An auth service");
        await Expect(page.Locator("main")).ToHaveCSSAsync("max-width", "672px");
        errors.Should().BeEmpty();
        await page.GetByRole(AriaRole.Link, new() { Name = "Swagger UI" }).ClickAsync();
        await Expect(page.Locator("button.btn.authorize")).ToBeVisibleAsync();

        await page.GotoAsync($"{host.Issuer}/nothing");
        await Expect(page.Locator("h1")).ToHaveTextAsync("There is nothing here.");
        await Expect(page.Locator("main")).ToHaveCSSAsync("max-width", "672px");
        errors.Should().ContainSingle().Which.Should().Contain("status of 404");
        await page.GetByRole(AriaRole.Link, new() { Name = "What this is" }).ClickAsync();
        await Expect(page.Locator("h1")).ToHaveTextAsync("An auth service");
    }
}
