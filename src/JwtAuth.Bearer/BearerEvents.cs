using System.Security.Claims;
using JwtAuth.Bearer.AccessTokens;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.JwtBearer;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Primitives;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;

namespace JwtAuth.Bearer;

/// <summary>
/// Where JwtBearer asks for a token, it gets the result of our check, so that its own validation is never reached. What JwtBearer does
/// around a validation is done here in its stead: the application's events are raised, and the properties say when the token expires.
/// </summary>
/// <param name="checker">The scheme's check. It is made when the first request comes, not while the options are read.</param>
/// <param name="own">The events of the application, if it has set any.</param>
/// <param name="names">The claims by which the identity has its name and its roles.</param>
/// <param name="explains">Whether a refusal says why. Only in Development.</param>
internal sealed class BearerEvents(Lazy<RememberingValidator> checker, JwtBearerEvents? own, IdentityNames names, bool explains)
    : JwtBearerEvents
{
    private static readonly JwtBearerEvents Untouched = new();

    private static readonly string IssuedItem = ItemOf(properties => properties.IssuedUtc = DateTimeOffset.UnixEpoch),
        ExpiresItem = ItemOf(properties => properties.ExpiresUtc = DateTimeOffset.UnixEpoch);

    public override Task MessageReceived(MessageReceivedContext context)
    {
        // The fast path, for tokens that come again and again: no task, and no copy of the token. It needs a request with nothing but one
        // token that was seen before.
        if (IsAlone && !context.Options.SaveToken && !PresentedBearer.MayHoldAnother(context.Request))
        {
            ReadOnlySpan<char> token = PresentedBearer.TokenOf(context.Request.Headers.Authorization);
            (ValidatedToken? seen, TokenRejection? rejection) = checker.Value.CheckSeen(token);
            if (seen is not null)
            {
                context.Principal = seen.NewPrincipal(names.Name, names.Roles);
                Date(context.Properties, seen);
                context.Success();
                return Task.CompletedTask;
            }
            if (rejection is not null)
            {
                context.Fail(ExceptionOf(rejection, token.ToString()));
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
        if (string.IsNullOrEmpty(context.Token))
        {
            StringValues headers = context.Request.Headers.Authorization;
            string token = PresentedBearer.TokenOf(headers).ToString();
            if (headers.Count > 1 || (token.Length > 0 && await PresentedBearer.HasSecondMethodAsync(context.Request)))
            {
                await FailAsync(context, new AmbiguousRequestException());
                return;
            }
            if (token.Length == 0)
            {
                context.NoResult();
                return;
            }
            context.Token = token;
        }

        (ValidatedToken? good, TokenRejection? rejection) = checker.Value.CheckSeen(context.Token);
        if (good is null && rejection is null)
            (good, rejection) = await checker.Value.CheckAsync(context.Token);
        await (good is not null ? SucceedAsync(context, good) : FailAsync(context, ExceptionOf(rejection!, context.Token)));
    }

    // Nobody has set an event, neither before ours nor on them. JwtBearer may bring events of its own, which do nothing.
    internal bool IsAlone =>
        (own is null || (own.GetType() == typeof(JwtBearerEvents) && IsUntouched(own))) && IsUntouched(this);

    private static bool IsUntouched(JwtBearerEvents events) =>
        events.OnMessageReceived == Untouched.OnMessageReceived && events.OnTokenValidated == Untouched.OnTokenValidated
        && events.OnAuthenticationFailed == Untouched.OnAuthenticationFailed;

    private async Task SucceedAsync(MessageReceivedContext context, ValidatedToken good)
    {
        context.Principal = good.NewPrincipal(names.Name, names.Roles);
        Date(context.Properties, good);
        if (!IsAlone)
        {
            var validated = new TokenValidatedContext(context.HttpContext, context.Scheme, context.Options)
            {
                Principal = context.Principal,
                SecurityToken = new JsonWebToken(context.Token),
                Properties = context.Properties,
            };
            await TokenValidated(validated);
            if (validated.Result is { } result)
            {
                Settle(context, result);
                return;
            }
            (context.Principal, context.Properties) = (validated.Principal, validated.Properties);
        }
        Save(context);
        context.Success();
    }

    private async Task FailAsync(MessageReceivedContext context, Exception failure)
    {
        var failed = new AuthenticationFailedContext(context.HttpContext, context.Scheme, context.Options) { Exception = failure };
        await AuthenticationFailed(failed);
        Settle(context, failed.Result ?? AuthenticateResult.Fail(failed.Exception));
    }

    // What the application decided.
    private static void Settle(MessageReceivedContext context, AuthenticateResult result)
    {
        if (result.Succeeded)
        {
            (context.Principal, context.Properties) = (result.Principal, result.Properties ?? new());
            Save(context);
            context.Success();
        }
        else if (result.Failure is { } failure)
        {
            context.Fail(failure);
        }
        else
        {
            context.NoResult();
        }
    }

    private static void Save(MessageReceivedContext context)
    {
        if (context.Options.SaveToken && context.Token is { } token)
            context.Properties.StoreTokens([new AuthenticationToken { Name = PresentedBearer.TokenParameter, Value = token }]);
    }

    // The texts were made when the token was first seen.
    private static void Date(AuthenticationProperties properties, ValidatedToken token) =>
        (properties.Items[IssuedItem], properties.Items[ExpiresItem]) = (token.IssuedAtText, token.ExpiresAtText);

    private static string ItemOf(Action<AuthenticationProperties> set)
    {
        var properties = new AuthenticationProperties();
        set(properties);
        return properties.Items.Keys.Single();
    }

    // A token is refused for its times only after its signature was verified, so they may be read.
    private static SecurityTokenException ExceptionOf(TokenRejection rejection, string token)
    {
        if (rejection != TokenRejection.Expired && rejection != TokenRejection.NotYetValid)
            return rejection.ToException();
        var read = new JsonWebToken(token);
        return rejection.ToException(read.ValidFrom, read.ValidTo);
    }

    public override async Task TokenValidated(TokenValidatedContext context)
    {
        await (own?.TokenValidated(context) ?? Task.CompletedTask);
        if (context.Result is null)
            await base.TokenValidated(context);
    }

    // JwtBearer raises this one too: for an exception out of another event.
    public override async Task AuthenticationFailed(AuthenticationFailedContext context)
    {
        await (own?.AuthenticationFailed(context) ?? Task.CompletedTask);
        if (context.Result is null)
            await base.AuthenticationFailed(context);
    }

    public override async Task Challenge(JwtBearerChallengeContext context)
    {
        var refusal = Refusal.Of(context, checker.Value.Validator);
        // JwtBearer has put in what it knows of the failure. On the wire there are only fixed texts, and those of the application.
        (context.Error, context.ErrorDescription) = (context.Options.IncludeErrorDetails ? refusal.Error : null, null);
        await (own?.Challenge(context) ?? Task.CompletedTask);
        if (!context.Handled)
            await base.Challenge(context);
        if (context.Handled)
            return;
        context.HandleResponse();
        Refusals.Of(context.HttpContext).Add(refusal, ChallengeText.Of(context), explains);
    }

    public override async Task Forbidden(ForbiddenContext context)
    {
        string[] missing = [.. context.HttpContext.GetEndpoint()?.Metadata.GetOrderedMetadata<RequiredScopeAttribute>()
            .Select(required => required.Scope)
            .Where(scope => !context.HttpContext.User.HasClaim("scope", scope)) ?? []];
        if (missing.Length > 0 && context.Options.IncludeErrorDetails)
            ChallengeText.Append(context.Response, ChallengeText.OfMissing(context.Options.Challenge, missing));
        await (own?.Forbidden(context) ?? Task.CompletedTask);
        await base.Forbidden(context);
    }
}

/// <summary>The claims by which an identity has its name and its roles.</summary>
internal sealed record IdentityNames(string Name, string Roles)
{
    /// <summary>Those that the application has chosen, else <c>username</c> and <c>roles</c>.</summary>
    public static IdentityNames Of(TokenValidationParameters chosen) => new(
        chosen.NameClaimType == ClaimsIdentity.DefaultNameClaimType ? "username" : chosen.NameClaimType,
        chosen.RoleClaimType == ClaimsIdentity.DefaultRoleClaimType ? "roles" : chosen.RoleClaimType);
}

/// <summary>A bearer token was sent twice, or in two ways (RFC 6750 §2).</summary>
internal sealed class AmbiguousRequestException() : Exception("A bearer token was sent more than once.");
