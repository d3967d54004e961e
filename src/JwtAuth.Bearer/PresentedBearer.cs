using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Primitives;
using Microsoft.Net.Http.Headers;

namespace JwtAuth.Bearer;

/// <summary>How a bearer token is sent (RFC 6750 §2): in one <c>Authorization</c> header, by one method.</summary>
internal static class PresentedBearer
{
    public const string TokenParameter = "access_token";

    private const string Scheme = "Bearer ";

    // Only spaces separate (RFC 9110 §11.4). Any other character belongs to the token. Empty if there is no token, or more than one header.
    public static ReadOnlySpan<char> TokenOf(StringValues headers) =>
        headers.Count == 1 && headers[0] is { } header
            && header.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase)
            ? header.AsSpan(Scheme.Length).Trim(' ')
            : default;

    // A cheap check. It would rather say yes too often than too seldom: a name in the query may be escaped, and any letter case counts.
    public static bool MayHoldAnother(HttpRequest request) =>
        (request.QueryString.Value is { Length: > 0 } query
            && (query.Contains('%') || query.Contains(TokenParameter, StringComparison.OrdinalIgnoreCase)))
        || request.ContentType?.Contains("form", StringComparison.OrdinalIgnoreCase) == true;

    public static async Task<bool> HasSecondMethodAsync(HttpRequest request)
    {
        if (request.Query.ContainsKey(TokenParameter))
            return true;
        if (!MediaTypeHeaderValue.TryParse(request.ContentType, out MediaTypeHeaderValue? type)
            || !type.MediaType.Equals("application/x-www-form-urlencoded", StringComparison.OrdinalIgnoreCase))
        {
            return false;
        }

        try
        {
            return (await request.ReadFormAsync(request.HttpContext.RequestAborted)).ContainsKey(TokenParameter);
        }
        catch (Exception fault) when (fault is InvalidDataException or IOException or NotSupportedException or ArgumentException)
        {
            return true; // a form that cannot be read may contain a token
        }
    }
}
