using JwtAuth.Tests.Hosting;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace JwtAuth.Browser.Tests;

/// <summary>A single-page application on another origin than the service.</summary>
public sealed class OriginTests(Chromium chromium)
{
    private const string Page = """
        <!doctype html>
        <title>Orders</title>
        <input id="username"> <input id="password" type="password"> <button id="login">Log in</button>
        <input id="token"> <button id="me">Who am I?</button>
        <output></output>
        <script>
          const service = new URLSearchParams(location.search).get('service');
          const field = (id) => document.getElementById(id);
          const show = (...words) => document.querySelector('output').textContent = words.join(' ');
          async function call(path, options) {
            show('waiting');
            try {
              const reply = await fetch(service + path, options), body = await reply.json();
              show(reply.status, body.username ?? body.token_type ?? body.code, reply.headers.get('www-authenticate') ?? '');
              return body;
            } catch (error) {
              show(error.name);
            }
          }
          field('login').onclick = async () => {
            const body = JSON.stringify({ username: field('username').value, password: field('password').value });
            const reply = await call('/auth/login', { method: 'POST', headers: { 'content-type': 'application/json' }, body });
            field('token').value = reply?.access_token ?? '';
          };
          field('me').onclick = () => call('/me', { headers: { authorization: 'Bearer ' + field('token').value } });
        </script>
        """;

    [Theory]
    [InlineData("another port", "http://127.0.0.1:{other}/")]
    [InlineData("the same port by another name", "http://localhost:{allowed}/")]
    [InlineData("no origin at all", "http://127.0.0.1:{allowed}/sandboxed")]
    [Trait("row", "WEB-09")]
    public async Task A_page_on_an_allowed_origin_logs_in_and_calls_me_and_one_elsewhere_reads_nothing(string elsewhere, string address)
    {
        await using WebApplication allowed = await ServePageAsync(), other = await ServePageAsync();
        string origin = allowed.Urls.Single();
        await using ServerHost host = new ServerHost().With("JwtAuth:Cors:Origins:0", origin);
        await host.AddAccountAsync("alice");
        string live = await host.LoginAsync("alice");

        (IPage page, _) = await chromium.OpenPageAsync();
        await page.GotoAsync($"{origin}/?service={host.Issuer}");
        await LogInAsync(page, "200 Bearer");
        await AskWhoAsync(page, "200 alice");
        await page.FillAsync("#token", live + "x");
        await AskWhoAsync(page, "401 invalid_token Bearer error=\"invalid_token\"");

        string foreign = address.Replace("{allowed}", $"{new Uri(origin).Port}").Replace("{other}", $"{new Uri(other.Urls.Single()).Port}");
        (page, IReadOnlyCollection<string> errors) = await chromium.OpenPageAsync();
        await page.GotoAsync($"{foreign}?service={host.Issuer}");
        await LogInAsync(page, "TypeError");
        await page.FillAsync("#token", live);
        await AskWhoAsync(page, "TypeError");
        errors.Should().Contain(error => error.Contains("blocked by CORS policy"), $"{elsewhere} is not allowed");
    }

    private static async Task LogInAsync(IPage page, string outcome)
    {
        await page.FillAsync("#username", "alice");
        await page.FillAsync("#password", ServerHost.Password);
        await page.ClickAsync("#login");
        await Expect(page.Locator("output")).ToHaveTextAsync(outcome);
    }

    private static async Task AskWhoAsync(IPage page, string outcome)
    {
        await page.ClickAsync("#me");
        await Expect(page.Locator("output")).ToHaveTextAsync(outcome);
    }

    private static async Task<WebApplication> ServePageAsync()
    {
        WebApplicationBuilder builder = WebApplication.CreateEmptyBuilder(new());
        builder.WebHost.UseKestrelCore().UseUrls("http://127.0.0.1:0");
        WebApplication app = builder.Build();
        app.Run(context =>
        {
            // A sandboxed page's origin is "null".
            if (context.Request.Path == "/sandboxed")
                context.Response.Headers.ContentSecurityPolicy = "sandbox allow-scripts";
            return Results.Content(Page, "text/html").ExecuteAsync(context);
        });
        await app.StartAsync(TestContext.Current.CancellationToken);
        return app;
    }
}
