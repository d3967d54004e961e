using JwtAuth.Server.AccessTokens;
using JwtAuth.Server.Accounts;

namespace JwtAuth.Server.PersonalAccessTokens;

/// <summary>What one reading of the store says of a personal access token that is good now, and of its owner.</summary>
/// <param name="Id">Its identifier, and the <c>sid</c> of the access tokens that are made from it.</param>
/// <param name="Account">Its owner, whose account is enabled.</param>
/// <param name="Scope">What it was granted when it was made.</param>
/// <param name="CreatedAt">When it was made.</param>
/// <param name="ExpiresAt">When it expires, in whole seconds.</param>
/// <param name="LastUsedAt">Its last use, to about a minute.</param>
internal sealed record PersonalAccess(
    string Id, AccountSnapshot Account, string Scope, DateTimeOffset CreatedAt, DateTimeOffset ExpiresAt, DateTimeOffset? LastUsedAt)
{
    /// <summary>The latest <c>exp</c> that access tokens made from it may have; <see langword="null"/> for any.</summary>
    public required DateTimeOffset? TokensUntil { get; init; }

    /// <summary>
    /// The scopes it has now: of those asked for, or of all that it was granted, those that its owner may have at this moment.
    /// </summary>
    public IReadOnlyList<string> ScopesNow(IssuerSettings settings, string? requested = null) =>
        ScopeGrant.OfRefresh(requested, Scope, Account.Roles, settings);
}
