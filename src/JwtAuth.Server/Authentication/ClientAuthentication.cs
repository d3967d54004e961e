using System.Net;
using System.Text;
using JwtAuth.Bearer.AccessTokens;
using JwtAuth.Server.Clients;
using JwtAuth.Server.Errors;
using JwtAuth.Server.Guessing;
using Microsoft.AspNetCore.Mvc;

namespace JwtAuth.Server.Authentication;

/// <summary>
/// Finds out which client calls (RFC 6749 §2.3.1). The client uses one method: <c>client_secret_basic</c> or, in a form,
/// <c>client_secret_post</c>.
/// </summary>
internal static class ClientAuthentication
{
    private const string BasicScheme = "Basic ";

    /// <summary>Either a client that has the right, or the answer to one that has not.</summary>
    public static async Task<(Client? Client, IActionResult? Refusal)> CheckAsync(
        HttpContext context, IReadOnlyDictionary<string, string> fields, ClientAuthenticator authenticator, ClientRights right)
    {
        string[] headers = [.. context.Request.Headers.Authorization.Select(header => header ?? "")];
        bool isBasic = headers.Any(header => header.StartsWith(BasicScheme, StringComparison.OrdinalIgnoreCase));

        (string Id, string Secret)? credentials = isBasic ? headers is [var header] ? FromBasic(header) : null
            : fields.TryGetValue("client_id", out string? id) && fields.TryGetValue("client_secret", out string? secret) ? (id, secret)
            : null;
        if (isBasic
            && (fields.ContainsKey("client_secret") || (fields.TryGetValue("client_id", out string? named) && named != credentials?.Id)))
        {
            return (null, OAuthError.Result(
                OAuthErrorCode.InvalidRequest, "Authenticate by one method: Basic, or client_id and client_secret."));
        }

        if (credentials is not { } found)
            return (null, Unauthorized(context.Response, isBasic));

        switch (await authenticator.CheckAsync(found.Id, found.Secret, context.Connection.RemoteIpAddress, context.RequestAborted))
        {
            case ClientResult.Verified verified:
                return verified.Client.Rights.HasFlag(right)
                    ? (verified.Client, null)
                    : (null, OAuthError.Result(OAuthErrorCode.UnauthorizedClient));
            case ClientResult.TooManyAttempts refused:
                return (null, TooMany(context.Response, refused.RetryAfter));
            case ClientResult.Busy:
                return (null, Later(context.Response, ErrorCode.Busy, HashingGate.RetryAfter));
            default:
                return (null, Unauthorized(context.Response, isBasic));
        }
    }

    /// <summary>The answer if it is not known at the moment what was denied.</summary>
    public static ObjectResult DenialsUnknown(HttpResponse response)
    {
        response.Headers.RetryAfter = "1";
        return OAuthError.Result(OAuthErrorCode.TemporarilyUnavailable, TokenRejection.DenialsUnknown.Hint);
    }

    /// <summary>The answer to a client that has to wait.</summary>
    public static ObjectResult TooMany(HttpResponse response, TimeSpan retryAfter) =>
        Later(response, ErrorCode.TooManyAttempts, retryAfter);

    // Both halves are form-encoded before they become base64.
    private static (string Id, string Secret)? FromBasic(string header)
    {
        byte[] bytes = new byte[header.Length];
        if (!Convert.TryFromBase64String(header[BasicScheme.Length..].Trim(' '), bytes, out int length))
            return null;
        string[] halves = Encoding.UTF8.GetString(bytes, 0, length).Split(':', 2);
        return halves is [var id, var secret] ? (WebUtility.UrlDecode(id), WebUtility.UrlDecode(secret)) : null;
    }

    private static ObjectResult Unauthorized(HttpResponse response, bool isBasic)
    {
        response.Headers.WWWAuthenticate = isBasic ? "Basic realm=\"clients\", charset=\"UTF-8\"" : "Bearer";
        return OAuthError.Result(OAuthErrorCode.InvalidClient);
    }

    private static ObjectResult Later(HttpResponse response, ErrorCode error, TimeSpan retryAfter)
    {
        response.Headers.RetryAfter = Problems.Seconds(retryAfter);
        return new ObjectResult(OAuthError.Of(error)) { StatusCode = error.Status };
    }
}
