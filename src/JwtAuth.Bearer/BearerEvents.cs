using System.Security.Claims;
using JwtAuth.Bearer.AccessTokens;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.JwtBearer;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Primitives;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.Net.Http.Headers;

namespace JwtAuth.Bearer;

/// <summary>
/// How a bearer token is sent, checked and refused on the wire (RFC 6750): in one <c>Authorization</c> header, by one method. The
/// challenges are fixed ASCII text and contain nothing of the token. The check is made where JwtBearer asks for the token, so JwtBearer's
/// own validation is never reached.
/// </summary>
/// <param name="checker">The scheme's check.</param>
/// <param name="own">The events of the application, if it has set any. They are raised as JwtBearer would raise them.</param>
/// <param name="explains">Whether a refusal says why. Only in Development.</param>
internal sealed class BearerEvents(RememberingValidator checker, JwtBearerEvents? own, bool explains) : JwtBearerEvents
{
    private const string Scheme = "Bearer ";

    private static readonly JwtBearerEvents Untouched = new();

    private const string TokenParameter = "access_token", InvalidToken = "Bearer error=\"invalid_token\"";

    internal const string AmbiguousReason = "ambiguous_request";

    internal const string AmbiguousHint =
        "Send the token once: one Authorization header, and none in the query or the form (RFC 6750 §2).";

    public override Task MessageReceived(MessageReceivedContext context)
    {
        // The fast path, for tokens that come again and again: no task, and no copy of the token. It needs a request with nothing but one
        // token that was seen before.
        if (IsAlone && !context.Options.SaveToken && !MayHoldAnother(context.Request))
        {
            (ClaimsPrincipal? principal, TokenRejection? rejection) = checker.CheckSeen(TokenOf(context.Request.Headers.Authorization));
            if (principal is not null || rejection is not null)
            {
                Settle(context, principal, rejection);
                return Task.CompletedTask;
            }
        }
        return ReceiveAsync(context);
    }

    private async Task ReceiveAsync(MessageReceivedContext context)
    {
        await (own?.MessageReceived(context) ?? Task.CompletedTask);
        await base.MessageReceived(context);
        if (context.Result is not null)
            return;
        if (context.Token is null)
        {
            StringValues headers = context.Request.Headers.Authorization;
            string token = TokenOf(headers).ToString();
            if (headers.Count > 1 || (token.Length > 0 && await HasSecondMethodAsync(context.Request)))
            {
                context.Fail(AmbiguousRequestException.Instance);
                return;
            }
            if (token.Length == 0)
            {
                context.NoResult();
                return;
            }
            context.Token = token;
        }

        (ClaimsPrincipal? principal, TokenRejection? rejection) = checker.CheckSeen(context.Token);
        if (principal is null && rejection is null)
            (principal, rejection) = await checker.CheckAsync(context.Token);
        AuthenticateResult? result =
            own is null ? null : await RaiseAsync(own.TokenValidated, own.AuthenticationFailed, context, principal, rejection);
        result ??= IsAlone ? null : await RaiseAsync(base.TokenValidated, base.AuthenticationFailed, context, principal, rejection);
        if (result is not null)
            Settle(context, result);
        else
            Settle(context, principal, rejection);
    }

    // Nobody has set events, neither before ours nor on them.
    private bool IsAlone =>
        own is null && OnMessageReceived == Untouched.OnMessageReceived && OnTokenValidated == Untouched.OnTokenValidated
        && OnAuthenticationFailed == Untouched.OnAuthenticationFailed;

    // Raises the application's event. The result is what the application decided, if anything.
    private static async Task<AuthenticateResult?> RaiseAsync(
        Func<TokenValidatedContext, Task> tokenValidated, Func<AuthenticationFailedContext, Task> authenticationFailed,
        MessageReceivedContext context, ClaimsPrincipal? principal, TokenRejection? rejection)
    {
        if (principal is null)
        {
            var failed = new AuthenticationFailedContext(context.HttpContext, context.Scheme, context.Options)
            {
                Exception = rejection!.AsException,
            };
            await authenticationFailed(failed);
            return failed.Result;
        }

        var validated = new TokenValidatedContext(context.HttpContext, context.Scheme, context.Options)
        {
            Principal = principal,
            SecurityToken = new JsonWebToken(context.Token),
            Properties = context.Properties,
        };
        await tokenValidated(validated);
        if (validated.Result is null && validated.Principal != principal)
            validated.Success();
        return validated.Result;
    }

    private static void Settle(MessageReceivedContext context, ClaimsPrincipal? principal, TokenRejection? rejection)
    {
        if (principal is null)
        {
            context.Fail(rejection!.AsException);
            return;
        }
        if (context.Options.SaveToken)
            context.Properties.StoreTokens([new AuthenticationToken { Name = TokenParameter, Value = context.Token! }]);
        context.Principal = principal;
        context.Success();
    }

