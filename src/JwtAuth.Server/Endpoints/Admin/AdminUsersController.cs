using JwtAuth.Bearer.AccessTokens;
using JwtAuth.Server.AccessTokens;
using JwtAuth.Server.Accounts;
using JwtAuth.Server.Authentication;
using JwtAuth.Server.Errors;
using JwtAuth.Server.Guessing;
using JwtAuth.Server.Observability;
using JwtAuth.Server.Passwords;
using Microsoft.AspNetCore.Mvc;

namespace JwtAuth.Server.Endpoints.Admin;

/// <summary>An account, as an administrator sees it.</summary>
/// <param name="Sub" example="Zk9zJH2mT0mWcQyq1m0V1g">Its identifier.</param>
/// <param name="Username" example="alice">Its name.</param>
/// <param name="Roles">Its roles.</param>
/// <param name="Enabled">Whether it can log in.</param>
/// <param name="CreatedAt">When it was made.</param>
internal sealed record UserReply(string Sub, string Username, IReadOnlyList<string> Roles, bool Enabled, DateTimeOffset CreatedAt);

/// <summary>A page of accounts, sorted by name.</summary>
/// <param name="Users">The page.</param>
/// <param name="Next">What to send as `after` for the next page; null on the last.</param>
internal sealed record UsersReply(IReadOnlyList<UserReply> Users, string? Next);

/// <summary>A new account.</summary>
/// <param name="Username" example="bob">1 to 64 letters, digits and . _ @ + - (ASCII), or an e-mail address.</param>
/// <param name="Password" example="a quiet harbour at dawn">It must satisfy the policy.</param>
/// <param name="Roles" example="[&quot;clerk&quot;]">May be left out.</param>
internal sealed record NewUserRequest(string Username, Password Password, IReadOnlyList<string>? Roles = null);

/// <summary>A password that an administrator sets.</summary>
/// <param name="NewPassword" example="the lamp by the window">It must satisfy the policy.</param>
internal sealed record ResetPasswordRequest(Password NewPassword);

