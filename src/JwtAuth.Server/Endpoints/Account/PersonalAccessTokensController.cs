using JwtAuth.Bearer.AccessTokens;
using JwtAuth.Server.AccessTokens;
using JwtAuth.Server.Accounts;
using JwtAuth.Server.Authentication;
using JwtAuth.Server.Errors;
using JwtAuth.Server.Observability;
using JwtAuth.Server.PersonalAccessTokens;
using JwtAuth.Server.Storage;
using Microsoft.AspNetCore.Mvc;

namespace JwtAuth.Server.Endpoints.Account;

/// <summary>A personal access token to make.</summary>
/// <param name="Name" example="nightly report">What its owner calls it: 1 to 64 printable characters.</param>
/// <param name="Scope" example="orders:read">
/// Scopes, separated by spaces; none, if left out. Those that the owner may not have are left out, and `offline_access` always is.
/// </param>
/// <param name="LifetimeDays" example="30">Days until it expires: 1 to 365; 30, if left out.</param>
internal sealed record PersonalAccessTokenRequest(
    string Name, string? Scope = null, int LifetimeDays = PersonalAccessTokenRequest.DefaultDays)
{
    public const int DefaultDays = 30;
    public const int MaximumDays = 365;
}

/// <summary>A personal access token that was made.</summary>
/// <param name="Id" example="nV2_ZkqvRZ1cWm0p3b1x4g">Its identifier, with which it can be deleted. Not a secret.</param>
/// <param name="Name" example="nightly report">What its owner calls it.</param>
/// <param name="Token" example="jpat_…">The token. It is shown only this once.</param>
/// <param name="Scope" example="orders:read">
/// What it was granted. When it is used, it also needs its owner to have these rights still.
/// </param>
/// <param name="CreatedAt">When it was made.</param>
/// <param name="ExpiresAt">When it expires.</param>
internal sealed record NewPersonalAccessTokenReply(
    string Id, string Name, string Token, string Scope, DateTimeOffset CreatedAt, DateTimeOffset ExpiresAt)
{
    public override string ToString() => "[new personal access token]";
}

/// <summary>A personal access token, as its owner sees it.</summary>
/// <param name="Id" example="nV2_ZkqvRZ1cWm0p3b1x4g">Its identifier, with which it can be deleted. Not a secret.</param>
/// <param name="Name" example="nightly report">What its owner calls it.</param>
/// <param name="Scope" example="orders:read">What it was granted.</param>
/// <param name="CreatedAt">When it was made.</param>
/// <param name="ExpiresAt">When it expires.</param>
/// <param name="LastUsedAt">Its last use, to about a minute; null before the first.</param>
internal sealed record PersonalAccessTokenReply(
    string Id, string Name, string Scope, DateTimeOffset CreatedAt, DateTimeOffset ExpiresAt, DateTimeOffset? LastUsedAt);

/// <summary>Personal access tokens, the newest first.</summary>
/// <param name="Tokens">All of them. An account has 50 at most.</param>
internal sealed record PersonalAccessTokensReply(IReadOnlyList<PersonalAccessTokenReply> Tokens);

