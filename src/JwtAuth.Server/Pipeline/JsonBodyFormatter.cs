using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using JwtAuth.Server.Authentication;
using Microsoft.AspNetCore.Mvc.Formatters;

namespace JwtAuth.Server.Pipeline;

/// <summary>
/// Reads bodies that are <c>application/json</c> in UTF-8 (RFC 8259 §8.1), and nothing else. The framework's own formatter also accepts
/// similar types and other encodings. And it fails if an unknown member has a name with many dots or brackets.
/// </summary>
internal sealed class JsonBodyFormatter : InputFormatter
{
    /// <summary>Where the model state has the sentence that says what is wrong with the body.</summary>
    public const string Fault = "$";

    private const string MediaType = "application/json";

    public JsonBodyFormatter() => SupportedMediaTypes.Add(MediaType);

    public override bool CanRead(InputFormatterContext context) => ContentTypes.Is(context.HttpContext.Request.ContentType, MediaType);

    public override async Task<InputFormatterResult> ReadRequestBodyAsync(InputFormatterContext context)
    {
        // Kestrel limits its size.
        using var buffer = new MemoryStream();
        await context.HttpContext.Request.Body.CopyToAsync(buffer, context.HttpContext.RequestAborted);
        ReadOnlyMemory<byte> body = buffer.GetBuffer().AsMemory(0, (int)buffer.Length);
        if (body.Span.StartsWith("\uFEFF"u8))
            body = body[3..]; // a byte order mark may be ignored (RFC 8259 §8.1)

        JsonTypeInfo type = JsonBodies.Options.GetTypeInfo(context.ModelType);
        try
        {
            if (JsonSerializer.Deserialize(body.Span, type) is { } read)
                return await InputFormatterResult.SuccessAsync(read);
        }
        catch (JsonException)
        {
            // The body has another shape. The exception's message is not used, since it would repeat what was sent.
        }
        context.ModelState.AddModelError(Fault, JsonBodyFaults.Of(body.Span, type));
        return await InputFormatterResult.FailureAsync();
    }
}