[ApiController]
[Route("/admin/users")]
[AccountOnly(Role = Names.AdminRole)]
[Tags("Administration")]
internal sealed class AdminUsersController(
    AccountStore accounts, AccountSnapshots snapshots, PasswordPolicy policy, PasswordHasher hasher, IssuerSettings settings,
    ILogger<AdminUsersController> log)
    : ControllerBase
{
    private const string NoSuchAccount = "No account has this sub; GET /admin/users has those that there are.";

    private const int LargestPage = 200;

    /// <summary>Lists accounts.</summary>
    /// <param name="search">Part of a name, in any letter case.</param>
    /// <param name="after">The `next` of the previous page.</param>
    /// <param name="limit">How many accounts are on a page, 1 to 200.</param>
    /// <param name="cancellation">The caller has disconnected.</param>
    /// <response code="200">The page.</response>
    [HttpGet(Name = "listUsers")]
    [ProducesResponseType<UsersReply>(200)]
    public async Task<IActionResult> List(string? search, string? after, int limit = 50, CancellationToken cancellation = default)
    {
        if (limit is < 1 or > LargestPage || !IsNamePart(search) || !IsNamePart(after))
            return this.Problem(ErrorCode.InvalidRequest, $"limit is 1 to {LargestPage}; search and after are parts of user names.");
        IReadOnlyList<AccountSnapshot> found = await snapshots.ListAsync(search, after, limit + 1, cancellation);
        List<AccountSnapshot> page = [.. found.Take(limit)];
        return Ok(new UsersReply([.. page.Select(ReplyOf)], found.Count > limit ? page[^1].Username : null));
    }

    /// <summary>Makes an account, also where registration is closed.</summary>
    /// <response code="201">The account was made, and survives a crash.</response>
    /// <response code="400">`invalid_request`, `weak_password`</response>
    /// <response code="409">`username_taken`, `too_many_roles`</response>
    /// <response code="503">`busy`</response>
    [HttpPost(Name = "addUser")]
    [ProducesResponseType<UserReply>(201)]
    public async Task<IActionResult> Add(NewUserRequest request, CancellationToken cancellation)
    {
        string[] roles = [.. request.Roles?.Distinct() ?? []];
        if (!Names.IsUsername(request.Username))
            return this.Problem(ErrorCode.InvalidRequest, Names.UsernameRule);
        if (!Array.TrueForAll(roles, Names.IsRole))
            return this.Problem(ErrorCode.InvalidRequest, Names.RoleRule);
        if (roles.Length > Names.MaximumRoles)
            return this.Problem(ErrorCode.TooManyRoles);
        if (policy.FaultOf(request.Password, request.Username) is { } fault)
            return this.Problem(ErrorCode.WeakPassword, fault);
        if (await hasher.HashAsync(request.Password, address: null, cancellation) is not { } hash)
            return this.Problem(ErrorCode.Busy, HashingGate.RetryAfter);

        await TellNewAsync(roles);
        (AccountChange change, AccountSnapshot? account) = await accounts.AddAsync(this.Caller(), request.Username, hash, roles);
        IActionResult reply = Reply("making", account?.Subject ?? "", change);
        return account is null ? reply : StatusCode(StatusCodes.Status201Created, ReplyOf(account));
    }

    /// <summary>
    /// Disables an account. It cannot log in, and everything that was issued to it ends. That stays ended when the account is enabled
    /// again.
    /// </summary>
    /// <response code="204">Done, or it was disabled already.</response>
    /// <response code="404">No such account.</response>
    /// <response code="409">`last_administrator`</response>
    [HttpPost("{sub}/disable", Name = "disableUser")]
    [ProducesResponseType(204)]
    public async Task<IActionResult> Disable(string sub) => Reply("disabling", sub, await accounts.DisableAsync(this.Caller(), sub));

    /// <summary>Enables an account again.</summary>
    /// <response code="204">Done.</response>
    /// <response code="404">No such account.</response>
    [HttpPost("{sub}/enable", Name = "enableUser")]
    [ProducesResponseType(204)]
    public async Task<IActionResult> Enable(string sub) => Reply("enabling", sub, await accounts.EnableAsync(this.Caller(), sub));

    /// <summary>Logs an account out everywhere: its sessions, refresh tokens and access tokens end. It may log in again.</summary>
    /// <response code="204">Done.</response>
    /// <response code="404">No such account.</response>
    [HttpPost("{sub}/logout", Name = "logOutUser")]
    [ProducesResponseType(204)]
    public async Task<IActionResult> LogOut(string sub) => Reply("logout", sub, await accounts.LogOutAsync(this.Caller(), sub));

    /// <summary>Sets a new password, and ends everything that came from the old one.</summary>
    /// <response code="204">Done.</response>
    /// <response code="400">`weak_password`</response>
    /// <response code="404">No such account.</response>
    /// <response code="503">`busy`</response>
    [HttpPost("{sub}/password", Name = "resetPassword")]
    [ProducesResponseType(204)]
    public async Task<IActionResult> ResetPassword(string sub, ResetPasswordRequest request, CancellationToken cancellation)
    {
        if (await snapshots.FindBySubjectAsync(sub, cancellation) is not { } account)
            return this.Problem(ErrorCode.NotFound, NoSuchAccount);
        if (policy.FaultOf(request.NewPassword, account.Username) is { } fault)
            return this.Problem(ErrorCode.WeakPassword, fault);
        return await hasher.HashAsync(request.NewPassword, address: null, cancellation) is { } hash
            ? Reply("password reset", sub, await accounts.ResetPasswordAsync(this.Caller(), sub, hash))
            : this.Problem(ErrorCode.Busy, HashingGate.RetryAfter);
    }

    /// <summary>Deletes an account's personal access tokens, and ends the access tokens that were made from them.</summary>
    /// <response code="204">Done, or it had none.</response>
    /// <response code="404">No such account.</response>
    [HttpDelete("{sub}/tokens", Name = "deletePersonalAccessTokensOfUser")]
    [ProducesResponseType(204)]
    public async Task<IActionResult> DeletePersonalAccessTokens(string sub) =>
        Reply("deletion of the personal access tokens", sub, await accounts.EndPersonalAccessTokensAsync(this.Caller(), sub));

    /// <summary>Gives a role. One that nobody had before is made by it.</summary>
    /// <response code="204">Done, or it had the role already.</response>
    /// <response code="400">`invalid_request`: a role is 1 to 32 of a-z, 0-9, . _ -</response>
    /// <response code="404">No such account.</response>
    /// <response code="409">`too_many_roles`</response>
    [HttpPut("{sub}/roles/{role}", Name = "giveRole")]
    [ProducesResponseType(204)]
    public async Task<IActionResult> AddRole(string sub, string role)
    {
        if (!Names.IsRole(role))
            return this.Problem(ErrorCode.InvalidRequest, Names.RoleRule);
        await TellNewAsync(role);
        return Reply($"giving role {role}", sub, await accounts.AddRoleAsync(this.Caller(), sub, role));
    }

    /// <summary>Takes a role away. The account's access tokens end, and the next ones are without the role.</summary>
    /// <response code="204">Done, or it did not have the role.</response>
    /// <response code="404">No such account.</response>
    /// <response code="409">`last_administrator`</response>
    [HttpDelete("{sub}/roles/{role}", Name = "takeRole")]
    [ProducesResponseType(204)]
    public async Task<IActionResult> RemoveRole(string sub, string role) =>
        Names.IsRole(role)
            ? Reply($"taking role {role}", sub, await accounts.RemoveRoleAsync(this.Caller(), sub, role))
            : this.Problem(ErrorCode.InvalidRequest, Names.RoleRule);

    /// <summary>Deletes an account and everything that was issued to it. Its `sub` is never used again.</summary>
    /// <response code="204">Done.</response>
    /// <response code="404">No such account.</response>
    /// <response code="409">`last_administrator`</response>
    [HttpDelete("{sub}", Name = "deleteUser")]
    [ProducesResponseType(204)]
    public async Task<IActionResult> Delete(string sub) => Reply("deletion", sub, await accounts.DeleteAsync(this.Caller(), sub));

    private IActionResult Reply(string change, string subject, AccountChange outcome)
    {
        switch (outcome)
        {
            case AccountChange.Done:
                log.AccountAdministered(User.FindFirst("sub")!.Value, change, subject);
                return NoContent();
            case AccountChange.NotStanding:
                return Callers.Challenge(TokenRejection.NotStanding);
            case AccountChange.LastAdministrator:
                return this.Problem(ErrorCode.LastAdministrator);
            case AccountChange.TooManyRoles:
                return this.Problem(ErrorCode.TooManyRoles);
            case AccountChange.NameTaken:
                return this.Problem(ErrorCode.UsernameTaken);
            default:
                return this.Problem(ErrorCode.NotFound, NoSuchAccount);
        }
    }

    private async Task TellNewAsync(params string[] roles)
    {
        foreach (string role in await accounts.FindNewAsync(roles, settings.NamesRole))
            log.RoleIsNew(role);
    }

    private static bool IsNamePart(string? text) => text is null || Names.IsPartOfUsername(text);

    private static UserReply ReplyOf(AccountSnapshot account) =>
        new(account.Subject, account.Username, account.Roles, account.IsEnabled, account.CreatedAt);
}
