using System.Globalization;
using System.Security.Claims;
using JwtAuth.Server.Accounts;

namespace JwtAuth.Server.Authentication;

/// <summary>
/// The identity of a request whose credential is not an access token. It has the same claims, so a controller treats all kinds alike.
/// </summary>
internal static class AccountPrincipal
{
    /// <param name="credential">The name of the scheme.</param>
    /// <param name="account">The account as it is in the store, or as it was when a ticket was issued.</param>
    /// <param name="scopes">What the credential allows.</param>
    /// <param name="expiresAt">When the credential expires; <see langword="null"/> for a password.</param>
    /// <param name="more">Claims that only this kind has.</param>
    public static ClaimsPrincipal Of(
        string credential, AccountSnapshot account, IEnumerable<string> scopes, DateTimeOffset? expiresAt, params IEnumerable<Claim> more)
    {
        var identity = new ClaimsIdentity(credential, nameType: "username", roleType: "roles");
        identity.AddClaim(new Claim("sub", account.Subject));
        identity.AddClaim(new Claim("username", account.Username));
        identity.AddClaims(account.Roles.Select(role => new Claim("roles", role)));
        identity.AddClaims(scopes.Select(scope => new Claim("scope", scope)));
        if (expiresAt is { } end)
            identity.AddClaim(Integer("exp", end.ToUnixTimeSeconds()));
        identity.AddClaims(more);
        return new ClaimsPrincipal(identity);
    }

    /// <summary>The claims that make a credential a login: its session, and the generation that its account had.</summary>
    public static IEnumerable<Claim> Login(string sessionId, long generation) => [new("sid", sessionId), Integer("gen", generation)];

    private static Claim Integer(string type, long value) =>
        new(type, value.ToString(CultureInfo.InvariantCulture), ClaimValueTypes.Integer64);
}
