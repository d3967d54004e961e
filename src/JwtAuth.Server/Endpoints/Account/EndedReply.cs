using JwtAuth.Bearer.AccessTokens;
using JwtAuth.Server.Authentication;
using JwtAuth.Server.Denials;
using JwtAuth.Server.Sessions;
using Microsoft.AspNetCore.Mvc;

namespace JwtAuth.Server.Endpoints.Account;

/// <summary>What was ended, and what was not. docs/revocation.md has the whole table.</summary>
/// <param name="RefreshToken" example="revoked">`revoked` or `none`.</param>
/// <param name="AccessToken" example="denied">
/// `denied`; `live` where this service keeps no denylist; `none` where there was none to end.
/// </param>
/// <param name="Session" example="none">`ended` or `none`: the session of a cookie.</param>
/// <param name="SignedCookie" example="none">`live`: the browser forgets it, and a copy of it is good until it expires; or `none`.</param>
/// <param name="LiveUntil">The moment until when a verifier that does not hear of it is still fooled, give or take its clock skew.</param>
internal sealed record EndedReply(string RefreshToken, string AccessToken, string Session, string SignedCookie, DateTimeOffset LiveUntil)
{
    /// <param name="ended">What was.</param>
    /// <param name="denylist">Whether that is heard of an access token.</param>
    /// <param name="signedUntil">Until when a copy of a signed cookie lives that was given up.</param>
    public static EndedReply Of(Ended ended, DenylistSettings denylist, DateTimeOffset? signedUntil = null) => new(
        ended.RefreshTokens > 0 ? "revoked" : "none",
        !ended.AccessTokens ? "none" : denylist.Enabled ? "denied" : "live",
        ended.Sessions > 0 ? "ended" : "none",
        signedUntil is null ? "none" : "live",
        signedUntil > ended.LiveUntil ? signedUntil.Value : ended.LiveUntil);

    /// <summary>The answer of a call that ends something; a challenge where the caller no longer stands.</summary>
    /// <param name="controller">Whose answer.</param>
    /// <param name="ended">What was; <see langword="null"/> where the caller no longer stands.</param>
    /// <param name="denylist">Whether that is heard of an access token.</param>
    /// <param name="tell">Logs it, where anything was ended.</param>
    /// <param name="signedUntil">Until when a copy of a signed cookie lives that was given up.</param>
    public static IActionResult Answer(
        ControllerBase controller, Ended? ended, DenylistSettings denylist, Action tell, DateTimeOffset? signedUntil = null)
    {
        if (ended is null)
            return Callers.Challenge(TokenRejection.NotStanding);
        if (ended.RefreshTokens > 0 || ended.Sessions > 0 || ended.AccessTokens)
            tell();
        return controller.Ok(Of(ended, denylist, signedUntil));
    }
}
