using JwtAuth.Bearer.AccessTokens;
using JwtAuth.Server.AccessTokens;
using JwtAuth.Server.Accounts;
using JwtAuth.Server.Audit;
using JwtAuth.Server.Errors;
using Microsoft.AspNetCore.Mvc.Filters;

namespace JwtAuth.Server.Authentication;

/// <summary>
/// Requires a token for the issuer's own audience, and asks the store whether it is still good: a call that changes something must not rely
/// on what a token said minutes ago.
/// </summary>
[AttributeUsage(AttributeTargets.Class | AttributeTargets.Method)]
internal sealed class AccountOnlyAttribute : Attribute, IAsyncAuthorizationFilter
{
    /// <summary>The role that the account must have now. What the token says does not count.</summary>
    public string? Role { get; init; }

    public async Task OnAuthorizationAsync(AuthorizationFilterContext context)
    {
        IServiceProvider services = context.HttpContext.RequestServices;
        if (!context.HttpContext.User.HasClaim("aud", services.GetRequiredService<IssuerSettings>().Url))
        {
            context.Result = Problems.Result(ErrorCode.Forbidden, "A token for the account is needed: log in with the issuer as audience.");
            return;
        }

        Caller caller = Caller.Of(context.HttpContext.User)!;
        if (!await services.GetRequiredService<Standing>().HoldsAsync(caller)
            || await services.GetRequiredService<AccountSnapshots>()
            .FindBySubjectAsync(caller.Subject, context.HttpContext.RequestAborted) is not { } account)
        {
            context.Result = Callers.Challenge(TokenRejection.NotStanding);
        }
        else if (Role is not null && !account.Roles.Contains(Role))
        {
            services.GetRequiredService<AuditNotes>().Add(new(AuditEvent.AdminRefused) { Actor = caller.Actor });
            context.Result = Problems.Result(ErrorCode.Forbidden, $"The role {Role} is needed.");
        }
    }
}
