using System.Globalization;
using System.Security.Claims;
using JwtAuth.Bearer.Denials;
using JwtAuth.Bearer.Keys;

namespace JwtAuth.Bearer.AccessTokens;

/// <summary>
/// A token that was found good. It holds what is checked each time the token comes, and the claims of the identity that a request gets. The
/// claims have their own names, with one <c>scope</c> and one <c>roles</c> claim for each value, so that policies, <c>IsInRole</c> and
/// <c>RequireClaim</c> work. Requests share only text that nobody can change. Identity and claims are made anew for each request, so what
/// one request adds does not show up in another.
/// </summary>
internal sealed class ValidatedToken
{
    private readonly AccessToken token;
    private readonly (string Type, string Value, string ValueType)[] claims;

    public ValidatedToken(AccessToken token)
    {
        this.token = token;
        (Key, ExpiresAt, NotBefore, IssuedAt) = (token.Key, token.ExpiresAt, token.NotBefore, token.IssuedAt);
        Names = token.Names;
        (IssuedAtText, ExpiresAtText) =
            (IssuedAt.ToString("r", CultureInfo.InvariantCulture), ExpiresAt.ToString("r", CultureInfo.InvariantCulture));
        claims = new (string, string, string)[6 + token.Audiences.Length + token.Scopes.Length + token.Roles.Length
            + (token.Username is null ? 0 : 1) + (token.SessionId is null ? 0 : 1)];
        int count = 0;
        Text("sub", token.Subject);
        Text("jti", token.JwtId);
        Text("client_id", token.ClientId);
        if (token.SessionId is { } sessionId)
            Text("sid", sessionId);
        Integer("gen", token.Generation);
        Integer("exp", token.ExpiresAt.ToUnixTimeSeconds());
        Integer("iat", token.IssuedAt.ToUnixTimeSeconds());
        foreach (string audience in token.Audiences)
            Text("aud", audience);
        foreach (string scope in token.Scopes)
            Text("scope", scope);
        foreach (string role in token.Roles)
            Text("roles", role);
        if (token.Username is { } username)
            Text("username", username);

        void Text(string type, string value) => claims[count++] = (type, value, ClaimValueTypes.String);
        void Integer(string type, long value) => claims[count++] =
            (type, value.ToString(CultureInfo.InvariantCulture), ClaimValueTypes.Integer64);
    }

    // Kept here as well as in the token, so that what is checked lies together in memory.
    public VerificationKey Key { get; }

    public DateTimeOffset ExpiresAt { get; }

    public DateTimeOffset NotBefore { get; }

    public DateTimeOffset IssuedAt { get; }

    public TokenIdentifiers Names { get; }

    // As they stand in the properties of a request (RFC 9110 §5.6.7). Made once, since every request gets them.
    public string IssuedAtText { get; }

    public string ExpiresAtText { get; }

    /// <summary>An identity for one request.</summary>
    /// <param name="nameType">The claim that its name is.</param>
    /// <param name="roleType">The claims that its roles are.</param>
    public ClaimsPrincipal NewPrincipal(string nameType = "username", string roleType = "roles")
    {
        var identity = new ClaimsIdentity("Bearer", nameType, roleType) { BootstrapContext = token };
        // Use the identity's own list if it is exposed. It gets room for all claims at once, instead of growing three times.
        if (identity.Claims is List<Claim> own)
            own.EnsureCapacity(claims.Length);
        // A claim that already knows its identity is taken as it is. Any other would be copied.
        foreach ((string type, string value, string valueType) in claims)
            identity.AddClaim(new Claim(type, value, valueType, token.Issuer, token.Issuer, identity));
        return new ClaimsPrincipal(identity);
    }
}
