using JwtAuth.Server.AccessTokens;
using JwtAuth.Server.Authentication;
using JwtAuth.Server.Denials;
using JwtAuth.Server.Passwords;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Mvc;

namespace JwtAuth.Server.Lab;

/// <summary>What the lab's page needs to know at the start.</summary>
/// <param name="Issuer">The service's origin. At other origins no cookie is set.</param>
/// <param name="Denylist">Whether ended access tokens are refused here.</param>
/// <param name="Registration">Whether the page can make an account.</param>
/// <param name="Credentials">The kinds of credential that this service accepts.</param>
/// <param name="Cookies">The cookies' names, by the kind of what they carry.</param>
/// <param name="Stealing">Whether this page may use the thief.</param>
internal sealed record LabReply(
    string Issuer, bool Denylist, bool Registration, IReadOnlyList<string> Credentials, IReadOnlyDictionary<string, string> Cookies,
    bool Stealing);

/// <summary>The kinds of cookie that the browser holds, which no script can see: the names used by `/me`, and `refresh_token`.</summary>
internal sealed record HeldReply(IReadOnlyList<string> Held);

[ApiController]
[AllowAnonymous]
[ApiExplorerSettings(IgnoreApi = true)]
internal sealed class LabController(
    LabSettings lab, IssuerSettings issuer, DenylistSettings denylist, RegistrationSettings registration, TakenCredentials taken,
    OwnCookies cookies)
    : ControllerBase
{
    [HttpGet("/lab/about")]
    public LabReply About() =>
        new(issuer.Url, denylist.Enabled, registration.IsOpen, taken.Kinds,
            Named().ToDictionary(cookie => cookie.Kind, cookie => cookie.Name), lab.Steals && ThiefRules.IsFromThisMachine(HttpContext));

    // Below /auth, because the browser sends the refresh token's cookie only there.
    [HttpGet("/auth/lab/cookies")]
    public HeldReply Cookies() =>
        new([.. Named().Where(cookie => OwnCookies.Read(Request, cookie.Name) is { Length: > 0 }).Select(cookie => cookie.Kind)]);

    private IEnumerable<(string Kind, string Name)> Named() =>
        [(Credentials.Session, cookies.Session), (Credentials.SignedCookie, cookies.SignedCookie),
            (Credentials.RefreshToken, cookies.Refresh)];
}
