using JwtAuth.Server.Errors;
using Microsoft.AspNetCore.StaticFiles;
using Microsoft.Extensions.FileProviders;

namespace JwtAuth.Server.Http;

/// <summary>The files of <c>wwwroot</c> that anybody may have: those that are named here, letter for letter, and no others.</summary>
internal static class StaticPages
{
    // Short, so that a new version is soon everywhere; from then on the ETag spares the bytes.
    private const string Cache = "public, max-age=300";

    /// <summary>Comes after CORS, so that pages of allowed origins can import the module, and before authentication.</summary>
    public static void UseStaticPages(this WebApplication app)
    {
        Dictionary<string, string> files = new(StringComparer.Ordinal)
        {
            ["/jwtauth.js"] = "/jwtauth.js",
            ["/jwtauth.d.ts"] = "/jwtauth.d.ts",
        };
        var options = new StaticFileOptions
        {
            // Beside the program: the content root is wherever it was started.
            FileProvider = new PhysicalFileProvider(Path.Combine(AppContext.BaseDirectory, "wwwroot")),
            ContentTypeProvider = new FileExtensionContentTypeProvider
            {
                Mappings = { [".js"] = "text/javascript; charset=utf-8", [".ts"] = "text/plain; charset=utf-8" },
            },
            OnPrepareResponse = context => context.Context.Response.Headers.CacheControl = Cache,
        };
        app.UseWhen(context => files.ContainsKey(context.Request.Path.Value!), branch =>
        {
            branch.Use((context, next) =>
            {
                if (!HttpMethods.IsGet(context.Request.Method) && !HttpMethods.IsHead(context.Request.Method))
                    return RefuseMethodAsync(context);
                context.Request.Path = files[context.Request.Path.Value!];
                return next(context);
            });
            branch.UseStaticFiles(options);
        });
    }

    private static Task RefuseMethodAsync(HttpContext context)
    {
        context.Response.Headers.Allow = "GET, HEAD";
        return Problems.WriteAsync(context, ErrorCode.MethodNotAllowed);
    }
}
