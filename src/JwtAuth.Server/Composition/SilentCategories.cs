namespace JwtAuth.Server.Composition;

/// <summary>
/// Parts of the framework that log, at some level below a warning, what a request contained: its path, its query, a header, or the
/// arguments of an action. Whatever level is configured for them, for a part of them or for one provider, they log warnings and worse
/// alone.
/// </summary>
internal static class SilentCategories
{
    private static readonly string[] Starts =
    [
        "Microsoft.AspNetCore.Hosting.Diagnostics", "Microsoft.AspNetCore.Server.Kestrel", "Microsoft.AspNetCore.HttpOverrides",
        "Microsoft.AspNetCore.Routing", "Microsoft.AspNetCore.StaticFiles", "Microsoft.AspNetCore.Cors", "Microsoft.AspNetCore.Mvc",
        "Microsoft.AspNetCore.HostFiltering", "Microsoft.AspNetCore.HttpLogging",
    ];

    public static void Silence(ILoggingBuilder logging)
    {
        // The console alone: the framework's other providers pass on to whoever attaches to the process.
        logging.ClearProviders().AddConsole();
        // Of all rules that fit a category, the most exact one counts, and the configuration may hold more exact ones than we could. So the
        // condition is added to each of them.
        logging.Services.PostConfigure<LoggerFilterOptions>(options =>
        {
            LoggerFilterRule[] rules = [new(null, null, options.MinLevel, null), .. options.Rules];
            options.Rules.Clear();
            foreach (LoggerFilterRule rule in rules)
                options.Rules.Add(new(rule.ProviderName, rule.CategoryName, rule.LogLevel, (provider, category, level) =>
                    (level >= LogLevel.Warning || !IsSilent(category)) && rule.Filter?.Invoke(provider, category, level) != false));
        });
    }

    private static bool IsSilent(string? category) =>
        category is not null && Array.Exists(Starts, start => category.StartsWith(start, StringComparison.OrdinalIgnoreCase));
}
