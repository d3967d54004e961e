using JwtAuth.Bearer.AccessTokens;
using JwtAuth.Server.Authentication;
using JwtAuth.Server.Denials;
using JwtAuth.Server.Descriptions;
using JwtAuth.Server.Sessions;
using Microsoft.AspNetCore.Mvc;

namespace JwtAuth.Server.Endpoints.Account;

/// <summary>What was ended, and what was not. docs/revocation.md has the whole table.</summary>
/// <param name="RefreshToken" example="revoked">`revoked` or `none`.</param>
/// <param name="AccessToken" example="denied">`denied`; `live` if this service keeps no denylist; `none` if there was none to end.</param>
/// <param name="Session" example="none">`ended` or `none`, for the session of a cookie.</param>
/// <param name="SignedCookie" example="none">`live`: the browser forgets it, but a copy is good until it expires. Otherwise `none`.</param>
/// <param name="LiveUntil">
/// Until when a verifier that does not hear of it still accepts the credential, plus or minus its clock skew.
/// </param>
internal sealed record EndedReply(
    [property: Words("revoked", "none")] string RefreshToken,
    [property: Words("denied", "live", "none")] string AccessToken,
    [property: Words("ended", "none")] string Session,
    [property: Words("live", "none")] string SignedCookie,
    DateTimeOffset LiveUntil)
{
    /// <param name="ended">What was ended.</param>
    /// <param name="denylist">Whether other services hear of an ended access token.</param>
    /// <param name="signedUntil">Until when a copy of the signed cookie stays good that the browser was told to forget.</param>
    public static EndedReply Of(Ended ended, DenylistSettings denylist, DateTimeOffset? signedUntil = null) => new(
        ended.RefreshTokens > 0 ? "revoked" : "none",
        !ended.AccessTokens ? "none" : denylist.Enabled ? "denied" : "live",
        ended.Sessions > 0 ? "ended" : "none",
        signedUntil is null ? "none" : "live",
        UpToTheSecond(signedUntil > ended.LiveUntil ? signedUntil.Value : ended.LiveUntil));

    // Moments go out in whole seconds, and this one must not be told too early.
    private static DateTimeOffset UpToTheSecond(DateTimeOffset moment) =>
        moment.AddTicks(TimeSpan.TicksPerSecond - 1 - ((moment.Ticks + TimeSpan.TicksPerSecond - 1) % TimeSpan.TicksPerSecond));

    /// <summary>The answer of a call that ends something. A challenge if the caller's credential is no longer good.</summary>
    /// <param name="controller">The controller that answers.</param>
    /// <param name="ended">What was ended; <see langword="null"/> if the caller's credential is no longer good.</param>
    /// <param name="denylist">Whether other services hear of an ended access token.</param>
    /// <param name="tell">Logs it. Called if anything was ended.</param>
    /// <param name="signedUntil">Until when a copy of the signed cookie stays good that the browser was told to forget.</param>
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
