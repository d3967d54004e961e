using System.Collections.Concurrent;
using JwtAuth.Tests.Hosting;
using Microsoft.Playwright;

namespace JwtAuth.Browser.Tests;

/// <summary>An application in the tabs of one browser: a page of the service's own origin, and all else real.</summary>
internal sealed class SpaPages : IAsyncDisposable
{
    private const string Page = """
        <!doctype html>
        <title>Orders</title>
        <script type="module">
          import { JwtAuthClient, JwtAuthError } from '/jwtauth.js';
          const apis = new URLSearchParams(location.search).getAll('api');
          const client = new JwtAuthClient({ scope: 'orders:read', audience: 'orders', apis });
          const told = [];
          for (const event of ['loggedin', 'loggedout', 'refreshed']) client.addEventListener(event, () => told.push(event));
          // A refusal is told by its code and status, so that a test can expect it.
          const outcome = async (call) => {
            try {
              const value = await call();
              return typeof value === 'object' ? JSON.stringify(value) : `${value ?? ''}`;
            } catch (error) {
              return error instanceof JwtAuthError ? `${error.code} ${error.status}` : `${error}`;
            }
          };
          const answer = (url, init) => outcome(async () => `${(await client.fetch(url, init)).status}`);
          Object.assign(window, { client, told, outcome, answer });
        </script>
        """;

    /// <summary>For the context: no tab gives up waiting for another tab's word, however slow the machine is.</summary>
    public const string Patient = """
        {
          const real = setTimeout;
          window.setTimeout = (call, pause) => real(call, pause === 2000 ? 60_000 : pause);
        }
        """;

    /// <summary>For the context: a tab waits a moment for another one's turn, and not as long as a slow network may take.</summary>
    public const string Impatient = """
        {
          const real = setTimeout;
          window.setTimeout = (call, pause) => real(call, pause >= 20_000 && pause <= 22_000 ? 100 : pause);
        }
        """;

    private readonly ConcurrentQueue<IRequest> requests = new();

    private SpaPages(ServerHost host, IBrowserContext context, IReadOnlyList<IPage> tabs)
    {
        (Host, Context, Tabs) = (host, context, tabs);
        context.Request += (_, request) => requests.Enqueue(request);
    }

    public ServerHost Host { get; }

    public IBrowserContext Context { get; }

    public IReadOnlyList<IPage> Tabs { get; }

    /// <summary>How many refreshes have left the browser.</summary>
    public int Refreshes => Sent("/auth/refresh");

    public int Sent(string path) => requests.Count(request => request.Method != "OPTIONS" && new Uri(request.Url).AbsolutePath == path);

    /// <summary>Opens the page in each tab, with alice logged in nowhere yet.</summary>
    public static async Task<SpaPages> OpenAsync(
        Chromium chromium, int tabs = 1, Func<IBrowserContext, Task>? prepare = null, ServerHost? host = null, string query = "")
    {
        host ??= new ServerHost();
        await host.AddAccountAsync("alice");
        await host.AddAccountAsync("bob");
        (IPage first, _) = await chromium.OpenPageAsync();
        IBrowserContext context = first.Context;
        await (prepare?.Invoke(context) ?? Task.CompletedTask);
        await context.RouteAsync("**/app.html*", route => route.FulfillAsync(new() { ContentType = "text/html", Body = Page }));
        List<IPage> pages = [first];
        while (pages.Count < tabs)
            pages.Add(await context.NewPageAsync());
        var application = new SpaPages(host, context, pages);
        foreach (IPage page in pages)
            await application.GoAsync(page, query);
        return application;
    }

    public async Task GoAsync(IPage page, string query = "")
    {
        await page.GotoAsync($"{Host.Issuer}/app.html{query}");
        await page.WaitForFunctionAsync("window.client !== undefined");
    }

    public static Task<string> LogInAsync(IPage page, string username = "alice") =>
        AskAsync(page, $"client.login('{username}', '{ServerHost.Password}')");

    /// <summary>What a call of the client came to: its value, or the code and status of its error.</summary>
    public static Task<string> AskAsync(IPage page, string call) => page.EvaluateAsync<string>($"outcome(() => {call})");

    public static Task<string> StatusOfMeAsync(IPage page) => page.EvaluateAsync<string>("answer('/me')");

    public static Task<string> UserAsync(IPage page) =>
        AskAsync(page, "client.fetch('/me').then(reply => reply.json()).then(me => me.username)");

    public static Task<string> TokenAsync(IPage page) => AskAsync(page, "client.accessTokenFor(location.origin)");

    public static Task<string[]> ToldAsync(IPage page) => page.EvaluateAsync<string[]>("told");

    /// <summary>Waits until the tab has heard.</summary>
    public static Task UntilAsync(IPage page, string condition) =>
        page.WaitForFunctionAsync(condition, null, new() { PollingInterval = 10 });

    /// <summary>The name by which the tabs take turns, speak, and remember.</summary>
    public const string Name = "`jwtauth/1 ${location.origin}`";

    /// <summary>Holds the answers of this path, which the service has given, until the test lets them go.</summary>
    /// <param name="path">The path.</param>
    /// <param name="tab">Whose answers. If left out, those of all tabs.</param>
    public async Task<Held> HoldAsync(string path, IPage? tab = null)
    {
        var held = new Held(() => Context.UnrouteAsync($"**{path}"));
        await Context.RouteAsync($"**{path}", route => tab is null || route.Request.Frame.Page == tab
            ? held.KeepAsync(route)
            : route.ContinueAsync());
        return held;
    }

    public async ValueTask DisposeAsync()
    {
        await Context.CloseAsync();
        await Host.DisposeAsync();
    }

    /// <summary>Answers that wait.</summary>
    public sealed class Held(Func<Task> stop)
    {
        private readonly TaskCompletionSource come = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly TaskCompletionSource released = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private Task passed = Task.CompletedTask;

        /// <summary>What the tab gets in the place of the answer.</summary>
        public RouteFulfillOptions? Instead { get; set; }

        /// <summary>The first one is here.</summary>
        public Task Come => come.Task;

        /// <summary>Lets them go, and holds no more.</summary>
        public async Task ReleaseAsync()
        {
            released.TrySetResult();
            await stop();
            await passed;
        }

        internal Task KeepAsync(IRoute route) => passed = PassAsync(route);

        private async Task PassAsync(IRoute route)
        {
            IAPIResponse answer = await route.FetchAsync();
            come.TrySetResult();
            await released.Task;
            await route.FulfillAsync(Instead ?? new() { Response = answer });
        }
    }
}
