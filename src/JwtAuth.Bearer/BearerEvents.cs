using JwtAuth.Bearer.AccessTokens;
using Microsoft.AspNetCore.Authentication.JwtBearer;
using Microsoft.AspNetCore.Http;
using Microsoft.Net.Http.Headers;

namespace JwtAuth.Bearer;

/// <summary>
/// What a bearer token's transport and refusals look like on the wire (RFC 6750): one <c>Authorization</c> header, one method, and challenges of
/// fixed ASCII text in which nothing of the token appears.
/// </summary>
internal sealed class BearerEvents(bool explains) : JwtBearerEvents
{
    private const string Scheme = "Bearer ";
    private const string TokenParameter = "access_token";

    public override async Task MessageReceived(MessageReceivedContext context)
    {
        string?[] headers = [.. context.Request.Headers.Authorization];
        if (headers is not [{ } header] || !header.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase))
        {
            if (headers.Length > 1)
                context.Fail(AmbiguousRequestException.Instance);
            else
                context.NoResult();
            return;
        }

        // Only spaces separate (RFC 9110 §11.4); what else surrounds a token makes it another token.
        string token = header[Scheme.Length..].Trim(' ');
        if (token.Length == 0)
            context.NoResult();
        else if (await HasSecondMethodAsync(context.Request))
            context.Fail(AmbiguousRequestException.Instance);
        else
            context.Token = token;
    }

    public override Task Challenge(JwtBearerChallengeContext context)
    {
        context.HandleResponse();
        HttpResponse response = context.Response;
        if (context.AuthenticateFailure is AmbiguousRequestException)
        {
            response.StatusCode = StatusCodes.Status400BadRequest;
            response.Headers.WWWAuthenticate = "Bearer error=\"invalid_request\"";
            return ExplainAsync(response, "invalid_request", "ambiguous_request",
                "Send the token once: one Authorization header, and none in the query or the form (RFC 6750 §2).");
        }

        TokenRejection? rejection = (context.AuthenticateFailure as TokenRejectedException)?.Rejection
            ?? context.Properties.GetParameter<TokenRejection>(nameof(TokenRejection));
        if (rejection == TokenRejection.DenialsUnknown)
        {
            response.StatusCode = StatusCodes.Status503ServiceUnavailable;
            response.Headers.RetryAfter = "1";
            return ExplainAsync(response, "denials_unknown", rejection.Reason, rejection.Hint);
        }

        response.StatusCode = StatusCodes.Status401Unauthorized;
        if (rejection is null)
        {
            response.Headers.WWWAuthenticate = "Bearer";
            return ExplainAsync(response, "token_required", "no_token", "Send the access token as \"Authorization: Bearer <token>\".");
        }

        response.Headers.WWWAuthenticate = "Bearer error=\"invalid_token\"";
        return ExplainAsync(response, "invalid_token", rejection.Reason, rejection.Hint);
    }

    public override Task Forbidden(ForbiddenContext context)
    {
        string[] missing = [.. context.HttpContext.GetEndpoint()?.Metadata.GetOrderedMetadata<RequiredScopeAttribute>()
            .Select(required => required.Scope)
            .Where(scope => !context.HttpContext.User.HasClaim("scope", scope)) ?? []];
        if (missing.Length > 0)
            context.Response.Headers.WWWAuthenticate = $"Bearer error=\"insufficient_scope\", scope=\"{string.Join(' ', missing)}\"";
        return Task.CompletedTask;
    }

    private static async Task<bool> HasSecondMethodAsync(HttpRequest request)
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
            return true; // a form that cannot be read cannot be told to be free of tokens
        }
    }

    private Task ExplainAsync(HttpResponse response, string code, string reason, string hint) =>
        explains
            ? response.WriteAsJsonAsync(
                new { title = "The bearer token was refused.", status = response.StatusCode, code, reason, hint },
                options: null, "application/problem+json")
            : Task.CompletedTask;

    private sealed class AmbiguousRequestException : Exception
    {
        public static readonly AmbiguousRequestException Instance = new();

        private AmbiguousRequestException() : base("A bearer token was sent more than once.")
        {
        }
    }
}
