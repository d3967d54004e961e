using System.Globalization;
using System.Security.Claims;

namespace JwtAuth.Bearer.AccessTokens;

/// <summary>
/// The claims of a token, ready to become the identity of a request: under their own names, one <c>scope</c> and one <c>roles</c> claim for each value, so that
/// policies, <c>IsInRole</c> and <c>RequireClaim</c> work. What requests share is text that nobody can change; identity and claims are made anew for
/// each, so that what one request adds to its own is not there for another.
/// </summary>
internal sealed class IdentityTemplate
{
    private readonly AccessToken token;
    private readonly (string Type, string Value, string ValueType)[] claims;

    public IdentityTemplate(AccessToken token)
    {
        this.token = token;
        List<(string, string, string)> all =
        [
            Text("sub", token.Subject),
            Text("jti", token.JwtId),
            Text("client_id", token.ClientId),
            Text("sid", token.SessionId),
            Integer("gen", token.Generation),
            Integer("exp", token.ExpiresAt.ToUnixTimeSeconds()),
            Integer("iat", token.IssuedAt.ToUnixTimeSeconds()),
            .. token.Audiences.Select(audience => Text("aud", audience)),
            .. token.Scopes.Select(scope => Text("scope", scope)),
            .. token.Roles.Select(role => Text("roles", role)),
        ];
        if (token.Username is { } username)
            all.Add(Text("username", username));
        claims = [.. all];

        static (string, string, string) Text(string type, string value) => (type, value, ClaimValueTypes.String);
        static (string, string, string) Integer(string type, long value) => (type, value.ToString(CultureInfo.InvariantCulture), ClaimValueTypes.Integer64);
    }

    public ClaimsPrincipal NewPrincipal()
    {
        var identity = new ClaimsIdentity("Bearer", nameType: "username", roleType: "roles") { BootstrapContext = token };
        // The identity's own list, where it shows it: room for all at once, instead of three lists that are outgrown.
        if (identity.Claims is List<Claim> own)
            own.EnsureCapacity(claims.Length);
        // A claim that knows its identity is taken as it is; any other would be copied.
        foreach ((string type, string value, string valueType) in claims)
            identity.AddClaim(new Claim(type, value, valueType, token.Issuer, token.Issuer, identity));
        return new ClaimsPrincipal(identity);
    }
}
