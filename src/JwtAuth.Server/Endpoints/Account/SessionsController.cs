using JwtAuth.Bearer.AccessTokens;
using JwtAuth.Server.Accounts;
using JwtAuth.Server.Authentication;
using JwtAuth.Server.Descriptions;
using JwtAuth.Server.Errors;
using JwtAuth.Server.Observability;
using JwtAuth.Server.Sessions;
using Microsoft.AspNetCore.Mvc;

namespace JwtAuth.Server.Endpoints.Account;

/// <summary>A session, with what helps its owner recognise it.</summary>
internal sealed record SessionReply
{
    /// <summary>Its identifier. Not a secret.</summary>
    /// <example>nV2_ZkqvRZ1cWm0p3b1x4g</example>
    public required string Sid { get; init; }

    /// <summary>What its browser or program holds: `refresh_token`, or `session` for a cookie.</summary>
    /// <example>refresh_token</example>
    [Words(Credentials.RefreshToken, Credentials.Session)]
    public required string Credential { get; init; }

    /// <summary>When the login was.</summary>
    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>
    /// The time of the login, the last refresh, or the last use of the cookie. The use of a cookie is noted at most once a minute.
    /// </summary>
    public required DateTimeOffset LastUsedAt { get; init; }

    /// <summary>When it ends if it is not used again.</summary>
    public required DateTimeOffset ExpiresAt { get; init; }

    /// <summary>Where it was last used from.</summary>
    /// <example>192.0.2.7</example>
    public required string Address { get; init; }

    /// <summary>The program that used it last, as it describes itself.</summary>
    /// <example>Mozilla/5.0</example>
    public required string Agent { get; init; }

    /// <summary>Whether this call comes from it.</summary>
    public required bool Current { get; init; }
}

/// <summary>Sessions, the last used first.</summary>
/// <param name="Sessions">All of them. An account has 1,000 at most.</param>
internal sealed record SessionsReply(IReadOnlyList<SessionReply> Sessions);

[ApiController]
[Route("/auth/sessions")]
[Takes(Credentials.Session)]
[PersonsOnly]
[Tags("Sessions")]
internal sealed class SessionsController(SessionStore sessions, ILogger<SessionsController> log) : ControllerBase
{
    /// <summary>Lists the account's sessions: the logins that continue, by refresh tokens or by a cookie.</summary>
    /// <response code="200">The sessions.</response>
    /// <response code="401">No access token, or one that is no longer good.</response>
    [HttpGet(Name = "listSessions")]
    [ProducesResponseType<SessionsReply>(200)]
    public async Task<IActionResult> List()
    {
        Caller caller = this.Caller();
        return await sessions.ListAsync(caller) is { } found
            ? Ok(new SessionsReply([.. found.Select(session => ReplyOf(session, caller))]))
            : Callers.Challenge(TokenRejection.NotStanding);
    }

    /// <summary>Ends one session: its cookie; or its refresh token, and its access tokens at every API that hears of denials.</summary>
    /// <response code="204">Done.</response>
    /// <response code="401">No access token, or one that is no longer good.</response>
    /// <response code="404">The account has no such session.</response>
    [HttpDelete("{sid}", Name = "endSession")]
    [ProducesResponseType(204)]
    public async Task<IActionResult> Delete(string sid)
    {
        Caller caller = this.Caller();
        Ended? ended = await sessions.EndListedAsync(caller, sid);
        if (ended is null)
            return Callers.Challenge(TokenRejection.NotStanding);
        if (ended is { RefreshTokens: 0, Sessions: 0 })
            return this.Problem(ErrorCode.NotFound);
        log.AccountEnded(caller.Subject, sid, "session deleted from the list");
        return NoContent();
    }

    private static SessionReply ReplyOf(Session session, Caller caller) => new()
    {
        Sid = session.Row.SessionId,
        Credential = session.Row.CookieHash is null ? Credentials.RefreshToken : Credentials.Session,
        CreatedAt = session.Row.CreatedAt,
        LastUsedAt = session.Row.RotatedAt,
        ExpiresAt = session.EndsAt,
        Address = session.Row.Address,
        Agent = session.Row.Agent,
        Current = session.Row.SessionId == caller.SessionId,
    };
}
