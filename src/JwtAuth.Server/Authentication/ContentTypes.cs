using Microsoft.Net.Http.Headers;

namespace JwtAuth.Server.Authentication;

/// <summary>What a body says that it is.</summary>
internal static class ContentTypes
{
    /// <summary>
    /// Whether a body calls itself <paramref name="mediaType"/> in UTF-8. It need not name its encoding. If it names several, each must be
    /// UTF-8, because another reader might believe another one.
    /// </summary>
    public static bool Is(string? contentType, string mediaType) =>
        MediaTypeHeaderValue.TryParse(contentType, out MediaTypeHeaderValue? type)
        && type.MediaType.Equals(mediaType, StringComparison.OrdinalIgnoreCase)
        && type.Parameters.Where(parameter => parameter.Name.Equals("charset", StringComparison.OrdinalIgnoreCase))
            .All(charset => HeaderUtilities.RemoveQuotes(charset.Value).Equals("utf-8", StringComparison.OrdinalIgnoreCase));
}
