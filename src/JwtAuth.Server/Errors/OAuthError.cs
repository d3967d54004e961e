using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Mvc;

namespace JwtAuth.Server.Errors;

/// <summary>An error of the OAuth endpoints (RFC 6749 §5.2).</summary>
/// <param name="Error" example="invalid_request">For machines.</param>
/// <param name="ErrorDescription">For people; nothing of what was sent.</param>
internal sealed record OAuthError(
    string Error, [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? ErrorDescription = null)
{
    public static ObjectResult Result(int status, string error, string? description = null) => new(new OAuthError(error, description)) { StatusCode = status };

    /// <summary>What answers for an error that the rest of the service tells in a problem document.</summary>
    public static OAuthError Of(ErrorCode error) =>
        new(error.Status switch { 429 or 503 => "temporarily_unavailable", >= 500 => "server_error", _ => "invalid_request" }, error.Title);
}
