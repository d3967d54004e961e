using System.Collections.Concurrent;
using JwtAuth.Browser.Tests;
using JwtAuth.Tests.Hosting;
using Microsoft.Playwright;

[assembly: AssemblyFixture(typeof(Chromium))]

namespace JwtAuth.Browser.Tests;

/// <summary>The system's browser: one for all tests, started when first asked for.</summary>
public sealed class Chromium : IAsyncDisposable
{
    private static readonly string? Executable =
        new[] { "/usr/bin/chromium", "/usr/bin/google-chrome", "/snap/bin/chromium" }.FirstOrDefault(File.Exists);

    private readonly Lazy<Task<(IPlaywright Driver, IBrowser Browser)>> started = new(StartAsync);

    /// <summary>A page that shares nothing with those of other tests, and the list that its console's errors go to.</summary>
    public async Task<(IPage Page, IReadOnlyCollection<string> Errors)> OpenPageAsync()
    {
        Assert.SkipUnless(Executable is not null, "There is no Chromium on this machine; run tests/run, or apt-get install chromium.");
        // A context of its own, so that the page can have more tabs.
        IBrowserContext context = await (await started.Value).Browser.NewContextAsync();
        context.SetDefaultTimeout((float)Patience.Limit.TotalMilliseconds);
        IPage page = await context.NewPageAsync();
        var errors = new ConcurrentQueue<string>();
        page.PageError += (_, error) => errors.Enqueue(error);
        page.Console += (_, message) =>
        {
            if (message.Type is "error" or "warning")
                errors.Enqueue($"{message.Text} ({message.Location})");
        };
        return (page, errors);
    }

    public async ValueTask DisposeAsync()
    {
        if (started is not { IsValueCreated: true, Value.IsCompletedSuccessfully: true })
            return;
        (IPlaywright driver, IBrowser browser) = await started.Value;
        await browser.DisposeAsync();
        driver.Dispose();
    }

    private static async Task<(IPlaywright, IBrowser)> StartAsync()
    {
        Assertions.SetDefaultExpectTimeout((float)Patience.Limit.TotalMilliseconds);
        IPlaywright driver = await Playwright.CreateAsync();
        return (driver, await driver.Chromium.LaunchAsync(new()
        {
            ExecutablePath = Executable,
            // Root has no sandbox, and a browser under test has no business beyond loopback.
            Args =
            [
                "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
                "--disable-component-update", "--disable-sync",
            ],
        }));
    }
}
