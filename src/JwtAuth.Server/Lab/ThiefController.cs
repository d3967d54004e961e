using System.Text;
using JwtAuth.Server.Authentication;
using JwtAuth.Server.Endpoints.Account;
using JwtAuth.Server.Errors;
using JwtAuth.Server.Guessing;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Mvc;

namespace JwtAuth.Server.Lab;

/// <summary>A copy that the thief has taken. It never contains the credential itself.</summary>
/// <param name="Handle">The handle that names the copy.</param>
/// <param name="Kind">The kind of credential: a name used by `/me`, or `refresh_token`.</param>
/// <param name="Name">The cookie's name, or the scheme.</param>
/// <param name="Bytes">How many bytes it adds to each request.</param>
internal sealed record StolenReply(string Handle, string Kind, string Name, int Bytes);

/// <summary>All copies taken from one request.</summary>
internal sealed record LootReply(IReadOnlyList<StolenReply> Stolen);

/// <param name="Handle">The handle of a copy.</param>
internal sealed record TryRequest(string Handle);

/// <summary>The result of trying a copy.</summary>
/// <param name="Here">At this service.</param>
/// <param name="Unhearing">For an access token: at an API that checks the same but does not hear of denials.</param>
internal sealed record TrialReply(ReplayReply Here, ReplayReply? Unhearing);

/// <summary>
/// The thief of the lab. It copies the credentials of a request and tries the copies. It has routes only in Development on loopback.
/// </summary>
[ApiController]
[ApiExplorerSettings(IgnoreApi = true)]
[Thief]
internal sealed class ThiefController(StolenCredentials loot, StolenReplay replay, OwnCookies cookies) : ControllerBase
{
    public const string Unhearing = "unhearing";

    private const string BearerPrefix = "Bearer ", BasicPrefix = "Basic ";

    // The browser sends the refresh token's cookie only to the second.
    [HttpPost("/lab/thief/steal")]
    [HttpPost("/auth/lab/thief/steal")]
    [AllowAnonymous]
    public LootReply Steal() => new([.. Brought().Select(copy => new StolenReply(loot.Keep(copy), copy.Kind, copy.Name, copy.ByteCount))]);

    [HttpPost("/lab/thief/try")]
    [AllowAnonymous]
    public async Task<IActionResult> Try(TryRequest request)
    {
        if (loot.Find(request.Handle) is not { } copy)
            return this.Problem(ErrorCode.NotFound);
        try
        {
            return Ok(await TryAsync(request.Handle, copy));
        }
        catch (Exception fault) when (fault is HttpRequestException or TaskCanceledException
            && !HttpContext.RequestAborted.IsCancellationRequested)
        {
            return this.Problem(ErrorCode.Busy, HashingGate.RetryAfter); // the service did not answer its own request
        }
    }

    private async Task<TrialReply> TryAsync(string handle, StolenCredential copy)
    {
        if (copy.Kind == Credentials.RefreshToken)
        {
            (ReplayReply reply, StolenCredential held) = await replay.RefreshAsync(HttpContext, copy);
            loot.Replace(handle, held);
            return new TrialReply(reply, Unhearing: null);
        }
        return new TrialReply(
            await replay.AskAsync(HttpContext, copy, "/me"),
            copy.Kind == Credentials.BearerOnTheWire ? await replay.AskAsync(HttpContext, copy, "/lab/thief/unhearing-api") : null);
    }

    // An ordinary API with Denials: None.
    [HttpGet("/lab/thief/unhearing-api")]
    [Authorize(AuthenticationSchemes = Unhearing)]
    public MeReply UnhearingApi() => MeReply.Of(User);

    private IEnumerable<StolenCredential> Brought()
    {
        if (Request.Headers.Authorization is [{ } authorization] && Ascii.IsValid(authorization))
        {
            if (authorization.StartsWith(BearerPrefix, StringComparison.Ordinal))
                yield return new StolenCredential(
                    PresentedToken.KindOf(authorization.AsSpan(BearerPrefix.Length)), "Authorization", "Bearer", authorization);
            else if (authorization.StartsWith(BasicPrefix, StringComparison.Ordinal))
                yield return new StolenCredential(Credentials.Basic, "Authorization", "Basic", authorization);
        }
        foreach ((string kind, string name) in (IEnumerable<(string, string)>)[(Credentials.Session, cookies.Session),
            (Credentials.SignedCookie, cookies.SignedCookie), (Credentials.RefreshToken, cookies.Refresh)])
        {
            if (OwnCookies.Read(Request, name) is { Length: > 0 } value && Ascii.IsValid(value))
                yield return new StolenCredential(kind, "Cookie", name, $"{name}={value}");
        }
    }
}
