using JwtAuth.Server.Errors;
using JwtAuth.Server.Lab;
using Microsoft.AspNetCore.StaticFiles;
using Microsoft.Extensions.FileProviders;

namespace JwtAuth.Server.Pipeline;

/// <summary>The files of <c>wwwroot</c>, letter for letter: the client for single-page apps, for everybody; the lab's, where it is enabled.</summary>
internal static class StaticPages
{
    private const string Lab = "/lab/";

    // Short, so that a new version is soon everywhere; from then on the ETag spares the bytes.
    private const string CacheOfModule = "public, max-age=300";

    private static readonly string[] Module = ["/jwtauth.js", "/jwtauth.d.ts"];

    /// <summary>Comes after CORS, so that pages of allowed origins can import the module, and before authentication: a cookie that comes along is not looked up for a page.</summary>
    public static void UseStaticPages(this WebApplication app)
    {
        // Beside the program: the content root is wherever it was started.
        var files = new PhysicalFileProvider(Path.Combine(AppContext.BaseDirectory, "wwwroot"));
        Dictionary<string, string> fileOf = Module.ToDictionary(path => path, StringComparer.Ordinal);
        if (app.Services.GetRequiredService<LabSettings>().Enabled)
        {
            foreach (string path in files.GetDirectoryContents(Lab).Select(file => Lab + file.Name))
                fileOf[path] = path;
            fileOf[Lab] = Lab + "index.html";
            fileOf[Lab.TrimEnd('/')] = Lab;
        }

        var options = new StaticFileOptions
        {
            FileProvider = files,
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
                if (Module.Contains(reply.Context.Request.Path.Value))
                    reply.Context.Response.Headers.CacheControl = CacheOfModule;
            },
        };
        app.UseWhen(context => fileOf.ContainsKey(context.Request.Path.Value!), branch =>
        {
            branch.Use((context, next) => AnswerAsync(context, fileOf[context.Request.Path.Value!], next));
            branch.UseStaticFiles(options);
        });
    }

    private static Task AnswerAsync(HttpContext context, string file, RequestDelegate next)
    {
        if (!HttpMethods.IsGet(context.Request.Method) && !HttpMethods.IsHead(context.Request.Method))
        {
            context.Response.Headers.Allow = "GET, HEAD";
            return Problems.WriteAsync(context, ErrorCode.MethodNotAllowed);
        }
        if (file == Lab)
        {
            context.Response.Redirect(Lab);
            return Task.CompletedTask;
        }
        context.Request.Path = file;
        return next(context);
    }
}
