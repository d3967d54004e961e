using JwtAuth.Server.Guessing;
using JwtAuth.Server.Observability;

namespace JwtAuth.Server.Composition;

/// <summary>
/// Leaves lines about refused requests out of the log once <see cref="RefusalLog"/> says so, for every logger, the framework's too. A
/// request is logged with all of these lines or with none.
/// </summary>
internal sealed class RefusalLoggers(LoggerFactory inner, IHttpContextAccessor accessor, Lazy<RefusalLog> refusals) : ILoggerFactory
{
    private static readonly object Decision = new();

    public static void Add(IServiceCollection services)
    {
        services.AddHttpContextAccessor();
        services.AddSingleton<LoggerFactory>();
        services.AddSingleton<RefusalLog>();
        services.AddHostedService(provider => provider.GetRequiredService<RefusalLog>());
        services.AddSingleton<ILoggerFactory>(provider => new RefusalLoggers(
            provider.GetRequiredService<LoggerFactory>(), provider.GetRequiredService<IHttpContextAccessor>(),
            new Lazy<RefusalLog>(provider.GetRequiredService<RefusalLog>)));
    }

    public ILogger CreateLogger(string categoryName) => new Logger(this, inner.CreateLogger(categoryName));

    public void AddProvider(ILoggerProvider provider) => inner.AddProvider(provider);

    public void Dispose()
    {
        // The container disposes of the inner one.
    }

    private bool Admits(EventId line)
    {
        if (!RefusalLog.IsRefusal(line) || accessor.HttpContext is not { } request)
            return true;
        if (request.Items[Decision] is bool made)
            return made;
        bool isAdmitted = refusals.Value.Admits(Network.TextOf(request.Connection.RemoteIpAddress));
        request.Items[Decision] = isAdmitted;
        return isAdmitted;
    }

    private sealed class Logger(RefusalLoggers owner, ILogger inner) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state) where TState : notnull => inner.BeginScope(state);

        public bool IsEnabled(LogLevel logLevel) => inner.IsEnabled(logLevel);

        public void Log<TState>(
            LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (owner.Admits(eventId))
                inner.Log(logLevel, eventId, state, exception, formatter);
        }
    }
}
