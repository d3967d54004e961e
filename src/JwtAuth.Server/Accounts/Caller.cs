using System.Globalization;
using System.Security.Claims;
using JwtAuth.Bearer.AccessTokens;
using JwtAuth.Server.Audit;

namespace JwtAuth.Server.Accounts;

/// <summary>
/// Who asks for a change, and with which credential. Whether the credential is still good is checked in the transaction that makes the
/// change.
/// </summary>
/// <param name="Subject">The account.</param>
/// <param name="Generation">The generation that the credential carries.</param>
/// <param name="SessionId">The login that it comes from; <see langword="null"/> if there is none.</param>
/// <param name="Token">The access token that was sent, if one was.</param>
/// <param name="IsOfSession">
/// Whether the credential is a session's own: its cookie or refresh token. Then it is good for as long as the session is in the store.
/// </param>
internal sealed record Caller(string Subject, long Generation, string? SessionId, AccessToken? Token, bool IsOfSession = false)
{
    /// <summary>The claim of a principal whose credential is a session's own.</summary>
    public const string SessionClaim = "own_session";

    /// <summary>
    /// Whoever runs a command of this program on its own database. No account stands behind it, and it may do what an administrator may.
    /// </summary>
    public static readonly Caller Operator = new("", 0, null, null);

    /// <summary>Who it is, in the audit trail.</summary>
    public AuditActor Actor => ReferenceEquals(this, Operator) ? AuditActor.CommandLine : AuditActor.Account(Subject);

    /// <summary>
    /// The caller behind an authenticated request; <see langword="null"/> if it carries no credential, or one that is not a login.
    /// </summary>
    public static Caller? Of(ClaimsPrincipal user) =>
        user.FindFirst("sub") is { } subject && user.FindFirst("gen") is { } generation
            ? new(
                subject.Value, long.Parse(generation.Value, CultureInfo.InvariantCulture), user.FindFirst("sid")?.Value,
                AccessToken.Of(user), user.HasClaim(claim => claim.Type == SessionClaim))
            : null;
}
