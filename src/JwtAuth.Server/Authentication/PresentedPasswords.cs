using JwtAuth.Server.Audit;
using JwtAuth.Server.Errors;
using JwtAuth.Server.Logins;
using JwtAuth.Server.Observability;
using JwtAuth.Server.Passwords;
using Microsoft.AspNetCore.Mvc;

namespace JwtAuth.Server.Authentication;

/// <summary>Checks a name and password that came in a request, with what the request says about where it comes from.</summary>
internal sealed class PresentedPasswords(
    PasswordAuthenticator passwords, DeviceCookie device, AuditNotes notes, Meters meters)
{
    /// <param name="context">The request.</param>
    /// <param name="username">The name as it was sent.</param>
    /// <param name="password">One to which <see cref="PasswordPolicy.Unusable"/> does not object.</param>
    /// <param name="isPersistent">Whether the browser may be known again after it is closed.</param>
    public async Task<PasswordResult> CheckAsync(HttpContext context, string username, Password password, bool isPersistent = true)
    {
        PasswordResult result = await passwords.CheckAsync(
            username, password, context.Connection.RemoteIpAddress, context.RequestAborted, device.IdFor(context.Request, username));
        notes.AddIfRefused(result, username);
        meters.CountPassword(result switch
        {
            PasswordResult.Verified => "verified",
            PasswordResult.TooManyAttempts => "too_many_attempts",
            PasswordResult.Busy => "busy",
            _ => "refused",
        });
        if (isPersistent && result is PasswordResult.Verified verified)
            context.Response.OnStarting(() => WriteDevice(context, verified.Account.Username));
        return result;
    }

    // A right password alone is no login yet.
    private Task WriteDevice(HttpContext context, string username)
    {
        if (context.Response.StatusCode < StatusCodes.Status300MultipleChoices)
            device.Write(context, username);
        return Task.CompletedTask;
    }
}

/// <summary>What the audit trail is told of passwords that were not accepted.</summary>
internal static class PasswordNotes
{
    /// <summary>Notes a refusal. A server that was too busy to look has refused nobody.</summary>
    public static void AddIfRefused(this AuditNotes notes, PasswordResult result, string username)
    {
        AuditDetail? why = result switch
        {
            PasswordResult.Refused => AuditDetail.InvalidCredentials,
            PasswordResult.TooManyAttempts => AuditDetail.TooManyAttempts,
            _ => null,
        };
        if (why is not null)
            notes.Add(LoginNotes.Refused(why), PasswordAuthenticator.BucketOf(username));
    }
}

/// <summary>What a caller is told whose password was not accepted. It is the same at every door.</summary>
internal static class PasswordRefusals
{
    /// <summary>The error, and when to try again if trying again may help.</summary>
    public static (ErrorCode Error, TimeSpan? RetryAfter) AsError(this PasswordResult refused) => refused switch
    {
        PasswordResult.TooManyAttempts tooMany => (ErrorCode.TooManyAttempts, tooMany.RetryAfter),
        PasswordResult.Busy busy => (ErrorCode.Busy, busy.RetryAfter),
        _ => (ErrorCode.InvalidCredentials, null),
    };

    /// <summary>The answer of an action.</summary>
    public static ObjectResult Problem(this ControllerBase controller, PasswordResult refused) => refused.AsError() switch
    {
        (var error, { } retryAfter) => controller.Problem(error, retryAfter),
        (var error, null) => controller.Problem(error),
    };
}
