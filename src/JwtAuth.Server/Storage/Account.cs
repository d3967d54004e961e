using Microsoft.AspNetCore.Identity;

namespace JwtAuth.Server.Storage;

/// <summary>
/// A user, stored by ASP.NET Core Identity. <see cref="IdentityUser{TKey}.Id"/> is the <c>sub</c>: random, and never used again.
/// </summary>
internal sealed class Account : IdentityUser
{
    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>When an administrator disabled it; <see langword="null"/> while it is enabled.</summary>
    public DateTimeOffset? DisabledAt { get; set; }

    /// <summary>The <c>gen</c> of its tokens. Raising it ends all that was issued before, without comparing times.</summary>
    public long Generation { get; set; }
}
