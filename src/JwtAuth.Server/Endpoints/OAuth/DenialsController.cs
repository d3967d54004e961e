using System.Globalization;
using JwtAuth.Bearer.Denials;
using JwtAuth.Server.Authentication;
using JwtAuth.Server.Clients;
using JwtAuth.Server.DenialFeed;
using JwtAuth.Server.Descriptions;
using JwtAuth.Server.Errors;
using JwtAuth.Server.Lifetimes;
using JwtAuth.Server.Storage;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Mvc;

namespace JwtAuth.Server.Endpoints.OAuth;

[ApiController]
[AllowAnonymous]
[ForClients]
[Tags("Clients")]
internal sealed class DenialsController(
    ClientAuthenticator authenticator, WitnessedPages pages, FeedListeners listeners, Db db, Draining draining,
    IHostApplicationLifetime lifetime) : ControllerBase
{
    /// <summary>
    /// The feed of denials. It lists what was ended before it expired: first everything after a cursor, then each denial when it happens.
    /// </summary>
    /// <remarks>
    /// For clients with the right `denials`, by `client_secret_basic`. Start without a cursor, and send the reply's cursor with the next
    /// call. While `more` is true, make that call at once. If there is nothing new, the answer waits for it up to `wait` seconds.
    /// </remarks>
    /// <param name="cursor">The cursor of the last reply; none at first.</param>
    /// <param name="wait" example="5">Seconds, 0 to 30.</param>
    /// <param name="listener">
    /// A random name of the calling process, 64 letters, digits, - and _ at most. It is noted, so that the operator can ask who has heard
    /// of a key.
    /// </param>
    /// <param name="keys">The `keys` of the set that the process holds: the entity tag of the JWKS.</param>
    /// <response code="200">What was denied since, in the order of the commits.</response>
    /// <response code="400">`invalid_request`, `unauthorized_client`</response>
    /// <response code="401">`invalid_client`</response>
    /// <response code="503">`temporarily_unavailable`: it is not known at the moment what was denied</response>
    [HttpGet("/denials", Name = "readDenials")]
    [ProducesResponseType<DenialPage>(200)]
    public async Task<IActionResult> Denials(string? cursor = null, string? wait = null, string? listener = null, string? keys = null)
    {
        (Client? client, IActionResult? refusal) =
            await ClientAuthentication.CheckAsync(HttpContext, new Dictionary<string, string>(), authenticator, ClientRights.Denials);
        if (client is null)
            return refusal!;
        double seconds = 0;
        if (wait is not null && !(double.TryParse(wait, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out seconds)
            && seconds >= 0 && seconds <= DenialPages.LongestWait.TotalSeconds)) // TryParse accepts -Infinity too
            return OAuthError.Result(OAuthErrorCode.InvalidRequest, "wait is a number of seconds from 0 to 30.");

        listeners.Hear(client.Id, listener, keys);
        // A service that is about to end does not keep its listeners waiting: they ask again, at another node. Whoever comes here all the
        // same waits until the end, and does not ask again and again.
        using var either = CancellationTokenSource.CreateLinkedTokenSource(
            HttpContext.RequestAborted, lifetime.ApplicationStopping, draining.HasBegun ? CancellationToken.None : draining.Begun);
        if (await pages.ReadAsync(db, cursor, TimeSpan.FromSeconds(seconds), either.Token) is { } page)
            return new JsonResult(page, FeedJson.Default.Options);
        return ClientAuthentication.DenialsUnknown(Response);
    }
}
