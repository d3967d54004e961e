using System.Globalization;
using JwtAuth.Tests.Hosting;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Playwright;

namespace JwtAuth.Browser.Tests;

/// <summary>A single-page application that leaves its refresh token to the browser.</summary>
public sealed class RefreshCookieTests(Chromium chromium)
{
    private const int Tabs = 5;
    private const int Rounds = 4;

    // What a page can do with the cookie: ask, and never see it.
    private const string Page = """
        <!doctype html>
        <title>Orders</title>
        <script>
          const service = new URLSearchParams(location.search).get('service');
          async function call(path, body, options) {
            try {
              const reply = await fetch(service + path, {
                method: 'POST', credentials: 'include', headers: body ? { 'content-type': 'application/json' } : {},
                body: body && JSON.stringify(body), ...options,
              });
              const answer = await reply.json().catch(() => ({}));
              return [`${reply.status}`, answer.access_token ?? '', JSON.stringify(answer) + [...reply.headers].join()];
            } catch (error) {
              return ['0', '', error.name];
            }
          }
          const alice = { username: 'alice', password: 'a quiet harbour at dawn' };
          const logIn = () => call('/auth/login', { ...alice, scope: 'offline_access', refresh: 'cookie' });
          const refresh = () => call('/auth/refresh', { refresh: 'cookie' });
          const logOut = () => call('/auth/logout');
          const me = (token) => call('/me', undefined, { method: 'GET', headers: { authorization: 'Bearer ' + token } });
          const blind = (path, body) => call(path, undefined, { mode: 'no-cors', headers: { 'content-type': 'text/plain' }, body });
          const reach = () => document.cookie + JSON.stringify(localStorage) + JSON.stringify(sessionStorage);
        </script>
        """;

    [Theory]
    [InlineData("127.0.0.1")]
    [InlineData("localhost")]
    [Trait("row", "WEB-01")]
    public async Task A_page_goes_on_with_a_cookie_that_it_cannot_read_and_its_tabs_refresh_at_once(string name)
    {
        await using WebApplication application = await ServeAsync();
        string origin = UnderName(application.Urls.Single(), name);
        await using ServerHost host = await HostAsync(origin);
        IReadOnlyList<IPage> tabs = await OpenAsync($"{origin}/?service={UnderName(host.Issuer, name)}", Tabs);

        Answer login = await CallAsync(tabs[0], "logIn()");
        login.Status.Should().Be(200);
        (await tabs[0].EvaluateAsync<string>("reach()")).Should().Be("{}{}");
        login.Text.Should().NotContain("jrt_").And.NotContainEquivalentOf("set-cookie");
        BrowserContextCookiesResult cookie = (await tabs[0].Context.CredentialsAsync()).Should().ContainSingle().Which;
        (cookie.HttpOnly, cookie.SameSite, cookie.Path, cookie.Domain).Should().Be((true, SameSiteAttribute.Strict, "/auth", name));

        for (int round = 0; round < Rounds; round++)
        {
            Answer[] answers = await Task.WhenAll(tabs.Select(tab => CallAsync(tab, "refresh()")));

            answers.Should().OnlyContain(answer => answer.Status == 200);
            foreach ((IPage tab, Answer answer) in tabs.Zip(answers))
                (await CallAsync(tab, $"me('{answer.Token}')")).Status.Should().Be(200);
            host.Time.Advance(TimeSpan.FromMinutes(1));
        }
        foreach (IPage tab in tabs)
            (await tab.EvaluateAsync<string>("reach()")).Should().Be("{}{}");

        Answer last = await CallAsync(tabs[1], "refresh()");
        (await CallAsync(tabs[2], "logOut()")).Status.Should().Be(200);
        foreach (IPage tab in tabs)
            (await CallAsync(tab, "refresh()")).Status.Should().Be(400, "the session of all tabs has ended");
        (await CallAsync(tabs[3], $"me('{last.Token}')")).Status.Should().Be(401);
        (await tabs[0].Context.CookiesAsync()).Should().BeEmpty();
        (await CallAsync(tabs[4], "logIn()")).Status.Should().Be(200);
        (await CallAsync(tabs[0], "refresh()")).Status.Should().Be(200);
    }

