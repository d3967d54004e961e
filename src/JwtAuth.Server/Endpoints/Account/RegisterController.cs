using System.Net;
using JwtAuth.Server.Accounts;
using JwtAuth.Server.Errors;
using JwtAuth.Server.Guessing;
using JwtAuth.Server.Observability;
using JwtAuth.Server.Passwords;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Mvc;

namespace JwtAuth.Server.Endpoints.Account;

/// <summary>A new account.</summary>
/// <param name="Username" example="alice">1 to 64 letters, digits and . _ @ + - (ASCII), or an e-mail address.</param>
/// <param name="Password" example="a quiet harbour at dawn">12 characters or more, 72 bytes of UTF-8 at most.</param>
internal sealed record RegisterRequest(string Username, Password Password);

/// <summary>An account that was made.</summary>
/// <param name="Sub" example="Zk9zJH2mT0mWcQyq1m0V1g">Its identifier: random, and never used again.</param>
/// <param name="Username" example="alice">The name as it was given.</param>
internal sealed record RegisterReply(string Sub, string Username);

[ApiController]
[AllowAnonymous]
[Tags("Account")]
internal sealed class RegisterController(
    RegistrationSettings settings, AccountStore accounts, PasswordPolicy policy, PasswordHasher hasher, RegistrationLimit limit,
    ILogger<RegisterController> log) : ControllerBase
{
    /// <summary>Makes an account.</summary>
    /// <response code="201">The account was made, and survives a crash.</response>
    /// <response code="400">`invalid_request`, `weak_password`</response>
    /// <response code="403">`registration_closed`</response>
    /// <response code="409">`username_taken`</response>
    /// <response code="429">`too_many_attempts`: this network has made many accounts, or has tried many names that were taken.</response>
    /// <response code="503">`busy`</response>
    [HttpPost("/auth/register", Name = "register")]
    [ProducesResponseType<RegisterReply>(201)]
    public async Task<IActionResult> Register(RegisterRequest request, CancellationToken cancellation)
    {
        if (!settings.IsOpen)
            return this.Problem(ErrorCode.RegistrationClosed);
        if (!Names.IsUsername(request.Username))
            return this.Problem(ErrorCode.InvalidRequest, Names.UsernameRule);
        if (policy.FaultOf(request.Password, request.Username) is { } fault)
            return this.Problem(ErrorCode.WeakPassword, fault);
        IPAddress? address = HttpContext.Connection.RemoteIpAddress;
        if (await limit.EnterAsync(address) is { } wait)
            return this.Problem(ErrorCode.TooManyAttempts, wait);

        // The password is hashed before the name is looked up, so that a taken name costs as much time as a free one.
        if (await hasher.HashAsync(request.Password, address, cancellation) is not { } hash)
        {
            limit.Withdraw(address);
            return this.Problem(ErrorCode.Busy, HashingGate.RetryAfter);
        }
        AccountSnapshot? account;
        try
        {
            account = await accounts.RegisterAsync(request.Username, hash, Network.TextOf(address));
        }
        catch
        {
            limit.Withdraw(address); // it was the store's fault
            throw;
        }
        if (account is null)
        {
            await limit.FindTakenAsync(address);
            return this.Problem(ErrorCode.UsernameTaken);
        }
        log.AccountRegistered(account.Subject, account.Username);
        return StatusCode(StatusCodes.Status201Created, new RegisterReply(account.Subject, account.Username));
    }
}
