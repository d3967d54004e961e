using System.Text;
using System.Text.Encodings.Web;

namespace JwtAuth.Server.Pipeline;

/// <summary>A page or file that <c>/</c> leads to. The code that serves it registers it.</summary>
/// <param name="Path">Where it is.</param>
/// <param name="Name">What it is called.</param>
/// <param name="What">What it is for.</param>
internal sealed record PageLink(string Path, string Name, string What);

/// <summary>
/// The plain pages of the service: what it is, and errors for people. They need no script, and everything that is written into them is
/// escaped here.
/// </summary>
internal static class HtmlPages
{
    // One style sheet and one icon, both ours; nothing else.
    private const string Policy =
        "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

    /// <summary>The files that the pages use.</summary>
    public static StaticFilesOf Files { get; } =
        new(new Dictionary<string, string> { ["/pages.css"] = "/pages.css", ["/favicon.ico"] = "/favicon.ico" }, "public, max-age=3600");

    /// <summary>Writes a page.</summary>
    /// <param name="context">The request. Its status stays as it is.</param>
    /// <param name="title">The heading.</param>
    /// <param name="paragraphs">Plain text.</param>
    /// <param name="links">Where the page leads to.</param>
    public static Task WriteAsync(HttpContext context, string title, IEnumerable<string> paragraphs, IEnumerable<PageLink> links)
    {
        byte[] page = Encoding.UTF8.GetBytes($"""
            <!doctype html>
            <html lang="en">
            <head>
            <meta charset="utf-8">
            <meta name="viewport" content="width=device-width, initial-scale=1">
            <title>{Escaped(title)} · JwtAuth</title>
            <link rel="icon" href="/favicon.ico">
            <link rel="stylesheet" href="/pages.css">
            </head>
            <body>
            <main>
            <h1>{Escaped(title)}</h1>
            {string.Concat(paragraphs.Select(paragraph => $"<p>{Escaped(paragraph)}</p>\n"))}
            <ul>
            {string.Concat(links.Select(link =>
                $"<li><a href=\"{Escaped(link.Path)}\">{Escaped(link.Name)}</a> {Escaped(link.What)}</li>\n"))}
            </ul>
            </main>
            </body>
            </html>

            """);
        HttpResponse response = context.Response;
        response.ContentType = "text/html; charset=utf-8";
        response.ContentLength = page.Length;
        response.Headers.ContentSecurityPolicy = Policy;
        return response.Body.WriteAsync(page, context.RequestAborted).AsTask();
    }

    private static string Escaped(string text) => HtmlEncoder.Default.Encode(text);
}