    private static void Settle(MessageReceivedContext context, AuthenticateResult result)
    {
        if (result.Succeeded)
            Settle(context, result.Principal, rejection: null);
        else if (result.Failure is { } failure)
            context.Fail(failure);
        else
            context.NoResult();
    }

    public override async Task Challenge(JwtBearerChallengeContext context)
    {
        await (own?.Challenge(context) ?? Task.CompletedTask);
        if (!context.Handled)
            await base.Challenge(context);
        if (!context.Handled)
            await RefuseAsync(context);
    }

    private Task RefuseAsync(JwtBearerChallengeContext context)
    {
        context.HandleResponse();
        // Another scheme has answered already. Either its answer is complete, or it is a 503 because that scheme cannot tell; then the 503
        // stands for all.
        if (context.Response.HasStarted
            || (context.Response.StatusCode == StatusCodes.Status503ServiceUnavailable && context.Response.Headers.RetryAfter.Count > 0))
        {
            return Task.CompletedTask;
        }

        HttpResponse response = context.Response;
        if (context.AuthenticateFailure is AmbiguousRequestException)
        {
            response.StatusCode = StatusCodes.Status400BadRequest;
            response.Headers.WWWAuthenticate = "Bearer error=\"invalid_request\"";
            return ExplainAsync(response, "invalid_request", AmbiguousReason, AmbiguousHint);
        }

        TokenRejection? rejection = (context.AuthenticateFailure as TokenRejectedException)?.Rejection
            ?? context.Properties.GetParameter<TokenRejection>(nameof(TokenRejection));
        if (rejection is { IsTemporary: true })
        {
            response.StatusCode = StatusCodes.Status503ServiceUnavailable;
            response.Headers.RetryAfter = "1";
            response.Headers.Remove(HeaderNames.WWWAuthenticate);
            return ExplainAsync(response, rejection.Reason, rejection.Reason, rejection.Hint);
        }

        (string challenge, string code, string reason, string hint) = (rejection, context.AuthenticateFailure) switch
        {
            (not null, _) => (InvalidToken, "invalid_token", rejection.Reason, rejection.Hint),
            (null, not null) => (InvalidToken, "invalid_token", "refused_by_application",
                "The token is good; the API's own OnTokenValidated has refused it."),
            _ => ("Bearer", "token_required", "no_token", "Send the access token as \"Authorization: Bearer <token>\"."),
        };
        response.StatusCode = StatusCodes.Status401Unauthorized;
        response.Headers.WWWAuthenticate = challenge;
        return ExplainAsync(response, code, reason, hint);
    }

    public override async Task Forbidden(ForbiddenContext context)
    {
        string[] missing = [.. context.HttpContext.GetEndpoint()?.Metadata.GetOrderedMetadata<RequiredScopeAttribute>()
            .Select(required => required.Scope)
            .Where(scope => !context.HttpContext.User.HasClaim("scope", scope)) ?? []];
        if (missing.Length > 0)
            context.Response.Headers.WWWAuthenticate = $"Bearer error=\"insufficient_scope\", scope=\"{string.Join(' ', missing)}\"";
        await (own?.Forbidden(context) ?? Task.CompletedTask);
        await base.Forbidden(context);
    }

    // Only spaces separate (RFC 9110 §11.4). Any other character belongs to the token. Empty if there is no token, or more than one header.
    internal static ReadOnlySpan<char> TokenOf(StringValues headers) =>
        headers.Count == 1 && headers[0] is { } header
            && header.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase)
            ? header.AsSpan(Scheme.Length).Trim(' ')
            : default;

    // A cheap check. It would rather say yes too often than too seldom: a name in the query may be escaped, and any letter case counts.
    private static bool MayHoldAnother(HttpRequest request) =>
        (request.QueryString.Value is { Length: > 0 } query
            && (query.Contains('%') || query.Contains(TokenParameter, StringComparison.OrdinalIgnoreCase)))
        || request.ContentType?.Contains("form", StringComparison.OrdinalIgnoreCase) == true;

    internal static async Task<bool> HasSecondMethodAsync(HttpRequest request)
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

    private Task ExplainAsync(HttpResponse response, string code, string reason, string hint) =>
        explains ? WriteReasonAsync(response, code, reason, hint) : Task.CompletedTask;

    internal static Task WriteReasonAsync(
        HttpResponse response, string code, string reason, string hint, string title = "The bearer token was refused.") =>
        response.WriteAsJsonAsync(
        new { title, status = response.StatusCode, code, reason, hint }, options: null, "application/problem+json");

    private sealed class AmbiguousRequestException : Exception
    {
        public static readonly AmbiguousRequestException Instance = new();

        private AmbiguousRequestException() : base("A bearer token was sent more than once.")
        {
        }
    }
}
