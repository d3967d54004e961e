using JwtAuth.Server.AccessTokens;
using JwtAuth.Server.Errors;
using Microsoft.AspNetCore.Mvc;

namespace JwtAuth.Server.Endpoints.Account;

/// <summary>The answers to a name that is not configured. They say which names are: an application has to know them anyway.</summary>
internal static class Refusals
{
    public static ObjectResult UnknownScope(IssuerSettings settings) =>
        Problems.Result(ErrorCode.InvalidScope, $"The scopes are: {string.Join(' ', settings.Scopes.Keys)}");

    public static ObjectResult UnknownAudience(IssuerSettings settings) =>
        Problems.Result(ErrorCode.InvalidAudience, $"{ApisOf(settings)}, and for the account itself {settings.Url}");

    public static ObjectResult NoApi(IssuerSettings settings) =>
        Problems.Result(ErrorCode.InvalidAudience, $"A personal access token is for APIs, never for the account. {ApisOf(settings)}");

    private static string ApisOf(IssuerSettings settings) => $"The audiences are: {string.Join(' ', settings.Audiences)}";
}
