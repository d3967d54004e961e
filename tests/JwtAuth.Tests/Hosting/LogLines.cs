using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;

namespace JwtAuth.Tests.Hosting;

/// <summary>Keeps what is logged, exceptions and scopes included, so that a test can look for what must not be there.</summary>
internal sealed class LogLines : ILoggerProvider, ISupportExternalScope
{
    private readonly ConcurrentQueue<string> lines = [];
    private IExternalScopeProvider scopes = new LoggerExternalScopeProvider();

    public IReadOnlyCollection<string> All => lines;

    public ILogger CreateLogger(string categoryName) => new Logger(this, categoryName);

    public void SetScopeProvider(IExternalScopeProvider scopeProvider) => scopes = scopeProvider;

    public void Dispose()
    {
    }

    private sealed class Logger(LogLines owner, string category) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state) where TState : notnull => owner.scopes.Push(state);

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(
            LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            List<string> values = [];
            owner.scopes.ForEachScope((scope, list) => list.Add($"{scope}"), values);
            if (state is IEnumerable<KeyValuePair<string, object?>> pairs)
                values.AddRange(pairs.Select(pair => $"{pair.Key}={pair.Value}"));
            owner.lines.Enqueue($"{logLevel} {category}: {formatter(state, exception)} {exception} [{string.Join("; ", values)}]");
        }
    }
}
