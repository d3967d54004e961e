using JwtAuth.Server.Accounts;
using JwtAuth.Server.Errors;
using JwtAuth.Server.PersonalAccessTokens;
using Microsoft.AspNetCore.Mvc.Filters;

namespace JwtAuth.Server.Authentication;

/// <summary>
/// Refuses access tokens that were made from a personal access token. A program sees no sessions of its owner and ends none.
/// </summary>
[AttributeUsage(AttributeTargets.Class | AttributeTargets.Method)]
internal sealed class PersonsOnlyAttribute : Attribute, IAsyncAuthorizationFilter
{
    public async Task OnAuthorizationAsync(AuthorizationFilterContext context)
    {
        if (Caller.Of(context.HttpContext.User) is { Token: not null } caller
            && await context.HttpContext.RequestServices.GetRequiredService<PersonalAccessTokenStore>().HasMadeAsync(caller))
        {
            context.Result =
                Problems.Result(ErrorCode.Forbidden, "A person's login is needed: this token was made from a personal access token.");
        }
    }
}
