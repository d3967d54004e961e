using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Mvc;

namespace JwtAuth.Server.Errors;

/// <summary>
/// The errors of the OAuth endpoints: a code for machines (RFC 6749 §5.2, RFC 7009 §2.2.1), a status, and for some a sentence for people.
/// </summary>
internal sealed record OAuthErrorCode(string Code, int Status, string? Description = null)
{
    public static readonly OAuthErrorCode InvalidRequest = new("invalid_request", 400);
    public static readonly OAuthErrorCode InvalidClient = new("invalid_client", 401);
    public static readonly OAuthErrorCode UnauthorizedClient = new("unauthorized_client", 400, "The client may not do that.");
    public static readonly OAuthErrorCode UnsupportedTokenType =
        new("unsupported_token_type", 400, "This service keeps no denylist: an access token lives until it expires.");
    public static readonly OAuthErrorCode TemporarilyUnavailable = new("temporarily_unavailable", 503);

    public static readonly IReadOnlyList<OAuthErrorCode> All =
        [InvalidRequest, InvalidClient, UnauthorizedClient, UnsupportedTokenType, TemporarilyUnavailable];
}

/// <summary>An error of the OAuth endpoints on the wire (RFC 6749 §5.2).</summary>
/// <param name="Error" example="invalid_request">For machines.</param>
/// <param name="ErrorDescription">For people. It repeats nothing of the request.</param>
internal sealed record OAuthError(
    string Error, [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? ErrorDescription = null)
{
    public static ObjectResult Result(OAuthErrorCode error, string? description = null) =>
        new(new OAuthError(error.Code, description ?? error.Description)) { StatusCode = error.Status };

    /// <summary>The OAuth form of an error that the rest of the service reports in a problem document.</summary>
    public static OAuthError Of(ErrorCode error) =>
        new(error.Status switch
        {
            429 or 503 => OAuthErrorCode.TemporarilyUnavailable.Code,
            >= 500 => ErrorCode.ServerError.Code,
            _ => OAuthErrorCode.InvalidRequest.Code,
        }, error.Title);
}
