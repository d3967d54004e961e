using JwtAuth.Server.Configuration;
using JwtAuth.Server.Errors;
using Microsoft.AspNetCore.StaticFiles;
using Microsoft.Extensions.FileProviders;

namespace JwtAuth.Server.Http;

/// <summary>The files of the lab at <c>/lab/</c>, letter for letter, where it is enabled.</summary>
internal static class LabPages
{
    private const string Folder = "/lab/";

    /// <summary>Comes before authentication: a page needs no credential, and a cookie that comes along is not looked up for it.</summary>
    public static void UseLabPages(this WebApplication app)
    {
        if (!app.Services.GetRequiredService<LabSettings>().Enabled)
            return;
        // Beside the program: the content root is wherever it was started.
        var files = new PhysicalFileProvider(Path.Combine(AppContext.BaseDirectory, "wwwroot"));
        Dictionary<string, string> pages = files.GetDirectoryContents(Folder).ToDictionary(file => Folder + file.Name, file => Folder + file.Name, StringComparer.Ordinal);
        pages[Folder] = Folder + "index.html";
        pages["/lab"] = Folder;
        var options = new StaticFileOptions
        {
            FileProvider = files,
            ContentTypeProvider = new FileExtensionContentTypeProvider
            {
                Mappings = { [".js"] = "text/javascript; charset=utf-8", [".css"] = "text/css; charset=utf-8", [".html"] = "text/html; charset=utf-8" },
            },
        };
        app.UseWhen(context => pages.ContainsKey(context.Request.Path.Value!), branch =>
        {
            branch.Use((context, next) => AnswerAsync(context, pages[context.Request.Path.Value!], next));
            branch.UseStaticFiles(options);
        });
    }

    private static Task AnswerAsync(HttpContext context, string page, RequestDelegate next)
    {
        if (!HttpMethods.IsGet(context.Request.Method) && !HttpMethods.IsHead(context.Request.Method))
        {
            context.Response.Headers.Allow = "GET, HEAD";
            return Problems.WriteAsync(context, ErrorCode.MethodNotAllowed);
        }
        if (page == Folder)
        {
            context.Response.Redirect(Folder);
            return Task.CompletedTask;
        }
        context.Request.Path = page;
        return next(context);
    }
}
