namespace JwtAuth.Server.Errors;

/// <summary>
/// The errors of the JSON endpoints: a code for machines and a sentence for people (RFC 9457). <c>docs/errors.md</c> has the remedies.
/// </summary>
internal sealed record ErrorCode(string Code, int Status, string Title)
{
    public static readonly ErrorCode InvalidRequest = new("invalid_request", 400, "The request is malformed.");
    public static readonly ErrorCode WeakPassword = new("weak_password", 400, "The password is refused.");
    public static readonly ErrorCode InvalidScope = new("invalid_scope", 400, "A requested scope does not exist.");
    public static readonly ErrorCode InvalidAudience = new("invalid_audience", 400, "The requested audience does not exist.");
    public static readonly ErrorCode InvalidGrant = new("invalid_grant", 400, "The refresh token is not good any more.");
    public static readonly ErrorCode HttpsRequired = new("https_required", 400, "This service answers over https only.");
    public static readonly ErrorCode InvalidCredentials = new("invalid_credentials", 401, "The user name or the password is wrong.");
    public static readonly ErrorCode TokenRequired = new("token_required", 401, "An access token is needed.");
    public static readonly ErrorCode Forbidden = new("forbidden", 403, "This token or account may not do that.");
    public static readonly ErrorCode InsufficientScope = new("insufficient_scope", 403, "The token lacks a scope.");
    public static readonly ErrorCode RegistrationClosed = new("registration_closed", 403, "Registration is closed.");
    public static readonly ErrorCode NotFound = new("not_found", 404, "There is nothing here.");
    public static readonly ErrorCode MethodNotAllowed = new("method_not_allowed", 405, "The method is not allowed here.");
    public static readonly ErrorCode RequestTimeout = new("request_timeout", 408, "The request came too slowly.");
    public static readonly ErrorCode UsernameTaken = new("username_taken", 409, "The user name is taken.");
    public static readonly ErrorCode LastAdministrator = new("last_administrator", 409, "Nobody would be left to administer.");
    public static readonly ErrorCode TooManyRoles = new("too_many_roles", 409, "The account has as many roles as fit into a token.");
    public static readonly ErrorCode TooManyTokens =
        new("too_many_tokens", 409, "The account has as many personal access tokens as it may have.");
    public static readonly ErrorCode ContentTooLarge = new("content_too_large", 413, "The body is too large.");
    public static readonly ErrorCode UnsupportedMediaType = new("unsupported_media_type", 415, "The body must be plain application/json.");
    public static readonly ErrorCode MisdirectedRequest =
        new("misdirected_request", 421, "This service does not answer for the host that was asked for.");
    public static readonly ErrorCode TooManyAttempts = new("too_many_attempts", 429, "There were too many attempts.");
    public static readonly ErrorCode ServerError = new("server_error", 500, "The service failed.");
    public static readonly ErrorCode Busy = new("busy", 503, "The service is busy.");

    public static readonly IReadOnlyList<ErrorCode> All =
    [
        InvalidRequest, WeakPassword, InvalidScope, InvalidAudience, InvalidGrant, HttpsRequired, InvalidCredentials, TokenRequired,
        Forbidden, InsufficientScope,
        RegistrationClosed, NotFound, MethodNotAllowed, RequestTimeout, UsernameTaken, LastAdministrator, TooManyRoles, TooManyTokens,
        ContentTooLarge, UnsupportedMediaType, MisdirectedRequest, TooManyAttempts, ServerError, Busy,
    ];

    /// <summary>The code for a status that the framework set without a body.</summary>
    public static ErrorCode OfStatus(int status) => status switch
    {
        401 => TokenRequired,
        403 => Forbidden,
        503 => Busy,
        _ => All.FirstOrDefault(error => error.Status == status) ?? (status < 500 ? InvalidRequest : ServerError),
    };
}
