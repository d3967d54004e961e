using JwtAuth.Tests.Hosting;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Playwright;

namespace JwtAuth.Browser.Tests;

/// <summary>Where the token of jwtauth.js goes, and who can log in with it.</summary>
public sealed class SpaOriginTests(Chromium chromium)
{
    // A page with a copy of the module: nothing of the service's is needed for it to run.
    private const string Page = """
        <!doctype html>
        <script type="module">
          import { JwtAuthClient } from './jwtauth.js';
          const query = new URLSearchParams(location.search);
          const audience = query.get('audience') ?? 'orders';
          const client = new JwtAuthClient({ url: query.get('service'), audience, apis: query.getAll('api') });
          const failure = (error) => `${error.code ?? error.name} ${error.status ?? ''}`;
          const outcome = (call) => call().then((value) => `${value ?? ''}`, failure);
          Object.assign(window, { client, outcome });
        </script>
        """;

    [Fact]
    public async Task The_token_goes_to_origins_that_were_named_and_along_no_redirect()
    {
        await using Site allowed = await Site.StartAsync(), other = await Site.StartAsync(),
            api = await Site.StartAsync(redirectTo: other.Origin);
        await using SpaPages application =
            await SpaPages.OpenAsync(chromium, host: new ServerHost().With("JwtAuth:Cors:Origins:0", allowed.Origin));
        IPage page = await OpenAsync(application, allowed.Origin, $"&api={api.Origin}/orders");
        (await AskAsync(page, $"client.login('alice', '{ServerHost.Password}')")).Should().Be("");
        string token = await AskAsync(page, $"client.accessTokenFor('{application.Host.Issuer}')");

        (await AskAsync(page, $"client.fetch('{other.Origin}/')")).Should().Be("origin_not_named 0");
        (await AskAsync(page, $"client.accessTokenFor('{other.Origin}/')")).Should().Be("origin_not_named 0");
        (await AskAsync(page, $"client.fetch('{allowed.Origin}/')")).Should().Be("origin_not_named 0", "not even the page's own was named");
        (await AskAsync(page, $"client.fetch('{api.Origin}/away')")).Should().StartWith("TypeError");
        (await AskAsync(page, $"client.fetch('{api.Origin}/away', {{ redirect: 'follow' }})")).Should().StartWith("TypeError");
        (await AskAsync(page, $"client.fetch('{api.Origin}/').then(reply => reply.status)")).Should().Be("200");
        (await AskAsync(page, $"fetch('{api.Origin}/away').then(reply => reply.url)"))
            .Should().Be($"{other.Origin}/", "it does lead there");

        (await AskAsync(page, $"client.accessTokenFor('{api.Origin}/')")).Should().Be(token);
        (other.Authorizations, allowed.Authorizations).Should().Be((0, 0));
        api.Authorizations.Should().Be(3);
    }

    [Fact]
    public async Task What_is_no_origin_of_the_web_cannot_be_named()
    {
        await using SpaPages application = await SpaPages.OpenAsync(chromium);

        foreach (string api in (string[])["file:///etc/passwd", "data:text/plain,x", "javascript:1", "orders", "null", "*", ""])
            (await NameAsync(api)).Should().Be("TypeError", api);
        (await NameAsync("https://api.example.com/orders")).Should().Be("named");

        (await application.Tabs[0].EvaluateAsync<string>(
            "(() => { try { new client.constructor({ apis: ['https://api.example.com'] }); return 'named'; } "
                + "catch (error) { return error.name; } })()"))
            .Should().Be("TypeError", "whose tokens would go there was not said");

        Task<string> NameAsync(string named) => application.Tabs[0].EvaluateAsync<string>(
            $"(() => {{ try {{ new client.constructor({{ audience: 'orders', apis: ['{named}'] }}).close(); return 'named'; }} "
                + "catch (error) { return error.name; } })()");
    }

    [Fact]
    public async Task A_misspelt_option_is_an_error_and_not_ignored()
    {
        await using SpaPages application = await SpaPages.OpenAsync(chromium);

        (await MakeAsync("{ audiense: 'orders' }")).Should().Be(
            "TypeError: There is no option audiense: there are url, audience, scope and apis.");
        (await MakeAsync("{ audience: 'orders' }")).Should().Be("made");
        (await MakeAsync("{ audience: undefined, scope: undefined, apis: undefined, url: undefined }")).Should().Be("made");

        Task<string> MakeAsync(string options) => application.Tabs[0].EvaluateAsync<string>(
            $"(() => {{ try {{ new client.constructor({options}).close(); return 'made'; }} "
                + "catch (error) { return `${error}`; } })()");
    }

    [Theory]
    [InlineData("127.0.0.1")]
    [InlineData("localhost")]
    [Trait("row", "WEB-06")]
    public async Task A_page_of_another_origin_can_neither_log_in_nor_refresh_nor_log_out_by_the_module(string name)
    {
        await using Site allowed = await Site.StartAsync(), stranger = await Site.StartAsync();
        await using SpaPages application =
            await SpaPages.OpenAsync(chromium, host: new ServerHost().With("JwtAuth:Cors:Origins:0", allowed.Origin));
        IPage ours = await OpenAsync(application, allowed.Origin),
            foreign = await OpenAsync(application, stranger.Origin.Replace("127.0.0.1", name, StringComparison.Ordinal));
        string logIn = $"client.login('alice', '{ServerHost.Password}')";
        (await AskAsync(ours, logIn)).Should().Be("");
        IReadOnlyList<BrowserContextCookiesResult> before = await application.Context.CookiesAsync();

        foreach (string call in (string[])[logIn, "client.start()", "client.refresh()", "client.logout()"])
            (await AskAsync(foreign, call)).Should().Be("network 0", call);
        (await AskAsync(foreign, $"import('{application.Host.Issuer}/jwtauth.js')")).Should().StartWith("TypeError");

        (await application.Context.CookiesAsync()).Select(cookie => cookie.Value).Should().Equal(before.Select(cookie => cookie.Value));
        (await AskAsync(ours, $"import('{application.Host.Issuer}/jwtauth.js').then(module => typeof module.JwtAuthClient)"))
            .Should().Be("function");
        (await AskAsync(ours, "client.refresh()")).Should().Be("");
        (await AskAsync(ours, $"client.fetch('{application.Host.Issuer}/me').then(reply => reply.status)")).Should().Be("200");
        (await AskAsync(ours, "client.logout().then(ended => ended.refresh_token)")).Should().Be("revoked");
    }

