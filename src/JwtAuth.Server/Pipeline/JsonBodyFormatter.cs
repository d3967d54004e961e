using System.Text.Json;
using Microsoft.AspNetCore.Mvc.Formatters;
using Microsoft.Net.Http.Headers;

namespace JwtAuth.Server.Pipeline;

/// <summary>
/// Reads bodies that are <c>application/json</c> in UTF-8 (RFC 8259 §8.1), and nothing else. The framework's own formatter also accepts
/// similar types and other encodings. And it fails if an unknown member has a name with many dots or brackets.
/// </summary>
internal sealed class JsonBodyFormatter : InputFormatter
{
    public JsonBodyFormatter() => SupportedMediaTypes.Add("application/json");

    public override bool CanRead(InputFormatterContext context) =>
        MediaTypeHeaderValue.TryParse(context.HttpContext.Request.ContentType, out MediaTypeHeaderValue? type)
        && type.MediaType.Equals("application/json", StringComparison.OrdinalIgnoreCase)
        && (!type.Charset.HasValue || HeaderUtilities.RemoveQuotes(type.Charset).Equals("utf-8", StringComparison.OrdinalIgnoreCase));

    public override async Task<InputFormatterResult> ReadRequestBodyAsync(InputFormatterContext context)
    {
        HttpContext http = context.HttpContext;
        try
        {
            if (await JsonSerializer.DeserializeAsync(http.Request.Body, context.ModelType, JsonBodies.Options,
                http.RequestAborted) is { } body)
            {
                return await InputFormatterResult.SuccessAsync(body);
            }
        }
        catch (JsonException)
        {
            // The body has another shape. The exception's message is not used, since it would repeat what was sent.
        }
        context.ModelState.AddModelError("", "The body does not fit.");
        return await InputFormatterResult.FailureAsync();
    }
}
