using JwtAuth.Server.Accounts;

namespace JwtAuth.Server.Logins;

/// <summary>What a login has proved, the same for every way to log in. What is granted for it is decided elsewhere.</summary>
/// <param name="Account">The account, as it was read before the proof was checked.</param>
/// <param name="Methods">How it was proved, in the names of RFC 8176 §2 (<c>amr</c>).</param>
/// <param name="AuthenticatedAt">When it was proved (<c>auth_time</c>).</param>
internal sealed record Login(AccountSnapshot Account, IReadOnlyList<string> Methods, DateTimeOffset AuthenticatedAt)
{
    /// <summary>A password (RFC 8176 §2).</summary>
    public static readonly IReadOnlyList<string> ByPassword = ["pwd"];
}
