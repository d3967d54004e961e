using JwtAuth.Server.Errors;

namespace JwtAuth.Server.Pipeline;

/// <summary>What no request may be, whatever it asks for: one whose end, path or parameters two readers would read differently.</summary>
internal sealed class RequestRules(RequestDelegate next)
{
    public Task InvokeAsync(HttpContext context)
    {
        HttpRequest request = context.Request;
        if (!HasOneFraming(request.Headers))
        {
            context.Response.Headers.Connection = "close";
            return Problems.WriteAsync(context, ErrorCode.InvalidRequest, "A body has a Content-Length or is chunked, and nothing else.");
        }

        // Nothing here has such a path, and no log has to show one.
        if (request.Path.Value!.Any(char.IsControl))
            return Problems.WriteAsync(context, ErrorCode.InvalidRequest, "A path holds no control characters.");
        if (request.QueryString.HasValue && request.Query.Any(parameter => parameter.Value.Count > 1))
            return Problems.WriteAsync(context, ErrorCode.InvalidRequest, "Each parameter is sent once.");
        return next(context);
    }

    // RFC 9112 §6.1. Kestrel reads a body of two lengths by its chunks, and puts the other length under this name.
    private static bool HasOneFraming(IHeaderDictionary headers) =>
        headers.TransferEncoding.Count == 0
        || (headers.TransferEncoding is [{ } coding]
        && coding.Equals("chunked", StringComparison.OrdinalIgnoreCase) && !headers.ContainsKey("X-Content-Length"));
}