    [Fact]
    public async Task An_app_for_another_audience_has_no_login_by_the_cookie_so_that_its_apis_never_get_the_accounts_token()
    {
        await using Site allowed = await Site.StartAsync(), api = await Site.StartAsync();
        await using SpaPages application =
            await SpaPages.OpenAsync(chromium, host: new ServerHost().With("JwtAuth:Cors:Origins:0", allowed.Origin));
        string shopping = $"&api={api.Origin}", atApi = $"client.fetch('{api.Origin}/orders').then(reply => reply.status)";
        IPage account = await OpenAsync(application, allowed.Origin, $"&audience={Uri.EscapeDataString(application.Host.Issuer)}");
        IPage shop = await OpenAsync(application, allowed.Origin, shopping);
        (await AskAsync(account, $"client.login('alice', '{ServerHost.Password}')")).Should().Be("");

        (await AskAsync(shop, "client.start()")).Should().Be("false");
        (await AskAsync(shop, atApi)).Should().Be("logged_out 401");
        api.Authorizations.Should().Be(0);

        (await AskAsync(shop, $"client.login('alice', '{ServerHost.Password}')")).Should().Be("");
        (await AskAsync(shop, atApi)).Should().Be("200");
        api.Authorizations.Should().Be(1);
        (await AskAsync(await OpenAsync(application, allowed.Origin, shopping), "client.start()"))
            .Should().Be("true", "that is the same app");
        (await AskAsync(account, "client.start()")).Should().Be("false", "a browser has one login");
    }

    [Theory]
    [InlineData("localhost", "cookie_refused 400", "false")]
    [InlineData("127.0.0.1", "", "true")]
    public async Task A_login_at_a_service_on_another_site_says_that_its_cookie_is_refused_and_leaves_no_session_behind(
        string name, string outcome, string start)
    {
        await using Site site = await Site.StartAsync();
        string origin = site.Origin.Replace("127.0.0.1", name, StringComparison.Ordinal);
        await using SpaPages application =
            await SpaPages.OpenAsync(chromium, host: new ServerHost().With("JwtAuth:Cors:Origins:0", origin));
        IPage page = await OpenAsync(application, origin);

        (await AskAsync(page, $"client.login('alice', '{ServerHost.Password}')")).Should().Be(outcome);

        bool isIn = start == "true";
        (await page.EvaluateAsync<string>("client.state")).Should().Be(isIn ? "loggedin" : "unknown");
        using HttpClient client = application.Host.Connect(await application.Host.LoginAsync("alice"));
        Reply sessions = await client.AskAsync("GET", "/auth/sessions");
        sessions.Json.GetProperty("sessions").GetArrayLength().Should().Be(isIn ? 1 : 0);
        (await AskAsync(page, "client.start()")).Should().Be(start);
    }

    private static async Task<IPage> OpenAsync(SpaPages application, string origin, string query = "")
    {
        IPage page = await application.Context.NewPageAsync();
        await page.GotoAsync($"{origin}/?service={application.Host.Issuer}{query}");
        await page.WaitForFunctionAsync("window.client !== undefined");
        return page;
    }

    private static Task<string> AskAsync(IPage page, string call) => page.EvaluateAsync<string>($"outcome(() => {call})");

    /// <summary>A server on a port of its own, which counts the tokens that reach it.</summary>
    private sealed class Site(WebApplication app) : IAsyncDisposable
    {
        private static readonly string Module = File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "wwwroot", "jwtauth.js"));

        private int authorizations;

        public string Origin => app.Urls.Single();

        public int Authorizations => authorizations;

        public static async Task<Site> StartAsync(string? redirectTo = null)
        {
            WebApplicationBuilder builder = WebApplication.CreateEmptyBuilder(new());
            builder.WebHost.UseKestrelCore().UseUrls("http://127.0.0.1:0");
            var site = new Site(builder.Build());
            site.Serve(redirectTo);
            await site.StartAsync();
            return site;
        }

        public ValueTask DisposeAsync() => app.DisposeAsync();

        private Task StartAsync() => app.StartAsync(TestContext.Current.CancellationToken);

        private void Serve(string? redirectTo) => app.Run(context =>
        {
            IHeaderDictionary headers = context.Response.Headers;
            (headers.AccessControlAllowOrigin, headers.AccessControlAllowHeaders) = ("*", "authorization");
            if (context.Request.Headers.Authorization.Count > 0)
                Interlocked.Increment(ref authorizations);
            return context.Request.Path.Value switch
            {
                "/away" when context.Request.Method != "OPTIONS" => Results.Redirect($"{redirectTo}/").ExecuteAsync(context),
                "/jwtauth.js" => Results.Content(Module, "text/javascript").ExecuteAsync(context),
                _ => Results.Content(Page, "text/html").ExecuteAsync(context),
            };
        });
    }
}
