using JwtAuth.Server.Accounts;

namespace JwtAuth.Server.Logins;

/// <summary>
/// What somebody has proved, by whatever way in: the same value for each way. What is granted for it is decided elsewhere.
/// </summary>
/// <param name="Account">Who, as it was read before the proof was checked.</param>
/// <param name="Methods">How, in the names of RFC 8176 §2 (<c>amr</c>).</param>
/// <param name="AuthenticatedAt">When (<c>auth_time</c>).</param>
internal sealed record Login(AccountSnapshot Account, IReadOnlyList<string> Methods, DateTimeOffset AuthenticatedAt)
{
    /// <summary>A password (RFC 8176 §2).</summary>
    public static readonly IReadOnlyList<string> ByPassword = ["pwd"];
}
