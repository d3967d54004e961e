using JwtAuth.Server.Pipeline;

namespace JwtAuth.Server.Lab;

/// <summary>
/// All that the lab adds to the service: its files and their headers if it is enabled, and its thief if there may be one.
/// </summary>
internal static class LabPages
{
    private const string Root = "/lab/";

    public static void AddLab(this IServiceCollection services, LabSettings settings)
    {
        // Only the lab's own files; nothing from elsewhere and nothing inline.
        services.AddSingleton(new PathRule("/lab")
        {
            ContentSecurityPolicy = "default-src 'self'; object-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
        });
        if (settings.Enabled)
        {
            Dictionary<string, string> fileOf = StaticPages.Files.GetDirectoryContents(Root).Select(file => Root + file.Name)
                .ToDictionary(path => path, StringComparer.Ordinal);
            fileOf[Root] = Root + "index.html";
            fileOf[Root.TrimEnd('/')] = Root;
            services.AddSingleton(new StaticFilesOf(fileOf))
                .AddSingleton(new PageLink(Root, "The lab", "what a stolen credential is worth"));
        }
        if (settings.Steals)
            services.AddSingleton<StolenCredentials>().AddSingleton<StolenReplay>();
    }
}