    [Theory]
    [InlineData("localhost", "")]
    [InlineData("localhost", "sandboxed")]
    [InlineData("127.0.0.1", "sandboxed")]
    [InlineData("127.0.0.1", "")]
    [Trait("row", "WEB-06")]
    [Trait("row", "WEB-08")]
    public async Task A_page_of_somebody_else_can_do_nothing_with_the_cookie(string name, string path)
    {
        await using WebApplication application = await ServeAsync(), stranger = await ServeAsync();
        string origin = application.Urls.Single();
        await using ServerHost host = await HostAsync(origin);
        IPage owner = (await OpenAsync($"{origin}/?service={host.Issuer}", 1))[0];
        Answer login = await CallAsync(owner, "logIn()");
        IReadOnlyList<BrowserContextCookiesResult> before = await owner.Context.CookiesAsync();
        IPage foreign = await owner.Context.NewPageAsync();
        await foreign.GotoAsync($"{UnderName(stranger.Urls.Single(), name)}/{path}?service={host.Issuer}");

        foreach (string attempt in (string[])["refresh()", "logOut()", "logIn()", """blind('/auth/refresh', '{"refresh":"cookie"}')""",
            "blind('/auth/logout', '')", "blind('/auth/logout/everywhere', '')"])
        {
            (await CallAsync(foreign, attempt)).Token.Should().BeEmpty(attempt);
        }

        foreach (string action in (string[])["/auth/logout", "/auth/logout/everywhere", "/auth/refresh"])
            await SubmitAsync(foreign, host.Issuer + action);
        await foreign.SetContentAsync($"<img src='{host.Issuer}/auth/logout'><img src='{host.Issuer}/auth/logout/everywhere'>",
            new() { WaitUntil = WaitUntilState.Load });

        (await owner.Context.CookiesAsync()).Select(cookie => cookie.Value).Should().Equal(before.Select(cookie => cookie.Value));
        (await CallAsync(owner, $"me('{login.Token}')")).Status.Should().Be(200);
        (await CallAsync(owner, "refresh()")).Status.Should().Be(200);
        host.Log.All.Should().NotContain(line => line.Contains("came again", StringComparison.Ordinal), "nobody had used it before");
        (await CallAsync(owner, "logOut()")).Status.Should().Be(200);
    }

    // A form sends what it likes, wherever it likes; the frame that the answer goes to is another page.
    private static async Task SubmitAsync(IPage page, string action)
    {
        IResponse answer = await page.RunAndWaitForResponseAsync(
            () => page.EvaluateAsync("""
                (action) => {
                  const frame = document.createElement('iframe');
                  frame.name = 'answer' + Math.random();
                  const form = Object.assign(document.createElement('form'), { method: 'post', action, target: frame.name });
                  document.documentElement.append(frame, form);
                  form.submit();
                }
                """, action),
            response => response.Url == action);
        answer.Status.Should().BeOneOf(401, 403, 415);
    }

    private static async Task<Answer> CallAsync(IPage page, string call)
    {
        string[] parts = await page.EvaluateAsync<string[]>(call);
        return new Answer(int.Parse(parts[0], CultureInfo.InvariantCulture), parts[1], parts[2]);
    }

    // Another port of one name is the same site to a browser; another name is not, although both are this machine.
    private static string UnderName(string url, string name) => url.Replace("127.0.0.1", name, StringComparison.Ordinal);

    private static async Task<ServerHost> HostAsync(string origin)
    {
        ServerHost host = new ServerHost().With("JwtAuth:Cors:Origins:0", origin);
        await host.AddAccountAsync("alice");
        return host;
    }

    private async Task<IReadOnlyList<IPage>> OpenAsync(string url, int count)
    {
        (IPage first, _) = await chromium.OpenPageAsync();
        List<IPage> pages = [first];
        while (pages.Count < count)
            pages.Add(await first.Context.NewPageAsync());
        foreach (IPage page in pages)
            await page.GotoAsync(url);
        return pages;
    }

    private static async Task<WebApplication> ServeAsync()
    {
        WebApplicationBuilder builder = WebApplication.CreateEmptyBuilder(new());
        builder.WebHost.UseKestrelCore().UseUrls("http://127.0.0.1:0");
        WebApplication app = builder.Build();
        app.Run(context =>
        {
            // A sandboxed page's origin is "null".
            if (context.Request.Path == "/sandboxed")
                context.Response.Headers.ContentSecurityPolicy = "sandbox allow-scripts allow-forms";
            return Results.Content(Page, "text/html").ExecuteAsync(context);
        });
        await app.StartAsync(TestContext.Current.CancellationToken);
        return app;
    }

    private sealed record Answer(int Status, string Token, string Text);
}
