using System.Text.Json;
using JwtAuth.Server.Errors;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Primitives;
using Microsoft.Net.Http.Headers;

namespace JwtAuth.Server.Pipeline;

/// <summary>
/// Answers errors to people as a page: to those who would rather have HTML than JSON, as a browser says when somebody opens an address.
/// Status and headers stay as they are. Programs never come here.
/// </summary>
internal sealed class HtmlErrors(RequestDelegate next)
{
    private const string Html = "text/html";

    private static readonly PageLink[] Home = [new("/", "What this is", "and where it leads to.")];

    public async Task InvokeAsync(HttpContext context)
    {
        if (!PrefersHtml(context.Request.Headers.Accept))
        {
            await next(context);
            return;
        }

        Stream wire = context.Response.Body;
        using var buffer = new MemoryStream();
        context.Response.Body = buffer;
        try
        {
            await next(context);
            await context.Features.GetRequiredFeature<IHttpResponseBodyFeature>().CompleteAsync();
        }
        finally
        {
            context.Response.Body = wire;
        }

        buffer.Position = 0;
        if (context.Response.StatusCode >= 400 && TryRead(context.Response, buffer, out string title, out string[] details))
            await HtmlPages.WriteAsync(context, title, details, Home);
        else
            await buffer.CopyToAsync(wire, context.RequestAborted);
    }

    // A type that is named counts before one that a wildcard includes (RFC 9110 §12.5.1).
    private static bool PrefersHtml(StringValues accept)
    {
        // Hardly a program names it at all, and a header that does not is not worth parsing.
        if (!accept.ToString().Contains(Html, StringComparison.OrdinalIgnoreCase)
            || !MediaTypeHeaderValue.TryParseList(accept, out IList<MediaTypeHeaderValue>? types))
        {
            return false;
        }
        double json = Quality("application/json") ?? Quality(Problems.ContentType) ?? Quality("application/*") ?? Quality("*/*") ?? 0;
        return Quality(Html) > json;

        double? Quality(string name) => types.FirstOrDefault(type => type.MediaType.Equals(name, StringComparison.OrdinalIgnoreCase))
            is { } found ? found.Quality ?? 1 : null;
    }

    // A problem document, an error of RFC 6749 §5.2, or a challenge without a body. Anything else is no error of ours.
    private static bool TryRead(HttpResponse response, MemoryStream body, out string title, out string[] details)
    {
        title = ErrorCode.OfStatus(response.StatusCode).Title;
        details = [];
        if (body.Length == 0)
            return true;
        if (response.ContentType?.Contains("json", StringComparison.Ordinal) != true)
            return false;
        using JsonDocument error = JsonDocument.Parse(body);
        title = Text("title") ?? title;
        details = [.. new[] { Text("detail"), Text("hint"), Text("error_description"), Text("code") ?? Text("error") }.OfType<string>()];
        return true;

        string? Text(string name) => error.RootElement.TryGetProperty(name, out JsonElement value) ? value.GetString() : null;
    }
}
