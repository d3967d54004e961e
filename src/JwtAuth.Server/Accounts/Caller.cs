using System.Globalization;
using System.Security.Claims;
using JwtAuth.Bearer.AccessTokens;

namespace JwtAuth.Server.Accounts;

/// <summary>
/// Who asks for a change, and with which credential. Whether the credential is still good is checked in the transaction that makes the
/// change.
/// </summary>
/// <param name="Subject">The account.</param>
/// <param name="Generation">The generation that the credential carries.</param>
/// <param name="SessionId">The login that it comes from; <see langword="null"/> if there is none.</param>
/// <param name="Token">The access token that was sent, if one was.</param>
internal sealed record Caller(string Subject, long Generation, string? SessionId, AccessToken? Token)
{
    /// <summary>
    /// The caller behind an authenticated request; <see langword="null"/> if it carries no credential, or one that is not a login.
    /// </summary>
    public static Caller? Of(ClaimsPrincipal user) =>
        user.FindFirst("sub") is { } subject && user.FindFirst("gen") is { } generation
            ? new(
                subject.Value, long.Parse(generation.Value, CultureInfo.InvariantCulture), user.FindFirst("sid")?.Value,
                AccessToken.Of(user))
            : null;
}
