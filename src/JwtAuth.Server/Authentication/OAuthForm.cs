using JwtAuth.Server.Clients;
using JwtAuth.Server.Errors;
using Microsoft.AspNetCore.Mvc;

namespace JwtAuth.Server.Authentication;

/// <summary>
/// A request of an authenticated client to an OAuth endpoint (RFC 6749 §2.3, §3.2): a form that contains each parameter once. One of them
/// is <c>token</c>.
/// </summary>
internal sealed class OAuthForm
{
    private OAuthForm(Client client, string token) => (Client, Token) = (client, token);

    public Client Client { get; }

    /// <summary>The parameter <c>token</c>.</summary>
    public string Token { get; }

    /// <summary>Either the request, or the answer that refuses it.</summary>
    public static async Task<(OAuthForm? Form, IActionResult? Refusal)> ReadAsync(
        HttpContext context, ClientAuthenticator authenticator, ClientRights right)
    {
        if (await FieldsAsync(context.Request) is not { } fields)
            return (null, OAuthError.Result(OAuthErrorCode.InvalidRequest, "The form is malformed, or has a parameter twice."));
        (Client? client, IActionResult? refusal) = await ClientAuthentication.CheckAsync(context, fields, authenticator, right);
        if (client is null)
            return (null, refusal);
        return fields.TryGetValue("token", out string? token) && token.Length > 0
            ? (new OAuthForm(client, token), null)
            : (null, OAuthError.Result(
                OAuthErrorCode.InvalidRequest, "Send the parameter token, in application/x-www-form-urlencoded and UTF-8."));
    }

    // Null if the form is malformed or ambiguous; empty if the body is not a form.
    private static async Task<Dictionary<string, string>?> FieldsAsync(HttpRequest request)
    {
        if (!ContentTypes.Is(request.ContentType, "application/x-www-form-urlencoded"))
            return [];
        try
        {
            IFormCollection form = await request.ReadFormAsync(request.HttpContext.RequestAborted);
            return form.All(field => field.Value.Count == 1) ? form.ToDictionary(
                field => field.Key, field => (string)field.Value!, StringComparer.Ordinal) : null;
        }
        catch (Exception fault) when (fault is InvalidDataException or NotSupportedException or ArgumentException)
        {
            return null;
        }
    }
}
