using System.Runtime.InteropServices;
using JwtAuth.Server.Observability;

namespace JwtAuth.Server.Lifetimes;

/// <summary>
/// Ends the service by signals. SIGTERM is what an orchestrator sends: the service drains first. SIGINT and SIGQUIT, a second SIGTERM, and
/// any of them in Development, where no proxy has to notice, end it at once. What is under way is finished in any case.
/// </summary>
internal sealed class SignalLifetime(
    Draining draining, IHostApplicationLifetime application, IHostEnvironment environment, TimeProvider time, ILoggerFactory logs)
    : IHostLifetime, IDisposable
{
    // Where the framework says it, so that whoever has set levels for it, or waits for the line, finds it there.
    private readonly ILogger log = logs.CreateLogger("Microsoft.Hosting.Lifetime");
    private readonly List<IDisposable> registrations = [];

    public Task WaitForStartAsync(CancellationToken cancellationToken)
    {
        registrations.AddRange(
        [
            application.ApplicationStarted.Register(() => log.Started(environment.EnvironmentName, environment.ContentRootPath)),
            application.ApplicationStopping.Register(() => log.Stopping()),
            PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop),
            PosixSignalRegistration.Create(PosixSignal.SIGQUIT, Stop),
            PosixSignalRegistration.Create(PosixSignal.SIGTERM, Drain),
        ]);
        return Task.CompletedTask;
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public void Dispose() => registrations.ForEach(registration => registration.Dispose());

    private void Stop(PosixSignalContext signal)
    {
        signal.Cancel = true; // the process ends by itself, when all is done
        application.StopApplication();
    }

    private void Drain(PosixSignalContext signal)
    {
        if (environment.IsDevelopment() || !draining.Begin())
        {
            Stop(signal);
            return;
        }
        signal.Cancel = true;
        _ = StopAfterDrainingAsync();
    }

    private async Task StopAfterDrainingAsync()
    {
        log.Draining((int)Draining.Period.TotalSeconds);
        await Task.Delay(Draining.Period, time, application.ApplicationStopping).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        application.StopApplication();
    }
}
