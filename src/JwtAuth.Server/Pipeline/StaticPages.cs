using Microsoft.AspNetCore.StaticFiles;
using Microsoft.Extensions.FileProviders;

namespace JwtAuth.Server.Pipeline;

/// <summary>
/// Files of <c>wwwroot</c> that are served under exactly these paths. A feature registers the files that it wants served.
/// </summary>
/// <param name="FileOf">The file for each path. If the value is itself a path and ends with a slash, the reply is a redirect to it.</param>
/// <param name="CacheControl"><see langword="null"/> for <c>no-store</c>.</param>
internal sealed record StaticFilesOf(IReadOnlyDictionary<string, string> FileOf, string? CacheControl = null);

/// <summary>Serves the registered files, and the client for single-page apps, to everybody.</summary>
internal static class StaticPages
{
    private static readonly string[] Module = ["/jwtauth.js", "/jwtauth.d.ts"];

    /// <summary>
    /// The directory of the files. It is next to the program, because the content root is wherever the program was started.
    /// </summary>
    public static PhysicalFileProvider Files { get; } = new(Path.Combine(AppContext.BaseDirectory, "wwwroot"));

    public static void AddStaticPages(this IServiceCollection services) =>
        // Cached for a short time, so that a new version soon arrives everywhere. After that, the ETag saves the transfer.
        services.AddSingleton(new StaticFilesOf(Module.ToDictionary(path => path, StringComparer.Ordinal), "public, max-age=300"))
            .AddSingleton(HtmlPages.Files);

    /// <summary>
    /// Must come after CORS, so that pages of allowed origins can import the module. Must come before authentication, so that no cookie is
    /// looked up for a page.
    /// </summary>
    public static void UseStaticPages(this WebApplication app)
    {
        Dictionary<string, (string File, string? CacheControl)> pages = app.Services.GetServices<StaticFilesOf>()
            .SelectMany(served => served.FileOf.Select(page => (Path: page.Key, File: page.Value, served.CacheControl)))
            .ToDictionary(page => page.Path, page => (page.File, page.CacheControl), StringComparer.Ordinal);
        var options = new StaticFileOptions
        {
            FileProvider = Files,
            ContentTypeProvider = new FileExtensionContentTypeProvider
            {
                Mappings =
                {
                    [".js"] = "text/javascript; charset=utf-8", [".ts"] = "text/plain; charset=utf-8", [".css"] = "text/css; charset=utf-8",
                    [".html"] = "text/html; charset=utf-8",
                },
            },
            OnPrepareResponse = reply =>
            {
                if (pages.TryGetValue(reply.Context.Request.Path.Value!, out (string File, string? CacheControl) page)
                    && page.CacheControl is not null)
                {
                    reply.Context.Response.Headers.CacheControl = page.CacheControl;
                }
            },
        };
        app.UseWhen(context => pages.ContainsKey(context.Request.Path.Value!), branch =>
        {
            branch.Use((context, next) => AnswerAsync(context, pages[context.Request.Path.Value!].File, next));
            branch.UseStaticFiles(options);
        });
    }

    private static Task AnswerAsync(HttpContext context, string file, RequestDelegate next)
    {
        if (!Reading.IsAskedFor(context.Request))
            return Reading.RefuseOthersAsync(context);
        if (file.EndsWith('/'))
        {
            context.Response.Redirect(file);
            return Task.CompletedTask;
        }
        context.Request.Path = file;
        return next(context);
    }
}
