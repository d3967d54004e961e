using System.Text.Json;
using Microsoft.AspNetCore.Mvc;

namespace JwtAuth.Server.Errors;

/// <summary>Errors on the wire: <c>application/problem+json</c> with the stable member <c>code</c> (RFC 9457 §3.2).</summary>
internal static class Problems
{
    public const string ContentType = "application/problem+json";

    private static readonly JsonSerializerOptions Json = new() { PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower };

    // The calls of clients.
    private static readonly PathString[] OAuthPaths = ["/oauth", "/denials"];

    public static Problem Of(ErrorCode error, string? detail = null) => new(error.Title, error.Status, error.Code, detail);

    /// <summary>The answer of an action, or of a filter before it.</summary>
    public static ObjectResult Result(ErrorCode error, string? detail = null) =>
        new(Of(error, detail)) { StatusCode = error.Status, ContentTypes = { ContentType } };

    public static ObjectResult Problem(this ControllerBase controller, ErrorCode error, string? detail = null) => Result(error, detail);

    /// <summary>An error that passes by itself, with <c>Retry-After</c> in whole seconds (RFC 9110 §10.2.3).</summary>
    public static ObjectResult Problem(this ControllerBase controller, ErrorCode error, TimeSpan retryAfter)
    {
        controller.Response.Headers.RetryAfter = Seconds(retryAfter);
        return controller.Problem(error);
    }

    /// <summary>A value of <c>Retry-After</c>, in whole seconds and never less than one.</summary>
    public static string Seconds(TimeSpan retryAfter) =>
        ((long)Math.Ceiling(Math.Max(1, retryAfter.TotalSeconds))).ToString(System.Globalization.CultureInfo.InvariantCulture);

    /// <summary>Writes the answer outside of a controller. The OAuth endpoints have their own form (RFC 6749 §5.2).</summary>
    public static Task WriteAsync(HttpContext context, ErrorCode error, string? detail = null)
    {
        context.Response.StatusCode = error.Status;
        if (OAuthPaths.Any(path => context.Request.Path.StartsWithSegments(path)))
            return context.Response.WriteAsJsonAsync(OAuthError.Of(error), Json, "application/json", context.RequestAborted);
        return context.Response.WriteAsJsonAsync(Of(error, detail), Json, ContentType, context.RequestAborted);
    }
}
