using System.Net;
using System.Text.Json;
using JwtAuth.Tests.Hosting;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace JwtAuth.Browser.Tests;

/// <summary>Swagger UI, as somebody uses it who has just started the service.</summary>
public sealed class SwaggerTests(Chromium chromium)
{
    [Fact]
    [Trait("row", "WEB-13")]
    public async Task The_examples_register_and_log_in_and_me_answers_only_between_Authorize_and_Logout()
    {
        await using var host = new ServerHost();
        using HttpClient client = host.Connect();
        (IPage page, IReadOnlyCollection<string> errors) = await chromium.OpenPageAsync();
        await page.GotoAsync($"{host.Issuer}/swagger");

        ILocator register = await TryOutAsync(page, "register");
        ILocator login = await TryOutAsync(page, "login");
        ILocator me = await TryOutAsync(page, "me");
        await ExecuteAsync(register, HttpStatusCode.Created);
        string reply = await ExecuteAsync(login, HttpStatusCode.OK);
        string token = JsonDocument.Parse(reply).RootElement.GetProperty("access_token").GetString()!;
        errors.Should().BeEmpty();

        await page.Locator("button.btn.authorize").ClickAsync();
        await Expect(page.Locator(".auth-container input")).ToHaveCountAsync(1); // the access token is all that it asks for
        await page.Locator(".auth-btn-wrapper .btn-done").ClickAsync();

        (await ExecuteAsync(me, HttpStatusCode.Unauthorized)).Should().Contain("Send the access token", "the page says what is missing");
        await AuthorizeAsync(page, token);
        (await ExecuteAsync(me, HttpStatusCode.OK)).Should().Contain("\"username\": \"alice\"");
        await LogoutAsync(page);
        await ExecuteAsync(me, HttpStatusCode.Unauthorized);

        errors.Should().HaveCount(2, "Chromium tells each 401, and there is nothing else to tell, such as a breach of the page's policy")
            .And.OnlyContain(error => error.Contains("status of 401") && error.Contains($"{host.Issuer}/me"));
    }

    [Fact]
    public async Task The_padlock_is_on_what_demands_a_token_and_on_nothing_else()
    {
        await using var host = new ServerHost();
        using HttpClient client = host.Connect();
        (IPage page, _) = await chromium.OpenPageAsync();
        await page.GotoAsync($"{host.Issuer}/swagger");

        Dictionary<string, bool> padlocks = [], challenges = [];
        await page.Locator(".opblock").First.WaitForAsync();
        foreach (ILocator operation in await page.Locator(".opblock").AllAsync())
        {
            string method = await operation.Locator(".opblock-summary-method").InnerTextAsync();
            string path = (await operation.Locator(".opblock-summary-path").GetAttributeAsync("data-path"))!;
            using var request = new HttpRequestMessage(new HttpMethod(method), path);
            using HttpResponseMessage reply = await client.SendAsync(request, TestContext.Current.CancellationToken);
            // There clients authenticate, by fields of the form.
            challenges[$"{method} {path}"] = reply.Headers.WwwAuthenticate.Count > 0
                && !path.StartsWith("/oauth/", StringComparison.Ordinal) && path != "/denials";
            padlocks[$"{method} {path}"] = await operation.Locator(".authorization__btn").CountAsync() > 0;
        }

        padlocks.Should().Equal(challenges);
        padlocks.Should().Contain("GET /me", true).And.Contain("POST /auth/login", false).And.Contain("POST /auth/logout", true);
    }

    private static async Task<ILocator> TryOutAsync(IPage page, string operation)
    {
        ILocator block = page.Locator($"#operations-Account-{operation}");
        await block.Locator(".opblock-summary-control").ClickAsync();
        await block.Locator(".try-out__btn").ClickAsync();
        return block;
    }

    private static async Task<string> ExecuteAsync(ILocator block, HttpStatusCode status)
    {
        await block.Locator(".execute").ClickAsync();
        await Expect(block.Locator(".live-responses-table tbody .response-col_status")).ToContainTextAsync($"{(int)status}");
        return await block.Locator(".live-responses-table .highlight-code code").First.InnerTextAsync();
    }

    private static async Task AuthorizeAsync(IPage page, string token)
    {
        await page.Locator("button.btn.authorize").ClickAsync();
        await page.Locator(".auth-container input").FillAsync(token);
        await page.Locator(".auth-btn-wrapper button.authorize").ClickAsync();
        await page.Locator(".auth-btn-wrapper .btn-done").ClickAsync();
    }

    private static async Task LogoutAsync(IPage page)
    {
        await page.Locator("button.btn.authorize").ClickAsync();
        await page.Locator(".auth-btn-wrapper button", new() { HasText = "Logout" }).ClickAsync();
        await page.Locator(".auth-btn-wrapper .btn-done").ClickAsync();
    }
}