[ApiController]
[Route("/auth/tokens")]
[AccountOnly]
[Takes(Credentials.Session)]
[Tags("Personal access tokens")]
internal sealed class PersonalAccessTokensController(
    PersonalAccessTokenStore tokens, AccountSnapshots accounts, IssuerSettings settings,
    ILogger<PersonalAccessTokensController> log) : ControllerBase
{
    /// <summary>Makes a personal access token, for a script. It is shown only this once.</summary>
    /// <response code="201">The token.</response>
    /// <response code="400">`invalid_request`, `invalid_scope`</response>
    /// <response code="401">No access token, or one that is no longer good.</response>
    /// <response code="403">`forbidden`: a token for the account is needed</response>
    /// <response code="409">`too_many_tokens`: an account has 50 at most</response>
    /// <response code="429">`too_many_attempts`: so much of the account was ended that no more is made</response>
    [HttpPost(Name = "makePersonalAccessToken")]
    [ProducesResponseType<NewPersonalAccessTokenReply>(201)]
    public async Task<IActionResult> Make(PersonalAccessTokenRequest request, CancellationToken cancellation)
    {
        if (!PersonalAccessTokenName.IsValid(request.Name))
            return this.Problem(ErrorCode.InvalidRequest, $"name has 1 to {PersonalAccessTokenName.MaximumLength} printable characters.");
        if (request.LifetimeDays is < 1 or > PersonalAccessTokenRequest.MaximumDays)
            return this.Problem(ErrorCode.InvalidRequest, $"lifetime_days is 1 to {PersonalAccessTokenRequest.MaximumDays}.");
        if (!ScopeGrant.AreKnown(request.Scope, settings))
            return Refusals.UnknownScope(settings);

        Caller caller = this.Caller();
        if (await accounts.FindBySubjectAsync(caller.Subject, cancellation) is not { } account)
            return Callers.Challenge(TokenRejection.NotStanding);
        string[] granted = [.. ScopeGrant.Of(request.Scope, account.Roles, settings).Where(scope => scope != ScopeGrant.OfflineAccess)];
        PersonalAccessToken token = PersonalAccessToken.Make();
        switch (await tokens.AddAsync(caller, token, request.Name, granted, TimeSpan.FromDays(request.LifetimeDays)))
        {
            case PersonalAccessTokenAddition.Added { Row: var row }:
                log.PersonalAccessTokenMade(row.Id, row.Subject, this.Device().Address);
                return StatusCode(
                    201, new NewPersonalAccessTokenReply(row.Id, row.Name, token.Reveal(), row.Scope, row.CreatedAt, row.ExpiresAt));
            case PersonalAccessTokenAddition.TooMany:
                return this.Problem(ErrorCode.TooManyTokens);
            case PersonalAccessTokenAddition.TooManyEnded refused:
                return this.Problem(ErrorCode.TooManyAttempts, refused.RetryAfter);
            default:
                return Callers.Challenge(TokenRejection.NotStanding);
        }
    }

    /// <summary>Lists the account's personal access tokens, without the tokens themselves.</summary>
    /// <response code="200">The tokens.</response>
    /// <response code="401">No access token, or one that is no longer good.</response>
    /// <response code="403">`forbidden`: a token for the account is needed</response>
    [HttpGet(Name = "listPersonalAccessTokens")]
    [ProducesResponseType<PersonalAccessTokensReply>(200)]
    public async Task<IActionResult> List() =>
        await tokens.ListAsync(this.Caller()) is { } rows
            ? Ok(new PersonalAccessTokensReply([.. rows.Select(ReplyOf)]))
            : Callers.Challenge(TokenRejection.NotStanding);

    /// <summary>Shows one personal access token, without the token itself.</summary>
    /// <response code="200">The token.</response>
    /// <response code="401">No access token, or one that is no longer good.</response>
    /// <response code="403">`forbidden`: a token for the account is needed</response>
    /// <response code="404">The account has no such token.</response>
    [HttpGet("{id}", Name = "showPersonalAccessToken")]
    [ProducesResponseType<PersonalAccessTokenReply>(200)]
    public async Task<IActionResult> Show(string id)
    {
        if (await tokens.ListAsync(this.Caller()) is not { } rows)
            return Callers.Challenge(TokenRejection.NotStanding);
        return rows.SingleOrDefault(row => row.Id == id) is { } found ? Ok(ReplyOf(found)) : this.Problem(ErrorCode.NotFound);
    }

    /// <summary>
    /// Deletes a personal access token. It is dead at once. So are the access tokens made from it, at every API that hears of denials.
    /// </summary>
    /// <response code="204">Done.</response>
    /// <response code="401">No access token, or one that is no longer good.</response>
    /// <response code="403">`forbidden`: a token for the account is needed</response>
    /// <response code="404">The account has no such token.</response>
    [HttpDelete("{id}", Name = "deletePersonalAccessToken")]
    [ProducesResponseType(204)]
    public async Task<IActionResult> Delete(string id)
    {
        Caller caller = this.Caller();
        bool? isDeleted = await tokens.DeleteAsync(caller, id);
        if (isDeleted is null)
            return Callers.Challenge(TokenRejection.NotStanding);
        if (isDeleted is false)
            return this.Problem(ErrorCode.NotFound);
        log.PersonalAccessTokenDeleted(id, caller.Subject);
        return NoContent();
    }

    private static PersonalAccessTokenReply ReplyOf(PersonalAccessTokenRow row) =>
        new(row.Id, row.Name, row.Scope, row.CreatedAt, row.ExpiresAt, row.LastUsedAt);
}
