using System.Security.Claims;
using Microsoft.AspNetCore;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Identity;
using OpenIddict.Abstractions;
using OpenIddict.Server.AspNetCore;
using static OpenIddict.Abstractions.OpenIddictConstants;

namespace OpenIddictServer;

/// <summary>What the samples write behind OpenIddict's own checks of a token request.</summary>
internal static class TokenEndpoint
{
    private const string Scheme = OpenIddictServerAspNetCoreDefaults.AuthenticationScheme;

    public static async Task<IResult> ExchangeAsync(HttpContext context, UserManager<IdentityUser> users)
    {
        OpenIddictRequest request = context.GetOpenIddictServerRequest()!;
        if (request.IsClientCredentialsGrantType())
            return SignIn(IdentityOf(request.ClientId!, request));

        // A refresh looks at the account again, as the samples do.
        IdentityUser? user = request.IsPasswordGrantType()
            ? await users.FindByNameAsync(request.Username!)
            : await users.FindByIdAsync((await context.AuthenticateAsync(Scheme)).Principal!.GetClaim(Claims.Subject)!);
        if (user is null || (request.IsPasswordGrantType() && !await users.CheckPasswordAsync(user, request.Password!)))
            return Results.Forbid(properties: null, [Scheme]);
        ClaimsIdentity identity = IdentityOf(user.Id, request).SetClaim(Claims.Name, user.UserName);
        if (request.IsRefreshTokenGrantType())
            identity.SetScopes(Scopes.OfflineAccess);
        return SignIn(identity);
    }

    private static ClaimsIdentity IdentityOf(string subject, OpenIddictRequest request) =>
        new ClaimsIdentity("password", Claims.Name, Claims.Role).SetClaim(Claims.Subject, subject).SetScopes(request.GetScopes());

    private static IResult SignIn(ClaimsIdentity identity)
    {
        identity.SetDestinations(_ => [Destinations.AccessToken]);
        return Results.SignIn(new ClaimsPrincipal(identity), properties: null, Scheme);
    }
}
