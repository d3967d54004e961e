using JwtAuth.Bearer.AccessTokens;
using JwtAuth.Server.Accounts;
using JwtAuth.Server.Authentication;
using JwtAuth.Server.Errors;
using JwtAuth.Server.Guessing;
using JwtAuth.Server.Observability;
using JwtAuth.Server.Passwords;
using Microsoft.AspNetCore.Mvc;

namespace JwtAuth.Server.Endpoints.Account;

/// <summary>A new password to replace the present one.</summary>
/// <param name="CurrentPassword" example="a quiet harbour at dawn">Needed so that a stolen token alone changes nothing.</param>
/// <param name="NewPassword" example="the lamp by the window">It must satisfy the policy.</param>
internal sealed record PasswordRequest(Password CurrentPassword, Password NewPassword);

[ApiController]
[AccountOnly]
[Tags("Account")]
internal sealed class PasswordController(
    AccountStore accounts, AccountSnapshots snapshots, PresentedPasswords passwords, PasswordPolicy policy, PasswordHasher hasher,
    ILogger<PasswordController> log) : ControllerBase
{
    /// <summary>Changes the password. Every session and token of the account ends, except the caller's session.</summary>
    /// <response code="204">Done.</response>
    /// <response code="400">`weak_password`</response>
    /// <response code="401">`invalid_credentials`: the current password is wrong; or an access token that is no longer good</response>
    /// <response code="403">`forbidden`: a token for the account is needed</response>
    /// <response code="429">`too_many_attempts`: counted together with logins</response>
    /// <response code="503">`busy`</response>
    [HttpPost("/auth/password", Name = "changePassword")]
    [Takes(Credentials.Session)]
    [ProducesResponseType(204)]
    public async Task<IActionResult> Change(PasswordRequest request, CancellationToken cancellation)
    {
        Caller caller = this.Caller();
        if (await snapshots.FindBySubjectAsync(caller.Subject, cancellation) is not { } account)
            return Callers.Challenge(TokenRejection.NotStanding);
        if (PasswordPolicy.Unusable(request.CurrentPassword) is { } unusable)
            return this.Problem(ErrorCode.InvalidRequest, unusable);
        if (policy.FaultOf(request.NewPassword, account.Username) is { } fault)
            return this.Problem(ErrorCode.WeakPassword, fault);

        PasswordResult result = await passwords.CheckAsync(HttpContext, account.Username, request.CurrentPassword);
        if (result is not PasswordResult.Verified verified)
            return this.Problem(result);
        if (verified.Account.Subject != caller.Subject)
            return this.Problem(ErrorCode.InvalidCredentials);
        return await hasher.HashAsync(request.NewPassword, HttpContext.Connection.RemoteIpAddress, cancellation) is { } hash
            ? Reply(caller, await accounts.ChangePasswordAsync(caller, verified.Account.PasswordHash, hash))
            : this.Problem(ErrorCode.Busy, HashingGate.RetryAfter);
    }

    private IActionResult Reply(Caller caller, AccountChange outcome)
    {
        switch (outcome)
        {
            case AccountChange.Done:
                log.AccountEnded(caller.Subject, $"{caller.SessionId}", "password changed; all other sessions ended");
                return NoContent();
            case AccountChange.PasswordOutdated:
                return this.Problem(ErrorCode.InvalidCredentials);
            default:
                return Callers.Challenge(TokenRejection.NotStanding);
        }
    }
}
