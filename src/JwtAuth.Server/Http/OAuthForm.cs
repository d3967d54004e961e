using System.Net;
using System.Text;
using JwtAuth.Server.Clients;
using JwtAuth.Server.Errors;
using Microsoft.AspNetCore.Mvc;
using Microsoft.Net.Http.Headers;

namespace JwtAuth.Server.Http;

/// <summary>
/// A request of an authenticated client to an OAuth endpoint (RFC 6749 §2.3, §3.2): a form, each parameter once, and one method of authentication,
/// <c>client_secret_basic</c> or <c>client_secret_post</c>.
/// </summary>
internal sealed class OAuthForm
{
    private const string BasicScheme = "Basic ";

    private OAuthForm(Client client, string token) => (Client, Token) = (client, token);

    public Client Client { get; }

    /// <summary>The parameter <c>token</c>.</summary>
    public string Token { get; }

    /// <summary>Either the request, or the answer to one that is not to be had.</summary>
    public static async Task<(OAuthForm? Form, IActionResult? Refusal)> ReadAsync(HttpContext context, ClientDoor door, ClientRights right)
    {
        if (await FieldsAsync(context.Request) is not { } fields)
            return (null, Invalid("The form is malformed, or has a parameter twice."));
        string[] headers = [.. context.Request.Headers.Authorization.Select(header => header ?? "")];
        bool isBasic = headers.Any(header => header.StartsWith(BasicScheme, StringComparison.OrdinalIgnoreCase));

        (string Id, string Secret)? credentials = isBasic ? headers is [var header] ? FromBasic(header) : null
            : fields.TryGetValue("client_id", out string? id) && fields.TryGetValue("client_secret", out string? secret) ? (id, secret) : null;
        if (isBasic && (fields.ContainsKey("client_secret") || (fields.TryGetValue("client_id", out string? named) && named != credentials?.Id)))
            return (null, Invalid("Authenticate by one method: Basic, or client_id and client_secret."));
        if (credentials is not { } found)
            return (null, Unauthorized(context.Response, isBasic));

        switch (await door.CheckAsync(found.Id, found.Secret, context.Connection.RemoteIpAddress, context.RequestAborted))
        {
            case ClientResult.Verified verified when !verified.Client.Rights.HasFlag(right):
                return (null, OAuthError.Result(400, "unauthorized_client", "The client may not do that."));
            case ClientResult.Verified verified:
                return fields.TryGetValue("token", out string? token) && token.Length > 0
                    ? (new OAuthForm(verified.Client, token), null)
                    : (null, Invalid("Send the parameter token, in application/x-www-form-urlencoded and UTF-8."));
            case ClientResult.TooManyAttempts refused:
                return (null, Later(context.Response, ErrorCode.TooManyAttempts, refused.RetryAfter));
            case ClientResult.Busy:
                return (null, Later(context.Response, ErrorCode.Busy, Passwords.HashingGate.RetryAfter));
            default:
                return (null, Unauthorized(context.Response, isBasic));
        }
    }

    // Null where it is a form that cannot be read in one way; empty where it is none.
    private static async Task<Dictionary<string, string>?> FieldsAsync(HttpRequest request)
    {
        if (!MediaTypeHeaderValue.TryParse(request.ContentType, out MediaTypeHeaderValue? type)
            || !type.MediaType.Equals("application/x-www-form-urlencoded", StringComparison.OrdinalIgnoreCase)
            || (type.Charset.HasValue && !HeaderUtilities.RemoveQuotes(type.Charset).Equals("utf-8", StringComparison.OrdinalIgnoreCase)))
        {
            return [];
        }

        try
        {
            IFormCollection form = await request.ReadFormAsync(request.HttpContext.RequestAborted);
            return form.All(field => field.Value.Count == 1) ? form.ToDictionary(field => field.Key, field => (string)field.Value!, StringComparer.Ordinal) : null;
        }
        catch (Exception fault) when (fault is InvalidDataException or NotSupportedException or ArgumentException)
        {
            return null;
        }
    }

    // Both halves are form-encoded before they become base64 (RFC 6749 §2.3.1).
    private static (string Id, string Secret)? FromBasic(string header)
    {
        byte[] bytes = new byte[header.Length];
        if (!Convert.TryFromBase64String(header[BasicScheme.Length..].Trim(' '), bytes, out int length))
            return null;
        string[] halves = Encoding.UTF8.GetString(bytes, 0, length).Split(':', 2);
        return halves is [var id, var secret] ? (WebUtility.UrlDecode(id), WebUtility.UrlDecode(secret)) : null;
    }

    private static ObjectResult Invalid(string description) => OAuthError.Result(400, "invalid_request", description);

    private static ObjectResult Unauthorized(HttpResponse response, bool isBasic)
    {
        response.Headers.WWWAuthenticate = isBasic ? "Basic realm=\"clients\", charset=\"UTF-8\"" : "Bearer";
        return OAuthError.Result(401, "invalid_client");
    }

    private static ObjectResult Later(HttpResponse response, ErrorCode error, TimeSpan retryAfter)
    {
        response.Headers.RetryAfter = Problems.Seconds(retryAfter);
        return new ObjectResult(OAuthError.Of(error)) { StatusCode = error.Status };
    }
}
