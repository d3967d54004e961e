using JwtAuth.Server.Errors;

namespace JwtAuth.Server.Pipeline;

/// <summary>
/// Refuses requests that two readers could understand differently: where the body ends, what the path is, or which parameters there are.
/// </summary>
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

        // No path of this service has control characters, and logs need not show them.
        if (request.Path.Value!.Any(char.IsControl))
            return Problems.WriteAsync(context, ErrorCode.InvalidRequest, "A path holds no control characters.");
        if (request.QueryString.HasValue
            && request.Query.Where(parameter => parameter.Value.Count > 1).Select(parameter => parameter.Key).ToArray() is [var name, ..])
        {
            string twice = PlainNames.Include(name) ? $" {name} is there twice." : "";
            return Problems.WriteAsync(context, ErrorCode.InvalidRequest, $"Each parameter is sent once.{twice}");
        }
        return next(context);
    }

    // RFC 9112 §6.1. If a body has two lengths, Kestrel reads it by its chunks and moves the other length to this header.
    private static bool HasOneFraming(IHeaderDictionary headers) =>
        headers.TransferEncoding.Count == 0
        || (headers.TransferEncoding is [{ } coding]
        && coding.Equals("chunked", StringComparison.OrdinalIgnoreCase) && !headers.ContainsKey("X-Content-Length"));
}
