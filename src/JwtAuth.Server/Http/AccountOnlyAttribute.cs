using JwtAuth.Bearer.AccessTokens;
using JwtAuth.Server.Accounts;
using JwtAuth.Server.Configuration;
using JwtAuth.Server.Errors;
using JwtAuth.Server.Storage;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.Filters;

namespace JwtAuth.Server.Http;

/// <summary>
/// Demands an account bearer (a token for the issuer's own audience) and asks the store whether its account still stands: calls that change
/// something do not live on what a token said minutes ago.
/// </summary>
[AttributeUsage(AttributeTargets.Class | AttributeTargets.Method)]
internal sealed class AccountOnlyAttribute : Attribute, IAsyncAuthorizationFilter
{
    /// <summary>The role that the account must have now, whatever the token says.</summary>
    public string? Role { get; init; }

    public async Task OnAuthorizationAsync(AuthorizationFilterContext context)
    {
        IServiceProvider services = context.HttpContext.RequestServices;
        if (!context.HttpContext.User.HasClaim("aud", services.GetRequiredService<IssuerSettings>().Url))
        {
            context.Result = Refusal("A token for the account is needed: log in with the issuer as audience.");
            return;
        }

        AccountSnapshot? account = await services.GetRequiredService<AccountStore>()
            .FindBySubjectAsync(context.HttpContext.User.FindFirst("sub")!.Value, context.HttpContext.RequestAborted);
        if (account is not { IsEnabled: true } || !context.HttpContext.User.HasClaim("gen", $"{account.Generation}"))
        {
            context.Result = NotStanding();
        }
        else if (Role is not null && !account.Roles.Contains(Role))
        {
            context.Result = Refusal($"The role {Role} is needed.");
        }
    }

    /// <summary>The challenge to a token whose account has ended or changed.</summary>
    public static ChallengeResult NotStanding()
    {
        var properties = new AuthenticationProperties();
        properties.SetParameter(nameof(TokenRejection), TokenRejection.NotStanding);
        return new ChallengeResult(properties);
    }

    private static ObjectResult Refusal(string detail) =>
        new(Problems.Of(ErrorCode.Forbidden, detail)) { StatusCode = ErrorCode.Forbidden.Status, ContentTypes = { Problems.ContentType } };
}
