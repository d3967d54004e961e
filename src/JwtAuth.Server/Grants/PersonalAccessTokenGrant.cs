using JwtAuth.Server.AccessTokens;
using JwtAuth.Server.Observability;
using JwtAuth.Server.PersonalAccessTokens;
using JwtAuth.Server.Sessions;

namespace JwtAuth.Server.Grants;

/// <summary>
/// An access token for an API, made from a personal access token: no session begins, and nothing that it brings outlives it.
/// </summary>
internal sealed class PersonalAccessTokenGrant(TokenIssuer issuer, IssuerSettings settings, ILogger<PersonalAccessTokenGrant> log)
{
    /// <param name="access">What the personal access token is good for.</param>
    /// <param name="audience">An API.</param>
    /// <param name="scope">What is asked for, scopes that exist; left out, all that it was granted.</param>
    /// <param name="device">Where it comes from.</param>
    public GrantedTokens Grant(PersonalAccess access, string audience, string? scope, Device device)
    {
        IReadOnlyList<string> granted = access.ScopesNow(settings, scope);
        log.PersonalAccessTokenChanged(access.Id, access.Account.Subject, device.Address);
        // What an API opens to a role is open to a person: a token of a program has its scopes.
        var grant = AccessTokens.Grant.To(access.Account with { Roles = [] }, audience, granted, access.Id);
        return new GrantedTokens(issuer.Issue(grant, until: access.ExpiresAt), granted);
    }
}
