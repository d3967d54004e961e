using JwtAuth.Server.AccessTokens;
using JwtAuth.Server.Observability;
using JwtAuth.Server.PersonalAccessTokens;
using JwtAuth.Server.Sessions;

namespace JwtAuth.Server.Grants;

/// <summary>
/// An access token for an API, made from a personal access token. No session begins, and the access token does not outlive the personal
/// one.
/// </summary>
internal sealed class PersonalAccessTokenGrant(
    PersonalAccessTokenUses tokens, TokenIssuer issuer, IssuerSettings settings, Meters meters, TimeProvider time,
    ILogger<PersonalAccessTokenGrant> log)
{
    /// <param name="access">What the personal access token allows.</param>
    /// <param name="audience">An API.</param>
    /// <param name="scope">The scopes that are asked for. They exist. If left out, all that the personal access token was granted.</param>
    /// <param name="device">Where the call comes from.</param>
    /// <returns><see langword="null"/> if the personal access token has ended since it was checked.</returns>
    public async Task<GrantedTokens?> GrantAsync(PersonalAccess access, string audience, string? scope, Device device)
    {
        await issuer.BeginAsync();
        DateTimeOffset at = time.GetUtcNow();
        if (!await tokens.AllowAccessTokenAsync(access, issuer.ExpiryOf(at)))
            return null;
        IReadOnlyList<string> granted = access.ScopesNow(settings, scope);
        meters.CountIssued("personal_access_token");
        log.PersonalAccessTokenChanged(access.Id, access.Account.Subject, device.Address);
        // Roles are for people. A program's token has scopes only, so an API that opens to a role does not open to it.
        var grant = Grant.To(access.Account with { Roles = [] }, audience, granted, access.Id);
        return new GrantedTokens(issuer.Issue(grant, at, until: access.ExpiresAt), granted);
    }
}
