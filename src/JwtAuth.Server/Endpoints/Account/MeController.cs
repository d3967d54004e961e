using System.Globalization;
using System.Security.Claims;
using JwtAuth.Server.Authentication;
using JwtAuth.Server.Descriptions;
using Microsoft.AspNetCore.Mvc;

namespace JwtAuth.Server.Endpoints.Account;

/// <summary>The account that the credential stands for.</summary>
/// <param name="Sub" example="Zk9zJH2mT0mWcQyq1m0V1g">The account's identifier.</param>
/// <param name="Username" example="alice">Its name.</param>
/// <param name="Roles">
/// Its roles, as of the time when the token or the signed cookie was issued. For other credentials, its roles now.
/// </param>
/// <param name="Scope" example="orders:read">What the credential allows.</param>
/// <param name="Scheme" example="bearer">`bearer`, `session`, `signed_cookie`, `personal_access_token` or `basic`.</param>
/// <param name="ExpiresAt">When the credential expires; null for a password, which does not.</param>
internal sealed record MeReply(
    string Sub, string? Username, IReadOnlyList<string> Roles, string Scope,
    [property: Words(
        Credentials.BearerOnTheWire, Credentials.Session, Credentials.SignedCookie, Credentials.PersonalAccessToken, Credentials.Basic)]
    string Scheme,
    DateTimeOffset? ExpiresAt)
{
    public static MeReply Of(ClaimsPrincipal user) => new(
        user.FindFirst("sub")!.Value,
        user.Identity!.Name,
        [.. user.FindAll("roles").Select(claim => claim.Value)],
        string.Join(' ', user.FindAll("scope").Select(claim => claim.Value)),
        user.Identity.AuthenticationType!.ToLowerInvariant(),
        user.FindFirst("exp") is { } expiry ? DateTimeOffset.FromUnixTimeSeconds(
            long.Parse(expiry.Value, CultureInfo.InvariantCulture)) : null);
}

[ApiController]
[Tags("Account")]
internal sealed class MeController : ControllerBase
{
    /// <summary>
    /// Tells which account the credential stands for, whatever its kind. Accepts access tokens for any configured audience, and answers
    /// from the token alone.
    /// </summary>
    /// <response code="200">The account.</response>
    /// <response code="401">No credential, or one that was refused (RFC 6750 §3); `invalid_credentials` with Basic</response>
    /// <response code="429">`too_many_attempts`: with Basic, counted together with logins; or wrong personal access tokens</response>
    /// <response code="503">`busy`: with Basic</response>
    [HttpGet("/me", Name = "me")]
    [Takes(Credentials.Session, Credentials.SignedCookie, Credentials.PersonalAccessToken, Credentials.Basic)]
    [ProducesResponseType<MeReply>(200)]
    public MeReply Me() => MeReply.Of(User);
}
